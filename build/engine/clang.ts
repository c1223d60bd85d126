import { commands, Exit } from "@yowasp/clang";

/** Files by name: what a compiler run reads. */
export type Files = ReadonlyMap<string, string | Uint8Array>;

/**
 * Runs clang (as WebAssembly, in this process; the same bytes come out on every platform).
 *
 * The result is taken from standard output: text that clang writes to a file of its in-memory file system costs a copy of the
 * whole file for each small write, which for the engine's IR is minutes.
 *
 * @param args - command line, without the program's name and without `-o`
 * @throws Error with the compiler's own messages when it fails
 */
export async function clang(args: readonly string[], files: Files): Promise<Uint8Array> {
  const output: Uint8Array[] = [];
  const messages: Uint8Array[] = [];
  // Loads the tool first: with arguments, it would announce that on standard output.
  await commands.clang(undefined, {}, { fetchProgress: () => undefined });
  try {
    await commands.clang([...args, "-o", "-"], Object.fromEntries(files), {
      stdout: collector(output),
      stderr: collector(messages),
      decodeASCII: false,
    });
  } catch (cause) {
    if (!(cause instanceof Exit)) {
      throw cause;
    }
    throw new Error(`clang failed:\n${Buffer.concat(messages).toString("utf8")}`, { cause });
  }
  return Buffer.concat(output);
}

function collector(chunks: Uint8Array[]): (bytes: Uint8Array | null) => void {
  return (bytes) => {
    if (bytes) {
      chunks.push(Uint8Array.from(bytes)); // the callee reuses its buffer
    }
  };
}
