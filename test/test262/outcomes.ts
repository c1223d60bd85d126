import { createWriteStream } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { WriteStream } from "node:fs";

import type { Mode } from "./guest.ts";
import type { Outcome } from "./worker.ts";

/** What came of the tests, in a file of one line each, which a later run goes on with. */
export class Outcomes {
  readonly #byTest = new Map<string, Outcome>();
  readonly #file: WriteStream;

  private constructor(file: string, lines: readonly string[]) {
    for (const line of lines) {
      const outcome = JSON.parse(line) as Outcome;
      this.#byTest.set(key(outcome), outcome);
    }
    this.#file = createWriteStream(file, { flags: "a" });
  }

  static async open(file: string): Promise<Outcomes> {
    await mkdir(dirname(file), { recursive: true });
    const text = await readFile(file, "utf8").catch(() => "");
    return new Outcomes(
      file,
      text.split("\n").filter((line) => line !== ""),
    );
  }

  get(path: string, mode: Mode): Outcome | undefined {
    return this.#byTest.get(key({ path, mode }));
  }

  add(outcome: Outcome): void {
    this.#byTest.set(key(outcome), outcome);
    this.#file.write(`${JSON.stringify(outcome)}\n`);
  }
}

function key({ path, mode }: Pick<Outcome, "path" | "mode">): string {
  return `${mode} ${path}`;
}
