import { FetchError, Response } from "proxy-wasm-ts";
import type { FetchInit, FilterContext, HttpRequest, HttpResponse } from "proxy-wasm-ts";

import type { JumpConfig } from "./config.ts";

/** The call that a request leads to. In the response phase Envoy no longer has the request's headers. */
export interface Jump extends FetchInit {
  readonly path: string;
  readonly method: string;
}

/** What a stream keeps for its response phase. */
export interface StreamState {
  /** The call that is still to be made. */
  jump?: Jump | undefined;
  /** How the call ended, for the client: its status, or why it failed. */
  label?: string;
}

/** @returns undefined when the configuration does not want a call for this request */
export function planJump(request: HttpRequest, config: JumpConfig): Jump | undefined {
  const path = request.path;
  if (!path.startsWith(config.match)) {
    return undefined;
  }
  return {
    path: config.path ?? path,
    cluster: config.cluster,
    method: config.method ?? request.method,
    authority: config.authority,
    headers: request.headers.pick(config.forwardHeaders),
    timeoutMs: config.timeoutMs,
  };
}

/**
 * Makes the call and logs what came back. Does not throw: a failed call is a result too.
 *
 * @returns the answer to the client, when the configuration says that the stream must not go on
 */
export async function makeJump(
  jump: Jump,
  message: HttpRequest<StreamState> | HttpResponse<StreamState>,
  { config, fetch, log }: FilterContext<JumpConfig>,
): Promise<Response | undefined> {
  const { onFailure, responseHeader } = config;
  const started = Date.now();
  const call = `called ${jump.cluster}: ${jump.method} ${jump.path} ->`;
  let ok = false;
  let label: string;
  try {
    const answer = await fetch(jump.path, jump);
    ok = answer.ok;
    label = String(answer.status);
    if (ok) {
      log.info(`${call} ${label}${since(started)}`);
    } else {
      log.warn(`${call} ${label} (not 2xx)${since(started)}`);
    }
  } catch (error) {
    const failure = error instanceof FetchError ? error : { reason: "error", explanation: String(error) };
    const line = `${call} failed: ${failure.explanation}${since(started)}`;
    label = failure.reason;
    if (label === "unknown-cluster") {
      log.error(line); // a mistake in the configuration, not a passing failure
    } else {
      log.warn(line);
    }
  }
  if (responseHeader !== undefined) {
    message.state.label = label;
  }
  return ok || onFailure === "continue" ? undefined : denial(config, label);
}

function since(started: number): string {
  return ` in ${Date.now() - started} ms`;
}

function denial({ cluster, responseHeader }: JumpConfig, label: string): Response {
  const headers: [string, string][] = responseHeader === undefined ? [] : [[responseHeader, label]];
  return new Response(`the call to ${cluster} failed\n`, { status: 503, headers, details: "jump_failed" });
}
