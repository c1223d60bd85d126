/** Bodies that a hook reads leave nothing behind, in a module that has of typed arrays only what that needs. */

import { expect, test } from "vitest";

import { buildFilter } from "../../../build/pipeline.ts";
import { tempProject } from "../../temp-project.ts";
import { DirectHost } from "./direct-host.ts";

const READ = {
  bytes: "request.body.bytes().length",
  "part of the bytes": "request.body.bytes(1, 100).length",
  text: "request.body.text().length",
  "bytes in a view": "new DataView(request.body.bytes().buffer).byteLength",
};

test.each(Object.entries(READ))("memory is flat when 2000 bodies are read: %s", async (_, expression) => {
  await using project = await tempProject({
    "filter.ts": `import { defineFilter } from "proxy-wasm-ts";
      export default defineFilter({
        state: () => ({ length: 0 }),
        onRequestBody(request) { request.state.length = ${expression}; },
      });`,
  });
  const outfile = project.path("filter.wasm");
  const { wasm } = await buildFilter({ entry: project.path("filter.ts"), outfile, typecheck: false });
  const host = DirectHost.of(wasm);
  const figures: number[] = [];
  for (const size of [200, 9_000, 60_000, 300_000]) {
    const body = new Uint8Array(size).fill(0x61);
    for (let turn = 0; turn < 500; turn++) {
      const stream = 10 + figures.length;
      host.request(stream, [[":path", "/"]], false);
      host.requestBody(stream, body);
      host.end(stream);
      figures.push(host.memoryBytes);
    }
    expect(figures.at(-1)).toBe(figures.at(-450));
  }
  expect(host.errors).toEqual([]);
});
