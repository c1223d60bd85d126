/** Appends to, prepends to or replaces a body, as the request's headers say; or sends the request's body back. */

import { defineFilter, Response, textConfig } from "proxy-wasm-ts";
import type { HttpBody } from "proxy-wasm-ts";

function change(body: HttpBody, operation: string): void {
  switch (operation) {
    case "append":
      body.set(`${body.text()}[this is appended body]`);
      break;
    case "prepend":
      body.set(`[this is prepended body]${body.text()}`);
      break;
    default:
      body.set("[this is replaced body]");
  }
}

export default defineFilter({
  config: textConfig((text) => ({ echo: text === "echo" })),
  state: () => ({ operation: "replace", modifyResponse: false }),
  requestBody: "rewrite",
  responseBody: "rewrite",

  onRequestHeaders({ headers, state }, { config }) {
    if (config.echo) {
      return undefined;
    }
    state.modifyResponse = headers.get("buffer-replace-at") === "response";
    state.operation = headers.get("buffer-operation") ?? "replace";
    return headers.has("content-length") ? undefined : new Response("content must be provided", { status: 400 });
  },

  onRequestBody({ body, state }, { config, log }) {
    if (config.echo) {
      return new Response(body.bytes());
    }
    if (!state.modifyResponse) {
      log.info(`original request body: ${body.text()}`);
      change(body, state.operation);
    }
    return undefined;
  },

  onResponseBody({ body, state }, { log }) {
    if (state.modifyResponse) {
      log.info(`original response body: ${body.text()}`);
      change(body, state.operation);
    }
  },
});
