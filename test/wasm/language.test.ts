import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { TestHost } from "../host/index.ts";
import { buildFilter } from "../../build/pipeline.ts";
import { tempProject } from "../temp-project.ts";
import { observations } from "./observations.ts";

const program = fileURLToPath(new URL("observations.ts", import.meta.url));

const FILTER = `import { defineFilter, Response } from "proxy-wasm-ts";
import { observations } from ${JSON.stringify(program)};
export default defineFilter({
  async onRequestHeaders() {
    return new Response(JSON.stringify(await observations()));
  },
});
`;

test("awaits, jobs and getters happen in the order that Node has", async () => {
  await using project = await tempProject({ "filter.ts": FILTER });
  const options = { entry: project.path("filter.ts"), outfile: project.path("out.wasm"), typecheck: false };
  await using host = await TestHost.load((await buildFilter(options)).wasm);
  const response = await host.fetch("http://a/");
  expect(await response.json()).toEqual(await observations());
});
