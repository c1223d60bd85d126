import { describe, expect, test } from "vitest";

import { TestHost, TestHostError } from "../../host/index.ts";
import { calls, load, messages } from "./helpers.ts";
import { call, log, slotAddress, tinyModule, wat, when } from "./tiny-module.ts";

const period = (tick_period: number) => call("proxy_set_tick_period_milliseconds", { tick_period });
const time = call("proxy_get_current_time_nanoseconds");

describe("with a manual clock, ticks", () => {
  test("come when the clock goes on", async () => {
    await using host = await load({ proxy_on_configure: [period(100)], proxy_on_tick: [time] }, { clock: "manual" });
    await host.advance(99);
    expect(calls(host, "proxy_get_current_time_nanoseconds")).toEqual([]);
    await host.advance(201);
    const start = BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n;
    expect(calls(host, "proxy_get_current_time_nanoseconds").map((call) => call["time"])).toEqual([
      start + 100_000_000n,
      start + 200_000_000n,
      start + 300_000_000n,
    ]);
    expect(calls(host, "proxy_get_current_time_nanoseconds")[0]?.context).toBe(host.contextId);
  });

  test("stop with period 0, and change with another one; a stream sets those of its plugin", async () => {
    await using host = await load(
      {
        proxy_on_request_headers: [period(10)],
        proxy_on_tick: [log("tick"), period(50)],
        proxy_on_response_headers: [period(0)],
      },
      { clock: "manual" },
    );
    const stream = host.openStream();
    stream.requestHeaders({}, { endOfStream: true });
    await host.advance(110);
    expect(messages(host)).toEqual(["tick", "tick", "tick"]);
    stream.responseHeaders({}, { endOfStream: true });
    await host.advance(1000);
    expect(messages(host)).toHaveLength(3);
  });

  test("end with a trap", async () => {
    await using host = await load(
      { proxy_on_configure: [period(1)], proxy_on_tick: [wat("(unreachable)")] },
      { clock: "manual" },
    );
    await host.advance(10);
    expect(messages(host)).toEqual([expect.stringMatching(/^Function: proxy_on_tick failed/)]);
  });
});

test("with a real clock, ticks come by themselves, and the clock cannot be moved", async () => {
  await using host = await load({ proxy_on_configure: [period(5)], proxy_on_tick: [log("tick")] });
  await expect.poll(() => messages(host).length).toBeGreaterThan(2);
  await expect(host.advance(1)).rejects.toThrow(TestHostError);
  await expect(host.advance(1)).rejects.toThrow('{ clock: "manual" }');
});

test("a manual clock goes neither back nor for ever", async () => {
  await using host = await load({}, { clock: "manual" });
  await expect(host.advance(-1)).rejects.toThrow("cannot go on by -1 ms");
  await expect(host.advance(Infinity)).rejects.toThrow("from 0 up");
});

test("WASI's clocks follow the manual clock, and the environment is the test's", async () => {
  const wasi = (name: string, types: string) =>
    `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param ${types}) (result i32)))`;
  const print = (at: number, size: number) =>
    wat(`(drop (call $proxy_log (i32.const 2) (i32.const ${at}) (i32.const ${size})))`);
  const filter = tinyModule({
    imports: [
      wasi("clock_time_get", "i32 i64 i32"),
      wasi("environ_sizes_get", "i32 i32"),
      wasi("environ_get", "i32 i32"),
    ],
    on: {
      proxy_on_configure: [
        wat("(drop (call $environ_sizes_get (i32.const 64) (i32.const 68)))"),
        when(wat("(i32.ne (i32.load (i32.const 64)) (i32.const 2))"), [wat("(unreachable)")]),
        when(wat("(i32.ne (i32.load (i32.const 68)) (i32.const 14))"), [wat("(unreachable)")]),
        wat("(drop (call $environ_get (i32.const 72) (i32.const 128)))"),
        when(wat("(i32.ne (i32.load (i32.const 76)) (i32.const 132))"), [wat("(unreachable)")]),
        print(128, 14),
      ],
      proxy_on_request_headers: [
        wat("(drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 512)))"),
        when(wat("(i64.ne (i64.load (i32.const 512)) (i64.const 3000000))"), [wat("(unreachable)")]),
        wat("(drop (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 512)))"),
        time,
        when(wat(`(i64.ne (i64.load (i32.const 512)) (i64.load (i32.const ${slotAddress("time")})))`), [
          wat("(unreachable)"),
        ]),
      ],
    },
  });
  await using host = await TestHost.load(filter, { clock: "manual", env: { A: "1", LONGER: "22" } });
  expect(messages(host)).toEqual(["A=1\0LONGER=22\0"]);
  await host.advance(3);
  expect((await host.fetch("http://a/")).status).toBe(200);
});
