import { log_critical, log_debug, log_error, log_info, log_trace, log_warn } from "./hostcalls.ts";

/**
 * Writes lines to the host's log. In Envoy the level must be enabled for the `wasm` logger (`--component-log-level wasm:info`).
 *
 * @example
 * ```ts
 * log.info(`answered ${response.status}`);
 * ```
 */
export const log = {
  trace: log_trace,
  debug: log_debug,
  info: log_info,
  warn: log_warn,
  error: log_error,
  critical: log_critical,
} as const;

export type Log = typeof log;
