/** Code that does in a module's hook what it does in Node. */

import { runInNewContext } from "node:vm";

import { expect } from "vitest";

import { buildModule } from "../build-filter.ts";
import { TestHost } from "../host/index.ts";

/** The lines that `code` gives to `say`, in a module. It changes builtins, so that each has a module of its own. */
async function saidInModule(code: string): Promise<string[]> {
  const filter = `import { defineFilter, Response } from "proxy-wasm-ts";
    export default defineFilter({
      limits: { callbackMs: 60_000 }, // however busy the machine is
      async onRequestHeaders() {
        const lines: string[] = [];
        const say = (...values: any[]) => { lines.push(values.map((value) => String(value)).join(" ")); };
        await (async () => { ${code} })();
        return new Response(lines.join("\\n"));
      },
    });`;
  await using module = await buildModule(filter, { typecheck: false });
  await using host = await TestHost.load(module.wasm);
  return (await (await host.fetch("http://a/")).text()).split("\n");
}

async function saidInNode(code: string): Promise<string[]> {
  const lines: string[] = [];
  await runInNewContext(`"use strict"; (async () => {${code}})()`, {
    say: (...values: unknown[]) => lines.push(values.map((value) => String(value)).join(" ")),
  });
  return lines;
}

/** Runs `code` in both, and compares what it gives to `say`. */
export async function saysTheSame(code: string): Promise<void> {
  const expected = await saidInNode(code);
  expect(expected.length).toBeGreaterThan(0);
  expect(await saidInModule(code)).toEqual(expected);
}
