/**
 * A hook that is an async function settles without a promise (src/shim/async_hooks.c). It must end in every way as one that returns
 * the promise of such a function.
 */

import { beforeAll, describe, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { build } from "./build.ts";

/** Ways to end. `answer()` waits for an answer that the test gives. */
const ENDS: Record<string, string> = {
  "nothing is returned": `undefined`,
  "a response is returned": `new Response("mine", { status: 418 })`,
  "the promise of a response is returned": `Promise.resolve(new Response("promised"))`,
  "a promise is returned that waits": `answer().then(() => new Response("later"))`,
  "a thenable is returned": `{ then(done) { log.info("then"); done(new Response("thenable")); } }`,
  "a thenable is returned that throws": `{ then() { throw new Error("from then"); } }`,
  "a thenable is returned that never ends": `{ then() {} }`,
  "a getter of then throws": `{ get then() { throw new Error("from the getter"); } }`,
  "a function is returned": `() => 1`,
  "an object is returned that is no response": `{ status: 200 }`,
  "a number is returned": `5`,
  "a promise is returned that rejects": `Promise.reject(new Error("rejected"))`,
  "an error is thrown": `(() => { throw new Error("thrown"); })()`,
  "no error is thrown": `(() => { throw "text"; })()`,
  "it never ends": `await new Promise(() => {})`,
};

const STARTS = { "at once": "", "after a job": "await 0;", "after an answer": "await answer();" };

const cases = Object.entries(ENDS).flatMap(([end, value]) =>
  Object.entries(STARTS).map(([start, waits]) => ({ name: `${end} ${start}`, code: `${waits} return ${value};` })),
);

function filter(kind: "function" | "promise"): string {
  const hook = `async (request, { fetch, log }) => {
    const answer = () => fetch("/", { cluster: "back" });
    switch (Number(request.path.slice(1))) {
      ${cases.map(({ code }, at) => `case ${at}: { ${code} }`).join("\n")}
    }
  }`;
  return `import { defineFilter, Response } from "proxy-wasm-ts";
    const hook = ${hook};
    export default defineFilter({
      onRequestHeaders: ${kind === "function" ? "hook" : "(request, context) => hook(request, context)"},
    });`;
}

let functions: CompiledFilter;
let promises: CompiledFilter;

beforeAll(async () => {
  functions = await build(filter("function"));
  promises = await build(filter("promise"));
}, 60_000);

/** What is seen of a request that ends in this way. `leaves`: the client, before the answer comes. */
async function seen(built: CompiledFilter, end: number, leaves: boolean): Promise<unknown> {
  const answers: ((response: Response) => void)[] = [];
  await using host = await TestHost.load(built, {
    clusters: { back: () => new Promise((answer) => void answers.push(answer)) },
  });
  const stream = host.openStream();
  const pairs = [":method GET", ":path /" + String(end), ":authority a", ":scheme http"];
  stream.requestHeaders(
    pairs.map((pair) => pair.split(" ") as [string, string]),
    { endOfStream: true },
  );
  await host.advance(0);
  const waits = stream.upstream.headers === undefined && !stream.isEnded;
  if (leaves && !stream.isEnded) {
    stream.reset();
  }
  while (answers.length > 0) {
    answers.pop()?.(new Response("answer"));
    await host.advance(0);
  }
  const { upstream, downstream } = stream;
  return {
    waits,
    sent: upstream.headers?.filter(([name]) => name === ":path"),
    status: downstream.headers?.find(([name]) => name === ":status"),
    logs: host.logs.map(({ level, message }) => `${level} ${message.split("\n")[0] ?? ""}`),
  };
}

describe.each(cases.map(({ name }, at) => ({ name, at })))("$name", ({ at }) => {
  test.each([false, true])("as one that returns a promise; the client leaves: %s", async (leaves) => {
    expect(await seen(functions, at, leaves)).toEqual(await seen(promises, at, leaves));
  });
});

test("an answered request, a failed one, and an error after the client has left, are seen by these", async () => {
  const at = (name: string) => cases.findIndex((one) => one.name === name);
  const status = (code: string) => expect.objectContaining({ status: [":status", code] }) as unknown;
  expect(await seen(functions, at("a response is returned after an answer"), false)).toEqual(status("418"));
  expect(await seen(functions, at("a thenable is returned after an answer"), false)).toEqual(status("200"));
  expect(await seen(functions, at("an error is thrown after an answer"), false)).toEqual(status("500"));
  for (const end of ["an error is thrown", "a promise is returned that rejects", "a getter of then throws"]) {
    expect(await seen(functions, at(`${end} after an answer`), true)).toEqual(
      expect.objectContaining({ logs: [expect.stringMatching(/^error unhandled rejection: /) as unknown] }),
    );
  }
});
