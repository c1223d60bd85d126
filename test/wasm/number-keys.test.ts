import fc from "fast-check";
import { expect, test } from "vitest";

import { logOf } from "./log-of.ts";

test("names that are numbers come first and in their order, however they were made: as in Node", async () => {
  const number = fc.oneof(fc.nat(20), fc.nat(), fc.constantFrom(2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1));
  const names = fc.array(fc.oneof(number.map(String), fc.constantFrom("a", "b", "-1", "01", "1.5")), { maxLength: 60 });
  const cases = fc.sample(names, { numRuns: 60, seed: 1 });
  const { lines } = await logOf(`
    for (const names of ${JSON.stringify(cases)} as string[][]) {
      const object: Record<string, number> = {};
      for (const name of names) object[name] = 1;
      log.info(Object.keys(object).join());
    }`);
  const inNode = cases.map((list) => Object.keys(Object.fromEntries(list.map((name) => [name, 1]))).join());
  expect(lines).toEqual(inNode);
});

test("many of them in a falling order", async () => {
  const body = `
    const object: Record<string, number> = {};
    for (let name = 50_000; name > 0; name--) object[name * 3] = name;
    const keys = Object.keys(object);
    log.info(keys.every((name, at) => Number(name) === at * 3 + 3) + " " + keys.length);`;
  expect((await logOf(body, { limits: "{ callbackMs: 20_000 }" })).lines).toEqual(["true 50000"]);
});
