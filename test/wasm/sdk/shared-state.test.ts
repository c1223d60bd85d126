import { beforeAll, expect, test } from "vitest";

import { SharedState, TestHost } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { build } from "./build.ts";

const FILTER = `
import {
  decodeUtf8, defineFilter, log, registerSharedQueue, resolveSharedQueue, Response, sharedData, sharedDataWithPrefix,
} from "proxy-wasm-ts";

let queue;
async function consume() {
  for await (const item of queue) log.info("loop: " + decodeUtf8(item));
  log.info("loop: over");
}

const actions = {
  "/create": () => [sharedData.create("k", "one"), sharedData.create("k", "two"), sharedData.get("k")?.text()],
  "/count": () => sharedData.updateJson("count", (old) => (old ?? 0) + 1),
  "/json": () => [sharedDataWithPrefix("p:").setJson("k", { a: [1] }), sharedData.get("p:k")?.json()],
  "/send": () => {
    const remote = resolveSharedQueue("jobs", { vmId: "receiver" });
    remote?.enqueue("job");
    return remote?.name;
  },
  "/two-handlers": () => {
    const stop = queue.onItem(() => undefined);
    try {
      queue.onItem(() => undefined);
      return "two";
    } catch (error) {
      stop();
      return error.message;
    }
  },
  "/return": async () => {
    const items = queue[Symbol.asyncIterator]();
    const next = items.next();
    await items.return?.();
    queue.enqueue("kept");
    return [await next, await items.next(), decodeUtf8(queue.dequeue())];
  },
};

export default defineFilter({
  config: (json) => json,
  setup({ config }) {
    if (config?.receiver === undefined) return;
    queue = registerSharedQueue("jobs");
    if (config.receiver === "loop") void consume();
    if (config.receiver === "handler") {
      const stop = queue.onItem((item) => {
        log.info("item: " + decodeUtf8(item));
        stop();
      });
    }
  },
  async onRequestHeaders(request) {
    return new Response(JSON.stringify(await actions[request.path]()));
  },
});
`;

let filter: CompiledFilter;

beforeAll(async () => {
  filter = await build(FILTER);
});

const get = async (host: TestHost, path: string) => (await host.fetch(`http://host${path}`)).json();
const messages = (host: TestHost) => host.logs.map(({ message }) => message);

test("shared data are those of all VMs of one id", async () => {
  const shared = new SharedState();
  await using first = await TestHost.load(filter, { shared, vmId: "a" });
  await using second = await TestHost.load(filter, { shared, vmId: "a" });
  await using other = await TestHost.load(filter, { shared, vmId: "b" });
  expect(await get(first, "/create")).toEqual([true, false, "one"]);
  expect(await get(second, "/create")).toEqual([false, false, "one"]);
  expect(await get(other, "/create")).toEqual([true, false, "one"]);
  expect([await get(first, "/count"), await get(second, "/count"), await get(other, "/count")]).toEqual([1, 2, 1]);
  expect(await get(first, "/json")).toEqual([true, { a: [1] }]);
});

test("a loop takes items from another VM, and after a new configuration its own new loop does", async () => {
  const shared = new SharedState();
  await using receiver = await TestHost.load(filter, { shared, vmId: "receiver", config: { receiver: "loop" } });
  await using sender = await TestHost.load(filter, { shared, vmId: "sender" });
  expect(await get(sender, "/send")).toBe("jobs");
  expect(await get(sender, "/send")).toBe("jobs");
  await receiver.advance(0);
  expect(messages(receiver)).toEqual(["loop: job", "loop: job"]);
  receiver.configure({ receiver: "loop" });
  await get(sender, "/send");
  await receiver.advance(0);
  expect(messages(receiver)).toEqual(["loop: job", "loop: job", "loop: over", "loop: job"]);
});

test("a handler can end itself; what comes then stays in the queue", async () => {
  const shared = new SharedState();
  await using receiver = await TestHost.load(filter, { shared, vmId: "receiver", config: { receiver: "handler" } });
  await using sender = await TestHost.load(filter, { shared, vmId: "sender" });
  await get(sender, "/send");
  await get(sender, "/send");
  await receiver.advance(0);
  expect(messages(receiver)).toEqual(["item: job"]);
  expect(receiver.sharedQueues.get("jobs")).toHaveLength(1);
});

test("wrong uses of a queue", async () => {
  await using host = await TestHost.load(filter, { vmId: "receiver", config: { receiver: "none" } });
  expect(await get(host, "/two-handlers")).toBe(
    'the queue "jobs" has a handler: end that first, with what onItem returned',
  );
  expect(await get(host, "/return")).toEqual([{ done: true }, { done: true }, "kept"]);
});
