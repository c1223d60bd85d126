import { describe } from "./describe.ts";
import { log } from "./log.ts";

/** The part of the Web's `console` that a filter has. Each line goes to the host's log. */
export interface FilterConsole {
  /** Level info. */
  log(...values: unknown[]): void;
  info(...values: unknown[]): void;
  debug(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}

function writer(write: (message: string) => void): (...values: unknown[]) => void {
  return (...values) => {
    let line = "";
    for (const value of values) {
      line += `${line && " "}${describe(value)}`;
    }
    write(line);
  };
}

/** @internal */
export function installConsole(): void {
  const filterConsole: FilterConsole = {
    log: writer(log.info),
    info: writer(log.info),
    debug: writer(log.debug),
    warn: writer(log.warn),
    error: writer(log.error),
  };
  Object.defineProperty(globalThis, "console", { value: filterConsole, writable: true, configurable: true });
}
