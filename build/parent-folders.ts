import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** A folder and those that it is in, nearest first. */
export function parents(folder: string): string[] {
  return dirname(folder) === folder ? [folder] : [folder, ...parents(dirname(folder))];
}

/** The path of the next file or folder of a name, from a folder upwards; undefined when there is none. */
export function nextAbove(folder: string, name: string): string | undefined {
  return parents(folder)
    .map((parent) => join(parent, name))
    .find((path) => existsSync(path));
}
