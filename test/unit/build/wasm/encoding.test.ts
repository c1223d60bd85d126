import { expect, test } from "vitest";

import { encodeI32, encodeName, encodeU32, Writer } from "../../../../build/wasm/encode.ts";
import { Reader } from "../../../../build/wasm/reader.ts";

test.each([
  [0, [0x00]],
  [127, [0x7f]],
  [128, [0x80, 0x01]],
  [624485, [0xe5, 0x8e, 0x26]],
  [0xffffffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
])("unsigned LEB128: %i", (value, bytes) => {
  expect(encodeU32(value)).toEqual(bytes);
  expect(new Reader(Uint8Array.from(bytes)).u32()).toBe(value);
});

test.each([
  [0, [0x00]],
  [63, [0x3f]],
  [64, [0xc0, 0x00]],
  [-64, [0x40]],
  [-65, [0xbf, 0x7f]],
  [-123456, [0xc0, 0xbb, 0x78]],
  [2147483647, [0xff, 0xff, 0xff, 0xff, 0x07]],
  [-2147483648, [0x80, 0x80, 0x80, 0x80, 0x78]],
])("signed LEB128: %i", (value, bytes) => {
  expect(encodeI32(value)).toEqual(bytes);
  expect(new Reader(Uint8Array.from(bytes)).signed()).toBe(BigInt(value));
  expect(new Reader(Uint8Array.from(bytes)).i32()).toBe(value);
  const reader = new Reader(Uint8Array.from(bytes));
  reader.skipNumber();
  expect(reader.atEnd).toBe(true);
});

test("names are UTF-8 with their length in bytes", () => {
  const bytes = encodeName("é");
  expect([...bytes]).toEqual([2, 0xc3, 0xa9]);
  expect(new Reader(bytes).name()).toBe("é");
});

test("what is written one after the other is read again, however much it is", () => {
  const writer = new Writer().u32(300).byte(7).write([1, 2]);
  const large = new Uint8Array(200_000).fill(9);
  expect([...writer.bytes]).toEqual([...encodeU32(300), 7, 1, 2]);
  expect(writer.write(large).u32(0xffffffff).bytes).toEqual(
    Uint8Array.from([...encodeU32(300), 7, 1, 2, ...large, ...encodeU32(0xffffffff)]),
  );
});

test("reading past the end is an error that says where", () => {
  expect(() => new Reader(Uint8Array.from([0x80])).u32()).toThrow("unexpected end at byte 1");
  expect(() => new Reader(Uint8Array.from([3, 1])).name()).toThrow("unexpected end at byte 2");
});
