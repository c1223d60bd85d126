/** Logs headers, and adds one that the configuration names. */

import { defineFilter } from "proxy-wasm-ts";

interface Config {
  readonly header: string;
  readonly value: string;
}

function readConfig(json: unknown): Config | undefined {
  if (json === undefined) {
    return undefined;
  }
  const { header, value } = json as Partial<Config>;
  if (!header?.trim() || !value?.trim()) {
    throw new Error('expected {"header": "<header name>", "value": "<header value>"}');
  }
  return { header: header.trim(), value: value.trim() };
}

export default defineFilter({
  config: readConfig,

  onRequestHeaders({ headers }, { log }) {
    headers.set("test", "best");
    for (const [name, value] of headers) {
      log.info(`request header --> ${name}: ${value}`);
    }
  },

  onResponseHeaders({ headers }, { config, log }) {
    headers.append("x-proxy-wasm-go-sdk-example", "http_headers");
    if (config !== undefined) {
      log.info(`adding header: ${config.header}=${config.value}`);
      headers.append(config.header, config.value);
    }
    for (const [name, value] of headers) {
      log.info(`response header <-- ${name}: ${value}`);
    }
  },

  onLog({ contextId }, { log }) {
    log.info(`${contextId} finished`);
  },
});
