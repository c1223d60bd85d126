import { expect, test } from "vitest";

import { TestHost } from "../host/index.ts";
import { buildFilter } from "../../build/pipeline.ts";
import { tempProject } from "../temp-project.ts";

const FILTER = `import { defineFilter, Response } from "proxy-wasm-ts";
const strings = (parts: TemplateStringsArray): TemplateStringsArray => parts;
export default defineFilter({
  onRequestHeaders() {
    const parts = strings\`a\${1}b\`;
    const isWritable = (array: readonly string[]) => Object.getOwnPropertyDescriptor(array, "length")?.writable;
    const answers = [Object.isFrozen(parts), Object.isFrozen(parts.raw), isWritable(parts), isWritable(parts.raw)];
    return new Response(JSON.stringify([...answers, parts, parts.raw]));
  },
});
`;

test("the strings of a tagged template are frozen, as the language says", async () => {
  await using project = await tempProject({ "filter.ts": FILTER });
  const options = { entry: project.path("filter.ts"), outfile: project.path("out.wasm"), typecheck: false };
  await using host = await TestHost.load((await buildFilter(options)).wasm);
  const response = await host.fetch("http://a/");
  expect(await response.json()).toEqual([true, true, false, false, ["a", "b"], ["a", "b"]]);
});
