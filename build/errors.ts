/** What a command cannot do. The message is complete: what, why, and how to fix it. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
}

/**
 * A filter that cannot be built. The message is complete: where, what, a code frame where there is one, and how to fix it.
 * Everything else that a build throws is a fault of this package.
 */
export class BuildError extends CommandError {
  override readonly name: string = "BuildError";
}

/** The filter does not type-check. Apart from other build errors, because a build can go without (`typecheck: false`). */
export class TypeCheckError extends BuildError {
  override readonly name = "TypeCheckError";
  /** The errors alone, with their number. */
  readonly diagnostics: string;

  /** @param hint - what to do about it beside correcting them */
  constructor(diagnostics: string, hint: string) {
    super(`${diagnostics}; ${hint}`);
    this.diagnostics = diagnostics;
  }
}

/** The reason in an error of Node's file system calls, without the code and the path that Node adds. */
export function fileErrorReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^[A-Z]+: /, "").replace(/, \w+( '.*')*$/, "");
}

/** An error for people: the message of what they can put right, and of a fault of this package everything that helps to find it. */
export function errorText(error: unknown): string {
  return error instanceof CommandError ? error.message : internalError(error);
}

function internalError(error: unknown): string {
  if (!(error instanceof Error)) {
    return `proxy-wasm-ts: internal error: ${String(error)}`;
  }
  const cause = error.cause === undefined ? "" : `\ncaused by: ${internalError(error.cause)}`;
  return `proxy-wasm-ts: internal error: ${error.stack ?? error.message}${cause}`;
}
