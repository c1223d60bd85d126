import { LogLevel } from "../../src/abi/index.ts";
import { keep } from "./recent.ts";

/** A level of `proxy_log`, in lower case as Envoy prints it. */
export type LogLevelName = Lowercase<keyof typeof LogLevel>;

/** A line of the log: what the filter logged, or what the host says about the filter. */
export interface LogLine {
  readonly level: LogLevelName;
  readonly message: string;
}

const NAMES = new Map(
  Object.entries(LogLevel).map(([name, level]) => [level as number, name.toLowerCase() as LogLevelName]),
);

/** Undefined: there is no such level. */
export function logLevelName(level: number): LogLevelName | undefined {
  return NAMES.get(level);
}

/** Collects the log's lines. */
export class Log {
  readonly lines: LogLine[] = [];
  readonly #onLine: ((line: LogLine) => void) | undefined;

  constructor(onLine: ((line: LogLine) => void) | undefined) {
    this.#onLine = onLine;
  }

  add(level: LogLevelName, message: string): void {
    const line = { level, message };
    keep(this.lines, line);
    // Later, because the filter is at work: what the listener throws must not end up in the filter, nor may it call the filter.
    queueMicrotask(() => this.#onLine?.(line));
  }

  /** The lines as text, for an error's message. */
  toString(): string {
    return this.lines.map(({ level, message }) => `[${level}] ${message}`).join("\n");
  }
}
