import { bytesToText } from "./byte-string.ts";
import { CallLog } from "./call-log.ts";
import type { Log } from "./log.ts";
import { Machine } from "./machine.ts";
import type { MachineSettings } from "./machine.ts";
import type { MetricCell } from "./metrics.ts";
import { Plugin } from "./plugin.ts";
import type { PluginSettings } from "./plugin.ts";
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
  readonly metricCells = new Map<string, MetricCell>();
  readonly #module: GuestModule;
  readonly #settings: MachineSettings;
  readonly #log: Log;
  #current: Machine;
  #brokenSince: bigint | undefined;
  /** What has passed the canary; undefined: there is none. */
  readonly #passed: Set<string> | undefined;

  /** @param canary - whether each plugin is tried out first: see `TestHostOptions.canary` */
  constructor(module: GuestModule, settings: MachineSettings, log: Log, canary: boolean) {
    this.calls = new CallLog(this.transcript);
    this.#module = module;
    this.#settings = settings;
    this.#log = log;
    this.#passed = canary ? new Set() : undefined;
    this.#current = this.#start();
  }

  #start(): Machine {
    return this.#make(() => {
      this.#brokenSince = this.#settings.clock.monotonic();
    });
  }

  #make(onFailure: () => void): Machine {
    return new Machine(this.#module, this.#settings, this.#log, this, onFailure);
  }

  /**
   * Starts a plugin in a VM.
   *
   * @throws TestHostError when the filter refuses to start, with its log
   */
  startPlugin(machine: Machine, settings: PluginSettings): Plugin {
    this.#tryOut(settings);
    const plugin = new Plugin(machine, settings);
    plugin.start();
    return plugin;
  }

  /** Envoy's canary: a VM that is dropped after proxy_on_configure, without another callback. Once for the same settings. */
  #tryOut(settings: PluginSettings): void {
    const key = JSON.stringify([settings.rootId, settings.name, bytesToText(settings.configuration)]);
    if (this.#passed === undefined || this.#passed.has(key)) {
      return;
    }
    const machine = this.#make(() => undefined);
    try {
      const plugin = new Plugin(machine, settings);
      plugin.start();
      plugin.drop();
    } catch (error) {
      this.#log.add("error", "Failed to configure base Wasm plugin");
      throw error;
    } finally {
      machine.close();
    }
    this.#passed.add(key);
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
