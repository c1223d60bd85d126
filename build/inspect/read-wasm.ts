import { readFile } from "node:fs/promises";

import { displayPath } from "../code-frame.ts";
import { CommandError, fileErrorReason } from "../errors.ts";
import { wasm } from "../wasm/api.ts";
import { readModule } from "../wasm/module.ts";
import type { ModuleInfo } from "../wasm/module.ts";

export interface WasmFile {
  readonly bytes: Uint8Array;
  readonly info: ModuleInfo;
}

const HINT = "Name a module: the file that proxy-wasm-ts build wrote, or one that another SDK made.";

/**
 * Reads a module that any tool may have made.
 *
 * @throws CommandError that says what is wrong with the file
 */
export async function readWasmFile(file: string): Promise<WasmFile> {
  const name = displayPath(file);
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new CommandError(`cannot read ${name}: ${fileErrorReason(cause)}. ${HINT}`, { cause });
  });
  const mistake = wrongStart(bytes);
  if (mistake !== undefined) {
    throw new CommandError(`${name} is no WebAssembly module: ${mistake}. ${HINT}`);
  }
  try {
    const info = readModule(bytes);
    // The engine of this Node reads all of it, instruction by instruction.
    new wasm.Module(bytes);
    return { bytes, info };
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/^WebAssembly\.Module\(\): /, "");
    throw new CommandError(
      `${name} is not a valid WebAssembly module of ${bytes.length} bytes: ${reason}. ` +
        "It may be cut off, or changed on its way: compare its size with the original's, or build it again.",
      { cause },
    );
  }
}

/** Why the first bytes are not those of a module. */
function wrongStart(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 8)).toString("hex");
  if (start === "0061736d01000000") {
    return undefined;
  }
  if (bytes.length === 0) {
    return "it is empty";
  }
  if (start.startsWith("0061736d") && start.endsWith("0100") && start.length === 16) {
    return "it is a component, and Proxy-Wasm hosts load core modules. Build it for a target without components (wasip1)";
  }
  if ("0061736d01000000".startsWith(start)) {
    return `it ends after ${bytes.length} bytes`;
  }
  const isText = !bytes.subarray(0, 512).includes(0);
  return isText
    ? "it is a text, and does not begin with the bytes 00 61 73 6d"
    : "it does not begin with 00 61 73 6d 01";
}
