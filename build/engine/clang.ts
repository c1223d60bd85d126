import { commands, Exit } from "@yowasp/clang";
import type { Tree } from "@yowasp/clang";

/** Files by name: what a compiler run reads and writes. */
export type Files = ReadonlyMap<string, string | Uint8Array>;

/**
 * Runs clang (as WebAssembly, in this process; the same bytes come out on every platform).
 *
 * @param args - command line, without the program's name
 * @returns what the file `output` holds afterwards
 * @throws Error with the compiler's own messages when it fails
 */
export async function clang(args: readonly string[], files: Files, output: string): Promise<Uint8Array> {
  const messages: Uint8Array[] = [];
  const collect = (bytes: Uint8Array | null): void => {
    if (bytes) {
      messages.push(Uint8Array.from(bytes));
    }
  };
  try {
    const tree = await commands.clang([...args, "-o", output], Object.fromEntries(files), {
      stdout: collect,
      stderr: collect,
      decodeASCII: false,
      fetchProgress: () => undefined,
    });
    return resultFile(tree, output);
  } catch (cause) {
    if (!(cause instanceof Exit)) {
      throw cause;
    }
    throw new Error(`clang failed:\n${Buffer.concat(messages).toString("utf8")}`, { cause });
  }
}

function resultFile(tree: Tree | undefined, name: string): Uint8Array {
  const file = tree?.[name];
  if (!(file instanceof Uint8Array)) {
    throw new Error(`clang wrote no ${name}`);
  }
  return file;
}
