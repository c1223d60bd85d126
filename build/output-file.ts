import { constants } from "node:fs";
import { access, mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { displayPath } from "./code-frame.ts";
import { BuildError, fileErrorReason } from "./errors.ts";

/**
 * Makes the folder of an output file, before time is spent on what could not be written there.
 *
 * @throws BuildError when it cannot be made or written to, or when the file's path is a folder
 */
export async function prepareOutput(file: string): Promise<void> {
  const folder = dirname(file);
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw notWritable(`the folder ${displayPath(folder)}`, cause);
  }
  if ((await stat(file).catch(() => undefined))?.isDirectory() === true) {
    throw new BuildError(`cannot write ${displayPath(file)}: it is a folder. Name a file in it.`);
  }
}

/** @throws BuildError */
export async function writeOutput(file: string, content: Uint8Array | string): Promise<void> {
  try {
    await writeFile(file, content);
  } catch (cause) {
    throw notWritable(displayPath(file), cause);
  }
}

function notWritable(what: string, cause: unknown): BuildError {
  return new BuildError(
    `cannot write ${what}: ${fileErrorReason(cause)}. Choose another place, or change who may write there.`,
    { cause },
  );
}

/** What each step of a build made, for people who look for the step that went wrong. */
export class IntermediateFiles {
  readonly folder: string | undefined;

  /** @param folder - undefined: nothing is written */
  constructor(folder: string | undefined) {
    this.folder = folder;
  }

  async write(name: string, content: Uint8Array | string): Promise<void> {
    if (this.folder !== undefined) {
      const file = join(this.folder, name);
      await prepareOutput(file);
      await writeOutput(file, content);
    }
  }
}
