import { stat } from "node:fs/promises";

import Watchpack from "watchpack";

/** What to look at. */
export interface Watched {
  readonly files: readonly string[];
  /** Files that are not there yet. */
  readonly missing: readonly string[];
}

/** An editor's save is several events, milliseconds apart. */
const SETTLE_MS = 15;
/** The file system's clock is behind by as much. */
const CLOCK_MS = 10;

/** Tells when one of some files has changed, also when an editor puts another file in its place. */
export class Watcher {
  readonly #pack = new Watchpack({ aggregateTimeout: SETTLE_MS });
  #since = 0;

  /** @param onChange - is told which files have changed, come or gone */
  constructor(onChange: (files: readonly string[]) => void) {
    this.#pack.on("aggregated", (changes, removals) => {
      void this.#realChanges(changes).then((real) => {
        const files = [...real, ...removals];
        if (files.length > 0) {
          onChange(files);
        }
      });
    });
  }

  /**
   * Looks at other files from now on.
   *
   * @param since - what has changed after this time (`Date.now()`), before they were watched, is told as well
   */
  watch({ files, missing }: Watched, since: number): void {
    this.#since = since;
    this.#pack.watch({ files, missing, startTime: since });
  }

  /**
   * Some changes are told that were before, when the clock of the file system is not known well yet. The inode's time is looked at,
   * because the content's comes along when a file is moved.
   */
  async #realChanges(files: ReadonlySet<string>): Promise<string[]> {
    const changed = await Promise.all(
      [...files].map(async (file) => {
        const found = await stat(file).catch(() => undefined);
        return found === undefined || found.ctimeMs >= this.#since - CLOCK_MS ? file : undefined;
      }),
    );
    return changed.filter((file) => file !== undefined);
  }

  close(): void {
    this.#pack.close();
  }
}
