/**
 * The array that `body.bytes()` returns is used again when nobody else has it (src/shim/body_bytes.c). Whatever a filter does with one,
 * the next is as new, and what it has kept is what it was.
 */

import { beforeAll, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { random } from "../../random.ts";
import { build } from "./build.ts";

/** What a filter may do with the bytes. `keep` takes what is looked at once more with each later request. */
const DEEDS = [
  `() => undefined`,
  `(bytes) => keep(bytes)`,
  `(bytes) => keep(bytes.buffer)`,
  `(bytes) => keep(bytes.subarray(1))`,
  `(bytes) => keep(new DataView(bytes.buffer))`,
  `(bytes) => { const each = bytes.values(); kept.push(() => each); }`,
  `(bytes) => { bytes.mark = 1; }`,
  `(bytes) => { bytes.buffer.mark = 1; }`,
  `(bytes) => { Object.defineProperty(bytes, "length", { value: -1, configurable: true }); }`,
  `(bytes) => { Object.preventExtensions(bytes); }`,
  `(bytes) => { Object.preventExtensions(bytes.buffer); }`,
  `(bytes) => { Object.setPrototypeOf(bytes, null); }`,
  `(bytes) => { Object.setPrototypeOf(bytes.buffer, null); }`,
  `(bytes) => { seen.add(bytes); }`,
  `(bytes) => { seen.add(bytes.buffer); }`,
  `(bytes) => { bytes.buffer.transfer?.(); }`,
  `(bytes) => { keep(bytes.buffer.transfer?.() ?? bytes); }`,
  `(bytes, body) => { keep(body.bytes()); }`,
  `(bytes, body) => { body.bytes(1, 2); body.bytes(); }`,
  `(bytes, body) => { body.set("another"); }`,
  `(bytes) => { throw new Error(String(bytes.length)); }`,
  `async (bytes) => { await fetch("/", { cluster: "back" }); keep(bytes); }`,
  `async (bytes, body) => { await fetch("/", { cluster: "back" }); keep(body.bytes()); }`,
  `async () => { await fetch("/", { cluster: "back" }); }`,
];

/** Answers a request with what is wrong, which is nothing. */
const FILTER = `
import { defineFilter, Response } from "proxy-wasm-ts";

let fetch;
const kept = [], seen = new WeakSet();
const bytesOf = (value) => new Uint8Array(value.buffer ?? value);
const copyOf = (value) => bytesOf(value).join();
const keep = (value) => {
  const copy = copyOf(value);
  kept.push(() => copyOf(value) === copy);
  if (kept.length > 8) kept.shift();
};
const deeds = [${DEEDS.join(",\n")}];

function wrongWith(bytes, length, fill) {
  const wrong = [];
  const expect = (what, is) => { if (!is) wrong.push(what); };
  const { buffer } = bytes;
  expect("length", bytes.length === length && bytes.byteLength === length && buffer.byteLength === length);
  expect("offset", bytes.byteOffset === 0);
  expect("content", bytes.every((byte) => byte === fill));
  expect("marks", !("mark" in bytes) && !("mark" in buffer) && Object.keys(buffer).length === 0);
  expect("own length", !Object.hasOwn(bytes, "length"));
  expect("extensible", Object.isExtensible(bytes) && Object.isExtensible(buffer));
  expect("prototype", Object.getPrototypeOf(bytes) === Uint8Array.prototype);
  expect("buffer's prototype", Object.getPrototypeOf(buffer) === ArrayBuffer.prototype);
  expect("seen", !seen.has(bytes) && !seen.has(buffer));
  expect("kept", kept.every((isAsItWas) => isAsItWas()));
  return wrong;
}

export default defineFilter({
  requestBody: "rewrite",
  state: () => ({ path: "" }),

  onRequestHeaders(request, context) {
    fetch = context.fetch;
    request.state.path = request.pathname;
  },

  async onRequestBody(request) {
    const [, deed, length, fill] = request.state.path.split("/").map(Number);
    const wrong = wrongWith(request.body.bytes(), length, fill);
    try {
      await deeds[deed](request.body.bytes(), request.body);
    } catch (error) {
      if (error.message !== String(length)) wrong.push(error.message);
    }
    return new Response(wrong.join(", ") || "as new");
  },
});`;

let built: CompiledFilter;

beforeAll(async () => {
  built = await build(FILTER);
}, 60_000);

const LENGTHS = [1, 3, 255, 256, 257, 1024, 9000, 70_000];

test("the next bytes are as new, and kept ones what they were, whatever was done with them", async () => {
  await using host = await TestHost.load(built, { clusters: { back: () => new Response() }, bufferLimit: 1 << 20 });
  const pick = random(31);
  const one = async (deed: number, length: number) => {
    const fill = 1 + pick(255);
    const body = new Uint8Array(length).fill(fill);
    const response = await host.fetch(`http://a/${deed}/${length}/${fill}`, { method: "POST", body });
    return `${DEEDS[deed] ?? ""} ${length}: ${await response.text()}`;
  };
  for (let round = 0; round < 50; round++) {
    // Several at once, of which some wait.
    const deeds = Array.from({ length: 5 }, () => [pick(DEEDS.length), LENGTHS[pick(LENGTHS.length)] ?? 1] as const);
    const answers = await Promise.all(deeds.map(([deed, length]) => one(deed, length)));
    expect(answers.filter((answer) => !answer.endsWith("as new"))).toEqual([]);
  }
});
