import { Status } from "../../src/abi/index.ts";
import { CallLog } from "./call-log.ts";
import { CalloutIds } from "./callout-ids.ts";
import type { Clock } from "./clock.ts";
import type { Context, RootContext } from "./context.ts";
import type { Sender } from "./endpoint.ts";
import { ForeignFunctions } from "./foreign.ts";
import type { ForeignFunction } from "./foreign.ts";
import type { GrpcServices } from "./grpc-handler.ts";
import { makeHostCalls, makeRefusal } from "./host-calls.ts";
import { hostCallImports } from "./imports.ts";
import { Interference } from "./interference.ts";
import type { InterferenceOptions } from "./interference.ts";
import type { Log } from "./log.ts";
import type { FailurePolicy } from "./machines.ts";
import { Metrics } from "./metrics.ts";
import type { MetricCell } from "./metrics.ts";
import { WASI_MODULES } from "./module.ts";
import type { Plugin } from "./plugin.ts";
import type { PropertyValue } from "./properties.ts";
import { RequestTraces } from "./request-trace.ts";
import type { SharedState } from "./shared-state.ts";
import { Ticks } from "./ticks.ts";
import { tracedModule } from "./trace-log.ts";
import type { Transcript } from "./transcript.ts";
import { Vm } from "./vm.ts";
import { wasiImports } from "./wasi.ts";
import { UNRECORDED } from "./wasm-api.ts";
import type { GuestModule } from "./wasm-api.ts";

export interface MachineSettings {
  readonly vmId: string;
  readonly vmConfiguration: Uint8Array;
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly shared: SharedState;
  readonly clusters: ReadonlyMap<string, Sender | null>;
  readonly upstream: Sender;
  readonly grpc: GrpcServices;
  readonly foreignFunctions: Readonly<Record<string, ForeignFunction>>;
  readonly properties: ReadonlyMap<string, PropertyValue>;
  readonly allowOnHeadersStopIteration: boolean;
  readonly bufferLimit: number;
  readonly interference: InterferenceOptions;
  readonly failurePolicy: FailurePolicy;
  readonly trace: boolean;
}

/** What all VMs of a module write. */
export interface MachineRecord {
  readonly calls: CallLog;
  readonly transcript: Transcript;
  readonly metricCells: Map<string, MetricCell>;
}

/** A module in a VM, and what all of its plugins have in common. */
export class Machine {
  readonly settings: MachineSettings;
  readonly log: Log;
  readonly vm: Vm;
  readonly calls: CallLog;
  readonly callouts = new CalloutIds();
  readonly metrics: Metrics;
  readonly traces = new RequestTraces();
  readonly foreign: ForeignFunctions;
  readonly ticks: Ticks;
  /** By id; root contexts among them. */
  readonly #contexts = new Map<number, Context>();
  readonly #plugins = new Map<number, Plugin>();
  #lastContextId = 0;
  #lastConnectionId = 0;

  /**
   * @param record - where what it does is written
   * @param onFailure - called when the module has broken
   */
  constructor(module: GuestModule, settings: MachineSettings, log: Log, record: MachineRecord, onFailure: () => void) {
    this.calls = record.calls;
    this.metrics = new Metrics(record.metricCells);
    this.settings = settings;
    this.log = log;
    const fail = () => {
      this.ticks.stopAll();
      for (const plugin of this.#plugins.values()) {
        plugin.fail();
      }
      onFailure();
    };
    this.vm = new Vm(log, record.transcript, fail, (contextId, milliseconds) => {
      const trace = this.traces.of(contextId);
      if (trace !== undefined) {
        trace.filterMilliseconds += milliseconds;
      }
    });
    this.ticks = new Ticks(this.vm, settings.clock);
    this.foreign = new ForeignFunctions(settings.foreignFunctions, log);
    const interference = new Interference(settings.interference, log);
    const wasi = wasiImports(this.vm, log, settings.clock, settings.env, interference);
    const hostCalls = (calls: CallLog, between: Interference) =>
      hostCallImports(this.vm, makeHostCalls(this), makeRefusal(this), calls, between);
    const guest = settings.trace ? tracedModule(module, log) : module;
    this.vm.instantiate(guest, (callback) => interference.isAllowed(callback), {
      env: hostCalls(this.calls, interference),
      // Only native mode asks for these. They are no calls of the filter's, so that a test has no say in them.
      get [UNRECORDED]() {
        return hostCalls(new CallLog(), new Interference({}, log));
      },
      ...Object.fromEntries(WASI_MODULES.map((name) => [name, wasi])),
    });
    settings.shared.addVm(settings.vmId);
  }

  nextContextId(): number {
    return ++this.#lastContextId;
  }

  nextConnectionId(): number {
    return ++this.#lastConnectionId;
  }

  add(context: Context): void {
    this.#contexts.set(context.id, context);
  }

  remove(context: Context): void {
    this.#contexts.delete(context.id);
  }

  has(contextId: number): boolean {
    return this.#contexts.has(contextId);
  }

  /** The context that the running callback's host calls are for: the effective one, or its own when that is gone. */
  get context(): Context {
    const { contextId, currentId } = this.vm;
    const context = this.#contexts.get(contextId) ?? this.#contexts.get(currentId);
    if (context === undefined) {
      throw new Error(`a host call for the context ${contextId}, which the host does not have`);
    }
    return context;
  }

  addPlugin(plugin: Plugin): void {
    this.#plugins.set(plugin.root.id, plugin);
    this.add(plugin.root);
  }

  removePlugin(plugin: Plugin): void {
    this.ticks.stop(plugin.root.id);
    this.#plugins.delete(plugin.root.id);
    this.remove(plugin.root);
  }

  pluginOf({ root }: { readonly root: RootContext }): Plugin {
    const plugin = this.#plugins.get(root.id);
    if (plugin === undefined) {
      throw new Error(`the plugin of the context ${root.id} has ended`);
    }
    return plugin;
  }

  /** The plugins that have not ended, newest last. */
  get plugins(): readonly Plugin[] {
    return [...this.#plugins.values()];
  }

  /** The filter waits for nothing: no call has an answer to come, and no tick will. */
  get isIdle(): boolean {
    return this.plugins.every(
      ({ root, calls, grpc }) => calls.open === 0 && grpc.open === 0 && !this.ticks.isTicking(root.id),
    );
  }

  /** A queue of a plugin's has something. */
  queueReady(rootId: number, queueId: number): void {
    if (this.has(rootId)) {
      this.vm.call("proxy_on_queue_ready", rootId, queueId);
    }
  }

  /** proxy_done. */
  done(context: Context): Status {
    return this.pluginOf(context).done() ? Status.Ok : Status.NotFound;
  }

  close(): void {
    this.ticks.stopAll();
    this.settings.shared.removeVm(this.settings.vmId);
  }
}
