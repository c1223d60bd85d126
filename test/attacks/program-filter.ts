/** Runs the steps that a request's query names, one after the other. */

import { defineFilter, hash, hmac, jsonField, Response, stepAside, URLSearchParams } from "proxy-wasm-ts";

import { attacks } from "./attacks.ts";

const kept: unknown[] = [];

export default defineFilter({
  // Never reached; but what it does when limits are reached runs.
  limits: { timers: 100, openCalls: 100, stepAside: stepAside({ after: 1e6, withinMs: 1000, action: "deny" }) },
  state: () => ({ count: 0 }),
  async onRequestHeaders(request, { fetch, log }) {
    for (const step of (request.path.split("?")[1] ?? "").split(",")) {
      switch (step) {
        case "fetch":
          await fetch("/", { cluster: "other" });
          break;
        case "together":
          await Promise.all([1, 2, 3].map(() => fetch("/", { cluster: "other" })));
          break;
        case "set":
          request.headers.set("x-set", step);
          break;
        case "iterate":
          log.debug([...request.headers].join());
          break;
        case "state":
          request.state.count += 1;
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
          kept.push(request.headers.get("x-set"), new Uint8Array(1000));
          kept.splice(0, kept.length - 100);
          break;
        case "reply":
          return new Response("reply");
        case "throw":
          throw new Error("on purpose");
        case "reject":
          void Promise.reject(new Error("on purpose"));
          break;
        case "close":
          request.close();
          break;
        case "forever":
          await new Promise(() => undefined);
          break;
        default:
          await attacks[step]?.run({ hash, hmac, jsonField, URLSearchParams });
      }
    }
    return undefined;
  },
});
