import { afterAll, beforeAll, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import { buildTestFilter } from "./build.ts";
import { callAll, withoutMessage } from "./functions.ts";

let host: TestHost;

beforeAll(async () => {
  host = await TestHost.load(await buildTestFilter("functions"));
});

afterAll(async () => {
  await host.close();
});

const WRONG = { error: "" };

test.each([
  ["", {}, ""],
  ["AAECAwQ=", {}, "0001020304"],
  ["AAECAwQ", {}, "0001020304"],
  [" AA\tEC\nAw Q = ", {}, "0001020304"],
  ["-_-_", { alphabet: "base64url" }, "fbffbf"],
  ["+/+/", {}, "fbffbf"],
  ["AAECAwR=", {}, "0001020304"],
  ["AAECAw", { lastChunkHandling: "stop-before-partial" }, "000102"],
  ["AAEC", { lastChunkHandling: "strict" }, "000102"],
])("base64 %j with %j is %s", async (text, options, hex) => {
  expect(await callAll(host, "base64", [[text, options]])).toEqual([{ value: [hex] }]);
});

test("what is no base64 and no hex is refused", async () => {
  const texts = ["A", "AA=A", "AA===", "A===", "*", "-_-_", "AAECAwQ==", "\u20ac"];
  const given = await callAll(
    host,
    "base64",
    texts.map((text) => [text, {}]),
  );
  expect(given.map(withoutMessage)).toEqual(texts.map(() => WRONG));
  const strict = await callAll(host, "base64", [
    ["AAECAwQ", { lastChunkHandling: "strict" }],
    ["AAECAwR=", { lastChunkHandling: "strict" }],
    ["+/+/", { alphabet: "base64url" }],
  ]);
  expect(strict.map(withoutMessage)).toEqual([WRONG, WRONG, WRONG]);
  const hex = await callAll(host, "toBase64", [
    ["0", {}],
    ["0g", {}],
    [" 00", {}],
  ]);
  expect(hex.map(withoutMessage)).toEqual([WRONG, WRONG, WRONG]);
});

test("bytes to base64, with its options; atob and btoa", async () => {
  const given = await callAll(host, "toBase64", [
    ["", {}],
    ["00ffFB", {}],
    ["fbff", { alphabet: "base64url" }],
    ["fbff", { alphabet: "base64url", omitPadding: true }],
  ]);
  expect(given).toEqual([{ value: "" }, { value: "AP/7" }, { value: "-_8=" }, { value: "-_8" }]);
  const texts = ["", "AP/7", " A P /7", "+/8"];
  const decoded = await callAll(
    host,
    "atob",
    texts.map((text) => [text]),
  );
  expect(decoded).toEqual(texts.map((text) => ({ value: btoa(atob(text)) })));
  expect((await callAll(host, "atob", [["*"], ["A"]])).map((outcome) => "error" in outcome)).toEqual([true, true]);
});
