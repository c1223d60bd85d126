/** Logs what a TCP connection carries, and to where; counts connections. */

import { decodeProperty, defineCounter, defineNetworkFilter, getProperty } from "proxy-wasm-ts";

const connections = defineCounter("proxy_wasm_go.connection_counter");

export default defineNetworkFilter({
  onNewConnection(_connection, { log }) {
    log.info("new connection!");
  },

  onDownstreamData({ downstreamData }, { log }) {
    if (downstreamData.size > 0) {
      log.info(`>>>>>> downstream data received >>>>>>\n${downstreamData.text()}`);
    }
  },

  onDownstreamClose(_connection, { log }) {
    log.info("downstream connection close!");
  },

  onUpstreamData(connection, { log }) {
    const { upstreamData } = connection;
    if (upstreamData.size === 0) {
      return;
    }
    log.info(`remote address: ${getProperty("upstream.address", connection) ?? "unknown"}`);
    const location = getProperty("xds.cluster_metadata.filter_metadata.location", connection);
    for (const [key, value] of decodeProperty(location, "map") ?? []) {
      log.info(`upstream cluster metadata location[${key}]=${value}`);
    }
    log.info(`<<<<<< upstream data received <<<<<<\n${upstreamData.text()}`);
  },

  onDone(_connection, { log }) {
    connections.increment();
    log.info("connection complete!");
  },
});
