import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { poll } from "../../scripts/poll.ts";
import { buildTestFilter } from "../build-filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import { TcpClient } from "./client.ts";
import { startFilter } from "./filter.ts";
import { startUpstream } from "./upstream.ts";

let plugins: BuiltModule;
let network: BuiltModule;

beforeAll(async () => {
  plugins = await buildTestFilter("plugins");
  network = await buildTestFilter("network");
}, 60_000);

afterAll(async () => {
  await plugins[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
});

describe("several plugins of one module", () => {
  test("share a VM, each with its filter and its configuration", async () => {
    const { wasm } = plugins;
    await using filter = await startFilter(wasm, {
      name: "a",
      rootId: "first",
      config: { name: "json" },
      filters: [{ wasm, name: "b", rootId: "second", config: "some text" }],
    });
    const response = await fetch(filter.url);
    expect(response.headers.get("x-second")).toBe("second");
    expect(filter.upstream.requests[0]?.headers["x-plugins"]).toBe("first:json, second:some+text");
    expect(await filter.envoy.stat("wasm.envoy.wasm.runtime.v8.active"), "base and one worker's").toBeLessThanOrEqual(
      3,
    );
  });

  test("a root id that the module does not know is refused", async () => {
    await expect(startFilter(plugins.wasm, { rootId: "unknown" })).rejects.toThrow(
      'the plugin configuration was refused: the module has no filter for the root id "unknown"',
    );
  });
});

describe("a setup that waits for a call", () => {
  const start = async (rootId: string) => {
    const other = await startUpstream(async (request, response) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      response.end(`key of ${request.path}`);
    });
    const filter = await startFilter(plugins.wasm, { rootId, clusters: { other: other.url } });
    return { ...filter, stop: async () => (await filter[Symbol.asyncDispose](), other[Symbol.asyncDispose]()) };
  };

  test("holds requests until it is over", async () => {
    const filter = await start("waits");
    const before = await fetch(filter.url);
    const after = await fetch(filter.url);
    expect([before.status, after.status]).toEqual([200, 200]);
    expect(filter.upstream.requests.map(({ headers }) => headers["x-key"])).toEqual([
      "key of /key/waits",
      "key of /key/waits",
    ]);
    await filter.stop();
  });

  test('lets them pass without the filter when it says "continue"', async () => {
    const filter = await start("goes");
    await fetch(filter.url);
    const [first] = filter.upstream.requests;
    expect(first?.headers["x-key"]).toBeUndefined();
    const later = await poll(3000, async () => {
      await fetch(filter.url);
      return filter.upstream.requests.find(({ headers }) => headers["x-key"] !== undefined);
    });
    expect(later?.headers["x-key"]).toBe("key of /key/goes");
    await filter.stop();
  });

  test("and fails is the error of each hook", async () => {
    await using filter = await startFilter(plugins.wasm, { rootId: "fails" });
    await filter.envoy.waitForFilterLog(
      /setup failed: FetchError: fetch GET \/ from cluster "no-such-cluster": unknown cluster/,
    );
    expect((await fetch(filter.url)).status).toBe(500);
  });

  test("and throws refuses the configuration", async () => {
    await expect(startFilter(plugins.wasm, { rootId: "refuses" })).rejects.toThrow(
      "the plugin configuration was refused: not with me",
    );
  });
});

test("timers run over the host's tick, again and again, once, or not at all", async () => {
  await using filter = await startFilter(plugins.wasm, { rootId: "timers" });
  await filter.envoy.waitForFilterLog(/tick 3/);
  await filter.envoy.waitForFilterLog(/\[info\] timeout/);
  await filter.envoy.waitForFilterLog(/uncaught error in a timer: Error: a broken timer/);
  const started = Date.now();
  expect(await (await fetch(filter.url)).text()).toBe("after a while");
  expect(Date.now() - started).toBeGreaterThan(30);
  expect(filter.envoy.filterLog().filter((line) => /tick 4|never/.test(line))).toEqual([]);
});

test("a module is an access logger", async () => {
  const { wasm } = plugins;
  await using filter = await startFilter(wasm, {
    rootId: "first",
    config: { name: "x" },
    accessLog: { wasm, name: "log", rootId: "logger", vmId: "log" },
  });
  await fetch(`${filter.url}/logged`);
  await filter.envoy.waitForFilterLog(/logged \/logged 200/);
});

test("a module is a Wasm service", async () => {
  const { wasm } = plugins;
  await using filter = await startFilter(wasm, {
    rootId: "first",
    config: { name: "x" },
    services: [{ wasm, name: "service", rootId: "service", vmId: "service" }],
  });
  await filter.envoy.waitForFilterLog(/service at work/, 2);
});

/** A TCP server that sends back what it gets. */
async function startEcho() {
  const received: string[] = [];
  const server = createServer((socket) => {
    socket.on("data", (data) => {
      received.push(data.toString("latin1"));
      socket.write(data);
    });
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, received, close: () => server.close() };
}

describe("a network filter", () => {
  const start = async (wasm: string, rootId?: string) => {
    const echo = await startEcho();
    const other = await startUpstream();
    const filter = await startFilter(wasm, {
      kind: "network",
      upstream: echo.url,
      clusters: { other: other.url },
      ...(rootId === undefined ? {} : { rootId }),
    });
    const stop = async () => {
      await filter[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      echo.close();
    };
    return { ...filter, echo, [Symbol.asyncDispose]: stop };
  };
  const receive = async (client: TcpClient, text: string) => {
    const got = await poll(3000, () => (client.received.includes(text) ? true : undefined));
    expect(got, `got ${client.received}`).toBe(true);
  };

  test("rewrites both directions", async () => {
    await using filter = await start(network.wasm);
    await using client = new TcpClient(filter.url);
    client.send("hello");
    await receive(client, "<HELLO>");
    client.send("again");
    await receive(client, "<AGAIN>");
    expect(filter.echo.received).toEqual(["HELLO", "AGAIN"]);
    client.end();
    await filter.envoy.waitForFilterLog(/new connection true/);
    await filter.envoy.waitForFilterLog(/done after 10 and 10 bytes/);
    await filter.envoy.waitForFilterLog(/downstream closed by/);
  });

  test("holds data back while a call is pending", async () => {
    await using filter = await start(network.wasm);
    await using client = new TcpClient(filter.url);
    client.send("call\n");
    await receive(client, "<called 200\n>");
  });

  test("closes a connection, also when a hook throws", async () => {
    await using filter = await start(network.wasm);
    const closes = new TcpClient(filter.url);
    closes.send("close");
    await closes.closed();
    const throws = new TcpClient(filter.url);
    throws.send("throw");
    await throws.closed();
    await filter.envoy.waitForFilterLog(/uncaught error in onDownstreamData: Error: a broken connection/);
    await using client = new TcpClient(filter.url);
    client.send("alive");
    await receive(client, "<ALIVE>");
  });

  test("reads the properties of its connection", async () => {
    await using filter = await start(network.wasm);
    await using client = new TcpClient(filter.url);
    client.send("where");
    await receive(client, "}\n>");
    expect(JSON.parse(client.received.slice(1, -1))).toEqual({
      id: "number",
      source: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as unknown,
      destination: Number(new URL(filter.url).port),
      mtls: false,
      upstream: filter.echo.url.replace("http://", ""),
      request: null,
      root: "",
    });
  });

  test("may be chosen by the configuration", async () => {
    await using chosen = await buildTestFilter("chosen");
    await using filter = await startFilter(chosen.wasm, { config: { use: "header" }, rootId: "any" });
    await (await fetch(filter.url)).text();
    expect(filter.upstream.requests[0]?.headers["x-chosen"]).toBe("header of any");
    const echo = await startEcho();
    await using network = await startFilter(chosen.wasm, {
      kind: "network",
      upstream: echo.url,
      config: { use: "shout" },
    });
    await using client = new TcpClient(network.url);
    client.send("loud");
    await receive(client, "LOUD");
    echo.close();
  });

  test("stands beside HTTP filters in one module", async () => {
    await using filter = await start(plugins.wasm, "echo");
    await using client = new TcpClient(filter.url);
    client.send("mixed");
    await receive(client, "MIXED");
  });
});
