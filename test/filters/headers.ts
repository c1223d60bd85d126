/** The filter of the tests of headers: the header x-do says what happens. */

import { defineFilter, Response, StreamEndedError } from "proxy-wasm-ts";
import type { HttpHeaders } from "proxy-wasm-ts";

function outcome(action: () => unknown): string {
  try {
    return String(action());
  } catch (error) {
    return String(error);
  }
}

let kept: HttpHeaders | undefined;

export default defineFilter({
  onRequestHeaders(request, { log }) {
    const { headers } = request;
    switch (headers.get("x-do")) {
      case "read":
        log.info(
          JSON.stringify({
            get: headers.get("X-Twice"),
            getAll: headers.getAll("x-twice"),
            has: [headers.has("x-twice"), headers.has("x-none")],
            none: [headers.get("x-none"), headers.getAll("x-none")],
            pseudo: [headers.get(":method"), headers.get(":authority"), request.path],
            count: [...headers].length,
          }),
        );
        break;
      case "change":
        headers.set("x-twice", "once");
        headers.append("x-more", "1");
        headers.append("x-more", "2");
        headers.delete("x-gone");
        headers.delete("x-never-there");
        request.method = "PUT";
        request.path = "/changed";
        break;
      case "replace":
        headers.replaceAll([
          ...[...headers].filter(([name]) => name !== "x-do" && name !== "x-other"),
          ["x-only", "this"],
        ]);
        break;
      case "many":
        for (let i = 0; i < 1000; i++) {
          headers.append(`x-many-${i}`, String(i));
        }
        log.info(`now ${[...headers].filter(([name]) => name.startsWith("x-many-")).length}`);
        return new Response("", { headers: { "x-sum": String([...headers].length) } });
      case "misuse":
        for (const [name, value] of [
          ["", "empty name"],
          ["a b", "space"],
          ["x\r\ny", "line break in a name"],
          ["x-a", "line\r\nbreak: 1"],
          ["x-a", "zero\0"],
          ["x-a", "\u20ac"],
        ] as const) {
          log.info(
            outcome(() => {
              headers.set(name, value);
            }),
          );
        }
        log.info(
          outcome(() => {
            request.trailers.set("x", "y");
          }),
        );
        break;
      case "long":
        headers.set("x-long-back", headers.get("x-long") ?? "");
        break;
      case null:
        break;
      case "keep":
        kept = headers;
        break;
      case "use-kept":
        log.info(outcome(() => kept?.get("x-do")));
        log.info(
          String(
            outcome(() => {
              kept?.set("x", "y");
            }).startsWith(new StreamEndedError().name),
          ),
        );
        break;
    }
    return undefined;
  },

  onResponseHeaders(response) {
    for (const value of response.headers.getAll("x-bytes")) {
      response.headers.append("x-back", value);
    }
  },
});
