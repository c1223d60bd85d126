import { beforeEach, describe, expect, test } from "vitest";

import { fakeShim } from "./fake-shim.ts";

fakeShim["decode_utf8"] = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
fakeShim["encode_utf8"] = (text: string) => new TextEncoder().encode(text);

const { grpcService, targetOf } = await import("../../../src/sdk/grpc-target.ts");
const { readHostStatus } = await import("../../../src/sdk/grpc-error.ts");
const { grpcCall } = await import("../../../src/sdk/grpc-call.ts");
const { MessageQueue } = await import("../../../src/sdk/message-queue.ts");

let calls: unknown[][] = [];
beforeEach(() => {
  calls = [];
  fakeShim["proxy_grpc_call"] = (...args) => {
    calls.push(args);
    return [5, Promise.resolve(Uint8Array.of(1))];
  };
});

const target = { cluster: "auth", service: "pkg.Auth", method: "Check" };

describe("grpcCall", () => {
  test("passes on what it is given, and has a timeout", async () => {
    expect(await grpcCall({ ...target, message: "x" })).toEqual({ message: Uint8Array.of(1) });
    await grpcCall({ ...target, message: "x", metadata: { a: "b" }, timeoutMs: 1 });
    const service = grpcService("auth");
    expect(calls).toEqual([
      [service, "pkg.Auth", "Check", undefined, "x", 5000],
      [service, "pkg.Auth", "Check", { a: "b" }, "x", 1],
    ]);
  });

  test("uses a codec", async () => {
    const codec = { encode: String, decode: ([first]: Uint8Array) => first };
    expect(await grpcCall({ ...target, message: 17, codec })).toEqual({ message: 1 });
    expect(calls[0]?.[4]).toBe("17");
  });

  test.each([0, -1, 1.5, 2 ** 31, NaN])("refuses a timeout of %s ms", async (timeoutMs) => {
    await expect(grpcCall({ ...target, message: "", timeoutMs })).rejects.toThrow(RangeError);
    expect(calls).toEqual([]);
  });

  test("refuses names that are empty: Envoy 1.40 crashes without a cluster", async () => {
    await expect(grpcCall({ ...target, cluster: "", message: "" })).rejects.toThrow(/cluster must be a name/);
    expect(() => targetOf({ ...target, method: "" }, "grpcStream")).toThrow(
      'grpcStream: method must be a name, not ""',
    );
  });
});

test("the upstream is a GrpcService, whatever the length of the cluster's name", () => {
  expect([...grpcService("ab")]).toEqual([0x0a, 4, 0x0a, 2, 0x61, 0x62]);
  const long = grpcService("x".repeat(200));
  expect([...long.subarray(0, 6)]).toEqual([0x0a, 0xcb, 0x01, 0x0a, 0xc8, 0x01]);
  expect(long.length).toBe(206);
});

/** Texts of proxy_get_status, as Envoy 1.40 gave them, and a few of other hosts. */
test.each([
  [0, "via_upstream", 0, "status", ""],
  [5, "no such{via_upstream}", 5, "status", "no such"],
  [5, "a {b} {c}{via_upstream}", 5, "status", "a {b} {c}"],
  [5, "%E2%82%AC 100%25 %zz{via_upstream}", 5, "status", "\u20ac 100% %zz"],
  [4294967295, "via_upstream", 2, "status", ""],
  [14, "Cluster not available", 14, "unknown-cluster", "Cluster not available"],
  [14, "no healthy upstream{no_healthy_upstream}", 14, "unavailable", "no healthy upstream"],
  [14, "upstream request timeout{response_timeout}", 14, "timeout", "upstream request timeout"],
  [
    14,
    "a: remote connection failure{upstream_reset_before_response_started{b|c:_d}}",
    14,
    "connection-failed",
    undefined,
  ],
  [14, "a: remote reset{upstream_reset_before_response_started{remote_reset}}", 14, "connection-reset", undefined],
  [13, "upstream_reset_after_response_started{remote_reset}", 13, "connection-reset", ""],
  [13, "", 13, "incomplete", ""],
  [1, undefined, 1, "cancelled", ""],
  [3, "another host's words", 3, "status", "another host's words"],
])("a host's status is read: %s %s", (hostCode, text, code, reason, details) => {
  expect(readHostStatus(hostCode, text)).toMatchObject({ code, reason, ...(details === undefined ? {} : { details }) });
});

describe("a queue of messages", () => {
  const message = Uint8Array.of(1, 2, 3);

  test("gives them in order, then its end, to readers that came before or after", async () => {
    const queue = new MessageQueue(100);
    const early = [queue.next(), queue.next()];
    queue.push(Uint8Array.of(1));
    queue.push(Uint8Array.of(2));
    queue.push(Uint8Array.of(3));
    const waiting = [queue.next(), queue.next()];
    queue.end(undefined);
    expect(await Promise.all([...early, ...waiting, queue.next()])).toEqual([
      Uint8Array.of(1),
      Uint8Array.of(2),
      Uint8Array.of(3),
      undefined,
      undefined,
    ]);
  });

  test("is full at its limit, and has room again when it was read", async () => {
    const queue = new MessageQueue(6);
    expect([queue.push(message), queue.push(message)]).toEqual([true, true]);
    await queue.next();
    expect([queue.push(message), queue.push(message)]).toEqual([true, false]);
  });

  test("ends with an error after what is in it", async () => {
    const queue = new MessageQueue(100);
    queue.push(message);
    queue.end(new Error("gone"));
    expect(await queue.next()).toEqual(message);
    await expect(queue.next()).rejects.toThrow("gone");
    await expect(queue.next()).rejects.toThrow("gone");
  });
});
