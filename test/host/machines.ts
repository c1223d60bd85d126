import { CallLog } from "./call-log.ts";
import type { Log } from "./log.ts";
import { Machine } from "./machine.ts";
import type { MachineSettings } from "./machine.ts";
import { Transcript } from "./transcript.ts";
import type { GuestModule } from "./wasm-api.ts";

/**
 * What becomes of new streams after the module has broken, by Envoy's names: they are answered with 503; they pass without the filter;
 * the first, until a second later a new VM takes over. Those that are open when it breaks get 503.
 */
export type FailurePolicy = "FAIL_CLOSED" | "FAIL_OPEN" | "FAIL_RELOAD";

/** How long a broken module stays broken. Envoy waits one to one and a half times as long. */
const RELOAD_NANOSECONDS = 1_000_000_000n;

/** A module's VM, and those that follow it when it breaks. All of them write one record. */
export class Machines {
  readonly calls: CallLog;
  readonly transcript = new Transcript();
  readonly #module: GuestModule;
  readonly #settings: MachineSettings;
  readonly #log: Log;
  #current: Machine;
  #brokenSince: bigint | undefined;

  constructor(module: GuestModule, settings: MachineSettings, log: Log) {
    this.calls = new CallLog(this.transcript);
    this.#module = module;
    this.#settings = settings;
    this.#log = log;
    this.#current = this.#start();
  }

  #start(): Machine {
    const onFailure = () => {
      this.#brokenSince = this.#settings.clock.monotonic();
    };
    return new Machine(this.#module, this.#settings, this.#log, this, onFailure);
  }

  /** The newest one. */
  get latest(): Machine {
    return this.#current;
  }

  /** The one for a new stream. */
  next(): Machine {
    const { clock, failurePolicy } = this.#settings;
    if (
      failurePolicy === "FAIL_RELOAD" &&
      this.#brokenSince !== undefined &&
      clock.monotonic() - this.#brokenSince >= RELOAD_NANOSECONDS
    ) {
      this.#brokenSince = undefined;
      this.#current.close();
      this.#current = this.#start();
    }
    return this.#current;
  }

  close(): void {
    this.#current.close();
  }
}
