import { Reader } from "./reader.ts";

/** Section ids of the binary format. */
export const SectionId = {
  Custom: 0,
  Type: 1,
  Import: 2,
  Function: 3,
  Table: 4,
  Memory: 5,
  Global: 6,
  Export: 7,
  Start: 8,
  Element: 9,
  Code: 10,
  Data: 11,
  DataCount: 12,
} as const;

const SECTION_NAMES = Object.entries(SectionId).map(([name, id]) => [id, name.toLowerCase()] as const);

/** A part of a module. The name of a custom section is its own. */
export interface Section {
  readonly id: number;
  readonly name: string;
  /** The whole section, with its id and length. */
  readonly bytes: Uint8Array;
  /** What is in it. */
  readonly content: Uint8Array;
}

/** What can be imported and exported; the place in this list is its number. */
export const EXTERNAL_KINDS = ["function", "table", "memory", "global", "tag"] as const;
export type ExternalKind = (typeof EXTERNAL_KINDS)[number];

/** `(i32, i64) -> i32` */
export type Signature = string;

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
  /** Of a function. */
  readonly signature?: Signature;
}

export interface Export {
  readonly name: string;
  readonly kind: ExternalKind;
  readonly index: number;
  /** Of a function. */
  readonly signature?: Signature;
}

export interface Limits {
  /** Bit 0: there is a maximum. Others belong to later proposals: shared, 64-bit. */
  readonly flags: number;
  readonly minimum: number;
  readonly maximum: number | undefined;
}

/** A global of the module itself. */
export interface Global {
  readonly index: number;
  readonly mutable: boolean;
}

/** What is in a module's binary, as far as a build and a look at it need it. */
export interface ModuleInfo {
  readonly sections: readonly Section[];
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  readonly memories: readonly Limits[];
  /** The signature of each function, imported ones first. */
  readonly functions: readonly (Signature | undefined)[];
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const VALUE_TYPES: Readonly<Record<number, string>> = { 0x7f: "i32", 0x7e: "i64", 0x7d: "f32", 0x7c: "f64" };

/**
 * Reads a core module: its sections with their sizes, what it imports and what it exports.
 *
 * @throws Error when the bytes are no such module
 *
 * @example
 * ```ts
 * const { imports, exports, sections } = readModule(await readFile("filter.wasm"));
 * ```
 */
export function readModule(bytes: Uint8Array): ModuleInfo {
  if (!HEADER.every((byte, at) => bytes[at] === byte)) {
    throw new Error("not a WebAssembly module: it does not begin with the magic number and version 1");
  }
  const sections = readSections(new Reader(bytes, HEADER.length));
  const vector = <T>(id: number, item: (reader: Reader) => T): T[] => readVector(sections, id, item);
  const types = vector(SectionId.Type, readSignature);
  const imports = vector(SectionId.Import, (reader) => readImport(reader, types));
  const functions = [
    ...imports.filter(({ kind }) => kind === "function").map(({ signature }) => signature),
    ...vector(SectionId.Function, (reader) => types[reader.u32()]),
  ];
  return {
    sections,
    imports,
    exports: vector(SectionId.Export, (reader) => readExport(reader, functions)),
    memories: vector(SectionId.Memory, readLimits),
    functions,
  };
}

/**
 * The globals of the module itself.
 *
 * @throws Error when one of them begins with anything but a constant, which LLVM does not make
 */
export function readGlobals({ sections, imports }: ModuleInfo): Global[] {
  const imported = imports.filter(({ kind }) => kind === "global").length;
  return readVector(sections, SectionId.Global, readGlobal).map((mutable, at) => ({ index: imported + at, mutable }));
}

/** The module's types, in their order. */
export function readSignatures({ sections }: ModuleInfo): Signature[] {
  return readVector(sections, SectionId.Type, readSignature);
}

/** The items of a section that is a vector; none when there is no such section. */
export function readVector<T>(sections: readonly Section[], id: number, item: (reader: Reader) => T): T[] {
  const section = sections.find((candidate) => candidate.id === id);
  if (section === undefined) {
    return [];
  }
  const reader = new Reader(section.content);
  return reader.list(() => item(reader));
}

function readSections(reader: Reader): Section[] {
  const sections: Section[] = [];
  while (!reader.atEnd) {
    const start = reader.offset;
    const id = reader.byte();
    const content = reader.slice(reader.u32());
    const known = SECTION_NAMES.find(([known]) => known === id);
    const name = id === SectionId.Custom ? new Reader(content).name() : (known?.[1] ?? `section ${id}`);
    sections.push({ id, name, bytes: reader.bytes.subarray(start, reader.offset), content });
  }
  return sections;
}

function readSignature(reader: Reader): Signature {
  const form = reader.byte();
  if (form !== 0x60) {
    throw new Error(`a type of the form 0x${form.toString(16)}, which is not a function`);
  }
  const valueType = () => {
    const code = reader.byte();
    return VALUE_TYPES[code] ?? `type 0x${code.toString(16)}`;
  };
  const params = reader.list(valueType);
  const results = reader.list(valueType);
  return signature(params, results);
}

export function signature(params: readonly string[], results: readonly string[]): Signature {
  return `(${params.join(", ")}) -> ${results.length === 1 ? results.join() : `(${results.join(", ")})`}`;
}

/** The types of parameters and results, as the binary format has them. */
export function signatureTypes(text: Signature = ""): { params: number[]; results: number[] } {
  const [params = [], results = []] = text.split(" -> ").map((list) => (list.match(/\w+/g) ?? []).map(codeOf));
  return { params, results };
}

function codeOf(type: string): number {
  return Number(Object.keys(VALUE_TYPES).find((code) => VALUE_TYPES[Number(code)] === type));
}

function readImport(reader: Reader, types: readonly Signature[]): Import {
  const names = { module: reader.name(), name: reader.name() };
  const kind = readKind(reader);
  switch (kind) {
    case "function": {
      const type = types[reader.u32()];
      return { ...names, kind, ...(type === undefined ? {} : { signature: type }) };
    }
    case "table":
      reader.byte();
      readLimits(reader);
      break;
    case "memory":
      readLimits(reader);
      break;
    case "global":
      reader.slice(2);
      break;
    case "tag":
      reader.byte();
      reader.u32();
      break;
  }
  return { ...names, kind };
}

function readExport(reader: Reader, functions: readonly (Signature | undefined)[]): Export {
  const name = reader.name();
  const kind = readKind(reader);
  const index = reader.u32();
  const type = kind === "function" ? functions[index] : undefined;
  return { name, kind, index, ...(type === undefined ? {} : { signature: type }) };
}

function readKind(reader: Reader): ExternalKind {
  const code = reader.byte();
  const kind = EXTERNAL_KINDS[code];
  if (kind === undefined) {
    throw new Error(`an import or export of the unknown kind ${code}`);
  }
  return kind;
}

function readLimits(reader: Reader): Limits {
  const flags = reader.byte();
  return { flags, minimum: reader.u32(), maximum: (flags & 1) === 0 ? undefined : reader.u32() };
}

/** Whether it is mutable. Its first value is one constant instruction, in modules that LLVM links. */
function readGlobal(reader: Reader): boolean {
  reader.byte();
  const mutable = reader.byte() === 1;
  const instruction = reader.byte();
  switch (instruction) {
    case 0x41: // i32.const
    case 0x42: // i64.const
      reader.skipNumber();
      break;
    case 0x43: // f32.const
      reader.slice(4);
      break;
    case 0x44: // f64.const
      reader.slice(8);
      break;
    default:
      throw new Error(`a global's first value begins with the instruction 0x${instruction.toString(16)}`);
  }
  if (reader.byte() !== 0x0b) {
    throw new Error("a global's first value is more than a constant");
  }
  return mutable;
}
