/**
 * An answer that its callback's filter has forgotten is the next answer's object (src/shim/calls.c). Whatever a filter does with one,
 * the next is as new, and what it has kept is what it was.
 */

import { expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import { random } from "../../random.ts";
import { build } from "./build.ts";

/** What a filter may do with an answer. `keep` takes what is looked at once more with each later request. */
const DEEDS = [
  `() => undefined`,
  `(answer) => keep(answer)`,
  `(answer) => { answer.status; answer.text(); }`,
  `(answer) => { answer.headers.get("x-id"); answer.bytes(); }`,
  `(answer) => { answer.mark = 1; }`,
  `(answer) => { Object.defineProperty(answer, "status", { value: -1, configurable: true }); }`,
  `(answer) => { Object.preventExtensions(answer); }`,
  `(answer) => { Object.setPrototypeOf(answer, null); }`,
  `(answer) => { seen.add(answer); }`,
  `async (answer) => { await fetch("/other", { cluster: "back" }); keep(answer); }`,
  `async (answer) => { await fetch("/other", { cluster: "back" }); if (answer.text() !== "its body") throw new Error("other body"); }`,
  `async () => { await Promise.all([1, 2, 3].map(async (n) => keep(await fetch("/other", { cluster: "back" })))); }`,
  `() => { throw new Error("thrown"); }`,
];

const FILTER = `
import { defineFilter, Response } from "proxy-wasm-ts";

let fetch;
const kept = [], seen = new WeakSet();
const textOf = (answer) => [answer.status, answer.headers.get("x-id"), answer.text()].join();
const keep = (answer) => {
  const text = textOf(answer);
  kept.push(() => textOf(answer) === text);
  if (kept.length > 8) kept.shift();
};
const deeds = [${DEEDS.join(",\n")}];
const prototypes = new Set();

export default defineFilter({
  async onRequestHeaders(request, context) {
    fetch = context.fetch;
    const [, deed, id] = request.path.split("/");
    const answer = await fetch(request.path, { cluster: "back" });
    const wrong = [];
    const expect = (what, is) => { if (!is) wrong.push(what); };
    prototypes.add(Object.getPrototypeOf(answer));
    expect("marks", Reflect.ownKeys(answer).length === 0);
    expect("extensible", Object.isExtensible(answer));
    expect("prototype", prototypes.size === 1);
    expect("seen", !seen.has(answer));
    expect("kept", kept.every((isAsItWas) => isAsItWas()));
    if (deed !== "0") expect("content", textOf(answer) === "200," + id + ",its body");
    try {
      await deeds[Number(deed)](answer);
    } catch (error) {
      if (error.message !== "thrown") wrong.push(error.message);
    }
    return new Response(wrong.join(", ") || "as new");
  },
});`;

test("the next answer is as new, and kept ones are what they were, whatever was done with them", async () => {
  await using host = await TestHost.load(await build(FILTER), {
    clusters: {
      back: ({ url }) => {
        const { pathname } = new URL(url);
        return pathname === "/other"
          ? new Response("other")
          : new Response("its body", { headers: { "x-id": pathname.split("/")[2] ?? "" } });
      },
    },
  });
  const pick = random(41);
  const one = async (deed: number, id: number) => {
    const response = await host.fetch(`http://a/${deed}/${id}`);
    return `${DEEDS[deed] ?? ""}: ${await response.text()}`;
  };
  for (let round = 0; round < 60; round++) {
    // Several at once, of which some wait.
    const answers = await Promise.all([1, 2, 3].map((at) => one(pick(DEEDS.length), round * 10 + at)));
    expect(answers.filter((answer) => !answer.endsWith("as new"))).toEqual([]);
  }
});
