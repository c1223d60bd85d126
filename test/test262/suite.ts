import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { parse } from "yaml";

/** A test of the suite: its code, and what its front matter says. */
export interface SuiteTest {
  /** From the suite's root, as upstream's list of known failures has it: `test/language/...`. */
  readonly path: string;
  readonly code: string;
  readonly flags: readonly string[];
  readonly features: readonly string[];
  /** Files of the harness beside those that all tests have. */
  readonly includes: readonly string[];
  /** When it is expected to fail. */
  readonly negative?: { readonly phase: string; readonly type: string };
}

/** A checkout of test262. */
export class Suite {
  readonly #folder: string;
  readonly #harness = new Map<string, string>();

  /** @param folder - with `test/` and `harness/` in it */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The paths of all tests in a folder of the suite, in the order of their names. */
  async paths(folder: string): Promise<string[]> {
    const names = await readdir(join(this.#folder, folder), { recursive: true });
    return names
      .filter((name) => name.endsWith(".js") && !name.includes("_FIXTURE"))
      .map((name) => `${folder}/${name}`)
      .sort();
  }

  async read(path: string): Promise<SuiteTest> {
    const code = await readFile(join(this.#folder, path), "utf8");
    const front = /\/\*---([\s\S]*?)---\*\//.exec(code)?.[1]?.replace(/\r\n?/g, "\n") ?? "";
    const { flags = [], features = [], includes = [], negative } = parse(front) as Partial<SuiteTest>;
    return { path, code, flags, features, includes, ...(negative === undefined ? {} : { negative }) };
  }

  async harness(name: string): Promise<string> {
    const text = this.#harness.get(name) ?? (await readFile(join(this.#folder, "harness", name), "utf8"));
    this.#harness.set(name, text);
    return text;
  }
}
