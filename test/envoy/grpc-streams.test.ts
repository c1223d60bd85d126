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
  "/test.Test/Count": async ({ headers, messages, start, send }) => {
    const [last] = await all(messages);
    start({ "x-initial": String(headers["x-from"]) });
    for (let number = 1; number <= Number(last); number++) {
      send(`message ${number}`);
      await sleep(5);
    }
    return { "x-trailing": "end" };
  },
  "/test.Test/Sum": async ({ messages, send }) => {
    send(String((await all(messages)).reduce((sum, message) => sum + Number(message), 0)));
    return undefined;
  },
  "/test.Test/Echo": async ({ start, messages, send }) => {
    start();
    for await (const message of messages) {
      send(message);
    }
    return undefined;
  },
  "/test.Test/Empty": () => Promise.resolve(undefined),
  "/test.Test/Fail": () => Promise.resolve({ "grpc-status": "7", "grpc-message": "not you" }),
  "/test.Test/FailLater": async ({ messages, send }) => {
    await all(messages);
    send("one", "two");
    return { "grpc-status": "10", "grpc-message": "lost interest" };
  },
  "/test.Test/Reset": async ({ send, abort }) => {
    send("one");
    await sleep(20);
    abort();
    return undefined;
  },
  "/test.Test/Disconnect": async ({ send, disconnect }) => {
    send("one");
    await sleep(20);
    disconnect();
    return undefined;
  },
  "/test.Test/Forever": async ({ send, reset }) => {
    const left = reset.then(() => false);
    for (let wanted = true; wanted; wanted = await Promise.race([left, sleep(5, true)])) {
      send("a message of some length");
    }
    return undefined;
  },
  "/test.Test/Burst": async ({ send, reset }) => {
    send(...Array.from({ length: 50 }, (_, index) => `message ${index}`));
    await reset;
    return undefined;
  },
};

let project: TempProject;
let upstream: GrpcUpstream;
let filter: RunningFilter;

beforeAll(async () => {
  project = await tempProject({});
  await buildFilter({ entry: "test/filters/grpc-streams.ts", outfile: project.path("filter.wasm") });
  upstream = await startGrpcUpstream(METHODS);
  filter = await startFilter(project.path("filter.wasm"), {
    clusters: { grpc: upstream.url, dead: await deadOrigin(), empty: null },
    http2: ["grpc", "dead", "empty"],
  });
}, 60_000);

afterAll(async () => {
  const uncaught = filter.envoy.filterLog().filter((line) => /uncaught|unhandled|lost/.test(line));
  await filter[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
  expect(uncaught).toEqual([]);
});

async function ask(path: string): Promise<unknown> {
  const response = await fetch(`${filter.url}${path}`);
  return response.json();
}

/** How many streams of a method the client has reset. */
const resets = (method: string) => upstream.resets.filter((path) => path.endsWith(`/${method}`)).length;

describe("a gRPC stream", () => {
  test("of a server has metadata, messages, metadata and a status", async () => {
    expect(await ask("/server")).toEqual({
      messages: [1, 2, 3, 4, 5].map((number) => `message ${number}`),
      initial: { "x-initial": "filter", "content-type": "application/grpc" },
      trailing: { "x-trailing": "end", "grpc-status": "0" },
      status: { code: 0, codeName: "OK", details: "" },
    });
  });

  test("of a client sends many messages and gets one", async () => {
    expect(await ask("/client")).toEqual({ answer: "5050", after: "nothing" });
  });

  test("of both is a conversation", async () => {
    expect(await ask("/bidi")).toEqual(["turn 0", "turn 1", "turn 2", "turn 3", "turn 4", "last"]);
  });

  test("carries empty messages and large ones", async () => {
    expect(await ask("/sizes")).toEqual([0, 1024 * 1024]);
  });

  test("is one of many", async () => {
    expect(await ask("/many")).toEqual(Array.from({ length: 30 }, (_, index) => `stream ${index}`));
  });

  test("uses a codec", async () => {
    expect(await ask("/codec")).toEqual([{ a: 1 }, { b: [2] }]);
  });

  test("of setup is read later", async () => {
    await filter.envoy.waitForFilterLog(/setup's stream: message 1,message 2,message 3$/);
    await expect.poll(() => ask("/watched")).toBe("message 1,message 2,message 3");
  });

  test("lives longer than the request that opened it", async () => {
    expect(await ask("/keep")).toBe("kept");
    expect(await ask("/send-kept")).toBe("sent");
    expect(await ask("/send-kept")).toBe("sent");
    await expect.poll(() => ask("/kept")).toBe(2);
    expect(await ask("/end-kept")).toBe("OK");
  });
});

describe("a gRPC stream that fails", () => {
  test.each([
    ["Empty", [], 0, "OK", ""],
    ["Fail", ["PERMISSION_DENIED status not you"], 7, "PERMISSION_DENIED", "not you"],
    ["FailLater", ["one", "two", "ABORTED status lost interest"], 10, "ABORTED", "lost interest"],
    ["Unknown", ["UNIMPLEMENTED status no such method"], 12, "UNIMPLEMENTED", "no such method"],
    ["Reset", ["one", "INTERNAL connection-reset"], 13, "INTERNAL", ""],
    ["Disconnect", ["one", "INTERNAL connection-reset"], 13, "INTERNAL", ""],
  ])("gives what came before, then its error: %s", async (method, messages, code, codeName, details) => {
    expect(await ask(`/fails/${method}`)).toEqual({ messages, code, codeName, details });
  });

  test.each([
    ["dead", /^UNAVAILABLE connection-failed upstream connect error/],
    ["empty", /^UNAVAILABLE unavailable no healthy upstream$/],
    ["nowhere", /^UNAVAILABLE unknown-cluster Cluster not available$/],
  ])("says why when its cluster cannot be reached: %s", async (cluster, error) => {
    const messages = [expect.stringMatching(error)];
    expect(await ask(`/cluster/${cluster}`)).toEqual({ sent: "ok", messages, metadata: 0 });
  });

  test("takes no more messages after its end", async () => {
    const ended = "ended: gRPC test.Test/Echo: nothing can be sent any more,";
    expect(await ask("/after-end")).toEqual({
      afterEnd: `${ended} the filter has ended its side of the stream`,
      messages: ["last"],
      afterClose: [`${ended} the stream has ended with OK`, "ok", `${ended} the stream has ended with OK`],
    });
  });
});

describe("a gRPC stream is cancelled", () => {
  const CANCELLED = { code: 1, codeName: "CANCELLED", details: "" };

  test.each([
    ["by the filter", "/cancel", { first: 24, messages: ["CANCELLED cancelled"], ...CANCELLED }],
    ["by leaving the loop", "/leave/1", { seen: 1, ...CANCELLED }],
    ["by leaving the loop later", "/leave/7", { seen: 7, ...CANCELLED }],
    ["by its signal", "/abort", ["CANCELLED cancelled"]],
    ["by a codec that throws", "/bad-codec", { error: "Error: not for me", ...CANCELLED }],
    [
      "by messages that nobody reads",
      "/overflow",
      {
        codeName: "RESOURCE_EXHAUSTED",
        details: "more messages wait than maxQueuedBytes allows",
        messages: ["RESOURCE_EXHAUSTED overflow more messages wait than maxQueuedBytes allows"],
      },
    ],
  ])("%s", async (_how, path, outcome) => {
    const before = resets("Forever");
    expect(await ask(path)).toEqual(outcome);
    await expect.poll(() => resets("Forever")).toBe(before + 1);
  });

  test("while Envoy has more messages to hand over", async () => {
    expect(await ask("/leave-burst")).toBe("ok");
    await expect.poll(() => resets("Burst")).toBe(20);
    expect(await ask("/client")).toMatchObject({ answer: "5050" });
  });
});
