/** Native mode: the filter's TypeScript straight in Node. That it does what the module does, the tests of test/wasm/sdk show. */

import { Session } from "node:inspector";
import type { Debugger } from "node:inspector";

import { generatedPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { afterEach, describe, expect, test } from "vitest";

import { compileFilter, TestHost } from "../host/index.ts";
import type { Mode, TestHostOptions } from "../host/index.ts";
import { tempProject } from "../temp-project.ts";
import type { TempProject } from "../temp-project.ts";

const HEAD = `import { defineFilter, Response } from "proxy-wasm-ts";\n`;

let project: TempProject | undefined;

afterEach(async () => {
  await project?.[Symbol.asyncDispose]();
  project = undefined;
});

/** The path of a filter's file. */
async function file(text: string): Promise<string> {
  project = await tempProject({ "filter.ts": HEAD + text });
  return project.path("filter.ts");
}

async function load(text: string, options: TestHostOptions = {}): Promise<TestHost> {
  return TestHost.load(await file(text), { mode: "native", ...options });
}

/** The log, with paths relative to the filter's folder. */
function lines(host: TestHost): string[] {
  return host.logs.map(({ message }) => message.replaceAll(project?.path("/") ?? "", ""));
}

test("a breakpoint in the filter's TypeScript stops there", async () => {
  const path = await file(`
export default defineFilter({
  onRequestHeaders(request) {
    const name: string = request.path.slice(1);
    request.headers.set("x-name", name);
  },
});
`);
  const session = new Session();
  session.connect();
  const scripts: Debugger.ScriptParsedEventDataType[] = [];
  const stops: unknown[] = [];
  session.on("Debugger.scriptParsed", ({ params }) => scripts.push(params));
  session.on("Debugger.paused", ({ params }) => {
    const [frame] = params.callFrames;
    session.post(
      "Debugger.evaluateOnCallFrame",
      { callFrameId: frame?.callFrameId ?? "", expression: "name" },
      (error, answer) => stops.push([frame?.functionName, error ?? answer.result.value]),
    );
  });
  session.post("Debugger.enable");
  await using host = await TestHost.load(path, { mode: "native" });
  // What a debugger does with a breakpoint of a source: it looks for the source in the scripts' maps.
  for (const { url, sourceMapURL = "" } of scripts.filter(({ url }) => url.includes("filter.ts"))) {
    const map = new TraceMap(Buffer.from(sourceMapURL.split(",")[1] ?? "", "base64").toString(), url);
    const source = map.resolvedSources.find((name) => name === `file://${path}`) ?? "";
    const place = generatedPositionFor(map, { source, line: 6, column: 4 });
    session.post("Debugger.setBreakpointByUrl", { url, lineNumber: (place.line ?? 0) - 1 });
  }
  await host.fetch("http://a/Ada");
  session.disconnect();
  expect(stops).toEqual([["onRequestHeaders", "Ada"]]);
});

describe("errors have the places of the TypeScript", () => {
  test("thrown by a hook, with their causes", async () => {
    await using host = await load(`
function check(path: string): void {
  if (path !== "/") throw new Error("not the root", { cause: new TypeError("a cause") });
}
export default defineFilter({
  async onRequestHeaders(request) {
    await null;
    check(request.path);
  },
});
`);
    expect((await host.fetch("http://a/b")).status).toBe(500);
    expect(lines(host)).toEqual([
      [
        "uncaught error in onRequestHeaders: Error: not the root",
        "    at check (filter.ts:4:27)",
        "    at onRequestHeaders (filter.ts:9:5)",
        "caused by: TypeError: a cause",
        "    at check (filter.ts:4:62)",
        "    at onRequestHeaders (filter.ts:9:5)",
      ].join("\n"),
    ]);
  });

  test("rejected and not handled: they go to the log, and not to the test", async () => {
    await using host = await load(`
export default defineFilter({
  onRequestHeaders() {
    void Promise.reject(new Error("forgotten"));
  },
});
`);
    expect((await host.fetch("http://a/b")).status).toBe(200);
    await host.advance(0);
    expect(lines(host)).toEqual(["unhandled rejection: Error: forgotten\n    at onRequestHeaders (filter.ts:5:25)"]);
  });

  test("thrown by the top level: the filter is not compiled", async () => {
    const path = await file(`const limit = JSON.parse("{") as object;\nexport default defineFilter(limit);\n`);
    const failure = compileFilter(path, "native");
    await expect(failure).rejects.toThrow(/filter\.ts:2:20 - error: SyntaxError: /);
    await expect(failure).rejects.toThrow("2 const limit = JSON.parse(");
  });

  test("in its syntax", async () => {
    await expect(load("export default 1 2;")).rejects.toThrow(/filter\.ts:2:18 - error: Expected ";"/);
  });
});

test("each host has variables of its own, and the time is the host's", async () => {
  const path = await file(`
let count = 0;
export default defineFilter({
  onRequestHeaders: () => new Response([++count, Date.now(), new Date().getFullYear(), Date().slice(11, 15)].join()),
});
`);
  const filter = await compileFilter(path, "native");
  await using one = await TestHost.load(filter, { clock: "manual" });
  await using two = await TestHost.load(filter, { clock: "manual" });
  const get = async (host: TestHost) => (await host.fetch("http://a/")).text();
  const start = Date.UTC(2026, 0, 1);
  expect(await get(one)).toBe(`1,${start},2026,2026`);
  await one.advance(1000);
  expect(await get(one)).toBe(`2,${start + 1000},2026,2026`);
  expect(await get(two)).toBe(`1,${start},2026,2026`);
});

describe("the mode", () => {
  test("of a built module is wasm", async () => {
    await expect(TestHost.load("dist/filter.wasm", { mode: "native" })).rejects.toThrow(
      "dist/filter.wasm is a built module, and native mode runs a filter's TypeScript",
    );
    await expect(compileFilter("dist/filter.wasm")).rejects.toThrow("compileFilter takes a filter's source");
  });

  test("of a source that is not named comes from the environment", async () => {
    const before = process.env["PROXY_WASM_TS_MODE"];
    process.env["PROXY_WASM_TS_MODE"] = "fast";
    try {
      await expect(compileFilter("filter.ts")).rejects.toThrow(
        'PROXY_WASM_TS_MODE must be "wasm" or "native", not "fast"',
      );
    } finally {
      process.env["PROXY_WASM_TS_MODE"] = before;
    }
  });
});

test("both modes make the same host calls, with the same arguments", async () => {
  const run = async (mode: Mode) => {
    await using host = await TestHost.load("src/filter/filter.ts", {
      mode,
      clock: "manual",
      config: { match: "/j", forwardHeaders: ["x-*"], responseHeader: "x-back", onFailure: "deny" },
      clusters: {
        "back-python": (request) =>
          new URL(request.url).pathname === "/jump" ? new Response("pong") : new Response("no", { status: 500 }),
      },
      upstream: () => new Response("hello"),
    });
    const answers: unknown[] = [];
    for (const path of ["jump", "jolt", "other"]) {
      const response = await host.fetch(`http://a/${path}`, {
        headers: { "x-a": "1", "x-request-id": path, cookie: "c" },
      });
      answers.push([response.status, response.headers.get("x-back"), await response.text()]);
    }
    return { calls: host.calls, logs: host.logs, answers };
  };
  const native = await run("native");
  expect(native.answers).toEqual([
    [200, "200", "hello"],
    [503, "500", expect.any(String)],
    [200, null, "hello"],
  ]);
  expect(native.calls.length).toBeGreaterThan(20);
  expect(native).toEqual(await run("wasm"));
});
