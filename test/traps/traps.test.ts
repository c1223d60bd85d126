import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { findTraps } from "./find-traps.ts";
import type { TrapKind } from "./find-traps.ts";
import { REASONS } from "./reasons.ts";
import { tinyModule, wat } from "../wasm/host-abi/tiny-module.ts";

const found = findTraps(await readFile("engine/runtime.wasm"));

function withTraps(kind: TrapKind): string[] {
  return [...found].filter(([, traps]) => traps[kind] !== undefined).map(([name]) => name);
}

test.each(Object.keys(REASONS) as TrapKind[])("each %s of the runtime has a reason why it does not happen", (kind) => {
  const explained = REASONS[kind].flatMap(({ functions }) => functions);
  // The compiler numbers its copies of a function.
  const unexplained = withTraps(kind).filter((name) => !explained.includes(name.replace(/\.\d+$/, "")));
  expect(explained.includes("*") ? [] : unexplained).toEqual([]);
});

test("calls through pointers are made by functions with names, and there are as many as were looked at", () => {
  const calls = [...found.values()].reduce((sum, { call_indirect = 0 }) => sum + call_indirect, 0);
  expect(withTraps("call_indirect").length).toBeLessThan(100);
  expect(calls).toBeLessThan(260);
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
  const traps = [...findTraps(bytes).values()];
  expect(traps.filter(({ unreachable }) => unreachable !== undefined)).toHaveLength(1);
  expect(traps.filter(({ division }) => division === 1)).toHaveLength(1);
});
