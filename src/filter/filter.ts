/**
 * The jump filter: for each request to one service it makes the same request to another one, logs what came back, and lets
 * the request go on; or does so before the response goes on, by configuration. See config.ts.
 */

import { defineFilter, Response } from "proxy-wasm-ts";
import type { FilterContext } from "proxy-wasm-ts";

import { readJumpConfig } from "./config.ts";
import type { JumpConfig } from "./config.ts";
import { makeJump, planJump } from "./jump.ts";
import type { Jump, JumpResult } from "./jump.ts";

interface StreamState {
  /** Waits for the response phase. */
  jump?: Jump | undefined;
  result?: JumpResult;
}

async function jumpNow(
  jump: Jump,
  state: StreamState,
  context: FilterContext<JumpConfig>,
): Promise<Response | undefined> {
  const { cluster, onFailure, responseHeader } = context.config;
  const result = await makeJump(jump, context);
  state.result = result;
  if (result.ok || onFailure === "continue") {
    return undefined;
  }
  const headers: [string, string][] = responseHeader === undefined ? [] : [[responseHeader, result.label]];
  return new Response(`the call to ${cluster} failed\n`, { status: 503, headers, details: "jump_failed" });
}

export default defineFilter({
  config: readJumpConfig,
  state: (): StreamState => ({}),

  onRequestHeaders(request, context) {
    const jump = planJump(request, context.config);
    if (jump === undefined) {
      return undefined;
    }
    if (context.config.phase === "response") {
      request.state.jump = jump;
      return undefined;
    }
    return jumpNow(jump, request.state, context);
  },

  async onResponseHeaders(response, context) {
    const { state } = response;
    const { responseHeader } = context.config;
    const { jump } = state;
    if (jump !== undefined) {
      state.jump = undefined; // a local reply passes through here again
      const reply = await jumpNow(jump, state, context);
      if (reply !== undefined) {
        return reply;
      }
    }
    if (state.result !== undefined && responseHeader !== undefined) {
      response.headers.set(responseHeader, state.result.label);
    }
    return undefined;
  },
});
