import { TypeCheckError } from "../errors.ts";
import { startTypeCheck, TypeCheckEnded } from "../steps/typecheck.ts";
import type { TypeCheck } from "../steps/typecheck.ts";

/** Checks types beside the server: what is wrong only needs to be told. */
export class BackgroundCheck {
  readonly #entry: string;
  readonly #print: (text: string) => void;
  #running: TypeCheck | undefined;
  #hadErrors = false;

  /** @param entry - absolute path of the filter's file */
  constructor(entry: string, print: (text: string) => void) {
    this.#entry = entry;
    this.#print = print;
  }

  /** Starts anew; a check that has not ended is of no use any more. */
  start(): void {
    this.stop();
    const check = startTypeCheck(this.#entry);
    this.#running = check;
    check.done.then(
      () => {
        this.#tell(check, this.#hadErrors ? "no type errors any more" : undefined, false);
      },
      (error: unknown) => {
        if (error instanceof TypeCheckEnded) {
          return;
        }
        const text = error instanceof TypeCheckError ? error.diagnostics : String(error);
        this.#tell(check, `${text}\n(the filter runs all the same)`, true);
      },
    );
  }

  #tell(check: TypeCheck, text: string | undefined, isError: boolean): void {
    if (check !== this.#running) {
      return; // it was stopped
    }
    this.#hadErrors = isError;
    if (text !== undefined) {
      this.#print(text);
    }
  }

  stop(): void {
    this.#running?.cancel();
    this.#running = undefined;
  }
}
