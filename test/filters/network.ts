/** The network filter of the tests: shouts to the upstream, whispers to the client; commands are lines. */

import { defineNetworkFilter, fetch, getProperty } from "proxy-wasm-ts";

export default defineNetworkFilter({
  state: () => ({ down: 0, up: 0 }),

  onNewConnection(connection, { log }) {
    log.info(`new connection ${connection.contextId > 0}`);
  },

  async onDownstreamData(connection, { log }) {
    const data = connection.downstreamData;
    const text = data.text();
    connection.state.down += data.size;
    if (text.startsWith("close")) {
      connection.close();
      return;
    }
    if (text.startsWith("throw")) {
      throw new Error("a broken connection");
    }
    if (text.startsWith("where")) {
      const where = {
        id: typeof getProperty("connection.id", connection),
        source: getProperty("source.address", connection),
        destination: getProperty("destination.port", connection),
        mtls: getProperty("connection.mtls", connection),
        upstream: getProperty("upstream.address", connection) ?? null,
        request: getProperty("request.path", connection) ?? null,
        root: getProperty("plugin_root_id"),
      };
      data.set(`${JSON.stringify(where)}\n`);
      return;
    }
    if (text.startsWith("call")) {
      const answer = await fetch("/", { cluster: "other" });
      log.info(`answer ${answer.status}`);
      data.set(`called ${answer.status}\n`);
      return;
    }
    data.set(text.toUpperCase());
  },

  onUpstreamData(connection) {
    const data = connection.upstreamData;
    connection.state.up += data.size;
    data.set(`<${data.text()}>`);
  },

  onDownstreamClose(_connection, { log }, closer) {
    log.info(`downstream closed by ${closer}`);
  },

  onUpstreamClose(_connection, { log }, closer) {
    log.info(`upstream closed by ${closer}`);
  },

  onDone(connection, { log }) {
    log.info(`done after ${connection.state.down} and ${connection.state.up} bytes`);
  },
});
