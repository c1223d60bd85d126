/** Strings of integers have a way of their own (build/engine/text-edits.ts, src/shim/run_code.c). */

import { test } from "vitest";

import { saysTheSame } from "./says-the-same.ts";

test("integers of all lengths, by String, in templates, as names and in JSON", async () => {
  await saysTheSame(`
    const all = [0, -0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 1001, 9999, 10000, 10001, 99999, 100000, 123456789, 1000000000, 2147483647, 2147483648,
      4294967295, 4294967296, 9007199254740991, 0.5, 1e21, NaN, Infinity];
    for (let power = 1; power < 1e10; power *= 10) for (const near of [-1, 0, 1, 7]) all.push(power + near, power * 3 + near, (power * 7) % 2147483648);
    for (const n of [...all, ...all.map((n) => -n)]) {
      const text = String(n), named = { [n]: 1 };
      say(text, \`\${n}\`, n + "", Object.keys(named)[0], JSON.stringify([n]), text.length, n.toString(), [n].join());
    }`);
});

test("String itself, others of that name, and what only looks like it", async () => {
  await saysTheSame(`
    const make = String; say(make(12), String.call({}, 13), String.apply(null, [14]), Reflect.apply(String, 1, [15]), [16, 17].map(String).join());
    const boxed = new String(18); say(typeof boxed, boxed.length, Object(19) + "", typeof String(20), String(), String(21, 22), String(true), String(null));
    const object = { String }; say(object.String(23), typeof object.String(23)); class Mine extends String {} say(new Mine(24).length, new Mine(24) + "");
    try { Mine(25); } catch (error) { say(error.name); } say(Number(26), Boolean(27), Symbol(28).toString(), BigInt(29), Array(3).length, Object(30) == 30);
    say(String(Symbol("s")), String({ toString: () => 31 }), String([32]), String(-33), String(1.5), String(-0));`);
});
