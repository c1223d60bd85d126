import { COMPILER_EDITS, SHIM_EDITS } from "./edits.ts";
import type { Edit } from "./edits.ts";

/** Bytes of the module's stack. src/shim/guard.c stops JavaScript before it is used up. */
const STACK_BYTES = 256 * 1024;

/**
 * Where constants begin, above the stack. A word of the memory that has a constant's address counts as leading to it, so that the first
 * must not have a round number, which words have for other reasons.
 */
const FIRST_CONSTANT = STACK_BYTES + 0xb0;

/**
 * WebAssembly features that every Proxy-Wasm host has: the first version's, and four that Envoy, wasmtime and WAMR all take.
 * Newer clang versions switch on more by default, which hosts refuse; hence `mvp`.
 */
const TARGET_FLAGS = [
  "--target=wasm32-wasip1",
  "-mcpu=mvp",
  "-mbulk-memory",
  "-msign-ext",
  "-mnontrapping-fptoint",
  "-mmutable-globals",
];

const COMMON_FLAGS = [...TARGET_FLAGS, "-D_GNU_SOURCE", "-DNDEBUG", "-I.", "-w"];

const SECTIONS = ["-ffunction-sections", "-fdata-sections"];

/** Flags of a run from C to LLVM IR, before any optimisation. */
export const TO_IR_FLAGS: readonly string[] = [
  ...COMMON_FLAGS,
  "-O2",
  "-S",
  "-emit-llvm",
  "-Xclang",
  "-disable-llvm-passes",
  ...SECTIONS,
];

/** Flags of a run that does LLVM's passes, from IR to IR. */
export const OPTIMIZE_FLAGS: readonly string[] = [...TARGET_FLAGS, "-O2", "-S", "-emit-llvm", ...SECTIONS];

/** Flags of a run from that to an object file. */
export const TO_OBJECT_FLAGS: readonly string[] = [
  ...TARGET_FLAGS,
  "-O2",
  "-c",
  "-Xclang",
  "-disable-llvm-passes",
  ...SECTIONS,
];

/**
 * Flags of a run from an object file to a linked module. Each constant is a data segment of its own with a name, and stays what it
 * is in the IR: the linker would merge strings.
 */
export const LINK_FLAGS: readonly string[] = [
  ...TARGET_FLAGS,
  "-mexec-model=reactor",
  `-Wl,-z,stack-size=${STACK_BYTES}`,
  `-Wl,--global-base=${FIRST_CONSTANT}`,
  "-Wl,-O0",
  "-Wl,--no-merge-data-segments",
];

/** How much higher the functions' places in the table are in the shifted runtime. */
export const TABLE_SHIFT = 100_000;

/**
 * Passes over the linked module: 3 % smaller than what LLVM leaves. A large function with one caller stays apart: most often the caller is the
 * interpreter's loop, of which a filter may need neither the opcode nor the function (see optimize.ts).
 */
export const WASM_OPT_PASSES: readonly string[] = ["-Oz", "-g", "--one-caller-inline-max-function-size=60"];

/** One of the two engine modules. */
export interface EngineModule {
  readonly name: "compiler" | "runtime";
  /** The one translation unit, relative to the package's root. */
  readonly unit: string;
  readonly flags: readonly string[];
  readonly edits: readonly Edit[];
}

export const COMPILER: EngineModule = {
  name: "compiler",
  unit: "build/engine/compiler.c",
  flags: [],
  edits: COMPILER_EDITS,
};

export const RUNTIME: EngineModule = {
  name: "runtime",
  unit: "src/shim/shim.c",
  flags: ["-DQJS_DISABLE_PARSER"],
  edits: SHIM_EDITS,
};
