/**
 * Two plugins send what they see through queues to a third one, which is in another VM. The Go example has two modules, and
 * chooses by the configuration; here one module has all three, and `root_id` chooses.
 */

import {
  decodeUtf8,
  defineFilter,
  defineNetworkFilter,
  definePlugins,
  log,
  registerSharedQueue,
  resolveSharedQueue,
  textConfig,
} from "proxy-wasm-ts";

function send(contextId: number, queue: string, text: string): void {
  resolveSharedQueue(queue, { vmId: "receiver" })?.enqueue(text);
  log.info(`(contextID=${contextId}) enqueued data: ${text}`);
}

/** FNV-1a, 128 bits, in hexadecimal digits. */
function fnv1a128(bytes: Uint8Array): string {
  let hash = 0x6c62272e07bb014262b821756295c58dn;
  for (const byte of bytes) {
    hash = BigInt.asUintN(128, (hash ^ BigInt(byte)) * 0x0000000001000000000000000000013bn);
  }
  return hash.toString(16).padStart(32, "0");
}

const asJson = ([key, value]: readonly [string, string]) => JSON.stringify({ key, value });

export default definePlugins({
  receiver: defineFilter({
    config: textConfig((name) => name),
    setup({ config: name, pluginId }) {
      const queue = registerSharedQueue(name);
      log.info(`queue "${name}" registered as queueID=${queue.id} by contextID=${pluginId}`);
      queue.onItem((item) => {
        log.info(`(contextID=${pluginId}) dequeued data from ${name}(queueID=${queue.id}): ${decodeUtf8(item)}`);
      });
    },
  }),

  http: defineFilter({
    onRequestHeaders({ contextId, headers }) {
      for (const header of headers) {
        send(contextId, "http_request_headers", asJson(header));
      }
    },
    onResponseHeaders({ contextId, headers }) {
      for (const header of headers) {
        send(contextId, "http_response_headers", asJson(header));
      }
    },
  }),

  tcp: defineNetworkFilter({
    onUpstreamData({ contextId, upstreamData }) {
      if (upstreamData.size > 0) {
        send(contextId, "tcp_data_hashes", fnv1a128(upstreamData.bytes()));
      }
    },
  }),
});
