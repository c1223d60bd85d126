import { COMPILER_EDITS, SHIM_EDITS } from "./edits.ts";
import type { Edit } from "./edits.ts";

/** Bytes of the module's stack. src/shim/guard.c stops JavaScript before it is used up. */
const STACK_BYTES = 256 * 1024;

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

/** Flags of a run from C to LLVM IR, before any optimisation. */
export const TO_IR_FLAGS: readonly string[] = [
  ...COMMON_FLAGS,
  "-O2",
  "-S",
  "-emit-llvm",
  "-Xclang",
  "-disable-llvm-passes",
  "-ffunction-sections",
  "-fdata-sections",
];

/** Flags of a run from LLVM IR to a linked module. */
export const TO_MODULE_FLAGS: readonly string[] = [
  ...TARGET_FLAGS,
  "-O2",
  "-mexec-model=reactor",
  "-ffunction-sections",
  "-fdata-sections",
  `-Wl,-z,stack-size=${STACK_BYTES}`,
];

/** Passes over the linked module: 3 % smaller than what LLVM leaves. */
export const WASM_OPT_PASSES: readonly string[] = ["-Oz", "-g"];

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
