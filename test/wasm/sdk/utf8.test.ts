import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import { buildTestFilter } from "./build.ts";
import { callAll } from "./functions.ts";

let host: TestHost;

beforeAll(async () => {
  host = await TestHost.load(await buildTestFilter("functions"), { upstream: () => new Response("") });
});

afterAll(async () => {
  await host.close();
});

async function compareDecoded(all: readonly Uint8Array[]): Promise<void> {
  const given = await callAll(
    host,
    "decodeUtf8",
    all.map((bytes) => [Buffer.from(bytes).toString("base64")]),
  );
  const inNode = all.map((bytes) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  expect(given).toEqual(inNode.map((text) => ({ value: [text, text] })));
}

test("text of bytes has as many U+FFFD as in Node: cut off, too long, surrogates, beyond U+10FFFF", async () => {
  const all = ["ff", "61c3", "e282", "e28241", "f09f98", "f09f9861", "eda080", "edbfbf", "c080", "e08080", "f4908080"];
  const more = [
    "f5808080",
    "8080",
    "efbbbf61",
    "c3a4",
    "e282ac",
    "f09f9880",
    "ed9fbf",
    "ee8080",
    "f48fbfbf",
    "c3c3a4",
    "",
  ];
  await compareDecoded([...all, ...more].map((hex) => Buffer.from(hex, "hex")));
});

test("for any bytes text is what it is in Node", async () => {
  const interesting = fc.constantFrom(0x41, 0x80, 0x9f, 0xa0, 0xbf, 0xc3, 0xe0, 0xe2, 0xed, 0xf0, 0xf4, 0xff);
  const bytes = fc.array(fc.oneof(interesting, fc.nat(255)), { maxLength: 12 }).map((list) => Uint8Array.from(list));
  const cases = fc.array(bytes, { minLength: 100, maxLength: 100 });
  await fc.assert(fc.asyncProperty(cases, compareDecoded), { numRuns: 30 });
});

test("for any text its bytes are what they are in Node, and a surrogate without its other half is U+FFFD", async () => {
  const unit = fc.oneof(
    fc.string({ unit: "binary", maxLength: 1 }),
    fc.constantFrom("\ud800", "\udfff", "\ud83d\ude00", "\u00e4"),
  );
  const text = fc.array(unit, { maxLength: 12 }).map((units) => units.join(""));
  const cases = fc.array(text, { minLength: 100, maxLength: 100 });
  await fc.assert(
    fc.asyncProperty(cases, async (all) => {
      const given = await callAll(
        host,
        "encodeUtf8",
        all.map((one) => [one]),
      );
      expect(given).toEqual(
        all.map((one) => ({ value: Buffer.from(new TextEncoder().encode(one)).toString("base64") })),
      );
    }),
    { numRuns: 30 },
  );
});
