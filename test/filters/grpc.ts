/** The filter of the tests of unary gRPC calls: the path is the method that is called, and the client is answered with the outcome. */

import { AbortController, decodeUtf8, defineFilter, GrpcError, grpcCall, Response } from "proxy-wasm-ts";
import type { GrpcCallOptions, HttpRequest } from "proxy-wasm-ts";

function options(request: HttpRequest, method: string): GrpcCallOptions<string | Uint8Array> {
  const { headers } = request;
  return {
    cluster: headers.get("x-cluster") ?? "grpc",
    service: "test.Test",
    method,
    message: decodeUtf8(headers.get("x-message") ?? "question"),
    timeoutMs: Number(headers.get("x-timeout") ?? 2000),
  };
}

function told(error: unknown): Response {
  if (!(error instanceof GrpcError)) {
    return Response.json({ error: String(error) });
  }
  const { code, codeName, reason, details, message, cause } = error;
  return Response.json({
    code,
    codeName,
    reason,
    details,
    message,
    cause: cause instanceof Error ? cause.message : null,
  });
}

async function echo(message: string | Uint8Array): Promise<Uint8Array> {
  const answer = await grpcCall({ cluster: "grpc", service: "test.Test", method: "Echo", message });
  return answer.message;
}

/** A large message with something of its own in each of its parts. */
function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 1021) {
    bytes[at] = at;
  }
  return bytes;
}

function isPattern(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1021) {
    if (bytes[at] !== (at & 0xff)) {
      return false;
    }
  }
  return true;
}

let atSetup = "nothing";

export default defineFilter({
  config: (json) => (json ?? {}) as { setup?: boolean },

  async setup({ config, log }) {
    if (config.setup === true) {
      atSetup = decodeUtf8(await echo("setup"));
      log.info(`setup was answered: ${atSetup}`);
    }
  },

  async onRequestHeaders(request, { log }) {
    try {
      const method = request.path.slice(1);
      switch (method) {
        case "setup":
          return Response.json({ atSetup });
        case "pass":
          request.headers.set("x-echo", decodeUtf8(await echo("pass")));
          return undefined;
        case "big": {
          const got = await echo(pattern(1024 * 1024));
          return Response.json({ size: got.length, same: isPattern(got) });
        }
        case "parallel": {
          const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => echo(`call ${index}`)));
          return Response.json(answers.map(decodeUtf8));
        }
        case "Metadata": {
          const { message } = await grpcCall({
            ...options(request, method),
            metadata: [
              ["x-first", "one"],
              ["x-twice", "a"],
              ["x-twice", "b"],
              ["x-percent", "100% %REQ(:path)%"],
              ["x-latin", "caf\xe9"],
              ["x-bytes-bin", "\x01\xff"],
            ],
          });
          return Response.json(JSON.parse(decodeUtf8(message)));
        }
        case "abort": {
          const controller = new AbortController();
          const call = grpcCall({ ...options(request, "Never"), signal: controller.signal });
          await echo("first");
          controller.abort(new Error("not needed any more"));
          await call;
          return undefined;
        }
        case "aborted": {
          const controller = new AbortController();
          controller.abort();
          await grpcCall({ ...options(request, "Echo"), signal: controller.signal });
          return undefined;
        }
        case "late":
          // The answer comes when nobody waits any more.
          void grpcCall(options(request, "Slow")).then(({ message }) => {
            log.info(`late: ${decodeUtf8(message)}`);
          });
          return new Response("early");
        default: {
          const { message } = await grpcCall(options(request, method));
          return Response.json({ answer: decodeUtf8(message), size: message.length });
        }
      }
    } catch (error) {
      return told(error);
    }
  },
});
