/** Lets only JSON through, which must have the keys that the configuration asks for. */

import { defineFilter, Response } from "proxy-wasm-ts";

interface Config {
  readonly requiredKeys: readonly string[];
}

const refuse = (why: string) => new Response(why, { status: 403 });

export default defineFilter({
  config: (json): Config => ({ requiredKeys: [], ...(json as Partial<Config> | undefined) }),

  onRequestHeaders: ({ headers }) =>
    headers.get("content-type") === "application/json" ? undefined : refuse("content-type must be provided"),

  onRequestBody({ body }, { config, log }) {
    let json: unknown;
    try {
      json = body.json();
    } catch {
      log.error(`body is not a valid json: ${body.text()}`);
      return refuse("invalid payload");
    }
    const missing = config.requiredKeys.find((key) => !Object.hasOwn(Object(json) as object, key));
    if (missing === undefined) {
      return undefined;
    }
    log.error(`required key (${missing}) is missing: ${body.text()}`);
    return refuse("invalid payload");
  },
});
