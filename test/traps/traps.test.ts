import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { buildFilter } from "../../build/pipeline.ts";
import { readModule, SectionId } from "../../build/wasm/module.ts";
import { tempProject } from "../temp-project.ts";
import { tinyModule, wat } from "../wasm/host-abi/tiny-module.ts";
import { findTraps } from "./find-traps.ts";
import type { Trap } from "./find-traps.ts";
import { REASONS } from "./reasons.ts";

/** The compiler numbers its copies of a function. */
const isExplained = (name: string, { kind, type }: Trap) =>
  REASONS[kind].some(
    ({ functions, types }) =>
      functions.includes(name.replace(/\.\d+$/, "")) && (type === undefined || types?.includes(type)),
  );

/** The instructions of a module that no reason is given for: kind, function and, for calls through pointers, the type. */
function unexplained(wasm: Uint8Array): string[] {
  return [...findTraps(wasm)].flatMap(([name, traps]) =>
    traps
      .filter((trap) => !isExplained(name, trap))
      .map(({ kind, type = "" }) => `${kind} in ${name} ${type}`.trimEnd()),
  );
}

function codeOf(wasm: Uint8Array): Uint8Array | undefined {
  return readModule(wasm).sections.find(({ id }) => id === SectionId.Code)?.bytes;
}

test("each instruction of the runtime that can trap has a reason why it does not", async () => {
  expect(unexplained(await readFile("engine/runtime.wasm"))).toEqual([]);
});

test.each(["src/filter/filter.ts", "test/filters/scripted.ts", "test/attacks/filter.ts"])(
  "so has each of the module built from %s",
  async (path) => {
    await using project = await tempProject({});
    const outfile = project.path("filter.wasm");
    const entry = fileURLToPath(new URL(`../../${path}`, import.meta.url));
    await buildFilter({ entry, outfile, typecheck: false, keepNames: true, inlineCalls: false });
    const wasm = await readFile(outfile);
    expect(unexplained(wasm)).toEqual([]);
    expect(findTraps(wasm).size).toBeGreaterThan(30);
    if (path === "src/filter/filter.ts") {
      // The instructions of a module that is deployed are the same, in fewer functions.
      await buildFilter({ entry, outfile, typecheck: false });
      expect(codeOf(await readFile("dist/filter.wasm"))).toEqual(codeOf(await readFile(outfile)));
    }
  },
);

test("a new one fails", () => {
  const bytes = tinyModule({
    on: {
      proxy_on_tick: [wat("(unreachable)")],
      proxy_on_done: [wat("(drop (i32.div_u (i32.const 1) (local.get 0)))")],
    },
  });
  expect(unexplained(bytes).map((each) => each.split(" ")[0])).toEqual(["unreachable", "division"]);
});

test("a new one fails in a function that has others: of another kind, or a pointer of another type", () => {
  const pointer = { kind: "call_indirect", type: "(i32, i32) -> ()" } as const;
  expect(isExplained("js_promise_mark", pointer)).toBe(true);
  expect(isExplained("js_promise_mark", { ...pointer, type: "(i32, i64) -> ()" })).toBe(false);
  expect(isExplained("js_promise_mark", { kind: "unreachable" })).toBe(false);
  expect(isExplained("js_promise_marks", pointer)).toBe(false);
});

test("traps are found, but for those that no path leads to", () => {
  const bytes = tinyModule({
    on: {
      proxy_on_tick: [wat("(unreachable)")],
      proxy_on_done: [wat("(loop $again (br $again)) (unreachable)")],
      proxy_on_log: [
        wat("(drop (i32.div_u (i32.const 1) (local.get 0))) (drop (i32.div_s (local.get 0) (i32.const 10)))"),
      ],
      proxy_on_delete: [wat("(if (local.get 0) (then (return)) (else (return))) (unreachable)")],
    },
  });
  const traps = [...findTraps(bytes).values()].flat();
  expect(traps.map(({ kind }) => kind)).toEqual(["unreachable", "division"]);
});
