/** Chooses a TCP connection's cluster by the last number of the client's address. */

import { defineNetworkFilter, getProperty, log, setEnvoyFilterState, textConfig } from "proxy-wasm-ts";

/** The last number of an address such as 10.0.0.1, 10.0.0.1:80, 2001:db8::1 or [2001:db8::1]:80. */
function lastNumber(address: string): number | undefined {
  const v4 = /^\d+\.\d+\.\d+\.(\d+)(?::\d+)?$/.exec(address);
  const v6 = /^\[?[0-9a-f:]*:([0-9a-f]{0,4})(?:\]:\d+)?$/i.exec(address);
  const digits = v4?.[1] ?? v6?.[1];
  return digits === undefined ? undefined : parseInt(digits || "0", v4 === null ? 16 : 10);
}

export default defineNetworkFilter({
  config: textConfig((text) => {
    log.info(`[TCP WASM] Configuration: ${JSON.stringify(text)}`);
  }),

  onNewConnection(connection) {
    const source = getProperty("source.address", connection) ?? "";
    const number = lastNumber(source);
    if (number === undefined) {
      log.warn(`[TCP WASM] Failed to parse source address for routing: ${source}`);
      return;
    }
    const cluster = number % 2 === 0 ? "egress-router1" : "egress-router2";
    setEnvoyFilterState("envoy.tcp_proxy.cluster", cluster, connection);
    log.info(`[TCP WASM] Routed source ${source} to ${cluster}`);
  },
});
