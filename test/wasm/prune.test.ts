import { expect, test } from "vitest";

import { buildNamed } from "../../bench/meter/run.ts";
import { functionNames } from "../../build/wasm/function-names.ts";
import { readModule } from "../../build/wasm/module.ts";
import { logOf } from "./log-of.ts";

/** A name that the bundle does not hold. */
const COMPUTED = `const name = ["to", "Spliced"].join(""); const call = (list) => list[name](0, 1);`;

test("a builtin that the code does not name is left out, and a computed name says so, each time", async () => {
  const { lines } = await logOf(`${COMPUTED}
    for (let i = 0; i < 2; i++) try { call([1, 2]); } catch (error) { log.info(String(error)); }`);
  const message =
    "TypeError: the builtin toSpliced was left out of the module, because the filter's code does not name it; build with --keep-builtins";
  expect(lines).toEqual([message, message]);
});

test("a builtin that was left out is there for all who ask, until somebody takes it away", async () => {
  const { lines } = await logOf(`
    const name = ["to", "Spliced"].join(""), other = ["copy", "Within"].join("");
    const prototype = Object.getPrototypeOf([1]);
    const attempt = (run) => { try { return String(run()); } catch (error) { return error.name; } };
    log.info([name in [1], Object.hasOwn(prototype, name), [1]["no" + name], name in {}].join());
    log.info(attempt(() => Object.getOwnPropertyDescriptor(prototype, name)));
    log.info(attempt(() => { prototype[name] = 1; }) + " " + attempt(() => { Object.defineProperty(prototype, name, { value: 1 }); }));
    log.info(attempt(() => { [1][other] = 1; }) + " " + attempt(() => Reflect.set([1], other, 1)));
    log.info([delete prototype[name], name in [1], [1][name], [1][other === name]].join());
    const names = Object.getOwnPropertyNames(prototype);
    log.info([names.includes(other), names.includes(name), names.length > 35, new Set(names).size === names.length].join());
    prototype[name] = () => "own";
    log.info([1][name]());
    log.info(attempt(() => [1][other]()));`);
  expect(lines).toEqual([
    "true,true,,false",
    "TypeError",
    "TypeError TypeError",
    "TypeError TypeError",
    "true,false,,",
    "true,false,true,true",
    "own",
    "TypeError",
  ]);
});

test("`arguments`, bound functions, disposal and unscopables are there for who uses them", async () => {
  const { lines } = await logOf(`
    function count() { return arguments.length; }
    log.info([count(1, 2), count.bind(null, 1)(2, 3)].join());
    const disposed = [];
    { using first = { [Symbol.dispose]() { disposed.push("first"); } }; disposed.push(typeof first); }
    const stack = new DisposableStack();
    stack.use({ [Symbol.dispose]() { disposed.push("second"); } });
    stack.dispose();
    log.info(disposed.join());
    log.info(String(Array.prototype[Symbol.unscopables].flat));`);
  expect(lines).toEqual(["2,3", "object,first,second", "true"]);
  const without = await logOf(`
    const symbol = Symbol[["dis", "pose"].join("")];
    const iterator = [1].values();
    log.info(typeof (() => undefined)[["bi", "nd"].join("")]);
    log.info(typeof iterator[symbol]);`);
  expect(without.lines).toEqual([expect.stringContaining("the builtin bind was left out")]);
});

test("the error about a variable that is used too early names it, of a function and of one around it", async () => {
  const { lines } = await logOf(`
    const attempt = (run) => { try { return String(run()); } catch (error) { return error.message; } };
    log.info(attempt(() => { const inner = () => later; const value = inner(); const later = 1; return value; }));
    log.info(attempt(() => { const value = soon; const soon = 1; return value; }));`);
  expect(lines).toEqual(["later is not initialized", "soon is not initialized"]);
});

test("with --keep-builtins a computed name finds everything, and the module is larger", async () => {
  const body = `${COMPUTED} log.info(String(call([1, 2])));`;
  const [kept, pruned] = [await logOf(body, { keepBuiltins: true }), await logOf(body)];
  expect(kept.lines).toEqual(["2"]);
  expect(pruned.bytes).toBeLessThan(kept.bytes * 0.95);
});

test("what the code names works: methods, getters, namespaces, functions, inherited names", async () => {
  const { lines } = await logOf(`
    log.info([3, 1, 2].toSorted().join());
    log.info(new Map([["a", 1]]).size + " " + /a/g.flags + " " + Math.max(1, 2) + " " + Math.hypot(3, 4));
    log.info(parseInt("7px") + " " + "abc".at(-1) + " " + JSON.stringify({ a: [1] }) + " " + encodeURIComponent("ä"));
    log.info([..."ab"].entries().next().value.join() + " " + new Set([1]).has(1) + " " + new Date(0).toISOString());
    const words = {}; for (const word of ["isPrototypeOf", "valueOf", "a"]) words[word] = 1;
    log.info(Object.keys(words).join());`);
  expect(lines).toEqual([
    "1,2,3",
    "1 g 2 5",
    '7 c {"a":[1]} %C3%A4',
    "0,a true 1970-01-01T00:00:00.000Z",
    "isPrototypeOf,valueOf,a",
  ]);
});

/** What the program's code names no more than that, each run by itself. */
test.each([
  ["DataView", `new (globalThis[["Data", "View"].join("")])(new ArrayBuffer(8))`],
  ["Proxy", `new (globalThis[["Pro", "xy"].join("")])({}, {})`],
  ["Int16Array", `new (globalThis[["Int16", "Array"].join("")])(8)`],
  ["WeakMap", `new (globalThis[["Weak", "Map"].join("")])()`],
  ["Reflect", `globalThis[["Re", "flect"].join("")]`],
])("a constructor that the code does not name: %s", async (name, expression) => {
  const { lines } = await logOf(`log.info(String(${expression})); log.info("reached");`);
  expect(lines).toEqual([expect.stringContaining(`TypeError: the builtin ${name} was left out of the module`)]);
});

test("with --keep-builtins these constructors are there", async () => {
  const { lines } = await logOf(
    `const make = (...parts) => globalThis[parts.join("")];
     log.info(String(new (make("Data", "View"))(new ArrayBuffer(8)).getInt8(0)));
     log.info(String(new (make("Pro", "xy"))({}, { get: () => 1 }).any));
     log.info(String(new (make("Int16", "Array"))(2)) + " " + make("Re", "flect").ownKeys({ a: 1 }));
     log.info("a1b2".replace(new (make("Reg", "Exp"))("[0-9]", "g"), "-"));
     log.info(new (make("Da", "te"))(0).toISOString());`,
    { keepBuiltins: true },
  );
  expect(lines).toEqual(["0", "1", "0,0 a", "a-b-", "1970-01-01T00:00:00.000Z"]);
});

test("literal regular expressions need no pattern compiler; a computed way to it says so", async () => {
  const { lines } = await logOf(`
    log.info("a, b,c".split(/, */).join("|") + " " + "a1b22".replace(/[0-9]+/g, "-") + " " + "xay".match(/a/).index);
    log.info([..."a1b2".matchAll(/[a-z](?<digit>[0-9])/g)].map((found) => found.groups.digit).join() + " " + "xay".search(/a/));
    log.info("AbaB".split(/(b)/i).join("|") + " " + /^a.c$/su.test("a" + String.fromCharCode(10) + "c") + " " + "a-b".split(/-/y).join("|"));
    const other = /a/[["construct", "or"].join("")];
    log.info(String(other(/a/g, "gy").flags) + " " + new other(/a/i).test("A"));
    for (const pattern of ["a", /a/])
      try { log.info(String(new other(pattern, "i"))); } catch (error) { log.info(String(error)); }`);
  const message =
    "TypeError: the compiler of RegExp patterns was left out of the module, because the filter's code does not name RegExp; build with --keep-builtins";
  expect(lines).toEqual(["a|b|c a-b- 1", "1,2 1", "A|b|a|B| true a|b", "gy true", message, message]);
  const [first, named] = [await logOf(`log.info("a");`), await logOf(`log.info(RegExp.name);`)];
  expect(first.bytes).toBeLessThan(named.bytes - 20_000);
  const used = await logOf(`log.info("a1".replace(new RegExp("[0-9]"), "-") + " " + "ab".match("b")?.index);`);
  expect(used.lines).toEqual(["a- 1"]);
});

test("regular expressions that are only tested need no constructor; a computed way to it says so", async () => {
  const { lines, bytes } = await logOf(`
    log.info(String(/b+/.test("abc")) + " " + /(b)(c)/.exec("abc").join() + " " + String(/a/g));
    const other = /a/[["construct", "or"].join("")];
    log.info(String(new other("a")));`);
  expect(lines).toEqual([
    "true bc,b,c /a/g",
    expect.stringMatching(/^TypeError: the builtin constructor was left out of the module/),
  ]);
  const by = await logOf(`log.info(String(new (/a/.constructor as RegExpConstructor)(/b/).test("b")));`);
  expect(by.lines).toEqual(["true"]);
  expect(bytes).toBeLessThan(by.bytes);
});

test("a program without regular expressions has no code for them", async () => {
  const names = [...functionNames(readModule(await buildNamed("header"))).values()];
  expect(names).toContain("JS_CallInternal");
  expect(names.filter((name) => /^(js_regexp|lre_exec)/.test(name))).toEqual([]);
});

test("RegExp.prototype.compile has the pattern compiler, too", async () => {
  expect((await logOf(`log.info(String(/a/.compile("b", "g")) + " " + /a/.compile(/c/).test("c"));`)).lines).toEqual([
    "/b/g true",
  ]);
});

test.each([
  ["a number's", "(5)"],
  ["a function's", "(() => undefined)"],
  ["an error's", "new TypeError()"],
  ["an iterator's", "[][Symbol.iterator]()"],
])("a constructor by a computed name: %s", async (_whose, value) => {
  const computed = await logOf(`log.info(String(${value}[["construct", "or"].join("")]));`);
  expect(computed.lines).toEqual([expect.stringContaining("TypeError: the builtin constructor was left out")]);
  const kept = await logOf(`log.info(typeof ${value}[["construct", "or"].join("")]);`, { keepBuiltins: true });
  expect(kept.lines).toEqual(["function"]);
});

test("constructors by their name, and where the engine asks for them", async () => {
  const { lines } = await logOf(
    `log.info([5, () => undefined, new TypeError()].map((value) => value.constructor.name).join(" "));`,
  );
  expect(lines).toEqual(["Number Function TypeError"]);
  const species = await logOf(`
    class Sums extends Array { sum() { return this.reduce((sum, value) => sum + value, 0); } }
    log.info(String(Sums.from([1, 2, 3]).map((value) => 2 * value).sum()) + " " + "a1b".split(/[0-9]/).length);
    Promise.resolve(1).then((value) => { log.info(String(value)); });`);
  expect(species.lines).toEqual(["12 2", "1"]);
});

// Each alone in its module: what one of them needs of the C library must not be there for another one's sake.
test.each([
  ["log", [3], Math.log(3)],
  ["log2", [3], Math.log2(3)],
  ["log10", [3], Math.log10(3)],
  ["log1p", [3], Math.log1p(3)],
  ["exp", [3], Math.exp(3)],
  ["expm1", [3], Math.expm1(3)],
  ["pow", [3, 0.3], Math.pow(3, 0.3)],
  ["sin", [3], Math.sin(3)],
  ["tan", [1e10], Math.tan(1e10)],
  ["atan", [3], Math.atan(3)],
  ["atan2", [1, 2], Math.atan2(1, 2)],
  ["acos", [0.3], Math.acos(0.3)],
  ["cbrt", [3], Math.cbrt(3)],
  ["cosh", [3], Math.cosh(3)],
  ["hypot", [3, 5], Math.hypot(3, 5)],
])("Math.%s has its tables of the C library", async (name, values, expected) => {
  const { lines } = await logOf(
    `const [a, b] = ${JSON.stringify(values)}.map((value) => value * request.path.length);
     log.info(Math.${name}(a, b).toFixed(9));`,
  );
  expect(lines).toEqual([expected.toFixed(9)]);
});

test("a function of Math is not kept for a property of its name that something else has", async () => {
  const use = (body: string) => logOf(`log.info(String(Math.max(1, request.path.length))); ${body}`);
  const [without, taken] = [
    await use(""),
    await use(`const { log: logarithm } = Math; log.info(String(logarithm(1)));`),
  ];
  expect(taken.lines).toEqual(["1", "0"]);
  expect(taken.bytes).toBeGreaterThan(without.bytes + 5000);
});

// The hook's code names none of them.
test.each([
  [
    "Uint8ClampedArray",
    `const Bytes = Uint8ClampedArray;`,
    `String(new Bytes([1, 300]).map((byte) => byte + 1))`,
    "2,255",
  ],
  ["Float64Array", `const Numbers = [Float64Array];`, `String(new Numbers[0](2).fill(0.5))`, "0.5,0.5"],
  ["Map", `const Table = Map;`, `String(new Table([["a", 1]]).get("a"))`, "1"],
  ["Proxy", `const Wrapper = Proxy;`, `String(new Wrapper({}, { get: () => 1 }).any)`, "1"],
  ["Date", `const Time = Date;`, `new Time(0).toISOString()`, "1970-01-01T00:00:00.000Z"],
  ["BigInt", `const Whole = BigInt;`, `String(Whole(2) ** Whole(70) / Whole(3))`, String(2n ** 70n / 3n)],
  ["RegExp", `const Pattern = RegExp;`, `String(new Pattern("b+").exec("abbc"))`, "bb"],
  ["Math", `const functions = { Math };`, `String(functions.Math.max(1, 2))`, "2"],
  [
    "Set",
    `class Words extends Set { any(word) { return this.has(word); } }`,
    `String(new Words(["a"]).any("a"))`,
    "true",
  ],
])("a builtin that the top level has put elsewhere: %s", async (_name, top, expression, expected) => {
  expect((await logOf(`log.info(${expression});`, { top })).lines).toEqual([expected]);
});

test.each([
  ["Map.groupBy", `String(Map.groupBy([1, 2, 3], (number) => number % 2).get(1))`, "1,3"],
  ["Object.groupBy", `JSON.stringify(Object.groupBy([1, 2, 3], (number) => number % 2))`, `{"0":[2],"1":[1,3]}`],
  ["Proxy.revocable", `String(Proxy.revocable({ a: 1 }, {}).proxy.a)`, "1"],
  ["Symbol.match", `String(/b/[Symbol.match]("abc"))`, "b"],
  ["Symbol.matchAll", `String([.../b/g[Symbol.matchAll]("abcb")].length)`, "2"],
  ["Symbol.replace", `/b/[Symbol.replace]("abc", "-")`, "a-c"],
  ["Symbol.split", `/b/[Symbol.split]("abc").join()`, "a,c"],
])("a builtin by a constructor's own function or a symbol: %s", async (_name, expression, expected) => {
  expect((await logOf(`log.info(${expression});`)).lines).toEqual([expected]);
});

// Each is all that a program has of JSON.
test.each([
  ["a reviver", `JSON.parse("[1,2]", (key, value) => (key === "0" ? value + 1 : value)).join()`, "2,2"],
  ["a reviver with the text", `JSON.parse("1.0", (_key, _value, context) => context.source)`, "1.0"],
  ["a reviver by a condition", `JSON.parse("1", request.path === "/" ? () => "revived" : undefined)`, "revived"],
  ["a text by a condition", `JSON.parse(request.path === "/" ? "1" : "2")`, "1"],
  ["a spread call", `JSON.parse(...(["1", () => "revived"] as [string, () => string]))`, "revived"],
  ["the function as a value", `["1"].map(JSON.parse).join()`, "1"],
  ["the function of a variable", `((parse) => parse("1", () => "revived"))(JSON.parse)`, "revived"],
  ["JSON by a condition", `(request.path === "/" ? JSON : Math).parse("1", () => "revived")`, "revived"],
  ["JSON as a value", `((json) => json.parse("1", () => "revived"))(JSON)`, "revived"],
  ["a computed name", `JSON[["par", "se"].join("") as "parse"]("1", () => "revived") + JSON.parse("1")`, "revived1"],
  ["calls within calls", `String(JSON.parse(JSON.stringify([JSON.parse("1"), Math.max(1, 2)])))`, "1,2"],
])("JSON.parse with %s", async (_, expression, expected) => {
  expect((await logOf(`log.info(String(${expression}));`)).lines).toEqual([expected]);
});

test("JSON.parse that is taken at the top level may get a reviver", async () => {
  const { lines } = await logOf(`log.info(String(read("1", () => "revived")));`, { top: `const read = JSON.parse;` });
  expect(lines).toEqual(["revived"]);
});

test("a reviver takes place in modules whose code may have one", async () => {
  const [none, some] = [
    await logOf(`log.info(String(JSON.parse("1")));`),
    await logOf(`log.info(String(JSON.parse("1", () => "revived")));`),
  ];
  expect(none.bytes).toBeLessThan(some.bytes - 1000);
});

test("a function of Object.prototype that the code does not name is there, and says so when it is called", async () => {
  const name = `["isPrototype", "Of"].join("") as "isPrototypeOf"`;
  const { lines } = await logOf(`
    log.info(typeof ({})[${name}] + " " + String("isPrototypeOf" in {}));
    log.info(String({ a: 1 }) + " " + String({ valueOf: () => 1 }) + " " + ({}).toLocaleString());
    log.info(String(({})[["lookup", "Getter__"].join("").replace("l", "__l")]("a")));`);
  expect(lines).toEqual([
    "function true",
    "[object Object] [object Object] [object Object]",
    "TypeError: the builtin __lookupGetter__ was left out of the module, because the filter's code does not name it; build with --keep-builtins",
  ]);
});

test("methods of texts that the code has as such", async () => {
  const { lines } = await logOf(
    `
    log.info("a-b".replaceAll("-", "+") + "abc".match(/b/)?.index + "abc".search("c") + "x".constructor.name);
    log.info(\`\${request.path}!\` + "a".concat("b") + ["c"].join("") + "é".normalize("NFD").length);`
      .replaceAll("\\`", "`")
      .replaceAll("\\$", "$"),
  );
  expect(lines).toEqual(["a+b12String", "/!abc2"]);
});

test("** and % of all kinds of numbers", async () => {
  const { lines } = await logOf(
    `const [two, ten, half] = [request.path.length + 1, request.path.length + 9, request.path.length / 2];
     log.info([two ** ten, (two * two) ** half, ten % -two, -ten % (two + 1), ten % half, ten % 0].join(" "));`,
  );
  expect(lines).toEqual(["1024 2 0 -1 0 NaN"]);
});

// Each is all that a program has of regular expressions; these builtins ask whether something is one.
test.each([
  ["split", `"hello".split(/l/).join("|")`, "he||o"],
  ["matchAll", `[..."a1b2".matchAll(/[0-9]/g)].join("|")`, "1|2"],
  ["replaceAll", `"a1b2".replaceAll(/[0-9]/g, "-")`, "a-b-"],
  ["RegExp of a pattern", `String(new RegExp(/a/))`, "/a/"],
  ["RegExp of any object", `String(RegExp({ toString: () => "a" } as unknown as string, "g"))`, "/a/g"],
  ["includes", `"a".includes(/a/ as unknown as string)`, "TypeError: regexp not supported"],
])("a builtin that looks up Symbol.match: %s", async (_, expression, expected) => {
  expect((await logOf(`log.info(${expression});`)).lines).toEqual([expected]);
});

test("a module has the hash functions that the code names; another one says so", async () => {
  const hashing = (body: string, options?: { keepBuiltins?: boolean }) =>
    logOf(`${body} log.info(hash(["sha", 512].join("") as "sha512", "").toHex().slice(0, 8));`, options);
  const [one, all] = [
    await hashing(`hash("sha256", "");`),
    await hashing(`hash("sha256", "");`, { keepBuiltins: true }),
  ];
  expect(one.lines).toEqual([
    "TypeError: the hash function sha512 was left out of the module, because the filter's code does not name it; build with --keep-builtins",
  ]);
  expect(all.lines).toEqual(["cf83e135"]);
  const [two, none] = [await hashing(`hash("sha512", "");`), await logOf(`log.info("sha256 sha512 md5");`)];
  expect(two.lines).toEqual(["cf83e135"]);
  expect(one.bytes).toBeGreaterThan(none.bytes + 4000);
});

test("what a builtin itself makes is there, though nothing names it: DOMException, Map", async () => {
  const { lines } = await logOf(`
    log.info(JSON.stringify(Object.groupBy([1, 2, 3], (value) => (value % 2 === 1 ? "odd" : "even"))));
    try { atob("*"); } catch (error) { log.info(String(error) + " " + (error instanceof Error)); }`);
  expect(lines).toEqual(['{"odd":[1,3],"even":[2]}', expect.stringMatching(/^InvalidCharacterError: .* true$/)]);
});

test("names that the code only assigns to can be assigned to, on builtins and on what inherits from them", async () => {
  const { lines } = await logOf(`const list = Object.assign([1], {}) as unknown as Record<string, unknown>;
    list.copyWithin = 1;
    (Array.prototype as unknown as Record<string, unknown>).flatMap = 2;
    log.info(JSON.stringify(list));`);
  expect(lines).toEqual(["[1]"]);
});

test("a pattern that is no literal is compiled by the methods of strings, too", async () => {
  const { lines } = await logOf(`const text = "a1b2", pattern = "[0-9]";
    log.info(text.match(pattern)[0] + " " + text.search(pattern) + " " + [...text.matchAll(pattern)].length);`);
  expect(lines).toEqual(["1 1 2"]);
});

test("opcodes that no other program has: generators, for-in, for-await, with classes, destructuring and bigint", async () => {
  const body = `
    function* count() { try { yield 1; yield* [2, 3]; } finally { log.info("closed"); } }
    for (const value of count()) if (value === 2) break;
    const keys = []; for (const key in { a: 1, b: 2 }) keys.push(key);
    class Base { #secret = 1; static made = 0; get secret() { return this.#secret; } has(o) { return #secret in o; } }
    class Derived extends Base { constructor() { super(); Derived.made++; } get secret() { return super.secret + 1; } }
    const { secret, ...rest } = { secret: new Derived().secret, a: [1, ...[2]] };
    log.info(keys.join() + " " + secret + " " + JSON.stringify(rest) + " " + new Base().has({}) + " " + Derived.made);
    log.info(String(2n ** 70n) + " " + (7 % 4 | 8) + " " + (1 << 4 >>> 2) + " " + ~5 + " " + typeof undefinedName);
    label: for (let i = 0; i < 3; i++) { switch (i) { case 1: continue label; case 2: break label; default: log.info("once"); } }
    const tag = (parts, ...values) => parts.raw.join("-") + values.join();
    log.info(tag\`a\${1}b\${2}\` + " " + (null ?? "n") + " " + ({}).a?.b + " " + delete rest.a + " " + ("a" in rest));`
    .replaceAll("\\`", "`")
    .replaceAll("\\$", "$");
  const expected = [
    "closed",
    'a,b 2 {"a":[1,2]} false 1',
    "1180591620717411303424 11 4 -6 undefined",
    "once",
    "a-b-1,2 n undefined true false",
  ];
  expect((await logOf(body)).lines).toEqual(expected);
  expect((await logOf(body, { keepBuiltins: true })).lines).toEqual(expected);
});
