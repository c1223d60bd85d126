/** Calls a cluster every 100 ms, and logs what came back. */

import { defineFilter, FetchError } from "proxy-wasm-ts";

const PERIOD_MS = 100;

export default defineFilter({
  setup({ every, fetch, log, pluginId }) {
    let calls = 0;
    every(PERIOD_MS, async () => {
      const path = Math.random() < 0.5 ? "/ok" : "/fail";
      try {
        const { headers, trailers } = await fetch(path, {
          cluster: "web_service",
          authority: "some_authority",
          headers: { accept: "*/*" },
        });
        log.info(`called ${++calls} for contextID=${pluginId}`);
        for (const [name, value] of headers) {
          log.info(`response header for the dispatched call: ${name}: ${value}`);
        }
        for (const [name, value] of trailers) {
          log.info(`response trailer for the dispatched call: ${name}: ${value}`);
        }
      } catch (error) {
        if (!(error instanceof FetchError)) throw error;
        log.info(`called ${++calls} for contextID=${pluginId}`);
      }
    });
    log.info(`set tick period milliseconds: ${PERIOD_MS}`);
  },
});
