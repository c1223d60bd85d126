import { describe, expect, test } from "vitest";

import { SharedState } from "../../host/index.ts";
import { calls, load, statuses } from "./helpers.ts";
import { call, log, param, slot, wat } from "./tiny-module.ts";
import type { Step } from "./tiny-module.ts";

const get = (key: string): Step => call("proxy_get_shared_data", { key });
const set = (key: string, value: string, cas = 0): Step => call("proxy_set_shared_data", { key, value, cas });

describe("shared data", () => {
  test("is compared before it is replaced", async () => {
    await using host = await load({
      proxy_on_configure: [
        ...[get("k"), set("k", "a", 7), get("k"), set("k", "b", 9), set("k", "b", 1), set("k", "", 0)],
        ...[get("k"), call("proxy_set_shared_data", { key: "k", value: "c", cas: slot("cas") }), get("k")],
      ],
    });
    expect(calls(host, "proxy_get_shared_data")).toMatchObject([
      { status: "NotFound" },
      { value: "a", cas: 1, status: "Ok" },
      { value: "", cas: 3, status: "Ok" },
      { value: "c", cas: 4, status: "Ok" },
    ]);
    expect(statuses(host, "proxy_set_shared_data")).toEqual(["Ok", "CasMismatch", "Ok", "Ok", "Ok"]);
    expect(host.sharedData.get("k")).toEqual({ value: new Uint8Array(Buffer.from("c")), cas: 4 });
  });

  test("belongs to all VMs of one id, and to no other", async () => {
    const shared = new SharedState();
    await using writer = await load({ proxy_on_configure: [set("k", "v")] }, { shared, vmId: "one" });
    await using reader = await load({ proxy_on_configure: [get("k")] }, { shared, vmId: "one" });
    await using other = await load({ proxy_on_configure: [get("k")] }, { shared, vmId: "two" });
    await using alone = await load({ proxy_on_configure: [get("k")] }, { vmId: "one" });
    expect(writer.sharedData.size).toBe(1);
    expect(statuses(reader, "proxy_get_shared_data")).toEqual(["Ok"]);
    expect(statuses(other, "proxy_get_shared_data")).toEqual(["NotFound"]);
    expect(statuses(alone, "proxy_get_shared_data")).toEqual(["NotFound"]);
  });

  test("goes with the last VM of its id", async () => {
    const shared = new SharedState();
    const first = await load({ proxy_on_configure: [set("k", "v")] }, { shared });
    const second = await load({}, { shared });
    await first.close();
    expect(second.sharedData.has("k")).toBe(true);
    await second.close();
    await using third = await load({}, { shared });
    expect(third.sharedData.has("k")).toBe(false);
  });
});

describe("shared queues", () => {
  const register = (name: string): Step => call("proxy_register_shared_queue", { name });
  const resolve = (vm_id: string, name: string): Step => call("proxy_resolve_shared_queue", { vm_id, name });
  const enqueue = (value: string): Step => call("proxy_enqueue_shared_queue", { queue_id: slot("queue_id"), value });
  const dequeue = call("proxy_dequeue_shared_queue", { queue_id: param(1) });

  test("deliver each item to the root context that registered them", async () => {
    await using host = await load({
      proxy_on_configure: [register("q"), register("q"), enqueue("a"), enqueue("b"), log("configured")],
      proxy_on_queue_ready: [dequeue, dequeue],
    });
    expect(host.sharedQueues.get("q")).toHaveLength(2);
    await host.advance(0);
    expect(calls(host, "proxy_register_shared_queue").map((call) => call["queue_id"])).toEqual([1, 1]);
    expect(calls(host, "proxy_dequeue_shared_queue")).toMatchObject([
      { context: host.contextId, value: "a", status: "Ok" },
      { value: "b", status: "Ok" },
      { status: "Empty" },
      { status: "Empty" },
    ]);
  });

  test("are found from another VM by its id", async () => {
    const shared = new SharedState();
    await using reader = await load(
      { proxy_on_configure: [register("q")], proxy_on_queue_ready: [dequeue] },
      { shared, vmId: "reader" },
    );
    await using writer = await load(
      { proxy_on_configure: [resolve("", "q"), resolve("reader", "q"), enqueue("from afar")] },
      { shared, vmId: "writer" },
    );
    await reader.advance(0);
    expect(statuses(writer, "proxy_resolve_shared_queue")).toEqual(["NotFound", "Ok"]);
    expect(calls(reader, "proxy_dequeue_shared_queue")).toMatchObject([{ value: "from afar" }]);
  });

  test("that are unknown are not found", async () => {
    await using host = await load({
      proxy_on_configure: [
        resolve("", "none"),
        call("proxy_dequeue_shared_queue", { queue_id: 99 }),
        call("proxy_enqueue_shared_queue", { queue_id: 99, value: "x" }),
      ],
    });
    expect(host.calls.map(({ status }) => status)).toEqual(["NotFound", "NotFound", "NotFound"]);
  });

  test("registered by a stream are its plugin's", async () => {
    await using host = await load({
      proxy_on_request_headers: [register("q"), enqueue("x")],
      proxy_on_queue_ready: { steps: [dequeue, wat("(nop)")], returns: 0 },
    });
    await host.fetch("http://a/");
    await host.advance(0);
    expect(calls(host, "proxy_dequeue_shared_queue")).toMatchObject([{ context: 1, value: "x" }]);
  });
});
