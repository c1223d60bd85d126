/** JSON and numbers have ways of their own through the engine (build/engine/json-edits.ts): they do what Node does. */

import fc from "fast-check";
import { expect, test } from "vitest";

import { buildModule } from "../build-filter.ts";
import { TestHost } from "../host/index.ts";

const FILTER = `import { defineFilter, Response } from "proxy-wasm-ts";
export default defineFilter({
  onRequestBody(request) {
    const texts = request.body.text().split("\\n");
    return new Response(
      texts
        .map((text) => {
          try {
            const value = JSON.parse(text);
            return typeof value === "number" ? JSON.stringify(value) + " " + String(value) : JSON.stringify(value);
          } catch (error) {
            return error.name;
          }
        })
        .join("\\n"),
    );
  },
});
`;

function expected(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "number" ? `${JSON.stringify(value)} ${String(value)}` : JSON.stringify(value);
  } catch (error) {
    return (error as Error).name;
  }
}

/** What the module says to each text, in bodies that its heap can take. */
async function answers(texts: readonly string[]): Promise<string[]> {
  await using module = await buildModule(FILTER, { typecheck: false });
  await using host = await TestHost.load(module.wasm);
  const found: string[] = [];
  for (let at = 0; at < texts.length; at += 500) {
    const body = texts.slice(at, at + 500).join("\n");
    const response = await host.fetch("http://a/", { method: "POST", body });
    found.push(...(await response.text()).split("\n"));
  }
  return found;
}

async function sameAsNode(texts: readonly string[]): Promise<void> {
  expect(await answers(texts)).toEqual(texts.map(expected));
}

const sample = <T>(values: fc.Arbitrary<T>, count: number): T[] => fc.sample(values, { numRuns: count, seed: 1 });

test("numbers of few digits, of many, and of any exponent", async () => {
  const short = sample(fc.tuple(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), fc.nat(17), fc.nat(9)), 12_000).map(
    ([digits, cut, decimals]) => {
      const number = String(digits / 10n ** BigInt(cut));
      return decimals < 9 ? `${number}.${String(digits < 0 ? -digits : digits).slice(0, decimals + 1)}` : number;
    },
  );
  const doubles = sample(fc.double({ noNaN: true, noDefaultInfinity: true }), 12_000).map((value) =>
    JSON.stringify(value),
  );
  const near = sample(
    fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.nat(9), fc.integer({ min: -3, max: 3 })),
    12_000,
  ).map(([integer, decimals, ulps]) => JSON.stringify(neighbour(integer / 10 ** decimals, ulps)));
  await sameAsNode([...short, ...doubles, ...near]);
});

/** The double that is so many places after it. */
function neighbour(value: number, places: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(places));
  const found = view.getFloat64(0);
  return Number.isFinite(found) ? found : value;
}

test("limits of the short ways", async () => {
  await sameAsNode([
    ..."0 -0 0.0 -0.0 0.5 -0.5 1e0 1E+2 1e-7 0.000001 0.0000001 0.0000015 00 01 -01 -  +1 1. .5 1.e1 1e 1e+ - -a --1".split(
      " ",
    ),
    ..."2147483647 2147483648 -2147483648 -2147483649 4294967296 999999999999999 1000000000000000 9007199254740993".split(
      " ",
    ),
    ..."99999999999999.5 999999999999999.5 0.1 0.2 0.30000000000000004 123456.123456 1234567.1234567 4.35 4.349999999999999".split(
      " ",
    ),
    ..."1e15 1e20 1e21 1e22 123456789012345680000 5e-324 1.7976931348623157e308 1e400 -1e400 12345678901234.5 1.5e3".split(
      " ",
    ),
  ]);
});

test("strings with and without escapes, and those that do not end", async () => {
  const texts = sample(fc.string({ unit: "binary", maxLength: 40 }), 3000).map((text) => JSON.stringify(text));
  const keyed = sample(fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 2 })), 2000).map((value) =>
    JSON.stringify(value),
  );
  const broken = texts
    .slice(0, 500)
    .flatMap((text) => [text.slice(0, -1), text.slice(1), text.replace(/./u, '"\u0001')]);
  await sameAsNode(
    [...texts, ...keyed, ...broken, '"a\tb"', '"\\u00e9\\u0041"', '"\\ud800"', '"é\u{1f600}"', '""', '"'].filter(
      (text) => !text.includes("\n"),
    ),
  );
});

const REPLACED = `import { defineFilter, Response } from "proxy-wasm-ts";
export default defineFilter({
  onRequestHeaders() {
    const told: unknown[] = [];
    const value = { list: ["a", 1, { toJSON: (key: string) => typeof key + key }, 10n], deep: [[{ toJSON: (key: string) => key }]] };
    const text = JSON.stringify(value, (key, item: unknown) => {
      told.push(typeof key + key);
      return typeof item === "bigint" ? "big" : item;
    }, " ");
    Object.assign(BigInt.prototype, { toJSON: (key: string) => "as " + typeof key + key });
    return new Response(JSON.stringify([text, told, JSON.stringify([1, 2n, value.list[2]])]));
  },
});
`;

test("toJSON and a replacer are told an element's index as a string", async () => {
  await using module = await buildModule(REPLACED, { typecheck: false });
  await using host = await TestHost.load(module.wasm);
  const [text, told, big] = (await (await host.fetch("http://a/")).json()) as [string, string[], string];
  expect(JSON.parse(text)).toEqual({ list: ["a", 1, "string2", "big"], deep: [["0"]] });
  expect(told).toEqual(["", "list", "0", "1", "2", "3", "deep", "0", "0"].map((key) => `string${key}`));
  expect(JSON.parse(big)).toEqual([1, "as string1", "string2"]);
});
