import { dirname, relative, resolve, sep } from "node:path";

import { decodedMappings, originalPositionFor, sourceContentFor, TraceMap } from "@jridgewell/trace-mapping";

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

  /** A place of a source, by the source's absolute path. */
  place(file: string, line: number, column: number): OriginalPosition {
    const source = this.#map.sources.find((name) => name !== null && resolve(this.#folder, name) === file) ?? "";
    return { file, line, column, source: sourceContentFor(this.#map, source) ?? undefined };
  }

  /** The absolute paths of the sources. */
  get sources(): string[] {
    return this.#map.sources.map((source) => resolve(this.#folder, source ?? ""));
  }

  /**
   * All of the map as rows, in the bundle's order: line and column in the bundle, the source's place in `sources` (-1: nobody wrote
   * it), line and column there. All lines and columns are from 1.
   */
  get rows(): (readonly [number, number, number, number, number])[] {
    return decodedMappings(this.#map).flatMap((segments, line) =>
      segments.map(([column, source = -1, sourceLine = 0, sourceColumn = 0]) => {
        return [line + 1, column + 1, source, sourceLine + 1, sourceColumn + 1] as const;
      }),
    );
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
