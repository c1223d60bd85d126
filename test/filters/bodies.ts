/** The filter of the tests of bodies and trailers: the path says what a stream does. */

import { defineFilter, fetch, Response } from "proxy-wasm-ts";
import type { HttpRequest, HttpResponse } from "proxy-wasm-ts";

/** `rewrite` in both directions, so that every test may change lengths. */
export default defineFilter({
  // Doubling a megabyte byte by byte takes a tenth of a second.
  limits: { callbackMs: 2000 },
  requestBody: "rewrite",
  responseBody: "rewrite",
  state: () => ({ path: "" }),

  onRequestHeaders(request, { log }) {
    request.state.path = request.path;
    log.info(`told length: ${request.headers.get("content-length") ?? "none"}`);
    return request.path.startsWith("/wait-headers") ? waitForOther() : undefined;
  },

  async onRequestBody(request, { log }) {
    const { body } = request;
    log.info(`request body: ${body.size} bytes, ended ${body.ended}`);
    switch (request.state.path) {
      case "/upper":
      case "/wait-headers":
        body.set(body.text().toUpperCase());
        return undefined;
      case "/wait-headers-and-body":
        await waitForOther();
        body.set(body.text().toUpperCase());
        return undefined;
      case "/json":
        body.set(JSON.stringify({ ...(body.json() as object), added: true }));
        return undefined;
      case "/double":
        body.set(new Uint8Array([...body.bytes(), ...body.bytes()]));
        return undefined;
      case "/empty":
        body.set("");
        return undefined;
      case "/check": {
        const answer = await fetch("/check", { cluster: "other", method: "POST", body: body.bytes() });
        body.set(`${body.text()}+${answer.text()}`);
        return undefined;
      }
      case "/deny":
        return new Response("no such body", { status: 422 });
      case "/throw":
        throw new Error("a broken body hook");
      case "/part":
        log.info(`part: ${String.fromCharCode(...body.bytes(1, 3))}|${body.bytes(2).length}|${body.bytes(99).length}`);
        return undefined;
      case "/trailers":
        if (body.ended) {
          request.trailers.set("x-added", String(body.size));
        }
        return undefined;
      default:
        return undefined;
    }
  },

  onRequestTrailers(request, { log }) {
    log.info(`request trailers: ${[...request.trailers].map((pair) => pair.join("=")).join()}`);
    request.trailers.set("x-seen", "yes");
  },

  onResponseHeaders(response) {
    return response.state.path.startsWith("/wait-headers") ? waitForOther() : undefined;
  },

  async onResponseBody(response, { log }) {
    const { body } = response;
    log.info(`response body: ${body.size} bytes`);
    switch (response.state.path) {
      case "/upper":
      case "/wait-headers":
      case "/wait-headers-and-body":
        body.set(`<${body.text()}>`);
        return undefined;
      case "/wait-response": {
        const answer = await fetch("/late", { cluster: "other" });
        body.set(`${body.text()}+${answer.text()}`);
        return undefined;
      }
      case "/late-deny":
        return new Response("too late", { status: 503 });
      case "/late-throw":
        throw new Error("a broken response body hook");
      default:
        return undefined;
    }
  },

  onResponseTrailers(response, { log }) {
    log.info(`response trailers: ${[...response.trailers].map((pair) => pair.join("=")).join()}`);
    response.trailers.append("x-seen", "yes");
  },

  onDone(response, { log }) {
    log.info(`body after the end: ${after(response.request)} ${after(response)}`);
  },
});

async function waitForOther(): Promise<void> {
  await fetch("/wait", { cluster: "other" });
}

function after(message: HttpRequest | HttpResponse): string {
  try {
    return String(message.body.size);
  } catch (error) {
    return (error as Error).name;
  }
}
