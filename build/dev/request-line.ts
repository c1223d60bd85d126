import type { CallSummary, RequestSummary } from "../../test/host/request-trace.ts";

/**
 * What happened to a request, in one line:
 *
 * ```
 * GET /jump 200 in 12 ms, filter 0.4 ms; called back-python: 200 in 3 ms
 * ```
 *
 * @param upstream - how to call it when it did not answer
 */
export function requestLine(summary: RequestSummary, upstream: string): string {
  const { method, path, status, reset, details, milliseconds, filterMilliseconds, calls } = summary;
  const end = status === undefined ? `no response (${reset ?? "reset"})` : String(status);
  const failure = /^upstream_reset_before_response_started\{(.*)\}$/.exec(details)?.[1]?.replaceAll("_", " ");
  return [
    `${method} ${path} ${end} in ${duration(milliseconds)}, filter ${duration(filterMilliseconds)}`,
    ...calls.map(callText),
    ...(failure === undefined ? [] : [`${upstream} did not answer: ${failure}. Is it running?`]),
  ].join("; ");
}

function callText({ cluster, status, failure, milliseconds }: CallSummary): string {
  if (failure === "unknown cluster") {
    return `called ${cluster}: there is no such cluster, name it with --cluster ${cluster}=URL`;
  }
  if (failure !== undefined) {
    return `called ${cluster}: no answer in ${duration(milliseconds)}: ${failure}`;
  }
  return `called ${cluster}: ${status === undefined ? "not answered yet" : `${status} in ${duration(milliseconds)}`}`;
}

function duration(milliseconds: number): string {
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0)} ms`;
}
