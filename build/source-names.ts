import { dirname, relative, sep } from "node:path";

import { packageRoot } from "./package-root.ts";
import { nextAbove } from "./parent-folders.ts";

/** The prefix of this package's own files, wherever they are. */
const OWN = "proxy-wasm-ts:";

/**
 * The names that sources have in stacks: relative to the project of the filter, so that the same sources give the same names
 * wherever they are. The SDK's files are this package's.
 */
export class SourceNames {
  readonly #project: string;
  readonly #files = new Map<string, string>();

  /** @param entry - absolute path of the filter's file */
  constructor(entry: string) {
    this.#project = projectOf(dirname(entry));
  }

  /** @param file - absolute path */
  nameOf(file: string): string {
    const inPackage = relative(packageRoot, file);
    const isOwn = !inPackage.startsWith("..") && this.#project !== packageRoot;
    const name = isOwn ? OWN + posix(inPackage) : posix(relative(this.#project, file));
    this.#files.set(name, file);
    return name;
  }

  /** The path of a name that this has given. */
  fileOf(name: string): string | undefined {
    return this.#files.get(name);
  }
}

/** The nearest folder with a package.json; the filter's own where there is none. */
function projectOf(folder: string): string {
  const manifest = nextAbove(folder, "package.json");
  return manifest === undefined ? folder : dirname(manifest);
}

function posix(path: string): string {
  return path.split(sep).join("/");
}
