import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { buildFilter } from "../../build/pipeline.ts";
import { tempProject } from "../temp-project.ts";
import type { TempProject } from "../temp-project.ts";
import { startFilter } from "./filter.ts";
import type { RunningFilter } from "./filter.ts";
import { all, startGrpcUpstream } from "./grpc-upstream.ts";
import type { GrpcMethod, GrpcUpstream } from "./grpc-upstream.ts";
import { deadOrigin } from "./upstream.ts";

const METHODS: Readonly<Record<string, GrpcMethod>> = {
  "/test.Test/Echo": async ({ messages, send }) => {
    send(...(await all(messages)));
    return undefined;
  },
  "/test.Test/Empty": async ({ send }) => {
    send("");
    return Promise.resolve(undefined);
  },
  "/test.Test/Metadata": async ({ headers, messages, send }) => {
    await all(messages);
    send(JSON.stringify(headers));
    return undefined;
  },
  "/test.Test/Fail": () =>
    Promise.resolve({ "grpc-status": "5", "grpc-message": "no such user: %C3%A9 100%25 {really}" }),
  "/test.Test/FailLater": ({ start }) => {
    start();
    return Promise.resolve({ "grpc-status": "9", "grpc-message": "not now" });
  },
  "/test.Test/Odd": () => Promise.resolve({ "grpc-status": "99" }),
  "/test.Test/Nothing": ({ start }) => {
    start();
    return Promise.resolve(undefined);
  },
  "/test.Test/Never": async ({ reset }) => {
    await reset;
    return undefined;
  },
  "/test.Test/Slow": async ({ messages, send }) => {
    await all(messages);
    await sleep(200);
    send("slow");
    return undefined;
  },
  "/test.Test/Abort": async ({ messages, abort }) => {
    await all(messages);
    abort();
    return undefined;
  },
  "/test.Test/Disconnect": async ({ messages, disconnect }) => {
    await all(messages);
    disconnect();
    return undefined;
  },
  "/test.Test/HalfMessage": async ({ sendRaw, abort }) => {
    sendRaw(Uint8Array.of(0, 0, 0, 0, 10, 1, 2, 3));
    await sleep(50);
    abort();
    return undefined;
  },
  "/test.Test/Garbage": async ({ sendRaw, reset }) => {
    sendRaw(Buffer.from("this is no gRPC message at all"));
    await reset;
    return undefined;
  },
};

let project: TempProject;
let upstream: GrpcUpstream;
let filter: RunningFilter;

beforeAll(async () => {
  project = await tempProject({});
  await buildFilter({ entry: "test/filters/grpc.ts", outfile: project.path("filter.wasm") });
  upstream = await startGrpcUpstream(METHODS);
  filter = await startFilter(project.path("filter.wasm"), {
    config: { setup: true },
    clusters: { grpc: upstream.url, dead: await deadOrigin(), empty: null },
    http2: ["grpc", "dead", "empty"],
  });
}, 60_000);

afterAll(async () => {
  await filter[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

async function ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const response = await fetch(`${filter.url}${path}`, { headers });
  return response.json();
}

describe("a unary gRPC call", () => {
  test("is answered", async () => {
    expect(await ask("/Echo", { "x-message": "hello" })).toEqual({ answer: "hello", size: 5 });
  });

  test("of setup is answered before the first request", async () => {
    expect(await ask("/setup")).toEqual({ atSetup: "setup" });
  });

  test("holds the request back until it is answered", async () => {
    const response = await fetch(`${filter.url}/pass`);
    expect(response.status).toBe(200);
    expect(filter.upstream.requests.at(-1)?.headers["x-echo"]).toBe("pass");
  });

  test("may have an empty message and an empty answer", async () => {
    expect(await ask("/Echo", { "x-message": "" })).toEqual({ answer: "", size: 0 });
    expect(await ask("/Empty")).toEqual({ answer: "", size: 0 });
  });

  test("carries a megabyte both ways", async () => {
    expect(await ask("/big")).toEqual({ size: 1024 * 1024, same: true });
  });

  test("is one of many", async () => {
    expect(await ask("/parallel")).toEqual(Array.from({ length: 50 }, (_, index) => `call ${index}`));
  });

  test("carries metadata", async () => {
    expect(await ask("/Metadata")).toMatchObject({
      ":path": "/test.Test/Metadata",
      ":authority": "grpc",
      "content-type": "application/grpc",
      "grpc-timeout": "2000m",
      "x-first": "one",
      "x-twice": "a, b",
      "x-percent": "100% %REQ(:path)%",
      "x-latin": "caf\xe9",
      "x-bytes-bin": "Af8=", // Envoy encodes them
    });
  });

  test.each([
    ["Fail", 5, "NOT_FOUND", "no such user: \xe9 100% {really}"],
    ["FailLater", 9, "FAILED_PRECONDITION", "not now"],
    ["Odd", 2, "UNKNOWN", ""],
    ["Unknown", 12, "UNIMPLEMENTED", "no such method"],
    // To Envoy, bytes that are no messages are the same as a server's own status 13.
    ["Garbage", 13, "INTERNAL", ""],
  ])("that the server fails rejects with its status: %s", async (method, code, codeName, details) => {
    const words = [codeName, ...(details === "" ? [] : [details])].join(": ");
    expect(await ask(`/${method}`)).toEqual({
      code,
      codeName,
      reason: "status",
      details,
      message: `gRPC test.Test/${method} of cluster "grpc": ${words}`,
      cause: null,
    });
  });

  test.each([
    ["Nothing", 13, "incomplete", /^$/],
    ["Never", 14, "timeout", /^upstream request timeout$/],
    ["Abort", 14, "connection-reset", /reset reason: remote reset$/],
    ["Disconnect", 14, "connection-reset", /reset reason: connection termination$/],
    ["HalfMessage", 13, "connection-reset", /^$/],
  ])("without an answer rejects with a reason: %s", async (method, code, reason, details) => {
    const error = await ask(`/${method}`, { "x-timeout": "300" });
    expect(error).toMatchObject({ code, reason, details: expect.stringMatching(details) as string });
  });

  test.each([
    ["dead", "connection-failed", /reset reason: remote connection failure$/],
    ["empty", "unavailable", /^no healthy upstream$/],
    ["nowhere", "unknown-cluster", /^Cluster not available$/],
  ])("of a cluster that cannot be reached rejects with a reason: %s", async (cluster, reason, details) => {
    const error = await ask("/Echo", { "x-cluster": cluster });
    expect(error).toMatchObject({ code: 14, reason, details: expect.stringMatching(details) as string });
  });

  test("is cancelled by its signal", async () => {
    const resets = () => upstream.resets.filter((path) => path.endsWith("/Never")).length;
    const before = resets();
    const cancelled = { code: 1, codeName: "CANCELLED", reason: "cancelled" };
    expect(await ask("/abort")).toMatchObject({ ...cancelled, cause: "not needed any more" });
    await expect.poll(resets).toBe(before + 1);
    expect(await ask("/aborted")).toMatchObject({ ...cancelled, cause: "this was aborted" });
  });

  test("answered after its stream does no harm", async () => {
    expect(await (await fetch(`${filter.url}/late`)).text()).toBe("early");
    await filter.envoy.waitForFilterLog(/late: slow/);
  });
});
