import { createHash, createHmac } from "node:crypto";

import { afterAll, beforeAll, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import { build, buildTestFilter } from "./build.ts";
import { callAll } from "./functions.ts";

const ALGORITHMS = ["md5", "sha1", "sha256", "sha384", "sha512"];

let host: TestHost;

beforeAll(async () => {
  host = await TestHost.load(await buildTestFilter("functions"));
});

afterAll(async () => {
  await host.close();
});

/** Bytes of a length, always the same. */
const data = (length: number) => Buffer.from(Array.from({ length }, (_byte, at) => (at * 167 + length) & 0xff));

/** Around the blocks of 64 and 128 bytes, their padding, and the slices in which the shim hashes. */
const LENGTHS = [0, 1, 3, 55, 56, 63, 64, 65, 111, 112, 119, 127, 128, 129, 255, 1000, 16_383, 16_384, 16_385, 40_000];

test("hash gives what Node's crypto gives, for each algorithm and length", async () => {
  const cases = ALGORITHMS.flatMap((name, at) => LENGTHS.map((length) => ({ name, at, bytes: data(length) })));
  const given = await callAll(
    host,
    "hash",
    cases.map(({ at, bytes }) => [at, bytes.toString("base64")]),
  );
  expect(given).toEqual(cases.map(({ name, bytes }) => ({ value: createHash(name).update(bytes).digest("hex") })));
});

test("hash of a text is that of its UTF-8", async () => {
  const texts = ["", "abc", "h\u00e4llo", "\u20ac", "\u{1f600}", "x".repeat(300)];
  const given = await callAll(
    host,
    "hashText",
    texts.map((text) => [2, text]),
  );
  expect(given).toEqual(texts.map((text) => ({ value: createHash("sha256").update(text).digest("base64") })));
});

test("hmac gives what Node's crypto gives, for keys shorter and longer than a block", async () => {
  const keys = [0, 1, 20, 63, 64, 65, 127, 128, 129, 200];
  const cases = ALGORITHMS.flatMap((name, at) =>
    keys.flatMap((key) => [0, 50, 200].map((length) => ({ name, at, key: data(key), bytes: data(length) }))),
  );
  const given = await callAll(
    host,
    "hmac",
    cases.map(({ at, key, bytes }) => [at, key.toString("base64"), bytes.toString("base64")]),
  );
  expect(given).toEqual(
    cases.map(({ name, key, bytes }) => ({ value: createHmac(name, key).update(bytes).digest("hex") })),
  );
});

test("timingSafeEqual compares strings and bytes, and lengths need not be equal", async () => {
  const given = await callAll(host, "timingSafeEqual", [
    ["", ""],
    ["secret", "secret"],
    ["secret", "secreT"],
    ["secret", "secre"],
    ["\u00e4", "\u00e4"],
  ]);
  expect(given).toEqual([
    { value: [true, true] },
    { value: [true, true] },
    { value: [false, true] },
    { value: [false, true] },
    { value: [true, false] },
  ]);
});

test("what cannot be hashed is a TypeError, and not the hash of nothing", async () => {
  const filter = await build(`
    import { defineFilter, hash, hmac, Response, timingSafeEqual } from "proxy-wasm-ts";
    const buffer = new ArrayBuffer(8);
    const taken = new Uint8Array(buffer);
    buffer.transfer?.(); // native mode is Node's, which has it from version 22 on
    const detached = buffer.detached ? [taken, buffer] : [null, null];
    const odd = [undefined, null, 1, 1n, Symbol("s"), {}, [], ...detached, new Float64Array(1), { toString() { throw new Error("on purpose"); } }];
    const nameOf = (run) => { try { return run(); } catch (error) { return error.name; } };
    export default defineFilter({
      onRequestHeaders: () => Response.json([
        odd.map((value) => nameOf(() => hash("sha256", value).length)),
        odd.map((value) => nameOf(() => hmac("sha256", value, "data").length)),
        odd.map((value) => nameOf(() => hmac("sha256", "key", value).length)),
        odd.map((value) => nameOf(() => timingSafeEqual("", value))),
        ["sha3", "SHA256", "", "constructor"].map((name) => nameOf(() => hash(name, ""))),
        String(hash("sha1", new Uint8ClampedArray([255])).length),
      ]),
    });`);
  await using refusing = await TestHost.load(filter);
  const [hashed, keyed, data, compared, named, clamped] = (await (
    await refusing.fetch("http://a/")
  ).json()) as unknown[][];
  const errors = Array.from({ length: 11 }, () => "TypeError");
  expect([hashed, keyed, data, compared]).toEqual([errors, errors, errors, errors]);
  expect([named, clamped]).toEqual([["TypeError", "TypeError", "TypeError", "TypeError"], "20"]);
});
