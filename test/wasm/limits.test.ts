/** Limits of time, heap and stack, which native mode does not have. `test/attacks` has many more. */

import { describe, expect, test } from "vitest";

import { buildModule } from "../build-filter.ts";
import { TestHost } from "../host/index.ts";

function filter(limits: string): string {
  return `
    import { defineFilter, stepAside } from "proxy-wasm-ts";
    const held: Uint8Array[] = [];
    export default defineFilter({
      limits: ${limits},
      onRequestHeaders(request) {
        if (request.path === "/loop") for (;;) held.length;
        if (request.path === "/fill") for (;;) held.push(new Uint8Array(100_000));
        if (request.path === "/empty") held.length = 0;
        if (request.path === "/nested") JSON.parse("[".repeat(50_000));
        request.headers.set("x-seen", "yes");
      },
    });
    void stepAside;
  `;
}

async function start(limits: string) {
  const built = await buildModule(filter(limits));
  const host = await TestHost.load(built.wasm);
  const status = async (path: string) => (await host.fetch(`http://a${path}`)).status;
  const dispose = async () => {
    await host.close();
    await built[Symbol.asyncDispose]();
  };
  return { host, status, [Symbol.asyncDispose]: dispose };
}

test("a limit costs the stream that reaches it, and the VM goes on", async () => {
  await using filter = await start("{ callbackMs: 500, heapBytes: 8 * 2 ** 20 }");
  for (const path of ["/loop", "/nested", "/fill"]) {
    expect(await filter.status(path)).toBe(500);
  }
  expect(await filter.status("/empty")).toBe(200);
  expect(await filter.status("/ordinary")).toBe(200);
  const log = filter.host.logs.map(({ message }) => message).join("\n");
  expect(log).toContain("InternalError: interrupted: this callback has taken longer than 500 ms (limits.callbackMs)");
  expect(log).toContain("InternalError: out of memory");
  expect(log).toContain("RangeError: Maximum call stack size exceeded");
});

describe("a plugin that steps aside", () => {
  test.each([
    ["passThrough", 200],
    ["deny", 503],
  ])("%s", async (action, during) => {
    await using filter = await start(
      `{ callbackMs: 5, stepAside: stepAside({ after: 2, withinMs: 60_000, action: "${action}", forMs: 300 }) }`,
    );
    expect([await filter.status("/loop"), await filter.status("/a"), await filter.status("/loop")]).toEqual([
      500, 200, 500,
    ]);
    expect([await filter.status("/loop"), await filter.status("/a")]).toEqual([during, during]);
    expect(filter.host.metrics.get("proxy_wasm_ts.stepped_aside")).toMatchObject({ value: 1 });
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect([await filter.status("/a"), await filter.status("/loop"), await filter.status("/a")]).toEqual([
      200, 500, 200,
    ]);
    expect(filter.host.metrics.get("proxy_wasm_ts.stepped_aside")).toMatchObject({ value: 0 });
    const log = filter.host.logs.map(({ message }) => message).join("\n");
    expect(log).toContain("the plugin steps aside: limits were reached 2 times within 60000 ms");
    expect(log).toContain("the plugin is back");
  });
});

test("a hook whose jobs were dropped has failed, and what its function comes to afterwards is nobody's", async () => {
  const ends = {
    returns: "",
    throws: `throw new Error("late");`,
    rejects: `return Promise.reject(new Error("late"));`,
  };
  await using built = await buildModule(
    `import { defineFilter } from "proxy-wasm-ts";
     let release;
     const released = new Promise((resolve) => { release = resolve; });
     const onRequestHeaders = async ({ path }, { log }) => {
       if (path === "/release") return release();
       void (async () => { for (;;) await 0; })(); // until the jobs are dropped
       await released;
       log.info("goes on");
       ${Object.entries(ends)
         .map(([end, code]) => `if (path === "/${end}") { ${code} }`)
         .join("\n")}
     };
     export default defineFilter({ limits: { callbackMs: 20 }, onRequestHeaders });`,
    { typecheck: false },
  );
  for (const end of Object.keys(ends)) {
    await using host = await TestHost.load(built.wasm, { upstream: () => new Response() });
    expect((await host.fetch(`http://a/${end}`)).status).toBe(500);
    expect(host.logs.map(({ message }) => message).join()).toContain("jobs took longer than limits.callbackMs");
    expect((await host.fetch("http://a/release")).status).toBe(200);
    expect(host.logs.at(-1)?.message, end).toBe("goes on");
  }
});
