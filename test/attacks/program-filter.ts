/** Runs the steps that a request's query names, one after the other: those before a `|` for the request, the others for the response. */

import {
  callForeignFunction,
  crypto,
  defineCounter,
  defineFilter,
  fetch,
  getProperty,
  grpcCall,
  grpcStream,
  hash,
  hmac,
  jsonField,
  log,
  registerSharedQueue,
  Response,
  setProperty,
  sharedData,
  stepAside,
  URLSearchParams,
} from "proxy-wasm-ts";
import type { HttpRequest, HttpResponse, SharedQueue } from "proxy-wasm-ts";

import { attacks } from "./attacks.ts";

interface State {
  count: number;
  steps: string;
}

type Message = HttpRequest<State> | HttpResponse<State>;

const kept: unknown[] = [];
const counter = defineCounter("programs", { labels: ["step"] });
const METHOD = { cluster: "other", service: "test.Service", method: "Method" };
let queue: SharedQueue | undefined;

async function run(step: string, message: Message): Promise<Response | undefined> {
  switch (step) {
    case "fetch":
      await fetch("/", { cluster: "other" });
      break;
    case "together":
      await Promise.all([1, 2, 3].map(() => fetch("/", { cluster: "other" })));
      break;
    case "set":
      message.headers.set("x-set", step);
      break;
    case "iterate":
      log.debug([...message.headers].join());
      break;
    case "state":
      message.state.count += 1;
      break;
    case "timer":
      await new Promise((resolve) => setTimeout(resolve, 5));
      break;
    case "tick":
      setTimeout(() => {
        log.debug("tick");
      }, 1);
      break;
    case "leak":
      kept.push(message, message.headers.get("x-set"), new Uint8Array(1000));
      kept.splice(0, kept.length - 100);
      break;
    case "useKept":
      for (const each of kept) {
        (each as Partial<Message> | null)?.headers?.set("x-kept", step);
      }
      break;
    case "shared":
      sharedData.update("programs", (old) => `${(old?.text() ?? "").slice(-10)}x`);
      break;
    case "queue":
      queue ??= registerSharedQueue("programs");
      queue.enqueue(step);
      queue.dequeue();
      queue.dequeue();
      break;
    case "metric":
      counter.with({ step }).increment();
      break;
    case "property":
      setProperty("programs", step, message);
      log.debug(String(getProperty("programs", message)) + String(getProperty("request.path", message)));
      break;
    case "foreign":
      callForeignFunction("clear_route_cache");
      break;
    case "random":
      log.debug(crypto.randomUUID());
      break;
    case "grpc":
      await grpcCall({ ...METHOD, message: step }).catch(() => undefined);
      break;
    case "grpcStream": {
      const stream = grpcStream(METHOD);
      stream.send(step);
      for await (const answer of stream) {
        log.debug(String(answer));
      }
      break;
    }
    case "grpcCancel": {
      const stream = grpcStream(METHOD);
      stream.send(step);
      stream.cancel();
      break;
    }
    case "reply":
      return new Response("reply");
    case "throw":
      throw new Error("on purpose");
    case "reject":
      void Promise.reject(new Error("on purpose"));
      break;
    case "close":
      message.close();
      break;
    case "forever":
      await new Promise(() => undefined);
      break;
    default:
      await attacks[step]?.run({ hash, hmac, jsonField, URLSearchParams });
  }
  return undefined;
}

export default defineFilter({
  // Never reached; but what it does when limits are reached runs.
  limits: { timers: 100, openCalls: 100, stepAside: stepAside({ after: 1e6, withinMs: 1000, action: "deny" }) },
  state: (): State => ({ count: 0, steps: "" }),
  async onRequestHeaders(request) {
    const [own = "", others = ""] = (request.path.split("?")[1] ?? "").split("|");
    request.state.steps = others;
    for (const step of own.split(",")) {
      const reply = await run(step, request);
      if (reply !== undefined) {
        return reply;
      }
    }
    return undefined;
  },
  async onResponseHeaders(response) {
    for (const step of response.state.steps.split(",")) {
      await run(step, response);
    }
  },
});
