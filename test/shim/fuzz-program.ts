/** The module of the fuzzer (fuzz.c): the filter of the cases, and beside it what that one has not. A configuration's first letter chooses. */

import {
  defineFilter,
  defineNetworkFilter,
  definePlugins,
  every,
  fetch,
  getProperty,
  registerSharedQueue,
  Response,
  stepAside,
  textConfig,
} from "proxy-wasm-ts";
import type { HttpRequest, HttpResponse } from "proxy-wasm-ts";

import { differences } from "./fuzz-functions.ts";
import cases from "./program.ts";

const shout = (message: HttpRequest | HttpResponse) => {
  const { body } = message;
  body.set(`${body.text()}${body.ended ? "!" : ","}`);
};

/** Its bodies may become longer, and its trailers are changed. */
const rewrites = defineFilter({
  config: textConfig((text) => text),
  requestBody: "rewrite",
  responseBody: "rewrite",
  async onRequestHeaders(request) {
    if (request.path === "/call") await fetch("/", { cluster: "other" });
  },
  onRequestBody: shout,
  async onResponseBody(response) {
    await fetch("/", { cluster: "other", body: response.body.bytes() }).catch(() => undefined);
    shout(response);
  },
  onRequestTrailers(request) {
    request.trailers.set("x-trailer", String([...request.trailers].length));
  },
  async onResponseTrailers(response) {
    await fetch("/", { cluster: "other" }).catch(() => undefined);
    response.trailers.append("x-trailer", response.request.path);
  },
});

/** Looks at bodies in parts, waits in its setup, and has timers, a queue and an error policy. */
const waits = defineFilter({
  config: textConfig((text) => text),
  onError: "continue",
  requestBody: "inspect",
  responseBody: "inspect",
  async setup({ config }) {
    let ticks = 0;
    const stop = every(1, () => {
      if (++ticks > 3) stop();
    });
    setTimeout(() => undefined, 0);
    const queue = registerSharedQueue("queue");
    void (async () => {
      for await (const item of queue) {
        if (item.length > 60) break;
      }
    })();
    if (config.length % 2 === 0) {
      await fetch("/", { cluster: "other" });
    }
  },
  async onRequestHeaders() {
    await new Promise((resolve) => setTimeout(resolve, 1));
  },
  onRequestBody(request) {
    if (request.body.text().includes("throw")) throw new Error("on purpose");
  },
  onResponseBody: (response) => {
    if (response.body.size > 20) response.request.close();
  },
});

const steps = (action: "passThrough" | "deny") =>
  defineFilter({
    config: textConfig((text) => text),
    limits: { stepAside: stepAside({ after: 1, withinMs: 1000, action, forMs: 1 }) },
    whileSettingUp: "continue",
    async setup() {
      await fetch("/", { cluster: "other" });
    },
    onRequestHeaders(request) {
      const again = (): number => again() + 1;
      if (request.path === "/recursion") again();
      return request.path === "/reply" ? new Response("no", { status: 403 }) : undefined;
    },
  });

const connections = defineNetworkFilter({
  config: textConfig((text) => text),
  state: () => ({ seen: 0 }),
  async onNewConnection() {
    await fetch("/", { cluster: "other" });
  },
  async onDownstreamData(connection) {
    const data = connection.downstreamData;
    connection.state.seen += data.size;
    if (data.size % 4 === 0) await fetch("/", { cluster: "other" });
    if (data.size % 7 === 6) connection.close();
    if (data.size % 5 === 4) throw new Error(String(getProperty("source.address", connection)));
    data.set(data.text().toUpperCase());
  },
  onUpstreamData(connection) {
    connection.upstreamData.set(connection.upstreamData.bytes(1, 5));
  },
  onDownstreamClose(connection, { log }, closer) {
    log.info(`closed by ${closer} after ${connection.state.seen}`);
  },
  onUpstreamClose: (connection) => {
    connection.close();
  },
  onLog: () => undefined,
  onDone: () => undefined,
});

/** What the native functions make of the request's body and path is compared with what JavaScript makes of them. */
const functions = defineFilter({
  config: textConfig((text) => text),
  onRequestBody(request, { log }) {
    for (const difference of differences(request)) log.critical(`these differ: ${difference}`);
  },
});

export default definePlugins(
  { cases, r: rewrites, w: waits, p: steps("passThrough"), d: steps("deny"), c: connections, f: functions },
  { choose: ({ configuration }) => ("rwpdcf".includes(configuration[0] ?? "-") ? configuration.charAt(0) : "cases") },
);
