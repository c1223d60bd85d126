/** What a command prints to. Its result goes to `out`; progress and errors, which a pipe must not see, go to `err`. */
export interface Print {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** A command of the command line. command-line.ts lists them. */
export interface Command {
  /** The whole answer to --help. */
  readonly help: string;
  /**
   * @param args - what follows the command's name
   * @throws UsageError, what parseArgs throws, CommandError
   */
  readonly run: (args: readonly string[], print: Print) => Promise<void>;
}

/** The command line makes no sense. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
