import { setTimeout as sleep } from "node:timers/promises";

import { beforeAll, describe, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import type { CompiledFilter, GrpcServices, TestHostOptions } from "../../host/index.ts";
import { build, buildTestFilter } from "./build.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

const services: GrpcServices = {
  grpc: {
    "test.Test/Echo": {
      stream: async function* (messages) {
        yield* messages;
      },
    },
    "test.Test/Fail": () => {
      throw Object.assign(new Error("no such user"), { code: 5 });
    },
    "test.Test/Never": async () => {
      await sleep(60_000, undefined, { ref: false });
      return new Uint8Array();
    },
    "test.Test/Count": {
      stream: async function* (messages, info) {
        info.initialMetadata.push(["x-initial", info.metadata.map((pair) => pair.join("=")).join()]);
        for await (const message of messages) {
          for (let number = 1; number <= Number(text(message)); number++) {
            yield Buffer.from(`message ${number}`);
          }
        }
        info.trailingMetadata.push(["x-trailing", "end"]);
      },
    },
    "test.Test/Sum": {
      stream: async function* (messages) {
        let sum = 0;
        for await (const message of messages) {
          sum += Number(text(message));
        }
        yield Buffer.from(String(sum));
      },
    },
    "test.Test/Forever": {
      stream: async function* (_messages, { signal }) {
        while (!signal.aborted) {
          yield Buffer.from("a message of some length");
          await sleep(1);
        }
      },
    },
  },
};

let unary: CompiledFilter;
let streams: CompiledFilter;

beforeAll(async () => {
  unary = await buildTestFilter("grpc");
  streams = await buildTestFilter("grpc-streams");
});

async function ask(host: TestHost, path: string, headers: Record<string, string> = {}): Promise<unknown> {
  return (await host.fetch(`http://shop${path}`, { headers })).json();
}

const load = (filter: CompiledFilter, options: TestHostOptions = {}) =>
  TestHost.load(filter, { grpc: services, ...options });

/** What became of each call of a host call. */
const statuses = (host: TestHost, name: string) =>
  host.calls.filter(({ call }) => call === name).map(({ status }) => status);

describe("unary calls", () => {
  test("are answered, from hooks and from setup", async () => {
    await using host = await load(unary, { config: { setup: true } });
    expect(await ask(host, "/Echo", { "x-message": "hello" })).toEqual({ answer: "hello", size: 5 });
    expect(await ask(host, "/Echo", { "x-message": "" })).toEqual({ answer: "", size: 0 });
    expect(await ask(host, "/big")).toEqual({ size: 1024 * 1024, same: true });
    expect(await ask(host, "/parallel")).toEqual(Array.from({ length: 50 }, (_, index) => `call ${index}`));
    expect(await ask(host, "/setup")).toEqual({ atSetup: "setup" });
  });

  test("fail with the server's status, a reason, or a timeout", async () => {
    await using host = await load(unary);
    expect(await ask(host, "/Fail")).toMatchObject({ code: 5, reason: "status", details: "no such user" });
    expect(await ask(host, "/Echo", { "x-cluster": "nowhere" })).toMatchObject({ code: 14, reason: "unknown-cluster" });
    expect(await ask(host, "/Never", { "x-timeout": "20" })).toMatchObject({ code: 14, reason: "timeout" });
  });

  test("are cancelled by their signal", async () => {
    await using host = await load(unary);
    expect(await ask(host, "/abort")).toMatchObject({ reason: "cancelled", cause: "not needed any more" });
    expect(await ask(host, "/aborted")).toMatchObject({ reason: "cancelled", cause: "this was aborted" });
    expect(statuses(host, "proxy_grpc_cancel")).toEqual(["Ok"]);
  });
});

describe("streams", () => {
  test("have metadata, messages and a status", async () => {
    await using host = await load(streams);
    expect(await ask(host, "/server")).toMatchObject({
      messages: [1, 2, 3, 4, 5].map((number) => `message ${number}`),
      initial: { "x-initial": "x-from=filter" },
      trailing: { "x-trailing": "end", "grpc-status": "0" },
      status: { code: 0, codeName: "OK" },
    });
    expect(await ask(host, "/client")).toEqual({ answer: "5050", after: "nothing" });
    expect(await ask(host, "/bidi")).toEqual(["turn 0", "turn 1", "turn 2", "turn 3", "turn 4", "last"]);
    expect(await ask(host, "/sizes")).toEqual([0, 1024 * 1024]);
  });

  test("are released by the filter when the server ends them", async () => {
    await using host = await load(streams);
    await expect.poll(() => ask(host, "/watched")).toBe("message 1,message 2,message 3");
    const before = statuses(host, "proxy_grpc_cancel");
    expect(await ask(host, "/fails/Fail")).toMatchObject({ messages: ["NOT_FOUND status no such user"] });
    expect(statuses(host, "proxy_grpc_cancel")).toEqual([...before, "Ok"]);
    // The host releases one whose side the filter has closed.
    expect(await ask(host, "/client")).toMatchObject({ answer: "5050" });
    expect(statuses(host, "proxy_grpc_cancel")).toEqual([...before, "Ok"]);
  });

  test("of a cluster that is unknown end at once", async () => {
    await using host = await load(streams);
    const messages = ["UNAVAILABLE unknown-cluster Cluster not available"];
    expect(await ask(host, "/cluster/nowhere")).toEqual({ sent: "ok", messages, metadata: 0 });
  });

  test("are cancelled by the filter, after a tick", async () => {
    await using host = await load(streams);
    const before = statuses(host, "proxy_grpc_cancel").length;
    expect(await ask(host, "/leave/3")).toMatchObject({ seen: 3, codeName: "CANCELLED" });
    expect(await ask(host, "/overflow")).toMatchObject({ codeName: "RESOURCE_EXHAUSTED" });
    await expect.poll(() => statuses(host, "proxy_grpc_cancel").length).toBeGreaterThanOrEqual(before + 2);
    expect(new Set(statuses(host, "proxy_grpc_cancel"))).toEqual(new Set(["Ok"]));
  });
});

describe("the raw ABI", () => {
  const code = `
    import { defineFilter, Response } from "proxy-wasm-ts";
    import { proxy_grpc_call, proxy_grpc_cancel, proxy_grpc_close, proxy_grpc_send, proxy_grpc_stream } from "proxy-wasm-ts/hostcalls";
    const upstream = Uint8Array.of(0x0a, 6, 0x0a, 4, 0x67, 0x72, 0x70, 0x63);
    const attempt = (action) => { try { return action() ?? "ok"; } catch (error) { return String(error); } };
    export default defineFilter({
      async onRequestHeaders(request) {
        if (request.path === "/call") {
          const [id, outcome] = proxy_grpc_call(upstream, "test.Test", "Fail", undefined, "x", 1000);
          return Response.json({ id, outcome: await outcome, late: attempt(() => proxy_grpc_cancel(id)) });
        }
        const told = [];
        await new Promise((resolve) => {
          const id = proxy_grpc_stream(upstream, "test.Test", "Count", [["x-a", "b"]], {
            onInitialMetadata: (pairs) => told.push(pairs.filter(([name]) => name === "x-initial")),
            onMessage: (bytes) => told.push(bytes.length),
            onTrailingMetadata: (pairs) => told.push(pairs.filter(([name]) => name === "x-trailing")),
            onLost: () => told.push("lost"),
            onClose: (code, message) => {
              told.push([code, message]);
              resolve();
            },
          });
          proxy_grpc_send(id, "2", false);
          proxy_grpc_close(id);
        });
        const unknown = [attempt(() => proxy_grpc_send(6, "x", false)), attempt(() => proxy_grpc_close(6))];
        const wrong = attempt(() => proxy_grpc_stream(upstream, "a", "b", [], undefined));
        return Response.json({ told, unknown, wrong });
      },
    });`;

  test("tells a receiver what arrives, and knows which ids are its own", async () => {
    await using host = await load(await build(code));
    expect(await ask(host, "/call")).toEqual({
      id: 5,
      outcome: [5, "no such user{via_upstream}"],
      late: "HostError: proxy_grpc_cancel: NotFound (1)",
    });
    expect(await ask(host, "/stream")).toEqual({
      told: [[["x-initial", "x-a=b"]], 9, 9, [["x-trailing", "end"]], [0, "via_upstream"]],
      unknown: ["HostError: proxy_grpc_send: NotFound (1)", "HostError: proxy_grpc_close: NotFound (1)"],
      wrong: "TypeError: proxy_grpc_stream: the receiver must be an object",
    });
  });
});
