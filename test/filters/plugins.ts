/** Several filters in one module, chosen by root id; timers, setup, access log and service. */

import {
  defineFilter,
  defineNetworkFilter,
  definePlugins,
  every,
  fetch,
  log,
  Response,
  textConfig,
} from "proxy-wasm-ts";

/** Waits in its setup for an answer that its hooks need. */
function needsSetup(whileSettingUp: "wait" | "continue") {
  let key = "none";
  return defineFilter({
    whileSettingUp,
    async setup({ rootId }) {
      const answer = await fetch(`/key/${rootId}`, { cluster: "other" });
      key = answer.text();
    },
    onRequestHeaders(request) {
      request.headers.set("x-key", key);
    },
  });
}

export default definePlugins({
  first: defineFilter({
    config: (json) => json as { name: string },
    onRequestHeaders(request, { config, rootId, pluginId }) {
      request.headers.append("x-plugins", `${rootId}:${config.name}`);
      log.info(`plugin ${pluginId > 0} of ${rootId}`);
    },
  }),
  second: defineFilter({
    config: textConfig((text) => text.split(" ")),
    onRequestHeaders(request, { config, rootId }) {
      request.headers.append("x-plugins", `${rootId}:${config.join("+")}`);
    },
    onResponseHeaders(response, { rootId }) {
      response.headers.set("x-second", rootId);
    },
  }),
  waits: needsSetup("wait"),
  goes: needsSetup("continue"),
  fails: defineFilter({
    async setup() {
      await fetch("/", { cluster: "no-such-cluster" });
    },
    onRequestHeaders: () => new Response("never"),
  }),
  refuses: defineFilter({
    setup() {
      throw new Error("not with me");
    },
  }),
  timers: defineFilter({
    setup() {
      let ticks = 0;
      const stop = every(20, () => {
        log.info(`tick ${++ticks}`);
        if (ticks === 3) stop();
      });
      setTimeout(() => {
        log.info("timeout");
      }, 50);
      const never = setTimeout(() => {
        log.info("never");
      }, 30);
      clearTimeout(never);
      setTimeout(() => {
        throw new Error("a broken timer");
      }, 10);
    },
    async onRequestHeaders() {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 40);
      });
      return new Response("after a while");
    },
  }),
  logger: defineFilter({
    onLog(response) {
      log.info(`logged ${response.request.path} ${response.status}`);
    },
  }),
  service: defineFilter({
    setup(plugin) {
      plugin.every(20, () => {
        log.info("service at work");
      });
    },
  }),
  echo: defineNetworkFilter({
    onDownstreamData(connection) {
      connection.downstreamData.set(connection.downstreamData.text().toUpperCase());
    },
  }),
});
