/**
 * Calls between host and module, read from a trace log such as Envoy's, in a form that does not depend on addresses: of what
 * travels by pointer the size is kept, and contexts and calls have numbers of their own in each scenario.
 */

import { Action, CALLBACKS, HOST_CALLS, Status } from "../../src/abi/index.ts";
import type { Callback, HostCall, Params } from "../../src/abi/index.ts";
import { nameOf, PARAM_ENUMS } from "../host/call-log.ts";

/** A line of a log: a trace, or what the module logged. */
export interface LogEntry {
  readonly kind: "trace" | "log";
  readonly text: string;
}

const ACTION_CALLBACKS = /^proxy_on_(new_connection|(down|up)stream_data|(request|response)_(headers|body|trailers))$/;
/** Gives a list of which one header says how many milliseconds a call took: with one digit, or two. */
const INEXACT = "proxy_get_header_map_pairs(HttpCallResponseHeaders)";

/** Whether the module has asked for a tick within a millisecond, and it has not come yet: in both hosts it will, without a step. */
export function asksForTickAtOnce(lines: readonly string[]): boolean {
  const at = lines.findLastIndex((line) => line.includes("proxy_set_tick_period_milliseconds(1) -> Ok"));
  return at >= 0 && !lines.slice(at).some((line) => line.startsWith("proxy_on_tick("));
}

/** The numbers of contexts and calls of one VM. */
class Names {
  #roots = 0;
  #streams = 0;
  readonly #contexts = new Map<number, string>([[0, "none"]]);
  #highestCall = 0;
  #callBase = 0;

  startScenario(): void {
    this.#streams = 0;
    this.#callBase = this.#highestCall;
  }

  addContext(id: number, parent: number): void {
    this.#contexts.set(id, parent === 0 ? `plugin${++this.#roots}` : `stream${++this.#streams}`);
  }

  context(id: number): string {
    return this.#contexts.get(id) ?? `unknown context ${id}`;
  }

  call(id: number): string {
    this.#highestCall = Math.max(this.#highestCall, id);
    return `call+${id - this.#callBase}`;
  }
}

interface OpenCall {
  readonly head: string;
  readonly name: string;
  readonly results: number[];
  text: string | undefined;
}

/** Reads the log of one VM on one thread. */
export class TraceReader {
  readonly #names = new Names();
  #open: OpenCall | undefined;

  /** Contexts and calls are counted from here. */
  startScenario(): void {
    this.#names.startScenario();
  }

  /** @returns the lines of the normal form */
  read(entries: Iterable<LogEntry>): string[] {
    return [...entries].flatMap((entry) => this.#line(entry) ?? []);
  }

  #line({ kind, text }: LogEntry): string | undefined {
    if (kind === "log") {
      if (this.#open?.name === "proxy_log") {
        this.#open.text = text;
      }
      return undefined; // otherwise the host itself says something
    }
    const call = /^\[(host->vm|vm->host)\] (?:\w+\.)?(\w+)\((.*)\)$/.exec(text);
    if (call !== null) {
      const [, way, name = "", list = ""] = call;
      const values = list === "" ? [] : list.split(", ").map((value) => Number(BigInt.asIntN(64, BigInt(value))));
      if (way === "host->vm") {
        return this.#callback(name, values);
      }
      this.#hostCall(name, values);
      return undefined;
    }
    const back = /^\[(host<-vm|vm<-host)\] (?:\w+\.)?(\w+) return: (.*)$/.exec(text);
    if (back !== null) {
      const [, way, name = "", result = ""] = back;
      return way === "host<-vm" ? callbackResult(name, result) : this.#hostCallResult(result);
    }
    throw new Error(`a trace that is not understood: ${text}`);
  }

  #callback(name: string, values: readonly number[]): string | undefined {
    if (name === "malloc" || name === "proxy_on_memory_allocate") {
      this.#open?.results.push(values[0] ?? 0);
      return undefined;
    }
    const { params } = CALLBACKS[name as Callback];
    if (name === "proxy_on_context_create") {
      this.#names.addContext(values[0] ?? 0, values[1] ?? 0);
    }
    const shown = params.map((param, index) => {
      const value = values[index] ?? 0;
      if (param.endsWith("context_id")) {
        return this.#names.context(value);
      }
      return param === "call_id" ? this.#names.call(value) : `${param}=${value}`;
    });
    return `${name}(${shown.join(", ")})`;
  }

  #hostCall(name: string, values: readonly number[]): void {
    const params = (HOST_CALLS as Readonly<Record<string, Params>>)[name as HostCall];
    const shown: (string | number)[] = [];
    let index = 0;
    // WASI's functions have pointers and sizes only.
    for (const [param, kind] of Object.entries(params ?? {})) {
      const value = values[index++] ?? 0;
      if (kind === "bytes" && name === "proxy_log") {
        index++; // its text is shown
      } else if (kind === "bytes") {
        shown.push(`${param}[${(values[index++] ?? 0) >>> 0}]`);
      } else if (kind === "out_bytes") {
        index++;
      } else if (!kind.startsWith("out_")) {
        const names = PARAM_ENUMS[param];
        const number = kind === "i32" ? value | 0 : kind === "u32" ? value >>> 0 : value;
        shown.push(
          param === "context_id"
            ? this.#names.context(value)
            : names === undefined
              ? number
              : (nameOf(names, number) ?? number),
        );
      }
    }
    this.#open = { name, head: `${name}(${shown.join(", ")})`, results: [], text: undefined };
  }

  #hostCallResult(result: string): string | undefined {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) {
      throw new Error("a host call returns that was not made");
    }
    const { name, head, results, text } = open;
    if (name === "clock_time_get") {
      return undefined; // the engine looks at the clock when it has run for so long since the VM's start
    }
    const status = name.startsWith("proxy_") ? (nameOf(Status, Number(result)) ?? result) : result;
    // How long something took differs from run to run.
    const said = text === undefined ? "" : ` ${text.replace(/ in \d+ ms\b/g, " in N ms")}`;
    const sizes = head === INEXACT ? results.map(() => "some") : results;
    return `  ${head}${said} -> ${[status, ...sizes.map((size) => `${size} bytes`)].join(", ")}`;
  }
}

function callbackResult(name: string, result: string): string | undefined {
  if (name === "malloc" || name === "proxy_on_memory_allocate" || result === "void") {
    return undefined;
  }
  return `  = ${ACTION_CALLBACKS.test(name) ? (nameOf(Action, Number(result)) ?? result) : result}`;
}
