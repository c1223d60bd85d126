import { displayPath } from "../code-frame.ts";
import { CommandError } from "../errors.ts";
import { hostInterface } from "../inspect/host-interface.ts";
import { readWasmFile } from "../inspect/read-wasm.ts";

export interface PluginModule {
  readonly wasm: Uint8Array;
  /** The versions of the ABI that it speaks. */
  readonly abi: readonly string[];
  /** Why hosts would refuse it all the same. */
  readonly problems: readonly string[];
}

/**
 * Reads the module that goes into an image.
 *
 * @throws CommandError when it is none, or no Proxy-Wasm module
 */
export async function readPluginModule(file: string): Promise<PluginModule> {
  const { bytes, info } = await readWasmFile(file);
  const { abi, problems } = hostInterface(info);
  if (abi.length === 0) {
    throw new CommandError(
      `${displayPath(file)} cannot be a plugin: ${problems.join("; ")}. Name a module that proxy-wasm-ts build wrote, ` +
        "or one of another Proxy-Wasm SDK.",
    );
  }
  return { wasm: bytes, abi, problems };
}
