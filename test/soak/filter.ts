/** The plugins of the soak test, in one module and so in one VM. What a stream does is in its headers: see kinds.ts. */

import {
  crypto,
  defineCounter,
  defineFilter,
  defineGauge,
  definePlugins,
  every,
  fetch,
  FetchError,
  memoryUsage,
  Response,
  hash,
  hmac,
  jsonField,
  URLSearchParams,
} from "proxy-wasm-ts";
import type { Gauge } from "proxy-wasm-ts";

import { attacks } from "../attacks/attacks.ts";
import { HEAP_BYTES, KINDS } from "./kinds.ts";

const REPORT_MS = 200;
/** Longer than anything here takes, but for what never answers. */
const LONG_MS = 30_000;
const SHORT_MS = 50;
/** More than is usual, so that 10 MiB are no endless loop on a busy machine. */
const CALLBACK_MS = 250;

interface Config {
  /** Which of the configurations this is. */
  readonly generation: number;
}

function config(json: unknown): Config {
  if ((json as Config).generation < 0) {
    throw new RangeError("a negative generation, to be refused");
  }
  return json as Config;
}

const began = defineCounter("soak_began", { labels: ["kind"] });
const ended = defineCounter("soak_ended", { labels: ["kind"] });
const worked = defineCounter("soak_worked", { labels: ["kind"] });

/** Envoy forgets a metric when the last VM has gone that had defined it; so each VM defines all of them. Returns their sum. */
function defineAll(): number {
  let sum = 0;
  for (const counter of [began, ended, worked]) {
    for (const { name } of KINDS) {
      sum += counter.with({ kind: name }).value; // defines it
    }
  }
  return sum;
}

/** The VM that this is, and what it has done; a VM that breaks would be another one from then on. */
const vm = { id: "", streams: 0, fillings: 0 };
let gauges: Readonly<Record<"linear" | "heap" | "streams" | "fillings", Gauge>> | undefined;

function report(): void {
  if (vm.streams === 0) {
    return; // a VM in which Envoy only tries a configuration
  }
  gauges ??= {
    linear: defineGauge(`soak_vm.${vm.id}.linear`),
    heap: defineGauge(`soak_vm.${vm.id}.heap`),
    streams: defineGauge(`soak_vm.${vm.id}.streams`),
    fillings: defineGauge(`soak_vm.${vm.id}.fillings`),
  };
  const { linearBytes, heapBytes } = memoryUsage();
  gauges.linear.record(linearBytes);
  gauges.heap.record(heapBytes);
  gauges.streams.record(vm.streams);
  gauges.fillings.record(vm.fillings);
}

/** What became of a call, in a word. */
async function call(how: string, id: string, kind: string): Promise<string> {
  try {
    const answer = await fetch(`/${how}`, {
      cluster: how === "unknown" ? "nowhere" : "called",
      headers: { "x-id": id, "x-kind": kind },
      timeoutMs: how === "never" ? SHORT_MS : LONG_MS,
    });
    return `${answer.status}:${answer.text().length}`;
  } catch (error) {
    return error instanceof FetchError ? error.reason : String(error);
  }
}

export default definePlugins(
  {
    edge: defineFilter({
      config,
      state: () => ({ kind: "" }),
      setup({ log }) {
        vm.id ||= crypto.randomUUID().slice(0, 8);
        log.debug(`${defineAll()} so far`);
        every(REPORT_MS, report);
      },
      onRequestHeaders(request) {
        const kind = request.headers.get("x-kind") ?? "none";
        request.state.kind = kind;
        began.with({ kind }).increment();
        vm.streams += 1;
      },
      onResponseHeaders(response, { config: { generation } }) {
        response.headers.set("x-vm", vm.id);
        response.headers.set("x-generation", String(generation));
      },
      onDone(response) {
        ended.with({ kind: response.state.kind }).increment();
      },
    }),

    work: defineFilter({
      config,
      async onRequestHeaders(request, { config: { generation } }) {
        const { headers } = request;
        const id = headers.get("x-id") ?? "";
        const kind = headers.get("x-kind") ?? "none";
        worked.with({ kind }).increment();
        headers.set("x-worked", String(generation));
        const calls = headers.get("x-calls");
        if (calls !== null) {
          const outcomes: string[] = [];
          for (const together of calls.split(",")) {
            outcomes.push(...(await Promise.all(together.split("+").map((how) => call(how, id, kind)))));
          }
          headers.set("x-called", outcomes.join());
        }
        const attack = headers.get("x-attack");
        if (attack !== null) {
          vm.fillings += attack === "memory.buffers" ? 1 : 0;
          await attacks[attack]?.run({ hash, hmac, jsonField, URLSearchParams });
        }
        return headers.has("x-reply") ? new Response(`answer to ${id}`, { status: 418 }) : undefined;
      },
    }),

    stream: defineFilter({
      config,
      requestBody: "stream",
      responseBody: "stream",
      onRequestBody({ body }) {
        body.set(body.bytes());
      },
      onResponseBody({ body }) {
        body.set(body.bytes());
      },
    }),

    rewrite: defineFilter({
      config,
      requestBody: "rewrite",
      responseBody: "rewrite",
      onRequestBody({ body }) {
        body.set(body.text().toUpperCase());
      },
      onResponseBody({ body }) {
        body.set(`<${body.text()}>`);
      },
    }),
  },
  { limits: { heapBytes: HEAP_BYTES, callbackMs: CALLBACK_MS } },
);
