/** Filters of one module that the configuration chooses among, not the root id. */

import { defineFilter, defineNetworkFilter, definePlugins } from "proxy-wasm-ts";

interface Config {
  readonly use: string;
}

const config = (json: unknown) => json as Config;

export default definePlugins(
  {
    header: defineFilter({
      config,
      onRequestHeaders(request, { config, rootId }) {
        request.headers.set("x-chosen", `${config.use} of ${rootId}`);
      },
    }),
    shout: defineNetworkFilter({
      config,
      onDownstreamData(connection) {
        connection.downstreamData.set(connection.downstreamData.text().toUpperCase());
      },
    }),
  },
  { choose: ({ configuration }) => (JSON.parse(configuration) as Config).use },
);
