import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { SuiteTest } from "./suite.ts";

/** What QuickJS-NG's own repository says of the suite, in `test262.conf` and `test262_errors.txt`. */
export class Upstream {
  /** Tests that are known to fail, in strict or in sloppy code. */
  readonly #known: ReadonlySet<string>;
  readonly #skippedFeatures: ReadonlySet<string>;
  readonly #excluded: readonly string[];

  private constructor(config: string, errors: string) {
    const paths = [...errors.matchAll(/^test262\/(test\/\S+?\.js):\d+:/gm)].map(([, path = ""]) => path);
    this.#known = new Set(paths);
    const [, features = "", excluded = ""] =
      /\[features\]\n([\s\S]*)\[exclude\]\n([\s\S]*)\[tests\]/.exec(config) ?? [];
    this.#skippedFeatures = new Set([...features.matchAll(/^(\S+)=skip$/gm)].map(([, feature = ""]) => feature));
    this.#excluded = [...excluded.matchAll(/^test262\/(test\/\S+)$/gm)].map(([, path = ""]) => path);
    if (this.#known.size === 0 || this.#skippedFeatures.size === 0 || this.#excluded.length === 0) {
      throw new Error("test262.conf or test262_errors.txt has another form than expected");
    }
  }

  /** @param folder - a checkout of QuickJS-NG */
  static async read(folder: string): Promise<Upstream> {
    const [config, errors] = await Promise.all(
      ["test262.conf", "test262_errors.txt"].map((name) => readFile(join(folder, name), "utf8")),
    );
    return new Upstream(config ?? "", errors ?? "");
  }

  isKnownFailure(path: string): boolean {
    return this.#known.has(path);
  }

  leavesOut({ path, features }: SuiteTest): boolean {
    return (
      features.some((feature) => this.#skippedFeatures.has(feature)) ||
      this.#excluded.some((excluded) => path === excluded || (excluded.endsWith("/") && path.startsWith(excluded)))
    );
  }
}
