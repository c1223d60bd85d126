import { expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import { build } from "./build.ts";

const FILTER = `import { defineFilter, getProperty } from "proxy-wasm-ts";

class Account {
  get owner(): string {
    throw new RangeError("nobody");
  }
}

async function load(path: string): Promise<string> {
  await null;
  return path === "/sdk" ? String(getProperty("")) : new Account().owner;
}

export default defineFilter({
  async onRequestHeaders(request) {
    try {
      await load(request.path);
    } catch (cause) {
      throw new Error("cannot load", { cause });
    }
  },
});
`;

/** The lines of the log's only entry, without the columns and without the engine's own functions. */
async function failure(path: string): Promise<string[]> {
  await using host = await TestHost.load(await build(FILTER));
  expect((await host.fetch(`http://a${path}`)).status).toBe(500);
  const [only, ...others] = host.logs;
  expect(others).toEqual([]);
  const lines = (only?.message ?? "").split("\n").filter((line) => !line.endsWith("(native)"));
  return lines.map((line) => line.replace(/:\d+\)$/, ")"));
}

test("stacks in the log have the places of the filter's TypeScript, after an await too", async () => {
  expect(await failure("/")).toEqual([
    "uncaught error in onRequestHeaders: Error: cannot load",
    "    at onRequestHeaders (filter.ts:19)",
    "caused by: RangeError: nobody",
    "    at get owner (filter.ts:5)",
    "    at load (filter.ts:11)",
  ]);
});

test("the SDK's functions have theirs", async () => {
  const lines = await failure("/sdk");
  expect(lines).toContainEqual(
    expect.stringMatching(/^ {4}at getProperty \(proxy-wasm-ts:src\/sdk\/properties\.ts:\d+\)$/),
  );
  expect(lines.at(-1)).toBe("    at load (filter.ts:11)");
});
