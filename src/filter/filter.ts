/**
 * The jump filter: for each request to one service it makes the same request to another one, logs what came back, and lets
 * the request go on; or does so before the response goes on, by configuration. See config.ts.
 */

import { defineFilter } from "proxy-wasm-ts";
import type { HttpResponse } from "proxy-wasm-ts";

import { readJumpConfig } from "./config.ts";
import { makeJump, planJump } from "./jump.ts";
import type { StreamState } from "./jump.ts";

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
    return makeJump(jump, request, context);
  },

  onResponseHeaders(response, context) {
    const { phase, responseHeader } = context.config;
    if (phase === "request" && responseHeader === undefined) {
      return undefined;
    }
    const { jump } = response.state;
    if (jump === undefined) {
      tellClient(response, responseHeader);
      return undefined;
    }
    response.state.jump = undefined; // a local reply passes through here again
    return makeJump(jump, response, context).then((reply) => {
      if (reply === undefined) {
        tellClient(response, responseHeader);
      }
      return reply;
    });
  },
});

function tellClient(response: HttpResponse<StreamState>, responseHeader: string | undefined): void {
  const { label } = response.state;
  if (responseHeader !== undefined && label !== undefined) {
    response.headers.set(responseHeader, label);
  }
}
