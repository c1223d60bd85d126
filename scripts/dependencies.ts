/** What the lock file says of a dependency, and what is wrong with that. For `scripts/audit.ts`. */

/** Licences that the project may use. Those of development tools are not passed on with the package. */
const LICENCES = ["0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"];
/** Beside them, for what is not shipped: a licence of the files that were changed, and none is. */
const DEVELOPMENT_LICENCES = [...LICENCES, "MPL-2.0"];

/**
 * Packages that may have an install script. esbuild's only replaces a link when its optional package, which holds the program, is not
 * there.
 */
const INSTALL_SCRIPTS = ["node_modules/esbuild"];

export interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

export interface LockedPackage {
  readonly license?: string;
  readonly dev?: boolean;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly resolved?: string;
  /** True for a folder of the project's own. */
  readonly link?: boolean;
}

/** An SPDX expression, as far as packages have it: names with AND and OR. */
export function mayUse(licence: string, allowed: readonly string[]): boolean {
  return licence
    .replace(/^\(|\)$/g, "")
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((name) => allowed.includes(name.trim())));
}

/** Whether it is a folder of the project: the root, or one for a tool with dependencies that are its own. */
function isOwn(path: string, { link = false }: LockedPackage): boolean {
  return link || !path.includes("node_modules/");
}

/** One line for each mistake; none: all is well. */
export function checkDependencies({ packages }: LockFile): string[] {
  return Object.entries(packages).flatMap(([path, { license = "none", dev = false, ...locked }]) => {
    if (isOwn(path, locked)) {
      return [];
    }
    const mistakes = [];
    if (!mayUse(license, dev ? DEVELOPMENT_LICENCES : LICENCES)) {
      mistakes.push(`its licence, ${license}, is none of those that the project may use`);
    }
    if (locked.integrity === undefined) {
      mistakes.push("no hash pins it");
    }
    if (locked.resolved?.startsWith("https://") === false) {
      mistakes.push(`it comes from ${locked.resolved}`);
    }
    if (locked.hasInstallScript === true && !INSTALL_SCRIPTS.includes(path)) {
      mistakes.push("it runs a script when it is installed");
    }
    return mistakes.map((mistake) => `${path}: ${mistake}`);
  });
}

/** Licences with the number of packages that have them. */
export function countLicences({ packages }: LockFile): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [path, locked] of Object.entries(packages)) {
    const { license = "none" } = locked;
    if (!isOwn(path, locked)) {
      counts.set(license, (counts.get(license) ?? 0) + 1);
    }
  }
  return new Map([...counts].sort(([, one], [, two]) => two - one));
}
