import { ABI_VERSION_EXPORT, WASI_CALLS } from "../../src/abi/index.ts";
import { EXPORT_SIGNATURES, HOST_CALL_SIGNATURES } from "../abi-signatures.ts";
import { wasm } from "../wasm/api.ts";
import { BRANCH_HINTS } from "../wasm/branch-hints.ts";
import { COMPOSITION } from "../wasm/composition.ts";
import { readModule, SectionId } from "../wasm/module.ts";
import type { Export, Import, ModuleInfo, Section, Signature } from "../wasm/module.ts";
import { PRODUCERS } from "../wasm/producers.ts";

/** What a host calls or reads in every module. */
const NEEDED_EXPORTS = ["memory", ABI_VERSION_EXPORT, "proxy_on_memory_allocate", "malloc"];

/**
 * Checks that a Proxy-Wasm host can load a module: it imports only host calls of the ABI and the WASI calls that Envoy offers,
 * exports only callbacks, and has nothing in it that such a host does not know.
 *
 * @param keepNames - whether the functions' names may be in it
 * @returns what is in the module
 * @throws Error that names every offender; it is a fault of this package, not of the filter
 */
export function verify(module: Uint8Array, keepNames = false): ModuleInfo {
  const info = readModule(module);
  const offences = [
    ...info.imports.map(importOffence),
    ...info.exports.map(exportOffence),
    ...missingExports(info),
    ...sectionOffences(info, keepNames),
    ...memoryOffences(info),
  ].filter((offence) => offence !== undefined);
  if (offences.length > 0) {
    throw new Error(
      `the module would not load in a Proxy-Wasm host:\n${offences.map((text) => `  ${text}`).join("\n")}`,
    );
  }
  // The engine of this Node reads all of it, instruction by instruction.
  new wasm.Module(module);
  return info;
}

function importOffence({ module, name, kind, signature: found }: Import): string | undefined {
  const what = `imports the ${kind} ${module}.${name}`;
  if (kind !== "function") {
    return `${what}; hosts offer functions only`;
  }
  if (module === "wasi_snapshot_preview1") {
    return WASI_CALLS.some((known) => known === name) ? undefined : `${what}, which Envoy does not offer`;
  }
  const wanted = module === "env" ? HOST_CALL_SIGNATURES[name] : undefined;
  return wanted === undefined ? `${what}, which is no call of Proxy-Wasm ABI 0.2.1` : mismatch(what, found, wanted);
}

function exportOffence({ name, kind, signature: found }: Export): string | undefined {
  const what = `exports the ${kind} ${name}`;
  if (name === "memory" && kind === "memory") {
    return undefined;
  }
  const wanted = kind === "function" ? EXPORT_SIGNATURES[name] : undefined;
  if (wanted !== undefined) {
    return mismatch(what, found, wanted);
  }
  return name === "_initialize" || name === "_start"
    ? `${what}; a host would run it again, over the filter that is already there`
    : `${what}, which is no callback of Proxy-Wasm ABI 0.2.1`;
}

function mismatch(what: string, found: Signature | undefined, wanted: Signature): string | undefined {
  return found === wanted ? undefined : `${what} with the signature ${found ?? "?"}; the ABI's is ${wanted}`;
}

function missingExports({ exports }: ModuleInfo): string[] {
  return NEEDED_EXPORTS.filter((name) => !exports.some((found) => found.name === name)).map(
    (name) => `does not export ${name}`,
  );
}

function sectionOffences({ sections }: ModuleInfo, keepNames: boolean): string[] {
  const known: number[] = Object.values(SectionId).filter((id) => id !== SectionId.Custom && id !== SectionId.Start);
  const isKnown = ({ id, name }: Section) =>
    id === SectionId.Custom
      ? [BRANCH_HINTS, COMPOSITION, PRODUCERS, ...(keepNames ? ["name"] : [])].includes(name)
      : known.includes(id);
  return sections.filter((section) => !isKnown(section)).map(({ name }) => `has the section "${name}"`);
}

function memoryOffences({ memories }: ModuleInfo): string[] {
  if (memories.length !== 1) {
    return [`has ${memories.length} memories in place of one`];
  }
  return memories.some(({ flags }) => flags > 1) ? ["has a memory that is shared or 64-bit"] : [];
}
