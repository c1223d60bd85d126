import { expect, test } from "vitest";

import { parseGrpcService } from "./grpc-service.ts";

const bytes = (...parts: (string | number)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.of(part))));

/** envoy.config.core.v3.GrpcService { envoy_grpc: { cluster_name } } */
const service = bytes(0x0a, 6, 0x0a, 4, "back");

test("the cluster of a serialized service is found among other fields", () => {
  expect(parseGrpcService(service)).toEqual({ cluster: "back" });
  // timeout { seconds: 1 }, then a 64-bit and a 32-bit field, then the service.
  const others = bytes(0x1a, 2, 0x08, 1, 0x21, "12345678", 0x2d, "1234");
  expect(parseGrpcService(Buffer.concat([others, service]))).toEqual({ cluster: "back" });
});

test.each(["back", "outbound|80||shop.default.svc.cluster.local", "jump", "auth-service", "x"])(
  "%s is a plain name, because it is no message",
  (name) => {
    expect(parseGrpcService(Buffer.from(name))).toBeUndefined();
  },
);

test("some names are messages without a cluster by accident, and so is nothing at all", () => {
  expect(parseGrpcService(new Uint8Array())).toEqual({ cluster: undefined });
  expect(parseGrpcService(Buffer.from("x1"))).toEqual({ cluster: undefined });
  expect(parseGrpcService(bytes(0x0a, 2, 0x0a, 0))).toEqual({ cluster: undefined });
});

test("what is cut off is no message", () => {
  for (let size = 1; size < service.length; size++) {
    expect(parseGrpcService(service.subarray(0, size))).toBeUndefined();
  }
  expect(parseGrpcService(bytes(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1))).toBeUndefined();
});
