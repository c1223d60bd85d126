import { CALLBACKS, HOST_CALLS } from "../../../src/abi/index.ts";
import type { Callback, HostCall, Params } from "../../../src/abi/index.ts";
import { encodePairs } from "../../host/pairs.ts";
import { assemble } from "../../wasm-text.ts";

/** A piece of WebAssembly text. */
export interface Code {
  readonly wat: string;
}

/** What is given for a parameter: text and lists of pairs become bytes; numbers and code are passed as they are. */
export type Argument = number | bigint | string | Uint8Array | readonly (readonly [string, string])[] | Code;

export const wat = (text: string): Code => ({ wat: text });

/** A parameter of the callback, by its index. */
export const param = (index: number): Code => wat(`(local.get ${index})`);

const SLOTS = 1024;
const DATA = 16_384;
const HEAP = 262_144;
const PAGES = 64;

const slotNames: string[] = [];

/** Where the result of this name is written. */
export function slotAddress(name: string): number {
  const known = slotNames.indexOf(name);
  return SLOTS + 8 * (known >= 0 ? known : slotNames.push(name) - 1);
}

/** The number that a call wrote into its result of this name, for example `slot("metric_id")`. */
export const slot = (name: string): Code => wat(`(i32.load (i32.const ${slotAddress(name)}))`);

/** The bytes that a call wrote into its result of this name. */
export const slotBytes = (name: string): Code =>
  wat(`(i32.load (i32.const ${slotAddress(name)})) (i32.load (i32.const ${slotAddress(name) + 4}))`);

/** Runs steps when the condition is not zero. */
export const when = (condition: Code, steps: readonly Step[]): Step => ({ condition, steps });

export interface CallStep {
  readonly call: HostCall;
  readonly given: Readonly<Record<string, Argument>>;
}

export type Step = CallStep | Code | { readonly condition: Code; readonly steps: readonly Step[] };

/**
 * Calls a host call. A parameter that is not given is 0 or empty. A result goes into the slot of its name; giving a result is
 * giving the pointer where it goes, or the two pointers as code.
 */
export const call = (name: HostCall, given: Readonly<Record<string, Argument>> = {}): Step => ({ call: name, given });

export const log = (message: string): Step => call("proxy_log", { log_level: 2, message });

/** What a callback does, and what it returns; by default 0 for actions, and 1 for what has to say yes. */
export type Body = readonly Step[] | { readonly steps: readonly Step[]; readonly returns: number | Code };

export interface TinyModule {
  readonly on: Readonly<Partial<Record<Callback, Body>>>;
  /** What the module does whenever it allocates memory for the host. */
  readonly onAllocate?: readonly Step[];
  /** More imports, as WebAssembly text. */
  readonly imports?: readonly string[];
  /** More WebAssembly text, at the module's level. */
  readonly extra?: string;
}

const YES: readonly Callback[] = ["proxy_on_vm_start", "proxy_on_configure", "proxy_on_done"];

/** Makes a Proxy-Wasm module whose callbacks do what the steps say. */
export function tinyModule({ on, onAllocate = [], imports: others = [], extra = "" }: TinyModule): Uint8Array {
  const data = new DataSection();
  const functions = Object.entries(on).map(([name, body]) => callback(name as Callback, body, data));
  const imports = Object.entries(HOST_CALLS).map(([name, params]) => importOf(name, params));
  const text = `(module ${[...imports, ...others].join("\n")}
    (memory (export "memory") ${PAGES})
    (global $heap (mut i32) (i32.const ${HEAP}))
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32)
      (local i32)
      ${onAllocate.map((step) => stepCode(step, data)).join("\n")}
      (if (i32.gt_u (i32.add (global.get $heap) (local.get 0)) (i32.const ${PAGES * 65_536 - 64}))
        (then (global.set $heap (i32.const ${HEAP}))))
      (local.set 1 (global.get $heap))
      (global.set $heap (i32.and (i32.add (i32.add (global.get $heap) (local.get 0)) (i32.const 7)) (i32.const -8)))
      (local.get 1))
    ${functions.join("\n")}
    ${data.toString()}
    ${extra})`;
  return assemble(text);
}

function importOf(name: string, params: Params): string {
  const types = Object.values(params).flatMap((kind) => {
    if (kind === "bytes" || kind === "out_bytes") {
      return ["i32", "i32"];
    }
    return [kind === "u64" || kind === "i64" ? "i64" : "i32"];
  });
  return `(import "env" "${name}" (func $${name} (param ${types.join(" ")}) (result i32)))`;
}

function callback(name: Callback, body: Body, data: DataSection): string {
  const { steps, returns } = "steps" in body ? body : { steps: body, returns: YES.includes(name) ? 1 : 0 };
  const result = typeof returns === "number" ? `(i32.const ${returns})` : returns.wat;
  const { params, returns: hasResult } = CALLBACKS[name];
  return `(func (export "${name}") ${params.map(() => "(param i32)").join(" ")} ${hasResult ? "(result i32)" : ""}
    ${steps.map((step) => stepCode(step, data)).join("\n")}
    ${hasResult ? result : ""})`;
}

function stepCode(step: Step, data: DataSection): string {
  if ("wat" in step) {
    return step.wat;
  }
  if ("condition" in step) {
    const inner = step.steps.map((next) => stepCode(next, data)).join("\n");
    return `(if ${step.condition.wat} (then ${inner}))`;
  }
  const args = Object.entries(HOST_CALLS[step.call] as Params).map(([name, kind]) => {
    const given = step.given[name];
    if (given !== undefined && typeof given === "object" && "wat" in given) {
      return given.wat;
    }
    if (kind.startsWith("out_")) {
      const at = typeof given === "number" ? given : slotAddress(name);
      return kind === "out_bytes" ? `(i32.const ${at}) (i32.const ${at + 4})` : `(i32.const ${at})`;
    }
    if (kind === "bytes") {
      const bytes = bytesOf(given ?? "");
      return `(i32.const ${data.add(bytes)}) (i32.const ${bytes.length})`;
    }
    return `(${kind.endsWith("64") ? "i64" : "i32"}.const ${String(given ?? 0)})`;
  });
  return `(drop (call $${step.call} ${args.join(" ")}))`;
}

function bytesOf(given: Argument): Uint8Array {
  if (typeof given === "string") {
    return new TextEncoder().encode(given);
  }
  if (given instanceof Uint8Array) {
    return given;
  }
  if (Array.isArray(given)) {
    return encodePairs(given as readonly (readonly [string, string])[]);
  }
  throw new TypeError("this parameter takes bytes");
}

class DataSection {
  #next = DATA;
  readonly #segments: string[] = [];

  add(bytes: Uint8Array): number {
    const at = this.#next;
    const text = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
    this.#segments.push(`(data (i32.const ${at}) "${text}")`);
    this.#next += bytes.length;
    return at;
  }

  toString(): string {
    return this.#segments.join("\n");
  }
}
