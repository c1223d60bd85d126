import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { CALLBACKS, HOST_CALLS } from "../../src/abi/index.ts";
import { abiDoc } from "../../scripts/abi-doc.ts";
import { CALLBACK_ROWS, HOST_CALL_ROWS } from "../../scripts/abi-table.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string) => readFileSync(`${root}${file}`, "utf8");

test("docs/ABI.md is up to date", async () => {
  expect(read("docs/ABI.md"), "npx tsx scripts/abi-doc.ts writes it").toBe(await abiDoc());
});

test("each host call and callback of the ABI has its row", () => {
  expect(Object.keys(HOST_CALL_ROWS)).toEqual(Object.keys(HOST_CALLS));
  expect(Object.keys(CALLBACK_ROWS).sort()).toEqual(Object.keys(CALLBACKS).sort());
});

test.each(Object.entries({ ...HOST_CALL_ROWS, ...CALLBACK_ROWS }))(
  "%s has tests that are there",
  (_name, { tests }) => {
    expect(Object.keys(tests).length).toBeGreaterThan(0);
    for (const [file, name] of Object.entries(tests)) {
      expect(read(file)).toContain(name);
    }
  },
);

test.each(Object.keys(HOST_CALLS))("%s is in proxy-wasm-ts/hostcalls", (name) => {
  expect(read("src/sdk/hostcalls.ts")).toMatch(new RegExp(`^export (const|function) ${name}\\b`, "m"));
});
