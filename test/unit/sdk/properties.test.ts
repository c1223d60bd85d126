import { expect, test } from "vitest";

import { fakeShim } from "./fake-shim.ts";

const { decodeProperty, getProperty } = await import("../../../src/sdk/properties.ts");
const { kindOf, namesOf } = await import("../../../src/sdk/property-catalogue.ts");
const { decodeResult, encodeMessage } = await import("../../../src/sdk/protobuf.ts");

fakeShim["encode_utf8"] = (text: string) => new TextEncoder().encode(text);
fakeShim["decode_utf8"] = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test.each([
  ["request.path", ["request", "path"]],
  ["request.headers.x.dotted", ["request", "headers", "x.dotted"]],
  ["response.trailers.grpc-status", ["response", "trailers", "grpc-status"]],
  ["metadata.filter_metadata.a.b", ["metadata", "filter_metadata", "a", "b"]],
  [
    ["filter_state", "a.b"],
    ["filter_state", "a.b"],
  ],
])("the names of %j are %j", (path, names) => {
  expect(namesOf(path)).toEqual(names);
});

test.each([
  ["request.time", "timestamp"],
  ["request.headers", "map"],
  ["request.headers.x", "string"],
  ["xds.node", "bytes"],
  ["constructor", undefined],
  ["request.nothing", undefined],
])("%s is encoded as %s", (path, kind) => {
  expect(kindOf(namesOf(path))).toBe(kind);
});

test("times are nanoseconds for the host and milliseconds here", () => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, 1_767_225_600_123_456_789n, true);
  expect(decodeProperty(bytes, "timestamp")).toBeCloseTo(1_767_225_600_123.4568, 3);
  expect(decodeProperty(bytes, "bigint")).toBe(1_767_225_600_123_456_789n);
});

test("bytes of a larger buffer are read where they are", () => {
  const buffer = Uint8Array.of(9, 9, 9, 5, 0, 0, 0, 0, 0, 0, 0, 9);
  expect(decodeProperty(buffer.subarray(3, 11), "integer")).toBe(5);
});

test("a property is asked for in the stream's context, and without one in the plugin's", () => {
  const contexts: unknown[] = [];
  const paths: string[] = [];
  fakeShim["get_plugin_id"] = () => 7;
  fakeShim["proxy_set_effective_context"] = (context: unknown) => void contexts.push(context);
  fakeShim["proxy_get_property"] = (path: string) => {
    paths.push(path);
    return new TextEncoder().encode("value");
  };
  const stream = {} as Parameters<typeof getProperty<"request.path">>[1];
  expect(getProperty("request.path", stream)).toBe("value");
  expect(getProperty("plugin_name")).toBe("value");
  expect(contexts).toEqual([stream, 7]);
  expect(paths).toEqual(["request\0path", "plugin_name"]);
});

test("messages of protobuf", () => {
  expect([...encodeMessage({ 1: "ä", 2: Uint8Array.of(1), 3: 0, 5: 300 })]).toEqual([
    0x0a, 2, 0xc3, 0xa4, 0x12, 1, 1, 0x18, 0, 0x28, 0xac, 0x02,
  ]);
  const long = encodeMessage({ 16: "x".repeat(200) });
  expect([...long.subarray(0, 4)]).toEqual([0x82, 0x01, 0xc8, 0x01]);
  expect(long).toHaveLength(204);
  expect(decodeResult(Uint8Array.of(8, 1))).toBe(true);
  expect(decodeResult(Uint8Array.of(0x12, 1, 65))).toBe(false);
  expect(decodeResult(new Uint8Array())).toBe(false);
});
