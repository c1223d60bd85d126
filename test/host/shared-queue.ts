import { Status } from "../../src/abi/index.ts";
import { bytesToByteString } from "./byte-string.ts";
import type { Context } from "./context.ts";
import type { HostCalls } from "./imports.ts";

interface Queue {
  readonly id: number;
  readonly vmId: string;
  readonly items: Uint8Array[];
  /** Tells the context that registered the queue last. */
  onReady: (id: number) => void;
}

/** The queues of all VMs, as proxy-wasm-cpp-host (shared_queue.cc) keeps them. Names are byte strings. */
export class SharedQueues {
  readonly #byName = new Map<string, Queue>();
  readonly #byId = new Map<number, Queue>();
  #nextId = 1;

  /** Registering again keeps the id and what is in the queue, and moves its callback. */
  register(vmId: string, name: string, onReady: (id: number) => void): number {
    const key = `${vmId}\0${name}`;
    const present = this.#byName.get(key);
    if (present !== undefined) {
      present.onReady = onReady;
      return present.id;
    }
    const queue = { id: this.#nextId++, vmId, items: [], onReady };
    this.#byName.set(key, queue);
    this.#byId.set(queue.id, queue);
    return queue.id;
  }

  resolve(vmId: string, name: string): number | undefined {
    return this.#byName.get(`${vmId}\0${name}`)?.id;
  }

  dequeue(id: number): Status | { readonly value: Uint8Array } {
    const queue = this.#byId.get(id);
    if (queue === undefined) {
      return Status.NotFound;
    }
    const value = queue.items.shift();
    return value === undefined ? Status.Empty : { value };
  }

  /** One callback for each item, in a turn of the event loop of its own. */
  enqueue(id: number, value: Uint8Array): Status {
    const queue = this.#byId.get(id);
    if (queue === undefined) {
      return Status.NotFound;
    }
    queue.items.push(value);
    const { onReady } = queue;
    setImmediate(() => {
      onReady(id);
    });
    return Status.Ok;
  }

  /** What is queued, by name. */
  of(vmId: string): ReadonlyMap<string, readonly Uint8Array[]> {
    const prefix = `${vmId}\0`;
    const own = [...this.#byName].filter(([key]) => key.startsWith(prefix));
    return new Map(own.map(([key, { items }]) => [key.slice(prefix.length), items]));
  }

  deleteVm(vmId: string): void {
    for (const [key, queue] of this.#byName) {
      if (queue.vmId === vmId) {
        this.#byName.delete(key);
        this.#byId.delete(queue.id);
      }
    }
  }
}

/** @param onReady - delivers proxy_on_queue_ready to a root context */
export function sharedQueueCalls(
  queues: SharedQueues,
  vmId: string,
  context: () => Context,
  onReady: (rootId: number, queueId: number) => void,
): Pick<
  HostCalls,
  | "proxy_register_shared_queue"
  | "proxy_resolve_shared_queue"
  | "proxy_dequeue_shared_queue"
  | "proxy_enqueue_shared_queue"
> {
  return {
    proxy_register_shared_queue({ name }) {
      const { root } = context();
      const id = queues.register(vmId, bytesToByteString(name), (queueId) => {
        onReady(root.id, queueId);
      });
      return { queue_id: id };
    },
    proxy_resolve_shared_queue({ vm_id, name }) {
      const id = queues.resolve(bytesToByteString(vm_id) || vmId, bytesToByteString(name));
      return id === undefined ? Status.NotFound : { queue_id: id };
    },
    proxy_dequeue_shared_queue: ({ queue_id }) => queues.dequeue(queue_id),
    proxy_enqueue_shared_queue: ({ queue_id, value }) => queues.enqueue(queue_id, value),
  };
}
