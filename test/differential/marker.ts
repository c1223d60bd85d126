import { connect } from "node:net";
import type { Socket } from "node:net";
import { once } from "node:events";

import { socketAddress, typeUrl } from "../../build/envoy/bootstrap.ts";

/** A listener of Envoy's that writes the path of each request into Envoy's log, and answers at once. */
export function markerListener(name: string): object {
  const code = `function envoy_on_request(handle)
    handle:logInfo("marker " .. handle:headers():get(":path"))
    handle:respond({[":status"] = "204"}, "")
  end`;
  return {
    name,
    address: socketAddress("127.0.0.1", 0),
    filter_chains: [
      {
        filters: [
          {
            name: "http",
            typed_config: {
              "@type": typeUrl("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
              stat_prefix: name,
              route_config: {
                virtual_hosts: [
                  { name, domains: ["*"], routes: [{ match: { prefix: "/" }, direct_response: { status: 204 } }] },
                ],
              },
              http_filters: [
                {
                  name: "lua",
                  typed_config: {
                    "@type": typeUrl("envoy.extensions.filters.http.lua.v3.Lua"),
                    default_source_code: { inline_string: code },
                  },
                },
                {
                  name: "router",
                  typed_config: { "@type": typeUrl("envoy.extensions.filters.http.router.v3.Router") },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

/** The marker in a line of Envoy's log. */
export const MARKER = /^\[(\d+)\]\[info\]\[lua\] script log: marker \/(\d+)$/;

/** How often Envoy's worker goes round until what a step led to has happened: it accepts, reads, connects, writes. */
const ROUNDS = 6;

/** Asks Envoy's worker for marks. It answers when it has done what came before. */
export class Marker {
  readonly #socket: Socket;
  #count = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async connect(url: string): Promise<Marker> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.setNoDelay(true);
    await once(socket, "connect");
    return new Marker(socket);
  }

  /** Goes round, and returns the number of the last mark. */
  async settle(): Promise<number> {
    for (let round = 0; round < ROUNDS; round++) {
      this.#socket.write(`GET /${++this.#count} HTTP/1.1\r\nhost: marker\r\n\r\n`);
      await once(this.#socket, "data");
    }
    return this.#count;
  }

  close(): void {
    this.#socket.destroy();
  }
}
