import { SharedData } from "./shared-data.ts";
import { SharedQueues } from "./shared-queue.ts";

/**
 * The shared data and queues that several hosts have in common, as the VMs of one Envoy have. VMs with the same `vmId` share
 * data; a queue of another `vmId` can be resolved by it. Both are forgotten with the last VM of their `vmId`.
 *
 * @example
 * ```ts
 * const shared = new SharedState();
 * await using reader = await TestHost.load("filter.wasm", { shared, vmId: "reader" });
 * await using writer = await TestHost.load("filter.wasm", { shared, vmId: "writer" });
 * ```
 */
export class SharedState {
  /** @internal */
  readonly data = new SharedData();
  /** @internal */
  readonly queues = new SharedQueues();
  readonly #vms = new Map<string, number>();

  /** @internal */
  addVm(vmId: string): void {
    this.#vms.set(vmId, (this.#vms.get(vmId) ?? 0) + 1);
  }

  /** @internal */
  removeVm(vmId: string): void {
    const rest = (this.#vms.get(vmId) ?? 0) - 1;
    this.#vms.set(vmId, rest);
    if (rest <= 0) {
      this.#vms.delete(vmId);
      this.data.deleteVm(vmId);
      this.queues.deleteVm(vmId);
    }
  }
}
