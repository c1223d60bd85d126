import { beforeAll, describe, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import type { CompiledFilter, TestHostOptions } from "../../host/index.ts";
import { buildTestFilter } from "./build.ts";

let plugins: CompiledFilter;
let network: CompiledFilter;

beforeAll(async () => {
  plugins = await buildTestFilter("plugins");
  network = await buildTestFilter("network");
}, 60_000);

/** A host whose upstream keeps the headers that it got. */
async function start(options: TestHostOptions, filter = plugins) {
  const seen: Headers[] = [];
  const upstream = (request: Request) => {
    seen.push(request.headers);
    return new Response("upstream");
  };
  const host = await TestHost.load(filter, { upstream, ...options });
  const lines = () => host.logs.map(({ message }) => message);
  return { host, seen, lines, [Symbol.asyncDispose]: () => host.close() };
}

describe("several plugins of one module", () => {
  test("share a VM, each with its filter and its configuration", async () => {
    await using filter = await start({ rootId: "first", config: { name: "json" } });
    const second = filter.host.addPlugin({ rootId: "second", config: "some text" });
    await filter.host.fetch("http://a/");
    expect((await second.fetch("http://a/")).headers.get("x-second")).toBe("second");
    expect(filter.seen.map((headers) => headers.get("x-plugins"))).toEqual(["first:json", "second:some+text"]);
  });

  test("may be chosen by their configurations", async () => {
    const chosen = await buildTestFilter("chosen");
    await using filter = await start({ config: { use: "header" }, rootId: "any" }, chosen);
    await filter.host.fetch("http://a/");
    expect(filter.seen[0]?.get("x-chosen")).toBe("header of any");
    const connection = filter.host.addPlugin({ config: { use: "shout" } }).connect();
    connection.downstreamData("loud");
    expect(connection.upstream.text).toBe("LOUD");
    await expect(start({ config: { use: "nothing" } }, chosen)).rejects.toThrow(
      'the module has no filter for the name "nothing"',
    );
    await expect(start({ config: "no JSON" }, chosen)).rejects.toThrow(
      "the plugin configuration was refused: SyntaxError",
    );
  });

  test("a root id that the module does not know is refused", async () => {
    await expect(start({ rootId: "unknown" })).rejects.toThrow('the module has no filter for the root id "unknown"');
  });

  test("a new configuration is for the streams that come", async () => {
    await using filter = await start({ rootId: "first", config: { name: "old" } });
    await filter.host.fetch("http://a/");
    filter.host.configure({ name: "new" });
    await filter.host.fetch("http://a/");
    expect(filter.seen.map((headers) => headers.get("x-plugins"))).toEqual(["first:old", "first:new"]);
  });
});

describe("a setup that waits for a call", () => {
  const waiting = () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const other = async (request: Request) => {
      await gate;
      return new Response(`key of ${new URL(request.url).pathname}`);
    };
    return {
      clusters: { other },
      answer: () => {
        open();
      },
    };
  };

  test("holds requests until it is over", async () => {
    const { clusters, answer } = waiting();
    await using filter = await start({ rootId: "waits", clusters });
    const early = filter.host.fetch("http://a/");
    await filter.host.advance(0);
    expect(filter.seen).toEqual([]);
    answer();
    await early;
    await filter.host.fetch("http://a/");
    expect(filter.seen.map((headers) => headers.get("x-key"))).toEqual(["key of /key/waits", "key of /key/waits"]);
  });

  test('lets them pass without the filter when it says "continue"', async () => {
    const { clusters, answer } = waiting();
    await using filter = await start({ rootId: "goes", clusters });
    await filter.host.fetch("http://a/");
    answer();
    await filter.host.advance(0);
    await filter.host.fetch("http://a/");
    expect(filter.seen.map((headers) => headers.get("x-key"))).toEqual([null, "key of /key/goes"]);
  });

  test("and fails is the error of each hook", async () => {
    await using filter = await start({ rootId: "fails" });
    expect((await filter.host.fetch("http://a/")).status).toBe(500);
    expect(filter.lines().join("\n")).toContain("setup failed: FetchError");
  });
});

test("timers follow the host's clock", async () => {
  await using filter = await start({ rootId: "timers", clock: "manual" });
  const ticks = () => filter.lines().filter((line) => /^tick|^timeout|never/.test(line));
  await filter.host.advance(19);
  expect(ticks()).toEqual([]);
  await filter.host.advance(1);
  expect(ticks()).toEqual(["tick 1"]);
  await filter.host.advance(200);
  expect(ticks().sort()).toEqual(["tick 1", "tick 2", "tick 3", "timeout"]);
  expect(filter.lines().join("\n")).toContain("uncaught error in a timer: Error: a broken timer");
  const answer = filter.host.fetch("http://a/");
  await filter.host.advance(39);
  expect(filter.seen).toEqual([]);
  await filter.host.advance(1);
  expect(await (await answer).text()).toBe("after a while");
});

describe("a network filter", () => {
  test("rewrites both directions, and sees the end", async () => {
    await using filter = await start({}, network);
    const connection = filter.host.connect();
    expect(connection.downstreamData("hello").text).toBe("HELLO");
    expect(connection.upstreamData("World").text).toBe("<World>");
    connection.close();
    expect(filter.lines()).toContain("done after 5 and 5 bytes");
  });

  test("holds data back while a call is pending", async () => {
    await using filter = await start({ clusters: { other: () => new Response() } }, network);
    const connection = filter.host.connect();
    expect(connection.downstreamData("call\n")).toMatchObject({ action: "Pause", text: "" });
    await filter.host.advance(0);
    expect(connection.upstream.text).toBe("called 200\n");
  });

  test("closes a connection, also when a hook throws", async () => {
    await using filter = await start({}, network);
    for (const word of ["close", "throw"]) {
      const connection = filter.host.connect();
      connection.downstreamData(word);
      expect(connection.isClosed).toBe(true);
    }
    expect(filter.host.connect().downstreamData("alive").text).toBe("ALIVE");
  });
});
