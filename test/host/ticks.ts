import { Status } from "../../src/abi/index.ts";
import type { Clock } from "./clock.ts";
import type { Context } from "./context.ts";
import type { HostCalls } from "./imports.ts";
import type { Vm } from "./vm.ts";

/** The ticks of all root contexts of a VM, as Wasm::setTimerPeriod and tickHandler of Envoy. */
export class Ticks {
  readonly #vm: Vm;
  readonly #clock: Clock;
  readonly #stops = new Map<number, () => void>();

  constructor(vm: Vm, clock: Clock) {
    this.#vm = vm;
    this.#clock = clock;
  }

  /** @param period - milliseconds from now to the next tick, and from one to the next; 0: no ticks any more */
  set(rootId: number, period: number): void {
    this.stop(rootId);
    if (period > 0 && this.#vm.exports("proxy_on_tick")) {
      this.#stops.set(
        rootId,
        this.#clock.after(period, () => {
          this.#tick(rootId, period);
        }),
      );
    }
  }

  #tick(rootId: number, period: number): void {
    // Before the callback, which may choose another period.
    this.set(rootId, period);
    this.#vm.call("proxy_on_tick", rootId);
    if (this.#vm.failed) {
      this.stopAll();
    }
  }

  isTicking(rootId: number): boolean {
    return this.#stops.has(rootId);
  }

  stop(rootId: number): void {
    this.#stops.get(rootId)?.();
    this.#stops.delete(rootId);
  }

  stopAll(): void {
    for (const rootId of [...this.#stops.keys()]) {
      this.stop(rootId);
    }
  }
}

export function tickCalls(ticks: Ticks, context: () => Context): Pick<HostCalls, "proxy_set_tick_period_milliseconds"> {
  return {
    proxy_set_tick_period_milliseconds({ tick_period }) {
      ticks.set(context().root.id, tick_period);
      return Status.Ok;
    },
  };
}
