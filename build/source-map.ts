import { dirname, relative, resolve, sep } from "node:path";

import { originalPositionFor, sourceContentFor, TraceMap } from "@jridgewell/trace-mapping";

import type { SourcePosition } from "./code-frame.ts";

/** The name that the bundle has in the engine's stacks. */
export const BUNDLE_NAME = "bundle.js";

/** A place in a source that went into the bundle. */
export interface OriginalPosition extends SourcePosition {
  /** The whole source; undefined when the map does not hold it. */
  readonly source: string | undefined;
}

/** Finds where something in the bundle came from. */
export class BundleMap {
  readonly #map: TraceMap;
  readonly #folder: string;

  /**
   * @param json - the source map
   * @param folder - what its sources are relative to
   */
  constructor(json: string, folder: string) {
    this.#map = new TraceMap(json);
    this.#folder = folder;
  }

  /**
   * @param line - from 1
   * @param column - from 1
   */
  find(line: number, column: number): OriginalPosition | undefined {
    const found = originalPositionFor(this.#map, { line, column: column - 1 });
    return found.source === null
      ? undefined
      : {
          file: resolve(this.#folder, found.source),
          line: found.line,
          column: found.column + 1,
          source: sourceContentFor(this.#map, found.source) ?? undefined,
        };
  }
}

/** The same source map for another place than beside the file that it was made for. */
export function moveSourceMap(json: string, from: string, to: string): string {
  const map = JSON.parse(json) as { sources: string[] };
  map.sources = map.sources.map((source) =>
    relative(dirname(to), resolve(dirname(from), source))
      .split(sep)
      .join("/"),
  );
  return JSON.stringify(map);
}
