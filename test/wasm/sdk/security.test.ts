import { beforeAll, describe, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { build, buildTestFilter } from "./build.ts";

let filter: CompiledFilter;
let seen: Request[] = [];

beforeAll(async () => {
  filter = await buildTestFilter("injecting");
}, 60_000);

async function start(config?: unknown) {
  seen = [];
  return TestHost.load(filter, {
    config,
    clusters: {
      other: (request) => {
        seen.push(request);
        return new Response("other");
      },
    },
  });
}

async function ask(host: TestHost, ...parts: string[]) {
  return host.fetch(`http://a/${parts.map(encodeURIComponent).join("/")}`);
}

describe("a line break or a zero byte", () => {
  test.each(["a\r\nx-injected: 1", "a\nb", "a\rb", "a\0b", "\n", "b\u2028\u0100"])(
    "in a value is refused wherever the SDK takes one: %j",
    async (value) => {
      await using host = await start();
      const results = (await (await ask(host, "use", "x-name", value)).json()) as Record<string, string>;
      expect(Object.keys(results)).toHaveLength(20);
      expect(Object.fromEntries(Object.entries(results).filter(([, result]) => result !== "TypeError"))).toEqual({});
      expect(seen).toHaveLength(0);
    },
  );

  test.each(["a\r\nb", "a\nb", "a\0", "", "a b", "a:b", "\u00e4"])("in a name, too: %j", async (name) => {
    await using host = await start();
    const results = (await (await ask(host, "use", name, "value")).json()) as Record<string, string>;
    expect(Object.fromEntries(Object.entries(results).filter(([, result]) => result !== "TypeError"))).toEqual({});
  });

  test("makes of a local reply an error, and not two answers", async () => {
    await using host = await start();
    const split = await ask(host, "reply", "x-name", "a\r\n\r\nHTTP/1.1 200 OK");
    expect([split.status, split.headers.get("x-name"), await split.text()]).toEqual([
      500,
      null,
      "Internal Server Error",
    ]);
    const reply = await ask(host, "reply", "x-name", "a");
    expect([reply.status, reply.headers.get("x-name"), await reply.text()]).toEqual([200, "a", "reply"]);
  });
});

describe("keys such as __proto__", () => {
  test.each(["__proto__", "constructor", "prototype"])(
    "in what a client sends change nothing else: %s",
    async (key) => {
      await using host = await start({ polluted: "no" });
      const answer = await ask(
        host,
        "json",
        "",
        `{"${key}": {"polluted": "yes"}, "toString": "x", "hasOwnProperty": "y"}`,
      );
      const { plain, config } = (await answer.json()) as { plain?: string; config?: string };
      expect([plain, config]).toEqual([undefined, "no"]);
      expect((await ask(host, "reply", "x-name", "a")).status).toBe(200);
    },
  );

  test("in a configuration are keys as others", async () => {
    const parsed: unknown = JSON.parse('{"__proto__": {"polluted": "yes"}}');
    await using host = await start(parsed);
    const answer = await ask(host, "json", "", "{}");
    expect(await answer.json()).toEqual({ answer: 200 });
  });
});

describe("secrets of a configuration", () => {
  test.each([
    ['{"password": hunter2}', "it is not JSON"],
    ["hunter2", "it is not JSON"],
  ])("are not logged when it is no JSON: %s", async (config, reason) => {
    const messages: string[] = [];
    const failed = TestHost.load(filter, { config, onLog: ({ message }) => messages.push(message) });
    await expect(failed).rejects.toThrow(reason);
    await failed.catch((error: unknown) => messages.push(String(error)));
    expect(messages.join("\n")).not.toContain("hunter");
  });

  test("nor by a filter that parses it itself", async () => {
    const own = await build(`
      import { defineFilter, textConfig } from "proxy-wasm-ts";
      export default defineFilter({ config: textConfig((text) => JSON.parse(text)), onRequestHeaders() {} });
    `);
    const failed = TestHost.load(own, { config: "hunter2" });
    await expect(failed).rejects.toThrow("the plugin configuration was refused: SyntaxError");
    await failed.catch((error: unknown) => {
      expect(String(error)).not.toContain("hunter");
    });
  });
});

test("code cannot be made of strings", async () => {
  const own = await build(`
    import { defineFilter, Response } from "proxy-wasm-ts";
    const names = ["eval", "Function"];
    export default defineFilter({
      onRequestHeaders(request) {
        const results = names.map((name) => {
          try { return String(globalThis[name]("1 + 1")); } catch (error) { return error.name + ": " + error.message; }
        });
        try { results.push(String((() => {}).constructor("return 2")())); } catch (error) { results.push(error.name + ": " + error.message); }
        return Response.json(results);
      },
    });
  `);
  await using host = await TestHost.load(own);
  const results = (await (await host.fetch("http://a/")).json()) as string[];
  for (const result of results) {
    expect(result).toMatch(/Error: /);
  }
});
