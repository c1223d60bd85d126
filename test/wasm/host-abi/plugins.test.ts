import { describe, expect, test } from "vitest";

import { TestHost, TestHostError } from "../../host/index.ts";
import { calls, load, messages, statuses } from "./helpers.ts";
import { call, log, tinyModule, wat } from "./tiny-module.ts";
import type { Body, Step } from "./tiny-module.ts";

const config: Step = call("proxy_get_buffer_bytes", { buffer_type: 7, max_size: 100 });
const vmConfig: Step = call("proxy_get_buffer_bytes", { buffer_type: 6, max_size: 100 });
const rootId: Step = call("proxy_get_property", { path: "plugin_root_id" });

/** Each life's callbacks leave a call with the context's id. */
const life: Readonly<Record<string, Body>> = {
  proxy_on_context_create: [log("create")],
  proxy_on_vm_start: [log("vm_start")],
  proxy_on_configure: [log("configure")],
  proxy_on_done: [log("done")],
  proxy_on_delete: [log("delete")],
};
const lives = (host: Parameters<typeof calls>[0]) =>
  calls(host, "proxy_log").map(({ context, message }) => `${String(message)} ${context}`);

test("a plugin is made, and ends, with these callbacks", async () => {
  const host = await load(life);
  await host.fetch("http://a/");
  await host.close();
  expect(lives(host)).toEqual([
    ...["create 1", "vm_start 1", "configure 1"],
    ...["create 2", "done 2", "delete 2"],
    ...["done 1", "delete 1"],
  ]);
});

test("configurations are there when Envoy has them", async () => {
  await using host = await load(
    {
      proxy_on_context_create: [config, vmConfig],
      proxy_on_vm_start: [config, vmConfig],
      proxy_on_configure: [config, vmConfig],
      proxy_on_request_headers: [config, vmConfig],
    },
    { config: { a: 1 }, vmConfig: "vm configuration" },
  );
  const stream = host.openStream();
  stream.requestHeaders();
  stream.close();
  const [own, vm] = ['{"a":1}', "vm configuration"];
  const seen = calls(host, "proxy_get_buffer_bytes").map(({ value, status }) => (status === "Ok" ? value : status));
  expect(seen).toEqual([own, vm, "NotFound", vm, own, vm, "NotFound", vm, "NotFound", vm]);
});

describe("several plugins in one VM", () => {
  test("have contexts, configurations and streams of their own, and shared data in common", async () => {
    const share: Step = call("proxy_set_shared_data", { key: "k", value: "v" });
    await using host = await load(
      { proxy_on_configure: [config, rootId, share], proxy_on_request_headers: [rootId] },
      { rootId: "a", config: "for a" },
    );
    const other = host.addPlugin({ rootId: "b", pluginName: "second", config: "for b" });
    expect([host.contextId, other.contextId]).toEqual([1, 2]);
    await other.fetch("http://x/");
    await host.fetch("http://x/");
    expect(calls(host, "proxy_get_buffer_bytes").map(({ value }) => value)).toEqual(["for a", "for b"]);
    expect(calls(host, "proxy_get_property").map(({ value }) => value)).toEqual(["a", "b", "b", "a"]);
    expect(host.sharedData.get("k")?.cas).toBe(2);
  });

  test("end one by one", async () => {
    const host = await load(life);
    const other = host.addPlugin({ rootId: "b" });
    await other.close();
    await expect(other.fetch("http://a/")).rejects.toThrow(TestHostError);
    expect((await host.fetch("http://a/")).status).toBe(200);
    await host.close();
    expect(lives(host).slice(3)).toEqual([
      ...["create 2", "vm_start 2", "configure 2", "done 2", "delete 2"],
      ...["create 3", "done 3", "delete 3"],
      ...["done 1", "delete 1"],
    ]);
  });

  test("are refused one by one", async () => {
    const isFirst = wat("(i32.eq (local.get 0) (i32.const 1))");
    await using host = await load({ proxy_on_configure: { steps: [log("configure")], returns: isFirst } });
    expect(() => host.addPlugin()).toThrow("proxy_on_configure returned false");
    expect((await host.fetch("http://a/")).status).toBe(200);
  });
});

describe("configure", () => {
  test("makes a new root context, and ends the former one with its last stream", async () => {
    await using host = await load({ ...life, proxy_on_configure: [log("configure"), config] }, { config: "one" });
    const old = host.openStream();
    old.requestHeaders();
    host.configure("two");
    expect(host.contextId).toBe(3);
    await host.fetch("http://a/");
    expect(lives(host).slice(3)).toEqual([
      ...["create 2", "create 3", "vm_start 3", "configure 3"],
      ...["create 4", "done 4", "delete 4"],
    ]);
    old.close();
    await host.advance(0);
    expect(lives(host).slice(-4)).toEqual(["done 2", "delete 2", "done 1", "delete 1"]);
    expect(calls(host, "proxy_get_buffer_bytes").map(({ value }) => value)).toEqual(["one", "two"]);
  });

  test("keeps the former configuration when the new one is refused", async () => {
    const fits = wat("(i32.lt_u (local.get 1) (i32.const 4))");
    await using host = await load({ proxy_on_configure: { steps: [], returns: fits } }, { config: "one" });
    expect(() => {
      host.configure("too long");
    }).toThrow("proxy_on_configure returned false");
    expect(host.contextId).toBe(1);
    expect((await host.fetch("http://a/")).status).toBe(200);
  });
});

test("a trap ends all plugins of the VM", async () => {
  await using host = await load({ proxy_on_request_body: [wat("(unreachable)")] });
  const other = host.addPlugin();
  const waiting = other.openStream();
  waiting.requestHeaders();
  expect((await host.fetch("http://a/", { method: "POST", body: "x" })).status).toBe(503);
  expect(waiting.downstream.headers).toContainEqual([":status", "503"]);
  expect((await other.fetch("http://a/")).status).toBe(503);
  expect(messages(host)).toHaveLength(1);
});

test("host calls while the module allocates for the host trap, but for proxy_log", async () => {
  const allocating = (step: Step) =>
    tinyModule({
      onAllocate: [step],
      on: { proxy_on_configure: [call("proxy_get_property", { path: "plugin_name" })] },
    });
  await using host = await TestHost.load(allocating(log("allocating")), { pluginName: "name" });
  expect(messages(host)).toEqual(["allocating"]);
  const refused = TestHost.load(allocating(call("proxy_done")), { pluginName: "name" });
  await expect(refused).rejects.toThrow("proxy_done is called while the module initialises itself or allocates memory");
});

test("a reactor is initialised and its main is called; a command is started", async () => {
  const print = (text: string) =>
    `(data (i32.const 512) "${text}") (func $print (drop (call $proxy_log (i32.const 2) (i32.const 512) (i32.const 4))))`;
  const reactor = `${print("main")} (func (export "_initialize")) (func (export "main") (param i32 i32) (result i32) (call $print) (i32.const 0))`;
  await using first = await TestHost.load(tinyModule({ on: {}, extra: reactor }));
  expect(messages(first)).toEqual(["main"]);
  const command = `${print("init")} (func (export "_start") (call $print))`;
  await using second = await TestHost.load(tinyModule({ on: {}, extra: command }));
  expect(messages(second)).toEqual(["init"]);
});

describe("with a canary", () => {
  const start = ["create 1", "vm_start 1", "configure 1"];

  test("a plugin starts once more, in a VM that is dropped without another callback", async () => {
    const host = await load(life, { canary: true });
    expect(lives(host)).toEqual([...start, ...start]);
    host.configure("other");
    await host.advance(0);
    expect(lives(host).slice(6), "a new VM, and then the VM that is at work").toEqual([
      ...start,
      ...["create 2", "vm_start 2", "configure 2"],
      ...["done 1", "delete 1"],
    ]);
    host.configure("");
    await host.advance(0);
    expect(lives(host).slice(14), "the first settings have passed").toEqual([
      ...["create 3", "vm_start 3", "configure 3"],
      ...["done 2", "delete 2"],
    ]);
    await host.close();
  });

  test("what the first start did in the host stays, and its calls are not sent", async () => {
    let asked = 0;
    const pairs = { ":method": "GET", ":path": "/", ":authority": "a" };
    await using host = await load(
      {
        proxy_on_configure: [
          call("proxy_define_metric", { metric_type: 0, name: "starts" }),
          call("proxy_increment_metric", { metric_id: 4, offset: 1n }),
          call("proxy_set_shared_data", { key: "k", value: "v" }),
          call("proxy_http_call", { upstream_name: "other", headers: Object.entries(pairs), timeout: 1000 }),
        ],
      },
      {
        canary: true,
        clusters: {
          other: () => {
            asked++;
            return new Response();
          },
        },
      },
    );
    await host.advance(0);
    expect(host.metrics.get("starts")).toEqual({ type: "Counter", value: 2 });
    expect(host.sharedData.get("k")).toMatchObject({ cas: 2 });
    expect(statuses(host, "proxy_http_call")).toEqual(["Ok", "Ok"]);
    expect(asked).toBe(1);
  });

  test("a configuration that it refuses never reaches the VM that is at work", async () => {
    const lines: string[] = [];
    const refused = load(
      { ...life, proxy_on_configure: { steps: [log("configure")], returns: 0 } },
      { canary: true, onLog: ({ message }) => lines.push(message) },
    );
    await expect(refused).rejects.toThrow("proxy_on_configure returned false");
    expect(lines).toEqual(["create", "vm_start", "configure", "Failed to configure base Wasm plugin"]);
  });
});
