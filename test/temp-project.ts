import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder with a test's own files, far from this project's; it is gone when the test ends. */
export interface TempProject extends AsyncDisposable {
  /** The absolute path of a file in it. */
  readonly path: (name: string) => string;
}

/** @param files - the text of each, by its path in the folder */
export async function tempProject(files: Readonly<Record<string, string>>): Promise<TempProject> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "proxy-wasm-ts-")));
  const path = (name: string) => join(folder, name);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(path(name)), { recursive: true });
    await writeFile(path(name), text);
  }
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
