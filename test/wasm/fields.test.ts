/** Where a field lies is remembered (build/engine/field-edits.ts): what changes it after it has been read is seen all the same. */

import { test } from "vitest";

import { saysTheSame } from "./says-the-same.ts";

const READ = `
  const read = (object) => { try { return String(object.x); } catch (error) { return error.name; } };
  const twice = (...objects) => say(...objects.map(read), ...objects.map(read));`;

test.each([
  [
    "an own property hides the prototype's, and goes again",
    `class A { get x() { return "getter"; } } const a = new A(), b = new A(); twice(a, b);
     Object.defineProperty(a, "x", { value: "own", configurable: true }); twice(a, b);
     delete a.x; twice(a, b); a.y = 1; twice(a, b);`,
  ],
  [
    "a prototype's property becomes another, a getter, none",
    `const p = { x: 1 }, a = Object.create(p), b = Object.create(p); twice(a, b, p);
     p.x = 2; twice(a, b, p); Object.defineProperty(p, "x", { get() { return this === p ? "p" : "below"; }, configurable: true }); twice(a, b, p);
     Object.defineProperty(p, "x", { get() { return "other"; } }); twice(a, b, p);
     Object.defineProperty(p, "x", { get: undefined, set() {} }); twice(a, b, p);
     Object.defineProperty(p, "x", { value: 3, writable: false }); twice(a, b, p); delete p.x; twice(a, b, p); p.x = 4; twice(a, b, p);`,
  ],
  [
    "a prototype between gets the property",
    `const top = { x: "top" }, middle = Object.create(top), a = Object.create(middle); twice(a);
     middle.x = "middle"; twice(a); delete middle.x; twice(a); middle.z = 1; twice(a);
     Object.defineProperty(middle, "x", { get: () => "got", configurable: true }); twice(a); delete middle.x; twice(a);`,
  ],
  [
    "a prototype that looks like others",
    `const make = () => ({ y: 1 }); const [p, q] = [make(), make()]; const a = Object.create(p), b = Object.create(q); twice(a, b);
     p.x = 1; twice(a, b); q.x = 2; twice(a, b); delete p.x; twice(a, b);`,
  ],
  [
    "objects and prototypes get another prototype",
    `const p = { x: "p" }, q = { x: "q" }, middle = Object.create(p), a = Object.create(middle), b = Object.create(p); twice(a, b);
     Object.setPrototypeOf(middle, q); twice(a, b); Object.setPrototypeOf(b, q); twice(a, b); Object.setPrototypeOf(middle, null); twice(a, b);
     a.__proto__ = p; twice(a, b);`,
  ],
  [
    "objects of other classes with the same shape",
    `const P = Uint8Array.prototype; const bytes = new Uint8Array(3), plain = Object.create(P);
     for (const object of [bytes, plain, bytes, plain]) { try { say(object.length); } catch (error) { say(error.name); } }
     P["1.5"] = P["-0"] = P["Infinity"] = "of the prototype";
     for (const object of [plain, bytes, plain, bytes]) say(object["1.5"], object["-0"], object.Infinity);
     const like = Object.create(Array.prototype), list = [1, 2];
     for (const object of [like, list, like, list]) say(object.length, typeof object.push, object[0]);`,
  ],
  [
    "arrays: their length, their elements, and what their prototype gets",
    `const list = [1, 2, 3]; const length = () => list.length; say(length(), length()); list.push(4); say(length()); list.length = 1; say(length());
     list[7] = 1; say(length(), list.at === Array.prototype.at); list.x = "own"; twice(list, []); Array.prototype.x = "all"; twice(list, []);
     delete list.x; twice(list, []); delete Array.prototype.x; twice(list, []); Object.defineProperty(list, "length", { writable: false }); say(length());`,
  ],
  [
    "shapes that grow in place, and many of them",
    `const objects = []; for (let i = 0; i < 300; i++) { const object = {}; object["y" + i] = i; if (i % 3 === 0) object.x = i; objects.push(object); }
     let sum = 0; for (let round = 0; round < 3; round++) for (const object of objects) sum += object.x ?? 1; say(sum);
     for (const object of objects) object.x = 2; sum = 0; for (const object of objects) sum += object.x; say(sum);
     const names = Array.from({ length: 200 }, (_, i) => "n" + i), wide = Object.fromEntries(names.map((name, i) => [name, i]));
     sum = 0; for (let round = 0; round < 3; round++) for (const name of names) sum += wide[name]; say(sum, wide.n0, wide.n199);`,
  ],
  [
    "shapes that are gone, and others where they were",
    `let sum = 0; for (let i = 0; i < 5000; i++) { const object = Object.create({ x: i, ["y" + (i % 7)]: 1 }); sum += object.x; }
     for (let i = 0; i < 5000; i++) { class A { get x() { return i; } } sum += new A().x; } say(sum);`,
  ],
  [
    "globals",
    `const get = () => { try { return typeof value + value; } catch (error) { return error.name; } };
     say(get(), get()); globalThis.value = 1; say(get(), get()); value = 2; say(get(), get()); delete globalThis.value; say(get(), get());
     Object.defineProperty(globalThis, "value", { get: () => "got", configurable: true }); say(get(), get()); delete globalThis.value;
     Object.prototype.value = "inherited"; say(get(), get()); globalThis.value = "own"; say(get(), get(), globalThis.value); delete globalThis.value; say(get());
     delete Object.prototype.value; say(get()); const before = String; globalThis.String = () => "mine"; const mine = String(1); globalThis.String = before; say(mine, String(1));`,
  ],
  [
    "frozen objects, and those that a setter alone has",
    `const a = { x: 1, set y(value) {} }; twice(a); say(a.y, a.y); Object.freeze(a); try { a.x = 2; } catch (error) { say(error.name); } twice(a);
     const b = Object.create(a); twice(b); try { b.x = 2; } catch (error) { say(error.name); } twice(b);`,
  ],
  [
    "proxies, functions, strings and numbers",
    `const proxy = new Proxy({ x: "target" }, { get: (target, name) => "trapped " + String(name) }), a = Object.create(proxy); twice(proxy, a);
     const f = function f() {}; say(f.name, f.length, f.name); Object.defineProperty(f, "name", { value: "other" }); say(f.name, typeof f.prototype, f.prototype === f.prototype);
     String.prototype.x = "of strings"; twice("abc", Object("abc"), 1); Number.prototype.x = "of numbers"; twice("abc", 1);
     delete String.prototype.x; delete Number.prototype.x; twice("abc", 1); say("abc".length, Object("abc").length, "abc".at(1), Object("abc")["1"]);
     Object.defineProperty(String.prototype, "x", { get() { "use strict"; return typeof this; }, configurable: true }); twice("abc"); delete String.prototype.x;`,
  ],
  [
    "builtin getters, of objects of other classes with the same shape, and others in their place",
    `const P = Map.prototype, size = Object.getOwnPropertyDescriptor(P, "size"); P.x = 1; delete P.x; Object.defineProperty(P, "x", size);
     const map = new Map([[1, 2]]), like = Object.create(P), below = Object.create(map); twice(map, like, map, like, below, P);
     Object.defineProperty(P, "x", { get() { return "mine"; } }); twice(map, like); Object.defineProperty(P, "x", size); twice(map, like);
     Object.defineProperty(P, "x", Object.getOwnPropertyDescriptor(Set.prototype, "size")); twice(map, like, new Set([1]));
     Object.defineProperty(P, "x", { get: undefined }); twice(map, like); Object.defineProperty(P, "x", size); map.x2 = 1; twice(map); map.set(3, 4); twice(map);
     Object.setPrototypeOf(map, Set.prototype); twice(map); const bytes = new Uint8Array(5); const T = Object.getPrototypeOf(Uint8Array.prototype);
     Object.defineProperty(T, "x", Object.getOwnPropertyDescriptor(T, "byteLength")); twice(bytes, new Uint16Array(3), Object.create(Uint8Array.prototype), "text");
     Object.defineProperty(String.prototype, "x", Object.getOwnPropertyDescriptor(T, "length")); twice("text", bytes); delete String.prototype.x; delete T.x; twice(bytes);`,
  ],
  [
    "a getter that takes away what it is read from",
    `let held = { get x() { held = null; const y = this.y + this.z; return [y, typeof this]; }, y: "y", z: [1, 2, 3] }; say(held.x); say(held);
     let made = 0; const make = () => ({ get x() { other = make(); made++; return this.y.join(); }, y: [1, 2, made] }); let other = make();
     say(other.x, other.x, other.x, made);
     const read2 = (one) => { const change = () => { one = undefined; }; const value = { get x() { change(); return one; } }; one = value; return [one.x, one]; }; say(read2(1));`,
  ],
  [
    "a getter that changes where it was found",
    `const p = { get x() { delete p.x; return "once"; } }, a = Object.create(p); twice(a); Object.defineProperty(p, "x", { get() { Object.setPrototypeOf(a, null); return "last"; } }); twice(a);`,
  ],
])("%s", (_what, code) => saysTheSame(READ + code));

test.each([1, 2, 3, 4, 5, 6, 7, 8])("any changes, %i", async (seed) => {
  await saysTheSame(`
    let seed = ${seed * 7919}; const pick = (count) => (seed = (seed * 1103515245 + 12345) % 2147483648, Math.floor(seed / 65536) % count);
    const names = ["x", "y", "z"], objects = [{}, {}, {}, {}, [], new Uint8Array(2), function () {}, new Map([[1, 2]])];
    const get = [(object) => object.x, (object) => object.y, (object) => object.z];
    const tell = (one, object) => { try { return String(one(object)); } catch (error) { return error.name; } };
    const read = () => objects.map((object) => get.map((one) => tell(one, object)).join()).join(" ");
    const builtins = [[Map.prototype, "size"], [Object.getPrototypeOf(Uint8Array.prototype), "length"], [ArrayBuffer.prototype, "byteLength"]]
      .map(([prototype, name]) => Object.getOwnPropertyDescriptor(prototype, name).get);
    for (let step = 0; step < 250; step++) {
      const object = objects[pick(objects.length)], other = objects[pick(4)], name = names[pick(3)];
      try {
        switch (pick(9)) {
          case 0: case 1: object[name] = step; break;
          case 2: delete object[name]; break;
          case 3: Object.setPrototypeOf(object, other); break;
          case 4: Object.setPrototypeOf(object, pick(2) ? null : Object.prototype); break;
          case 5: Object.defineProperty(object, name, { get: pick(2) ? () => "got " + step : builtins[pick(3)], configurable: true }); break;
          case 6: Object.defineProperty(object, name, { value: step, writable: pick(2) === 0, configurable: pick(50) > 0 }); break;
          case 7: objects[pick(4)] = pick(2) ? Object.create(other) : { [name]: step, ...other }; break;
          case 8: objects.push({}); objects.pop(); break;
        }
      } catch (error) { say(step, error.name); }
      say(step, read(), read());
    }`);
});
