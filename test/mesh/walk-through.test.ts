import { expect, test } from "vitest";
import { curl } from "./mesh.ts";
test("curl", async () => {
  expect(await curl("/jump")).toBe("JumpResponse[code: 200 ,message: /jump - Greetings from Python!]");
});
