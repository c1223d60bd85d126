/** What a module wants of a host, and what it offers to one. */

import {
  ABI_VERSION_EXPORTS,
  ABI_VERSIONS,
  CALLBACKS,
  COMPILER_CALLS,
  FURTHER_WASI_CALLS,
  HOST_CALL_VERSIONS,
  HOST_CALLS,
  WASI_CALLS,
} from "../../src/abi/index.ts";
import type { AbiVersion } from "../../src/abi/index.ts";
import { EXPORT_SIGNATURES, HOST_CALL_SIGNATURES } from "../abi-signatures.ts";
import type { Import, ModuleInfo } from "../wasm/module.ts";

/** What a module can be used as; "service" is a plugin without streams. */
export type FilterKind = "http" | "network" | "service";

/** Where an import belongs. */
export type ImportKind = "host call" | "WASI" | "compiler" | "unknown";

/** An import of a module. */
export interface HostImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ImportKind;
  /** Of a host call: the versions of the ABI that have it. */
  readonly abi: readonly AbiVersion[];
}

export interface HostInterface {
  /** The versions of the ABI that the module says it speaks. */
  readonly abi: readonly AbiVersion[];
  readonly kinds: readonly FilterKind[];
  /** The callbacks that it exports. */
  readonly hooks: readonly string[];
  readonly otherExports: readonly string[];
  readonly imports: readonly HostImport[];
  /** Why hosts would refuse it. */
  readonly problems: readonly string[];
}

const NETWORK_HOOKS = /^proxy_on_(new_connection|(down|up)stream_(data|connection_close))$/;
const HTTP_HOOKS = /^proxy_on_(request|response)_(headers|body|trailers)$/;
const LOADED_BY = ["malloc", "proxy_on_memory_allocate"];

export function hostInterface(info: ModuleInfo): HostInterface {
  const names = info.exports.map(({ name }) => name);
  const abi = names.flatMap(
    (name) => (Object.hasOwn(ABI_VERSION_EXPORTS, name) ? ABI_VERSION_EXPORTS[name] : []) ?? [],
  );
  const hooks = Object.keys(CALLBACKS).filter((name) => names.includes(name));
  const imports = info.imports.map(classify);
  return {
    abi,
    kinds: abi.length === 0 ? [] : kindsOf(hooks),
    hooks,
    otherExports: names.filter((name) => !hooks.includes(name)),
    imports,
    problems: abi.length === 0 ? [NO_ABI] : [...abiProblems(info, abi, imports), ...missingExports(names)],
  };
}

const NO_ABI = `it is no Proxy-Wasm module: it exports none of ${Object.keys(ABI_VERSION_EXPORTS).join(", ")}`;

/** @param hooks - the callbacks that a module exports */
export function kindsOf(hooks: readonly string[]): FilterKind[] {
  const kinds: FilterKind[] = [];
  // A filter that only logs, or only answers to the end of a stream, stands among HTTP filters as well.
  if (hooks.some((name) => HTTP_HOOKS.test(name))) {
    kinds.push("http");
  }
  if (hooks.some((name) => NETWORK_HOOKS.test(name))) {
    kinds.push("network");
  }
  const hasStreams = hooks.includes("proxy_on_log") || hooks.includes("proxy_on_done");
  return kinds.length > 0 ? kinds : [hasStreams ? "http" : "service"];
}

function classify({ module, name, kind }: Import): HostImport {
  const isFunction = kind === "function";
  const has = (names: readonly string[]) => isFunction && names.includes(name);
  if (module === "env" && has([...Object.keys(HOST_CALLS), ...Object.keys(HOST_CALL_VERSIONS)])) {
    return { module, name, kind: "host call", abi: HOST_CALL_VERSIONS[name] ?? ABI_VERSIONS };
  }
  const isWasi = module === "wasi_snapshot_preview1" || module === "wasi_unstable";
  if (isWasi && has([...WASI_CALLS, ...FURTHER_WASI_CALLS])) {
    return { module, name, kind: "WASI", abi: [] };
  }
  const isForCompilers = module === "env" && has(COMPILER_CALLS);
  return { module, name, kind: isForCompilers ? "compiler" : "unknown", abi: [] };
}

function abiProblems(info: ModuleInfo, abi: readonly AbiVersion[], imports: readonly HostImport[]): string[] {
  const problems = abi.length === 1 ? [] : [`it says that it speaks several versions of the ABI: ${abi.join(", ")}`];
  for (const [at, found] of imports.entries()) {
    const what = `it imports ${found.module}.${found.name}`;
    const wanted = HOST_CALL_SIGNATURES[found.name];
    const imported = info.imports[at];
    if (found.kind === "unknown") {
      problems.push(`${what}${describeKind(imported)}, which no Proxy-Wasm host has to offer`);
    } else if (found.kind === "host call" && !found.abi.some((version) => abi.includes(version))) {
      problems.push(`${what}, which ABI ${found.abi.join(", ")} has, and not ${abi.join(", ")}`);
    } else if (found.kind === "host call" && wanted !== undefined && imported?.signature !== wanted) {
      problems.push(`${what} as ${imported?.signature ?? "?"}; the ABI's is ${wanted}`);
    }
  }
  // The callbacks of 0.1.0 had other parameters.
  const callbacks = abi.includes("0.1.0") ? [] : info.exports;
  for (const { name, kind, signature } of callbacks) {
    const wanted = Object.hasOwn(EXPORT_SIGNATURES, name) ? EXPORT_SIGNATURES[name] : undefined;
    if (wanted !== undefined && (kind !== "function" || signature !== wanted)) {
      problems.push(`it exports ${name} as ${signature ?? kind}; the ABI's is ${wanted}`);
    }
  }
  return problems;
}

function describeKind(imported: Import | undefined): string {
  return imported === undefined || imported.kind === "function" ? "" : ` (a ${imported.kind})`;
}

function missingExports(names: readonly string[]): string[] {
  return [
    ...(names.includes("memory") ? [] : ["it does not export its memory"]),
    ...(LOADED_BY.some((name) => names.includes(name)) ? [] : [`it exports neither ${LOADED_BY.join(" nor ")}`]),
  ];
}
