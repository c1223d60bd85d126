import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import { parseAndWalk } from "../../json-oracle.ts";
import { buildTestFilter } from "./build.ts";
import { callAll, inNode, withoutMessage } from "./functions.ts";

type Path = string | (string | number)[];

let host: TestHost;
let answer = "";

beforeAll(async () => {
  const filter = await buildTestFilter("functions");
  host = await TestHost.load(filter, { clusters: { json: () => new Response(answer) } });
});

afterAll(async () => {
  await host.close();
});

async function compare(cases: readonly (readonly [string, Path])[]): Promise<void> {
  const expected = (json: string, path: Path) => inNode(() => ({ field: parseAndWalk(json, path) }));
  const given = await callAll(host, "jsonField", cases);
  expect(given.map(withoutMessage)).toEqual(cases.map(([json, path]) => expected(json, path)));
  const bytes = cases.map(([json, path]) => ({ bytes: Buffer.from(json), path }));
  const ofBytes = await callAll(
    host,
    "jsonFieldOfBytes",
    bytes.map((one) => [one.bytes.toString("base64"), one.path]),
  );
  expect(ofBytes.map(withoutMessage)).toEqual(bytes.map((one) => expected(one.bytes.toString(), one.path)));
}

const USER =
  '{"a": {"id": 7, "b": [1, {"c": "d"}, [[]], null, true], "": 1}, "x.y": {"z": -0.5e+3}, "u\\u00e4\u00e4": "\u20ac"}';

test.each<[Path, unknown]>([
  ["a.id", 7],
  ["a.b", [1, { c: "d" }, [[]], null, true]],
  ["a.b.1.c", "d"],
  ["a.b.3", null],
  ["a.b.2.0", []],
  ["a.b.01", undefined],
  ["a.b.5", undefined],
  ["a.b.-1", undefined],
  ["a.b.length", undefined],
  ["a.id.b", undefined],
  ["a.", 1],
  ["b", undefined],
  ["toString", undefined],
  [["x.y", "z"], -500],
  [["a", "b", 1, "c"], "d"],
  ["u\u00e4\u00e4", "\u20ac"],
  [[], JSON.parse(USER)],
])("%j", async (path, value) => {
  expect(parseAndWalk(USER, path)).toEqual(value);
  await compare([[USER, path]]);
});

describe("of a name that comes twice the last one counts, at each level", () => {
  test.each([
    ['{"a":1,"a":2}', "a"],
    ['{"a":{"b":1},"a":{}}', "a.b"],
    ['{"a":{"b":1},"a":3}', "a.b"],
    ['{"a":{"b":1},"a":{"b":{"c":[2]}}}', "a.b"],
    ['{"a":{"b":{"x":1},"b":{"y":2}},"c":{"b":3}}', "a.b"],
    ['{"a":{"b":1},"\\u0061":{"b":2}}', "a.b"],
    ['{"a":[{"b":1}],"a":[{"b":2},{"b":3}]}', "a.0.b"],
    ['{"__proto__":{"a":1}}', "__proto__.a"],
  ])("%s", async (json, path) => {
    await compare([[json, path]]);
  });
});

test("what is no JSON is refused, wherever it is wrong", async () => {
  const wrong = ["", " ", "{", "[", '"', "{]", "[}", "[1,]", "[,1]", '{"a"}', '{"a":}', '{"a":1,}', "{a:1}", "{'a':1}"];
  const scalars = [
    "01",
    "-",
    "+1",
    "1.",
    ".5",
    "1e",
    "1e+",
    "0x1",
    "tru",
    "nul",
    "NaN",
    "truex",
    "1 2",
    "[1 2]",
    "-01",
  ];
  const strings = [
    '"\\x"',
    '"\\u12g4"',
    '"\\u12',
    '"\n"',
    '"\t"',
    '"\\',
    '"a\\"',
    "\ufeff1",
    "[]]",
    "//",
    "\u00a01",
    "\f1",
  ];
  const right = [
    "0",
    "-0",
    "1e9",
    "1E-2",
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4"',
    '"\u007f\u2028"',
    " [ ] ",
    "{ }\n",
    '"/"',
  ];
  await compare([...wrong, ...scalars, ...strings, ...right].map((json) => [json, "a"]));
  await compare(right.map((json) => [json, []]));
});

const key = fc.constantFrom("a", "b", "", "0", "1", "\u00e4", "\u20ac", 'q"', "x.y", "__proto__", "length");
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string({ unit: "grapheme" })),
    fc.constantFrom(null, true, false),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  ),
})).value;

/** JSON texts of all kinds, some of them broken by a change of one character. */
const text = fc
  .tuple(
    json,
    fc.nat(3),
    fc.option(fc.tuple(fc.nat(), fc.constantFrom("", '"', "{", "]", ",", ":", "\\", "1", " ", "\u0001"))),
  )
  .map(([value, indent, change]) => {
    const whole = JSON.stringify(value, undefined, indent);
    const at = change === null ? 0 : change[0] % (whole.length + 1);
    return change === null ? whole : whole.slice(0, at) + change[1] + whole.slice(at + 1);
  });

test("for any text and path it gives what JSON.parse and a walk give, or both fail", async () => {
  const cases = fc.array(fc.tuple(text, fc.array(key, { maxLength: 4 })), { minLength: 50, maxLength: 50 });
  await fc.assert(fc.asyncProperty(cases, compare), { numRuns: 40 });
});

test("a text that the engine has as a rope", async () => {
  expect(await callAll(host, "jsonFieldOfRope", [['{"a":"\u20ac"}', "a"]])).toEqual([{ value: { field: "\u20ac" } }]);
});

test("bytes that are no UTF-8 are U+FFFD", async () => {
  const given = await callAll(host, "jsonFieldOfBytes", [
    [Buffer.from('{"a":"\xff","\xff":1}', "latin1").toString("base64"), "a"],
    [Buffer.from('{"a":"\xff","\xff":1}', "latin1").toString("base64"), ["\ufffd"]],
  ]);
  expect(given).toEqual([{ value: { field: "\ufffd" } }, { value: { field: 1 } }]);
});

test("depth and length of the path have a limit; what is wrong is told", async () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  const given = await callAll(host, "jsonField", [
    [nested(1024), "a"],
    [nested(1025), "a"],
    ["{}", "a.".repeat(31)],
    ["{}", "a.".repeat(32)],
    ["{}", Array.from({ length: 33 }, () => "a")],
    ["{}", null],
    ["{}", { length: 1 }],
    [null, "a"],
    [5, "a"],
  ]);
  expect(given).toEqual([
    { value: {} },
    { error: "RangeError: jsonField: the JSON text is nested deeper than 1024 levels" },
    { value: {} },
    { error: "RangeError: jsonField: a path has 32 names at most" },
    { error: "RangeError: jsonField: a path has 32 names at most" },
    { error: "TypeError: jsonField: the path must be a string or an array of names" },
    { error: "TypeError: jsonField: the path must be a string or an array of names" },
    { error: "TypeError: jsonField: the JSON must be a string, a Uint8Array or an ArrayBuffer" },
    { error: "TypeError: jsonField: the JSON must be a string, a Uint8Array or an ArrayBuffer" },
  ]);
});

test("a body and an answer give a field straight away", async () => {
  answer = '{"a":[{"b":"from the answer"}]}';
  const ask = async (body: string) => {
    const headers = { "x-json-field": "a.0.b" };
    const reply = await host.fetch("http://a/", { method: "POST", headers, body });
    expect(host.logs.map(({ message }) => message)).toEqual([]);
    return reply.json();
  };
  expect(await ask('{"a":[{"b":{"c":"\u00e4"}}]}')).toEqual([{ value: { c: "\u00e4" } }, { value: "from the answer" }]);
  answer = "";
  const [body, ofAnswer] = (await ask("[")) as { error: string }[];
  expect([body?.error, ofAnswer?.error]).toEqual([
    expect.stringContaining("SyntaxError: "),
    expect.stringContaining("SyntaxError: "),
  ]);
});
