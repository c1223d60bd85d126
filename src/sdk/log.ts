import { LogLevel } from "../abi/index.ts";
import { proxy_log } from "./hostcalls.ts";

/**
 * Writes lines to the host's log. In Envoy the level must be enabled for the `wasm` logger (`--component-log-level wasm:info`).
 *
 * @example
 * ```ts
 * log.info(`answered ${response.status}`);
 * ```
 */
export const log = {
  trace: (message: string): void => {
    proxy_log(LogLevel.Trace, message);
  },
  debug: (message: string): void => {
    proxy_log(LogLevel.Debug, message);
  },
  info: (message: string): void => {
    proxy_log(LogLevel.Info, message);
  },
  warn: (message: string): void => {
    proxy_log(LogLevel.Warn, message);
  },
  error: (message: string): void => {
    proxy_log(LogLevel.Error, message);
  },
  critical: (message: string): void => {
    proxy_log(LogLevel.Critical, message);
  },
} as const;

export type Log = typeof log;
