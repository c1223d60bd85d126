import { TestHostError } from "./errors.ts";
import { isHopByHop, mayHaveBody, mutablePairs } from "./http-message.ts";
import type { HttpMessage, StreamedMessage } from "./http-message.ts";
import { HeaderMap } from "./header-map.ts";
import { trailersOf, withTrailers } from "./web-trailers.ts";
import { urlSender } from "./url-endpoint.ts";

/** Answers requests in the place of a real service. Throwing is a refused connection. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** A service: a function, or the URL of a real one, for example `http://127.0.0.1:5000`. */
export type Endpoint = Handler | string | URL;

/** Sends a request to a service. Rejects when there is no answer; a ConnectionError says why. */
export type Sender = (request: HttpMessage, signal: AbortSignal) => Promise<StreamedMessage>;

/**
 * @param what - names the endpoint in errors
 * @param onError - is told what a handler threw, which a filter sees as a connection failure only
 * @throws TestHostError when the URL is none that requests can be sent to
 */
export function makeSender(endpoint: Endpoint, what: string, onError: (error: unknown) => void): Sender {
  if (typeof endpoint === "function") {
    return async (request, signal) => {
      try {
        return await callHandler(endpoint, request, signal);
      } catch (error) {
        onError(error);
        throw error;
      }
    };
  }
  const url = parseUrl(String(endpoint));
  if (url?.protocol !== "http:" || url.pathname !== "/" || url.search !== "") {
    throw new TestHostError(
      `${what}: ${JSON.stringify(String(endpoint))} is not a URL that requests can be sent to; ` +
        'it must be like "http://127.0.0.1:5000", without a path, because the path comes from each request',
    );
  }
  return urlSender(url);
}

/** Node 20's own `URL.canParse` says no to some text beyond ASCII, such as "http://caf\u00e9/", once V8 has optimized a call of it. */
function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

async function callHandler(handler: Handler, request: HttpMessage, signal: AbortSignal): Promise<StreamedMessage> {
  const response: unknown = await handler(toWebRequest(request, signal));
  if (!(response instanceof Response)) {
    throw new TypeError("the handler must return a Response");
  }
  const method = request.headers.get(":method");
  const trailers = [...trailersOf(response)];
  return {
    headers: new HeaderMap("response", [[":status", String(response.status)], ...response.headers]),
    chunks: mayHaveBody(method, response.status) ? (response.body ?? []) : [],
    trailers: () => (trailers.length > 0 ? new HeaderMap("trailers", trailers) : undefined),
  };
}

function toWebRequest({ headers, body, trailers }: HttpMessage, signal: AbortSignal): Request {
  const authority = headers.get(":authority") ?? "";
  const path = headers.get(":path") ?? "/";
  const method = headers.get(":method") ?? "GET";
  // An authority may be no host of a URL, for example a cluster's name in a mesh; `host` has it in any case.
  const origin = parseUrl(`http://${authority}/`) ? `http://${authority}` : "http://localhost";
  const plain = [...headers].filter(([name]) => !name.startsWith(":"));
  const request = new Request(new URL(origin + (path.startsWith("/") ? path : "/")), {
    method,
    headers: [["host", authority], ...mutablePairs(plain)],
    // The Web's requests have no body with these methods.
    ...(method === "GET" || method === "HEAD" || body.length === 0 ? {} : { body: body.slice() }),
    signal,
  });
  return withTrailers(request, trailers ?? []);
}

/** For `fetch`: a response of the stream as the Web has it. */
export function toWebResponse({ headers, body, trailers }: HttpMessage, method: string): Response {
  const status = Number(headers.get(":status"));
  if (!(status >= 200 && status <= 599)) {
    throw new TestHostError(`the response has :status ${headers.get(":status") ?? "missing"}; it must be 200 to 599`);
  }
  const plain = [...headers].filter(([name]) => !name.startsWith(":") && !isHopByHop(name));
  const noBody = !mayHaveBody(method, status) || status === 205;
  const response = new Response(noBody ? null : Buffer.from(body), {
    status,
    headers: mutablePairs(plain),
  });
  return withTrailers(response, trailers ?? []);
}
