/**
 * Reading fields and iterating arrays go ways of their own through the interpreter (build/engine/field-edits.ts, iteration-edits.ts):
 * the same code does here what it does in Node.
 */

import { expect, test } from "vitest";

import { buildModule } from "../build-filter.ts";
import { TestHost } from "../host/index.ts";
import { saysTheSame } from "./says-the-same.ts";

test.each([
  [
    "arrays, strings, maps, holes, entries",
    `
    for (const value of [1, , 3]) say(value);
    for (const [at, value] of ["a", "b"].entries()) say(at, value);
    for (const key of ["a", "b"].keys()) say(key);
    for (const character of "a\\u{1f600}b") say(character);
    for (const [key, value] of new Map([["k", 1], ["l", 2]])) say(key, value);
    for (const value of new Uint8Array([1, 2])) say(value);
    for (const value of (function () { return arguments; })(5, 6)) say(value);`,
  ],
  [
    "destructuring: defaults, too few, too many, the rest, in parameters and in loops",
    `
    const [a, b = 2, c] = [1];
    const [d, , e, ...f] = [1, 2, 3, 4, 5];
    const [[g], { h }] = [[7], { h: 8 }];
    let i = 1, j = 2;
    [i, j] = [j, i];
    const [] = [1];
    const sum = ([x, y], [z] = [9]) => x + y + z;
    say(a, b, c, d, e, f, g, h, i, j, sum([1, 2]));`,
  ],
  [
    "break, continue, return and throw leave a loop, and loops in loops",
    `
    const find = (rows, wanted) => {
      for (const row of rows) for (const value of row) if (value === wanted) return row;
    };
    say(find([[1, 2], [3, 4]], 3));
    outer: for (const row of [[1, 2], [3, 4], [5, 6]])
      for (const value of row) { if (value === 2) continue outer; if (value === 5) break outer; say(value); }
    try { for (const value of [1, 2]) throw new Error("at " + value); } catch (error) { say(error.message); }
    const caught = () => { try { for (const value of [1, 2]) { try { return value; } finally { say("finally"); } } } finally { say("outer"); } };
    say(caught());`,
  ],
  [
    "arrays that change while they are iterated",
    `
    const grows = [1, 2]; for (const value of grows) { if (grows.length < 5) grows.push(value * 10); say(value); }
    const shrinks = [1, 2, 3, 4]; for (const value of shrinks) { shrinks.pop(); say(value); }
    const long = [1, 2]; for (const value of long) { long.length = 4; say(value); }
    const slow = [1, 2, 3]; for (const value of slow) { Object.defineProperty(slow, 2, { get: () => "got" }); say(value); }
    const sparse = [1]; for (const value of sparse) { if (sparse.length < 2) sparse[3] = 4; say(value); }
    const frozen = Object.freeze([1, 2]); for (const value of frozen) say(value);
    const over = []; const walk = over.values(); say(walk.next().done); over.push(1); say(walk.next().done);`,
  ],
  [
    "an iterator that is asked by hand, and one that a loop has left",
    `
    const values = [1, 2, 3, 4][Symbol.iterator]();
    for (const value of values) { say(value); if (value === 2) break; }
    say(values.next().value, [...values], values.next().done);
    const entries = ["a"].entries(); say(entries.next().value, entries.next().done, entries.next().value);`,
  ],
  [
    "yield* over an array, with next, return and throw",
    `
    function* all() { try { const got = yield* [1, 2, 3]; say("got", got); } finally { say("finally"); } }
    say([...all()]);
    const returned = all(); say(returned.next().value, returned.return(7).value, returned.next().done);
    const thrown = all(); say(thrown.next().value); try { thrown.throw(new TypeError("no")); } catch (error) { say(error.name); }
    function* loop() { for (const value of [1, 2]) { const got = yield value; say("sent", got); } }
    const sent = loop(); sent.next(); sent.next("a"); sent.next("b");
    const left = loop(); left.next(); say(left.return(5).value);`,
  ],
  [
    "subclasses, arrays with another prototype, with their own iterator or with more properties",
    `
    class Mine extends Array { *[Symbol.iterator]() { yield "mine"; } }
    say([...Mine.of(1, 2)]); for (const value of Mine.of(1)) say(value); const [first] = Mine.of(1); say(first);
    class Plain extends Array {} for (const value of Plain.of(1, 2)) say(value);
    const own = [1, 2]; own[Symbol.iterator] = function* () { yield "own"; }; for (const value of own) say(value);
    const more = [1, 2]; more.extra = 1; for (const value of more) say(value);
    const bare = Object.setPrototypeOf([1], null); try { for (const value of bare) say(value); } catch (error) { say(error.name); }
    try { for (const value of { length: 1, 0: 1 }) say(value); } catch (error) { say(error.name); }
    try { const [x] = undefined; } catch (error) { say(error.name); }`,
  ],
  [
    "what a proxy of an array sees",
    `
    const seen = new Proxy([1, 2], { get: (target, key, receiver) => { say(String(key)); return Reflect.get(target, key, receiver); } });
    for (const value of seen) say(value);`,
  ],
  [
    "an iterator of all arrays that somebody has changed",
    `
    const builtin = Array.prototype[Symbol.iterator];
    Array.prototype[Symbol.iterator] = function* () { yield "changed"; };
    for (const value of [1, 2]) say(value);
    const [one] = [1]; say(one);
    Array.prototype[Symbol.iterator] = builtin;
    for (const value of [1, 2]) say(value);`,
  ],
  [
    "a next that somebody has changed, before a loop and in it",
    `
    const prototype = Object.getPrototypeOf([].values()), builtin = prototype.next;
    let left = 2;
    for (const value of [1, 2, 3]) { prototype.next = () => { throw new Error("not asked"); }; say(value); }
    prototype.next = () => ({ done: left-- === 0, value: "changed " + left });
    for (const value of [1]) say(value);
    prototype.next = builtin;
    for (const value of [1, 2]) say(value);`,
  ],
  [
    "a next that is no function, and one that is a number",
    `
    for (const next of [undefined, 0, 5, -1, 1.5, "next", {}]) {
      const strange = { [Symbol.iterator]: () => ({ next }) };
      const ways = [
        () => { for (const value of strange) say(value); }, () => { const [value] = strange; say(value); }, () => [...strange],
        () => [...(function* () { yield* strange; })()], () => new Map(strange), () => Array.from(strange),
      ];
      for (const way of ways) try { way(); say("no error"); } catch (error) { say(typeof next, error.name); }
    }
    for (const iterator of [undefined, null, 5, "text"]) {
      try { for (const value of { [Symbol.iterator]: () => iterator }) say(value); } catch (error) { say(error.name); }
    }`,
  ],
  [
    "an error between the elements of a pattern",
    `
    const ways = [
      () => { const [one = nobody] = []; }, () => { const [one, two = nobody] = [1]; }, () => { const [one = nobody] = [, 1]; },
      () => { const [, [two]] = [1]; }, () => { for (const [one, two = nobody] of [[1]]) say(one); },
      (([one = nobody]) => one).bind(undefined, []), () => { let one; [one = later] = []; let later; },
    ];
    for (const way of ways) try { way(); } catch (error) { say(error.name); }`,
  ],
  [
    "a return that somebody has given arrays' iterators",
    `
    const prototype = Object.getPrototypeOf([].values());
    const [before] = [1, 2]; say(before);
    prototype.return = function (value) { say("return", this.next().value); return {}; };
    const [x] = [1, 2]; say(x);
    for (const value of [1, 2, 3]) { say(value); if (value === 2) break; }
    for (const value of [1]) say(value);
    try { for (const value of [1, 2]) throw new Error("thrown"); } catch (error) { say(error.message); }
    prototype.return = () => { throw new TypeError("from return"); };
    try { const [y] = [1, 2]; say(y); } catch (error) { say(error.message); }
    try { for (const value of [1, 2]) throw new Error("first"); } catch (error) { say(error.message); }
    prototype.return = () => 5;
    try { const [z] = [1, 2]; say(z); } catch (error) { say(error.name); }
    try { const [one, two = nobody] = [1]; } catch (error) { say(error.name); }
    delete prototype.return;
    Object.prototype.return = () => { say("all"); return {}; };
    const [w] = [1, 2]; say(w);
    delete Object.prototype.return;`,
  ],
  [
    "promises that are awaited, of another constructor, too, and thenables",
    `
    const other = Promise.resolve("other"); other.constructor = class Other extends Promise {};
    class Mine extends Promise {}
    const run = async (name, value) => { try { say(name, await value); } catch (error) { say(name, "caught", error.message); } };
    await Promise.all([
      run("a", Promise.resolve(1)), run("b", other), run("c", Mine.resolve(2)), run("d", { then(done) { done(3); } }), run("e", 4),
      run("f", Promise.reject(new Error("no"))),
      (async () => { for (const value of [1, 2]) say("loop", await value); })(),
      (async () => { for await (const value of [Promise.resolve(5), 6]) say("for await", value); })(),
    ]);
    delete other.constructor; say(await other);
    const constructor = Promise.prototype.constructor; Promise.prototype.constructor = Mine;
    say(await Promise.resolve(7)); Promise.prototype.constructor = constructor;`,
  ],
  [
    "fields of strings, numbers, arrays, functions and of nothing",
    `
    say("abc".length, "a\\u{1f600}".length, "".length, \`a\${1}b\`.length, "abc"[1], "abc".toUpperCase(), "a".nothing);
    let rope = ""; for (let i = 0; i < 5000; i++) rope += "ab"; say(rope.length, rope.slice(9990), rope.at(-1));
    say((5).toFixed(1), true.toString(), Symbol("s").description, 10n.toString());
    say([1, 2].length, [].nothing, [3].at(0), new Uint8Array(3).length, new Uint8Array(3).nothing, (() => 1).length);
    const { 0: zero, length } = ["z"]; const { 1: second } = "xy"; say(zero, length, second);
    for (const value of [undefined, null]) try { value.field; } catch (error) { say(error.name); }`,
  ],
  [
    "getters, on strings and arrays, too, that throw, and that take themselves away",
    `
    const object = { get own() { return this === object; }, __proto__: { get inherited() { return this === object; }, set only(value) {} } };
    say(object.own, object.inherited, object.only);
    Object.defineProperty(String.prototype, "me", { configurable: true, get() { "use strict"; return typeof this + this; } });
    Object.defineProperty(Array.prototype, "last", { configurable: true, get() { return this[this.length - 1]; } });
    say("abc".me, [1, 2].last);
    delete String.prototype.me; delete Array.prototype.last; say("abc".me, [1].last);
    const bad = { get field() { throw new RangeError("from a getter"); } };
    try { bad.field; } catch (error) { say(error.name, error.message); }
    const gone = { get field() { delete gone.field; return "once"; } }; say(gone.field, gone.field);
    String.prototype.length2 = 5; say("a".length2); delete String.prototype.length2;`,
  ],
])("%s", (_what, code) => saysTheSame(code));

test("a hook that assigns to its parameters changes them for itself only", async () => {
  const filter = `import { defineFilter, Response } from "proxy-wasm-ts";
    export default defineFilter({
      onRequestHeaders(request, context) {
        const { path } = request;
        const before = typeof context.log.info;
        request = undefined as never;
        context = { log: "mine" } as never;
        return new Response([path, before, typeof request, String(context.log), arguments.length].join(" "));
      },
    });`;
  await using module = await buildModule(filter, { typecheck: false });
  await using host = await TestHost.load(module.wasm);
  for (const path of ["/a", "/b"]) {
    expect(await (await host.fetch(`http://a${path}`)).text()).toBe(`${path} function undefined mine 2`);
  }
});
