/**
 * Queues of the host, through which plugins, VMs and workers send each other bytes (spec: `proxy_register_shared_queue` and its
 * neighbours).
 *
 * @module
 */

import { describe } from "./describe.ts";
import {
  get_plugin_id,
  handle,
  proxy_dequeue_shared_queue,
  proxy_enqueue_shared_queue,
  proxy_register_shared_queue,
  proxy_resolve_shared_queue,
  proxy_set_effective_context,
} from "./hostcalls.ts";
import type { BodyInit } from "./hostcalls.ts";
import { log } from "./log.ts";
import { onForgetPlugin } from "./plugin-events.ts";

type Step = IteratorResult<Uint8Array, undefined>;

/** Who waits for a queue's items in one plugin. */
interface Receiver {
  readonly pluginId: number;
  readonly queueId: number;
  /** Of `for await` loops, each for one item. */
  waiting: ((step: Step) => void)[];
  handler: ((item: Uint8Array) => unknown) | undefined;
}

const receivers: Receiver[] = [];

function receiverOf(pluginId: number, queueId: number): Receiver | undefined {
  return receivers.find((receiver) => receiver.pluginId === pluginId && receiver.queueId === queueId);
}

const DONE: Step = { done: true, value: undefined };

function failed(error: unknown): void {
  log.error(`uncaught error in a queue's onItem: ${describe(error)}`);
}

function run(handler: (item: Uint8Array) => unknown, item: Uint8Array): void {
  try {
    const result = handler(item);
    if (result instanceof Promise) {
      result.catch(failed);
    }
  } catch (error) {
    failed(error);
  }
}

/** Gives out what is in the queue, for as long as somebody wants it. */
function deliver(receiver: Receiver): void {
  while (receiver.waiting.length > 0 || receiver.handler !== undefined) {
    const item = proxy_dequeue_shared_queue(receiver.queueId);
    if (item === undefined) {
      return;
    }
    const next = receiver.waiting.shift();
    if (next !== undefined) {
      next({ done: false, value: item });
    } else if (receiver.handler !== undefined) {
      run(receiver.handler, item);
    }
  }
}

/** A queue that somebody has registered: items can be put into it and taken out of it. */
export class RemoteQueue {
  readonly name: string;
  /** The host's id of it, the same in each VM and worker. */
  readonly id: number;

  /** @internal */
  constructor(name: string, id: number) {
    this.name = name;
    this.id = id;
  }

  /**
   * Appends an item. A string travels as UTF-8. The host holds what nobody takes, without a limit. Callable everywhere but at
   * the top level. Spec: `proxy_enqueue_shared_queue`.
   */
  enqueue(item: BodyInit): void {
    proxy_enqueue_shared_queue(this.id, item);
  }

  /** Takes the first item, or undefined when there is none. Spec: `proxy_dequeue_shared_queue`. */
  dequeue(): Uint8Array | undefined {
    return proxy_dequeue_shared_queue(this.id);
  }
}

/** A queue that this plugin has registered: the host tells it of each item. */
export class SharedQueue extends RemoteQueue implements AsyncIterable<Uint8Array> {
  readonly #receiver: Receiver;

  /** @internal */
  constructor(name: string, id: number, receiver: Receiver) {
    super(name, id);
    this.#receiver = receiver;
  }

  /**
   * Calls a function for each item, those that are there already included. An error is logged, and the next item follows all
   * the same. The next item does not wait for a promise that the function has returned; a `for await` loop does wait.
   *
   * @returns a function that ends it
   * @throws Error when there is a handler already: an item goes to one receiver
   *
   * @example
   * ```ts
   * setup({ log }) {
   *   registerSharedQueue("audit").onItem((item) => log.info(decodeUtf8(item)));
   * }
   * ```
   */
  onItem(handler: (item: Uint8Array) => unknown): () => void {
    const receiver = this.#receiver;
    if (receiver.handler !== undefined) {
      throw new Error(
        `the queue ${JSON.stringify(this.name)} has a handler: end that first, with what onItem returned`,
      );
    }
    receiver.handler = handler;
    void Promise.resolve().then(() => {
      deliver(receiver);
    });
    return () => {
      if (receiver.handler === handler) {
        receiver.handler = undefined;
      }
    };
  }

  /**
   * Each item, as it arrives. The loop lives as long as its plugin. Do not await it in `setup`, which would never end:
   * start it there, in an async function of its own.
   *
   * @example
   * ```ts
   * async function consume(queue: SharedQueue) {
   *   for await (const item of queue) await store(item);
   * }
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    const receiver = this.#receiver;
    let ended = false;
    let mine: ((step: Step) => void)[] = [];
    return {
      next: () => {
        if (ended || !receivers.includes(receiver)) {
          return Promise.resolve(DONE);
        }
        const item = proxy_dequeue_shared_queue(receiver.queueId);
        if (item !== undefined) {
          return Promise.resolve({ done: false, value: item });
        }
        return new Promise((resolve) => {
          receiver.waiting.push(resolve);
          mine = [...mine.filter((waiting) => receiver.waiting.includes(waiting)), resolve];
        });
      },
      return: () => {
        ended = true;
        receiver.waiting = receiver.waiting.filter((waiting) => !mine.includes(waiting));
        for (const next of mine) {
          next(DONE);
        }
        return Promise.resolve(DONE);
      },
    };
  }
}

function checkName(name: string): void {
  if (typeof name !== "string" || name === "") {
    throw new TypeError("a shared queue needs a name");
  }
}

/**
 * Makes a queue, or finds it, and receives its items in this plugin. Of all that register the same name, each worker included,
 * the host tells the last one only. Call it in `setup`. Spec: `proxy_register_shared_queue`.
 *
 * @throws TypeError when the name is empty
 */
export function registerSharedQueue(name: string): SharedQueue {
  checkName(name);
  const pluginId = get_plugin_id();
  proxy_set_effective_context(pluginId);
  const id = proxy_register_shared_queue(name);
  let receiver = receiverOf(pluginId, id);
  if (receiver === undefined) {
    receiver = { pluginId, queueId: id, waiting: [], handler: undefined };
    receivers.push(receiver);
  }
  return new SharedQueue(name, id, receiver);
}

/**
 * Finds a queue that another plugin has registered, or undefined. Plugins start in any order: look for it when it is needed,
 * and not in `setup`. Spec: `proxy_resolve_shared_queue`.
 *
 * @param options - `vmId`: the VM id (Envoy: `vm_id`) of the plugin that has registered it; default: this plugin's own
 *
 * @example
 * ```ts
 * resolveSharedQueue("audit", { vmId: "audit-vm" })?.enqueue(JSON.stringify({ path: request.path }));
 * ```
 */
export function resolveSharedQueue(name: string, options: { readonly vmId?: string } = {}): RemoteQueue | undefined {
  checkName(name);
  const id = proxy_resolve_shared_queue(options.vmId ?? "", name);
  return id === undefined ? undefined : new RemoteQueue(name, id);
}

handle("queue_ready", (pluginId, queueId) => {
  const receiver = receiverOf(pluginId, queueId);
  if (receiver !== undefined) {
    deliver(receiver);
  }
});

onForgetPlugin((pluginId) => {
  for (const receiver of receivers.filter((candidate) => candidate.pluginId === pluginId)) {
    receivers.splice(receivers.indexOf(receiver), 1);
    receiver.handler = undefined;
    for (const next of receiver.waiting.splice(0)) {
      next(DONE);
    }
  }
});
