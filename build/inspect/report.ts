import { gzipSize } from "../gzip-size.ts";
import { functionBodies } from "../wasm/code.ts";
import { readComposition } from "../wasm/composition.ts";
import type { Composition } from "../wasm/composition.ts";
import { dataSegments } from "../wasm/data.ts";
import { functionNames } from "../wasm/function-names.ts";
import type { ModuleInfo } from "../wasm/module.ts";
import { readProducers } from "../wasm/producers.ts";
import type { Producers } from "../wasm/producers.ts";
import { hostInterface } from "./host-interface.ts";
import type { HostInterface } from "./host-interface.ts";
import { readWasmFile } from "./read-wasm.ts";

/** Everything that `inspect` tells of a module; sizes are bytes. */
export interface Report extends HostInterface {
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly producers: Producers;
  /** Each section with its header, in order. */
  readonly sections: readonly { readonly name: string; readonly bytes: number }[];
  /** Of a module of this package. */
  readonly composition?: Composition;
  /** The largest functions, largest first. */
  readonly functions: readonly { readonly index: number; readonly name: string | undefined; readonly bytes: number }[];
  /** The module's own memory when it is instantiated; undefined: it has none. */
  readonly memory?: MemoryReport;
}

export interface MemoryReport {
  readonly initial: number;
  /** Undefined: the module sets no limit. */
  readonly maximum: number | undefined;
  /** What the module's data fills. */
  readonly data: number;
}

const PAGE = 65536;
const LARGEST = 10;

/** @throws CommandError when the file is no module */
export async function inspect(file: string): Promise<Report> {
  const { bytes, info } = await readWasmFile(file);
  const composition = readComposition(info.sections);
  const memory = memoryReport(info);
  return {
    bytes: bytes.length,
    gzipBytes: await gzipSize(bytes),
    ...hostInterface(info),
    producers: readProducers(info.sections),
    sections: info.sections.map((section) => ({ name: section.name, bytes: section.bytes.length })),
    ...(composition === undefined ? {} : { composition }),
    functions: largestFunctions(info),
    ...(memory === undefined ? {} : { memory }),
  };
}

function largestFunctions(info: ModuleInfo): Report["functions"] {
  const exported = info.exports
    .filter(({ kind }) => kind === "function")
    .map(({ index, name }) => [index, name] as const);
  const names = new Map([...exported, ...functionNames(info)]);
  return functionBodies(info)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, LARGEST)
    .map(({ index, bytes }) => ({ index, name: names.get(index), bytes }));
}

function memoryReport(info: ModuleInfo): MemoryReport | undefined {
  const [limits] = info.memories;
  if (limits === undefined) {
    return undefined;
  }
  return {
    initial: limits.minimum * PAGE,
    maximum: limits.maximum === undefined ? undefined : limits.maximum * PAGE,
    data: dataSegments(info.sections).reduce((sum, { length }) => sum + length, 0),
  };
}
