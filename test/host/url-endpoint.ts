import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";

import type { Sender } from "./endpoint.ts";
import { ConnectionError } from "./errors.ts";
import { HeaderMap } from "./header-map.ts";
import { isHopByHop, mutablePairs, pairUp } from "./http-message.ts";
import type { HttpMessage, StreamedMessage } from "./http-message.ts";

/** Sends requests to a real service over HTTP/1.1. Headers go out byte for byte, in order, repeated ones too. */
export function urlSender(url: URL): Sender {
  return (message, signal) =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
        port: url.port,
        agent: false,
        method: message.headers.get(":method"),
        path: message.headers.get(":path"),
        headers: rawHeaders(message),
        signal,
      });
      outgoing.on("response", (incoming) => {
        resolve(answerOf(incoming));
      });
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        reject(new ConnectionError(resetReason(error), { cause: error }));
      });
      if (message.trailers !== undefined) {
        outgoing.addTrailers(mutablePairs(message.trailers));
      }
      outgoing.end(message.body);
    });
}

function rawHeaders({ headers, body, trailers }: HttpMessage): string[] {
  const isSent = (name: string) => !name.startsWith(":") && name !== "host" && !isHopByHop(name);
  // Trailers need chunks, which have no length before them.
  const plain = [...headers].filter(([name]) => isSent(name) && !(trailers && name === "content-length"));
  const flat = ["host", headers.get(":authority") ?? "", ...plain.flat(), "connection", "close"];
  if (trailers !== undefined) {
    return [...flat, "transfer-encoding", "chunked"];
  }
  return body.length > 0 && !headers.has("content-length") ? [...flat, "content-length", String(body.length)] : flat;
}

function answerOf(incoming: IncomingMessage): StreamedMessage {
  // The filter sees hop-by-hop headers of a response, too; Envoy removes them when it sends the response on.
  const headers = new HeaderMap("response", [
    [":status", String(incoming.statusCode ?? 0)],
    ...pairUp(incoming.rawHeaders),
  ]);
  if (incoming.statusCode === 204) {
    headers.remove("content-length"); // A useless zero.
  }
  return {
    headers,
    chunks: incoming as AsyncIterable<Buffer>,
    trailers: () => {
      const trailers = new HeaderMap("trailers", pairUp(incoming.rawTrailers));
      return trailers.size === 0 ? undefined : trailers;
    },
  };
}

function resetReason({ code = "" }: NodeJS.ErrnoException): string {
  if (code.startsWith("HPE_")) {
    return "protocol error"; // of Node's parser: what came is no HTTP
  }
  return code === "ECONNRESET" || code === "EPIPE" ? "connection termination" : "remote connection failure";
}
