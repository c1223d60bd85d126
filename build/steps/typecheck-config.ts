/** The tsconfig.json that a filter's types are checked with: the project's, for the filter and what it imports. */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

import { globalTypes, PUBLIC_MODULES, sdkTypes } from "../package-files.ts";
import { nextAbove } from "../parent-folders.ts";

/** For a filter that is in no project. */
const DEFAULTS = {
  strict: true,
  target: "es2023",
  lib: ["es2023"],
  module: "esnext",
  moduleResolution: "bundler",
  types: [],
  skipLibCheck: true,
  resolveJsonModule: true,
};

/** A check writes nothing, and a bundle may import TypeScript by its full name. */
const FIXED = {
  noEmit: true,
  allowImportingTsExtensions: true,
  composite: false,
  incremental: false,
  tsBuildInfoFile: null,
};

interface Configuration {
  readonly file: string;
  readonly remove: () => Promise<void>;
}

/**
 * Writes it where modules are found as from the project's own folder: in the next node_modules, where tools keep what they can make
 * again; in a folder for temporary files when there is none.
 *
 * @param entry - absolute path of the filter's file
 * @param compiler - TypeScript's program
 */
export async function writeConfiguration(entry: string, compiler: string): Promise<Configuration> {
  const project = nextAbove(dirname(entry), "tsconfig.json");
  const text = JSON.stringify(
    project === undefined ? withoutProject(entry) : await withProject(entry, project, compiler),
  );
  const modules = nextAbove(dirname(project ?? entry), "node_modules");
  const folder = (modules === undefined ? undefined : await folderIn(modules)) ?? (await temporaryFolder(tmpdir()));
  const file = join(folder, "tsconfig.json");
  await writeFile(file, text);
  return { file, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** What cannot be written to is passed over: a package may be built from a read-only tree. */
async function folderIn(modules: string): Promise<string | undefined> {
  try {
    return await temporaryFolder(join(modules, ".cache", "proxy-wasm-ts"));
  } catch {
    return undefined;
  }
}

async function temporaryFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  return mkdtemp(join(parent, "types-"));
}

function withoutProject(entry: string): object {
  return { compilerOptions: { ...DEFAULTS, ...FIXED, paths: sdkPaths() }, files: [entry, globalTypes] };
}

async function withProject(entry: string, project: string, compiler: string): Promise<object> {
  const { files = [], compilerOptions } = await readProject(project, compiler);
  // The filter and what it imports; of the rest of the project, only declarations can matter to it.
  const declarations = files.filter((name) => name.endsWith(".d.ts")).map((name) => resolve(dirname(project), name));
  const paths = compilerOptions.paths === undefined ? {} : await absolutePaths(compilerOptions.paths, project);
  return {
    extends: project,
    compilerOptions: { ...FIXED, paths: { ...paths, ...sdkPaths() } },
    files: [entry, ...declarations],
    include: [],
    exclude: [],
    references: [],
  };
}

type Paths = Readonly<Record<string, readonly string[]>>;

/** A project with what it extends, and the files that its patterns match. */
interface Project {
  readonly compilerOptions: { readonly paths?: Paths };
  readonly files?: readonly string[];
}

async function readProject(file: string, compiler: string): Promise<Project> {
  const { stdout } = await promisify(execFile)(compiler, ["--project", file, "--showConfig"], { maxBuffer: Infinity });
  return JSON.parse(stdout) as Project;
}

/** They are relative to the file that names them, which may be one that the project's extends: only the library tells which. */
async function absolutePaths(paths: Paths, project: string): Promise<Paths> {
  const { API } = await import("typescript/unstable/sync");
  const library = new API({ cwd: dirname(project) });
  try {
    const { pathsBasePath } = library.parseConfigFile(project).options as { pathsBasePath?: string };
    const base = pathsBasePath ?? dirname(project);
    return Object.fromEntries(
      Object.entries(paths).map(([name, places]) => [name, places.map((place) => resolve(base, place))]),
    );
  } finally {
    library.close();
  }
}

/** As in the bundle: the SDK of the package that builds, also where it is not installed. */
function sdkPaths(): Record<string, string[]> {
  return Object.fromEntries(Object.entries(PUBLIC_MODULES).map(([name, module]) => [name, [sdkTypes(module)]]));
}
