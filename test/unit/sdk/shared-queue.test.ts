import { expect, test } from "vitest";

import { fakeShim } from "./fake-shim.ts";

type Listener = (pluginId: number, queueId: number) => void;

const events = new Map<string, Listener>();
const items: Uint8Array[] = [];

fakeShim["handle"] = (event: string, listener: Listener) => void events.set(event, listener);
fakeShim["get_plugin_id"] = () => 1;
fakeShim["proxy_set_effective_context"] = () => undefined;
fakeShim["proxy_register_shared_queue"] = () => 7;
fakeShim["proxy_dequeue_shared_queue"] = () => items.shift();

const { registerSharedQueue } = await import("../../../src/sdk/shared-queue.ts");
const { forgetPlugin } = await import("../../../src/sdk/plugin-events.ts");

const ready: Listener = (...event) => events.get("queue_ready")?.(...event);

test("an event without an item, or of another queue or plugin, wakes nobody", async () => {
  const taken: Uint8Array[] = [];
  const stop = registerSharedQueue("q").onItem((item) => taken.push(item));
  await Promise.resolve();
  ready(1, 7);
  items.push(Uint8Array.of(1));
  ready(1, 8);
  ready(2, 7);
  expect(taken).toEqual([]);
  ready(1, 7);
  expect(taken).toEqual([Uint8Array.of(1)]);
  stop();
});

test("one who waits is served before the handler, and each item goes to one", async () => {
  const queue = registerSharedQueue("q");
  const taken: Uint8Array[] = [];
  const stop = queue.onItem((item) => taken.push(item));
  const next = queue[Symbol.asyncIterator]().next();
  items.push(Uint8Array.of(1), Uint8Array.of(2));
  ready(1, 7);
  expect(await next).toEqual({ done: false, value: Uint8Array.of(1) });
  expect(taken).toEqual([Uint8Array.of(2)]);
  stop();
});

test("a plugin that is configured again is rid of its handlers and loops", async () => {
  const queue = registerSharedQueue("q");
  const taken: Uint8Array[] = [];
  queue.onItem((item) => taken.push(item));
  const loop = queue[Symbol.asyncIterator]();
  const next = loop.next();
  forgetPlugin(1);
  expect(await next).toEqual({ done: true, value: undefined });
  expect(await loop.next()).toEqual({ done: true, value: undefined });
  items.push(Uint8Array.of(1));
  ready(1, 7);
  expect(taken).toEqual([]);
  expect(queue.dequeue()).toEqual(Uint8Array.of(1));
});
