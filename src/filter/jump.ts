import { FetchError } from "proxy-wasm-ts";
import type { FilterContext, HttpRequest } from "proxy-wasm-ts";

import type { JumpConfig } from "./config.ts";

/** What of a request the call repeats. In the response phase Envoy no longer has the request's headers. */
export interface Jump {
  readonly method: string;
  readonly path: string;
  readonly headers: [string, string][];
}

/** How a call ended: `label` is its status, or why there is none. */
export interface JumpResult {
  readonly ok: boolean;
  readonly label: string;
}

/** @returns undefined when the configuration does not want a call for this request */
export function planJump(request: HttpRequest, config: JumpConfig): Jump | undefined {
  const path = request.path;
  if (!path.startsWith(config.match)) {
    return undefined;
  }
  return {
    method: config.method ?? request.method,
    path: config.path ?? path,
    headers: [...request.headers].filter(([name]) => isForwarded(name, config.forwardHeaders)),
  };
}

function isForwarded(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const wanted = pattern.toLowerCase();
    return wanted.endsWith("*") ? name.startsWith(wanted.slice(0, -1)) && !name.startsWith(":") : name === wanted;
  });
}

/** Makes the call and logs what came back. Does not throw: a failed call is a result too. */
export async function makeJump(jump: Jump, context: FilterContext<JumpConfig>): Promise<JumpResult> {
  const { config, fetch, log } = context;
  const { cluster, authority, timeoutMs } = config;
  const { method, path, headers } = jump;
  const started = Date.now();
  const line = (outcome: string) => `called ${cluster}: ${method} ${path} -> ${outcome} in ${Date.now() - started} ms`;
  try {
    const answer = await fetch(path, { cluster, method, authority, headers, timeoutMs });
    const label = String(answer.status);
    if (answer.ok) {
      log.info(line(label));
    } else {
      log.warn(line(`${label} (not 2xx)`));
    }
    return { ok: answer.ok, label };
  } catch (error) {
    const reason = error instanceof FetchError ? error.reason : "error";
    const outcome = line(`failed: ${error instanceof FetchError ? error.explanation : String(error)}`);
    if (reason === "unknown-cluster") {
      log.error(outcome); // a mistake in the configuration, not a passing failure
    } else {
      log.warn(outcome);
    }
    return { ok: false, label: reason };
  }
}
