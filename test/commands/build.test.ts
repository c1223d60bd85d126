import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { runNode } from "../run-node.ts";
import { tempProject } from "../temp-project.ts";

const CLI = fileURLToPath(new URL("../../build/cli.ts", import.meta.url));

test("a build from the filter's folder tells each step, and sums up", async () => {
  const code = `import { defineFilter } from "proxy-wasm-ts";
console.warn("careful");
export default defineFilter({ onRequestHeaders(request) { console.log(request.path); } });
`;
  await using project = await tempProject({ "filter.ts": code });
  const args = ["--import", import.meta.resolve("tsx"), CLI, "build", "filter.ts", "-o", "dist/filter.wasm"];
  const { status, stdout, stderr } = await runNode(args, project.path(""));

  expect(stderr.split("\n").map((line) => line.replace(/ +[\d.]+ m?s/, " TIME").replace(/[\d.]+ KiB/, "SIZE"))).toEqual(
    [
      "bundle TIME  SIZE",
      "compile TIME  SIZE",
      "  warn (at build time): careful",
      "snapshot TIME  SIZE",
      "strip TIME  SIZE",
      "verify TIME",
      "typecheck TIME  1 file",
      "",
    ],
  );
  const wasm = await readFile(project.path("dist/filter.wasm"));
  const [size, callbacks, ...rest] = stdout.split("\n");
  expect(size).toMatch(/^dist\/filter\.wasm: \d+\.\d KiB \(gzip \d+\.\d KiB\)$/);
  expect(size).toContain(` ${(wasm.length / 1024).toFixed(1)} KiB `);
  expect(callbacks).toMatch(/^callbacks: .*\bproxy_on_request_headers\b/);
  expect(rest).toEqual([""]);
  expect(status).toBe(0);
});
