/** What native mode calls a filter's bundle, in stacks and debuggers: no such file is written. */

const SUFFIX = ".native.js";

export function nativeBundleName(entry: string): string {
  return entry + SUFFIX;
}

/** The filter's file; undefined: the name is none of such a bundle. */
export function entryOfNativeBundle(name: string): string | undefined {
  return name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : undefined;
}
