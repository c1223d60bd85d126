/** Short names for the steps of scenarios that are written by hand. */

import type { Script } from "../filters/scripted.ts";
import type { CallAnswer, Framing, Pairs, Step } from "./scenario.ts";

interface RequestOptions {
  readonly script?: Script;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Pairs;
  readonly framing?: Framing;
  readonly stream?: number;
}

interface ResponseOptions {
  readonly status?: number;
  readonly headers?: Pairs;
  readonly framing?: Framing;
  readonly stream?: number;
}

/** Without a body. */
export function get({
  script,
  method = "GET",
  path = "/",
  headers = [],
  framing = "none",
  stream = 0,
}: RequestOptions = {}): Step {
  return {
    do: "request",
    head: { method, path, headers, framing },
    stream,
    ...(script === undefined ? {} : { script }),
  };
}

/** Its body comes in chunks. */
export function post(options: RequestOptions = {}): Step {
  return get({ method: "POST", framing: "chunked", ...options });
}

/** Parts of the request's body, and its end. */
export function send(parts: readonly string[], trailers?: Pairs, stream = 0): Step[] {
  const end: Step = { do: "request end", stream, ...(trailers === undefined ? {} : { trailers }) };
  return [...parts.map((data): Step => ({ do: "request data", stream, data })), end];
}

/** Its body comes in chunks. */
export function response({ status = 200, headers = [], framing = "chunked", stream = 0 }: ResponseOptions = {}): Step {
  return { do: "response", head: { status, headers, framing }, stream };
}

/** Parts of the response's body, and its end. */
export function reply(parts: readonly string[], trailers?: Pairs, stream = 0): Step[] {
  const end: Step = { do: "response end", stream, ...(trailers === undefined ? {} : { trailers }) };
  return [...parts.map((data): Step => ({ do: "response data", stream, data })), end];
}

export const part = (data: string, stream = 0): Step => ({ do: "request data", stream, data });
export const answerPart = (data: string, stream = 0): Step => ({ do: "response data", stream, data });
export const emptyResponse = response({ framing: { length: 0 } });
export const clientLeaves: Step = { do: "client leaves" };
export const upstreamLeaves: Step = { do: "upstream leaves" };
export const time = (ms: number): Step => ({ do: "time", ms });
export const answer = (given: CallAnswer = { status: 200, body: "answer" }): Step => ({ do: "answer", answer: given });
export const TRAILERS: Pairs = [["x-end", "1"]];
