/** Object literals and template literals, of which the engine has ways of its own (build/engine/field-edits.ts, text-edits.ts). */

import { test } from "vitest";

import { saysTheSame } from "./says-the-same.ts";

const SHOW = `
  const show = (object) => say(JSON.stringify(object), Object.getOwnPropertyNames(object).join(), Object.isExtensible(object));`;

test.each([
  [
    "the same literal, again and again, and others that begin like it",
    `for (let i = 0; i < 5; i++) { show({ a: i, b: [i], c: "c" + i }); show({ a: i, c: i, b: i }); show({ a: i }); show({ b: i, a: { a: i } }); }`,
  ],
  [
    "more fields than an object has room for at first",
    `for (let i = 0; i < 4; i++) { const o = { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i, j: 10 }; o.k = i; show(o); delete o.a; show(o); }`,
  ],
  [
    "twice the same name, numbers as names, computed ones, methods, getters, __proto__, spread",
    `const key = "k"; for (let i = 0; i < 4; i++) { show({ a: 1, a: 2 }); show({ 2: i, 1: i, a: i, [key + (i % 2)]: i }); show({ a() {}, get b() { return i; }, b2: i });
       const o = { __proto__: { x: i }, y: i }; say(o.x, o.y); show({ ...o, ...{ y: 1, z: i } }); show({ ["__proto__"]: i, a: i }); }`,
  ],
  [
    "a prototype that has setters and read-only fields of these names, which a literal does not meet",
    `Object.defineProperty(Object.prototype, "a", { set() { say("set"); }, get() { return "got"; }, configurable: true });
     Object.defineProperty(Object.prototype, "b", { value: "frozen", configurable: true });
     for (let i = 0; i < 4; i++) show({ a: i, b: i, c: i });
     delete Object.prototype.a; delete Object.prototype.b; for (let i = 0; i < 4; i++) show({ a: i, b: i, c: i });`,
  ],
  [
    "a literal that becomes a prototype, is frozen, or gets another prototype, between others",
    `const kept = []; for (let i = 0; i < 9; i++) { const o = { x: i, y: i }; kept.push(o);
       if (i % 3 === 1) Object.freeze(o); if (i % 3 === 2) Object.setPrototypeOf(o, { z: i }); const below = Object.create(o); say(below.x, below.y, below.z); }
     kept.forEach(show); for (const o of kept) { try { o.w = 1; } catch (error) { say(error.name); } } kept.forEach(show);`,
  ],
  [
    "fields of a class, also on what its constructor returns",
    `class A { x = 1; y = 2; static s = 3; } class Base { constructor(o) { return o; } } class B extends Base { x = 1; p = 4; }
     for (let i = 0; i < 3; i++) { show(new A()); show(new B({ q: i })); say(new B({}).p); for (const o of [Object.freeze({}), Object.preventExtensions({ x: 0, p: 0 }), [], () => 1])
       try { const b = new B(o); say(typeof b, b.x); } catch (error) { say(error.name); } }`,
  ],
  [
    "thousands of literals of many shapes, with garbage between",
    `let sum = 0; for (let round = 0; round < 40; round++) { const all = []; for (let i = 0; i < 60; i++) { const o = { a: i }; o["n" + (i * round) % 97] = i; o.b = round; all.push(o, { a: 1, b: i, c: { a: i } }); }
       for (const o of all) for (const name in o) sum = (sum * 31 + name.length + (o[name].a ?? o[name])) | 0; } say(sum);`,
  ],
  [
    "integers in templates",
    `const numbers = [0, 1, -1, 9, 10, 99, 100, 999999999, 1000000000, 2147483647, -2147483648, -2147483647, 4294967295, 0.5, -0, NaN];
     for (const n of numbers) say(\`\${n}\`, \`a\${n}\`, \`\${n}b\${n}\`, \`\\u20ac\${n}\`, \`a\${n}\${"\\u20ac"}\${n}\`, "x".concat(n, n, "y", -n), "".concat(n), String(n), n + "");
     let text = ""; for (let power = 1; power < 2 ** 31; power *= 7) text += \`\${power | 0},\${-power | 0};\${(power | 0) - 1} \`; say(text);`,
  ],
  [
    "what a template does with everything else",
    `const seen = []; const o = (name) => ({ [Symbol.toPrimitive](hint) { seen.push(name + hint); return name; } });
     say(\`\${o("a")}\${1}\${o("b")}\${null}\${undefined}\${true}\${[1, 2]}\${10n}\`, seen.join()); try { say(\`\${1}\${Symbol("s")}\`); } catch (error) { say(error.name); }
     String.prototype.concat.call(5, 6) === "56" ? say("56") : say("?"); say("".concat(), "a".concat(), "a".concat(""), "a".concat("", 0));`,
  ],
])("%s", async (_, code) => {
  await saysTheSame(SHOW + code);
});
