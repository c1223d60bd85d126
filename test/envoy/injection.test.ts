/**
 * What a client sends with line breaks and zero bytes, decoded, where a header's name or value, a path or a status text goes: bytes on
 * the wire, in each direction, before a real Envoy.
 */

import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";

import { afterAll, beforeAll, expect, test } from "vitest";

import { buildModule } from "../build-filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import { startEnvoy } from "./envoy.ts";
import type { Envoy } from "./envoy.ts";

const FILTER = `
import { defineFilter, fetch, Response } from "proxy-wasm-ts";
import type { HttpRequest, HttpResponse } from "proxy-wasm-ts";

type Put = (text: string, request: HttpRequest) => unknown;

const inRequest: Record<string, Put> = {
  "request-value": (text, { headers }) => headers.set("x-put", text),
  "request-append": (text, { headers }) => headers.append("x-put", text),
  "request-name": (text, { headers }) => headers.set("x-put-" + text, "1"),
  "request-all": (text, { headers }) => headers.replaceAll([...headers, ["x-put", text]]),
  "request-path": (text, request) => { request.path = "/x-put-" + text; },
  "request-authority": (text, request) => { request.authority = "x-put-" + text; },
  "call-value": (text) => fetch("/", { cluster: "called", headers: { "x-put": text } }),
  "call-name": (text) => fetch("/", { cluster: "called", headers: [["x-put-" + text, "1"]] }),
  "call-path": (text) => fetch("/x-put-" + text, { cluster: "called" }),
  "call-method": (text) => fetch("/", { cluster: "called", method: "PUT" + text }),
  "call-authority": (text) => fetch("/", { cluster: "called", authority: "x-put-" + text }),
};

const inResponse: Record<string, (text: string, response: HttpResponse) => void> = {
  "response-value": (text, { headers }) => headers.set("x-put", text),
  "response-append": (text, { headers }) => headers.append("x-put", text),
  "response-name": (text, { headers }) => headers.set("x-put-" + text, "1"),
  "response-all": (text, { headers }) => headers.replaceAll([...headers, ["x-put", text]]),
};

const replies: Record<string, (text: string) => Response> = {
  "reply-value": (text) => new Response("reply", { headers: { "x-put": text } }),
  "reply-name": (text) => new Response("reply", { headers: [["x-put-" + text, "1"]] }),
};

function outcome(error: unknown): string {
  return error instanceof Error ? error.name : "thrown";
}

export default defineFilter({
  state: () => ({ where: "", text: "", refused: "" }),
  async onRequestHeaders(request) {
    const [, where = "", text = ""] = request.path.split("/");
    request.state.where = where;
    request.state.text = decodeURIComponent(text);
    request.path = "/";
    const reply = replies[where];
    if (reply !== undefined) {
      return reply(request.state.text);
    }
    try {
      await inRequest[where]?.(request.state.text, request);
    } catch (error) {
      request.state.refused = outcome(error);
    }
    return undefined;
  },
  onResponseHeaders(response) {
    const { where, text } = response.state;
    try {
      inResponse[where]?.(text, response);
    } catch (error) {
      response.state.refused = outcome(error);
    }
    response.headers.set("x-refused", response.state.refused === "" ? "no" : response.state.refused);
  },
});
`;

/** A server that keeps the bytes that arrive, and answers each head of a request. */
async function startRecorder() {
  let bytes = "";
  const server = createServer((socket) => {
    let open = "";
    socket.on("error", () => undefined);
    socket.on("data", (data: Buffer) => {
      bytes += data.toString("latin1");
      open += data.toString("latin1");
      for (let end = open.indexOf("\r\n\r\n"); end >= 0; end = open.indexOf("\r\n\r\n")) {
        open = open.slice(end + 4);
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    /** Those since the last time. */
    take: () => {
      const taken = bytes;
      bytes = "";
      return taken;
    },
    close: () => server.close(),
  };
}

let module: BuiltModule;
let upstream: Awaited<ReturnType<typeof startRecorder>>;
let called: Awaited<ReturnType<typeof startRecorder>>;
let envoy: Envoy;

beforeAll(async () => {
  module = await buildModule(FILTER);
  [upstream, called] = await Promise.all([startRecorder(), startRecorder()]);
  envoy = await startEnvoy({
    wasm: module.wasm,
    upstream: upstream.url,
    clusters: { called: called.url },
    delayedCloseMs: 20,
  });
}, 240_000);

afterAll(async () => {
  await envoy[Symbol.asyncDispose]();
  upstream.close();
  called.close();
  await module[Symbol.asyncDispose]();
});

/** One request and all bytes that come back for it. */
async function exchange(path: string): Promise<string> {
  const { hostname, port } = new URL(envoy.url);
  const socket = connect(Number(port), hostname);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
  let answer = "";
  for await (const data of socket) {
    answer += (data as Buffer).toString("latin1");
  }
  return answer;
}

async function put(where: string, text: string) {
  const answer = await exchange(`/${where}/${encodeURIComponent(text)}`);
  return { answer, upstream: upstream.take(), called: called.take() };
}

const SPLIT = "HTTP/1.1 200 OK\r\nx-injected: 1\r\ncontent-length: 0";

/** A header, an answer and a request of the client's own; and single characters that end a line somewhere. */
const HOSTILE = [
  "a\r\nx-injected: 1",
  "a\nx-injected: 1",
  "a\rx-injected: 1",
  "a\0x-injected: 1",
  `a\r\n\r\n${SPLIT}\r\n\r\n`,
  "a HTTP/1.1\r\nx-injected: 1\r\n\r\nGET /second",
];

/** Where a text is put, and who sees it then. */
const PLACES: readonly (readonly [string, "answer" | "upstream" | "called"])[] = [
  ["request-value", "upstream"],
  ["request-append", "upstream"],
  ["request-name", "upstream"],
  ["request-all", "upstream"],
  ["request-path", "upstream"],
  ["request-authority", "upstream"],
  ["response-value", "answer"],
  ["response-append", "answer"],
  ["response-name", "answer"],
  ["response-all", "answer"],
  ["reply-value", "answer"],
  ["reply-name", "answer"],
  ["call-value", "called"],
  ["call-name", "called"],
  ["call-path", "called"],
  ["call-method", "called"],
  ["call-authority", "called"],
];

const heads = (bytes: string, start: RegExp) => [...bytes.matchAll(start)].length;

test.each(PLACES)(
  "%s: what is harmless arrives, and nothing else makes a second header, request or answer",
  async (where, who) => {
    const harmless = await put(where, "harmless");
    expect(harmless[who]).toMatch(/x-put.*harmless|PUTharmless/);
    for (const text of HOSTILE) {
      const { answer, ...servers } = await put(where, text);
      expect(heads(answer, /HTTP\/1\.1 /g), JSON.stringify(answer)).toBe(1);
      expect(heads(servers.upstream, /^\S+ \S+ HTTP\/1\.1\r$/gm)).toBe(where.startsWith("reply") ? 0 : 1);
      expect(heads(servers.called, /HTTP\/1\.1/g)).toBe(0);
      for (const bytes of [answer, servers.upstream, servers.called]) {
        expect(bytes).not.toContain("x-injected");
        expect(bytes).not.toContain("\0");
      }
      if (where.startsWith("reply")) {
        expect(answer).toMatch(/^HTTP\/1\.1 500 /);
      } else {
        expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*\r\nx-refused: TypeError\r\n/);
      }
    }
  },
);
