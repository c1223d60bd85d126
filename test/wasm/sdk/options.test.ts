/**
 * The object of a literal that consists of constants is kept when only the shim's `fetch` has seen it, and is what the literal makes the
 * next time (src/shim/literals.c). Whatever a filter does with such objects, each evaluation must make a new one.
 */

import { beforeAll, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { build } from "./build.ts";

const ROUNDS = 6;

/** By the path: what is said of the options, after calls with them. */
const CASES: Record<string, string> = {
  "the same options for each call": `await fetch("/a", { cluster: "back" }); return said(await fetch("/b", { cluster: "back" }));`,
  "a time, short and long": `await fetch("/a", { cluster: "back", timeoutMs: 500 }); return said(await fetch("/a", { cluster: "back", timeoutMs: 70000 }));`,
  "a time that changes": `return said(await fetch("/a", { cluster: "back", timeoutMs: 1000 + round }));`,
  "a method and an authority": `return said(await fetch("/a", { cluster: "back", method: "PUT", authority: "other" }));`,
  "a body": `return said(await fetch("/a", { cluster: "back", method: "POST", body: "text" + round }));`,
  "a constant body": `return said(await fetch("/a", { cluster: "back", method: "POST", body: "text" }));`,
  headers: `return said(await fetch("/a", { cluster: "back", headers: { "x-round": String(round) } }));`,
  "an object that stays": `const o = { cluster: "back" }; kept.push(o); const r = await fetch("/a", o); o.method = "PUT"; return [said(r), kept.map((k) => k.method ?? "none").join()].join();`,
  "an object that a function makes": `const r = await fetch("/a", options()); const o = options(); const seen = show(o); o.method = "DELETE"; return [said(r), seen].join();`,
  "an object that a function makes and changes": `const r = await fetch("/a", changed()); return [said(r), show(changed())].join();`,
  "a frozen one": `const r = await fetch("/a", Object.freeze({ cluster: "back" })); return said(r);`,
  "one that cannot be extended": `await fetch("/a", Object.preventExtensions(options())); const o = options(); return Object.isExtensible(o);`,
  "one in a WeakMap": `const o = options(); const had = seen.has(o); seen.set(o, 1); await fetch("/a", o); return had;`,
  "one with another prototype": `const r = await fetch("/a", Object.setPrototypeOf(options(), { method: "PUT" })); return [said(r), show(options())].join();`,
  "another function at the same place": `const call = round % 2 ? fetch : async (path, o) => { others.push(o); o.n = (o.n ?? 0) + 1; return { status: others.length + "/" + others.map(({ n }) => n).join() }; }; return (await call("/a", { cluster: "back" })).status;`,
  "one of two": `return said(await fetch("/a", round % 2 ? JSON.parse('{"cluster":"back"}') : { cluster: "back" }));`,
  "a refused call": `try { return said(await fetch("/a", { cluster: "nobody" })); } catch (error) { return error.reason; }`,
  "a call that is not awaited": `const p = fetch("/a", { cluster: "back" }); return said(await p);`,
  "calls at once": `return (await Promise.all([1, 2, 3].map((n) => fetch("/" + n, { cluster: "back" })))).map(said).join();`,
  "more kinds than are kept": `const all = []; for (const call of many) all.push(said(await call("/m"))); return all.join();`,
};

const FILTER = `import { defineFilter, Response } from "proxy-wasm-ts";
  const kept = [], others = [], seen = new WeakMap();
  const options = () => ({ cluster: "back" });
  const changed = () => { const o = { cluster: "back" }; o.method = "PATCH"; return o; };
  const show = (o) => JSON.stringify(o);
  const said = (answer) => answer.status + answer.text();
  let round = 0;
  export default defineFilter({
    async onRequestHeaders(request, { fetch }) {
      const many = [
        (path) => fetch(path, { cluster: "back", method: "A" }), (path) => fetch(path, { cluster: "back", method: "B" }),
        (path) => fetch(path, { cluster: "back", method: "C" }), (path) => fetch(path, { cluster: "back", method: "D" }),
        (path) => fetch(path, { cluster: "back", method: "E" }), (path) => fetch(path, { cluster: "back", method: "F" }),
      ];
      round++;
      const run = {
        ${Object.values(CASES)
          .map((code, at) => `"/${at}": async () => { ${code} }`)
          .join(",\n")}
      }[request.path];
      return new Response(String(await run()));
    },
  });`;

let filter: CompiledFilter;

beforeAll(async () => {
  filter = await build(FILTER);
}, 60_000);

async function answers(at: number): Promise<string[]> {
  await using host = await TestHost.load(filter, {
    clusters: {
      back: async (request) => {
        const { method, url, headers } = request;
        const { pathname, host: authority } = new URL(url);
        return new Response([method, authority, pathname, await request.text(), headers.get("x-round")].join(" "));
      },
    },
  });
  const all: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    all.push(await (await host.fetch(`http://a/${at}`)).text());
  }
  return all;
}

const EXPECTED: Record<string, (round: number) => string> = {
  "the same options for each call": () => "200GET back /b  ",
  "a time, short and long": () => "200GET back /a  ",
  "a time that changes": () => "200GET back /a  ",
  "a method and an authority": () => "200PUT other /a  ",
  "a body": (round) => `200POST back /a text${round} `,
  "a constant body": () => "200POST back /a text ",
  headers: (round) => `200GET back /a  ${round}`,
  "an object that stays": (round) => `200GET back /a  ,${Array.from({ length: round }, () => "PUT").join()}`,
  "an object that a function makes": () => `200GET back /a  ,{"cluster":"back"}`,
  "an object that a function makes and changes": () => `200PATCH back /a  ,{"cluster":"back","method":"PATCH"}`,
  "a frozen one": () => "200GET back /a  ",
  "one that cannot be extended": () => "true",
  "one in a WeakMap": () => "false",
  "one with another prototype": () => `200PUT back /a  ,{"cluster":"back"}`,
  "another function at the same place": (round) =>
    round % 2 ? "200" : `${round / 2}/${Array.from({ length: round / 2 }, () => 1).join()}`,
  "one of two": () => "200GET back /a  ",
  "a refused call": () => "unknown-cluster",
  "a call that is not awaited": () => "200GET back /a  ",
  "calls at once": () => [1, 2, 3].map((n) => `200GET back /${n}  `).join(),
  "more kinds than are kept": () =>
    Array.from("ABCDEF")
      .map((method) => `200${method} back /m  `)
      .join(),
};

test.each(Object.keys(CASES).map((name, at) => ({ name, at })))("$name", async ({ name, at }) => {
  const expected = Array.from({ length: ROUNDS }, (_, round) => EXPECTED[name]?.(round + 1));
  expect(await answers(at)).toEqual(expected);
});
