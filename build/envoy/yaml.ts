import { Document } from "yaml";

import { bootstrap } from "./bootstrap.ts";
import type { EnvoySetup } from "./bootstrap.ts";

/** An `envoy.yaml`, with how to start Envoy with it in its first lines. */
export function envoyYaml(setup: EnvoySetup): string {
  // Envoy's parser takes a plain "yes" or "on" for a boolean, as YAML 1.1 does.
  const document = new Document(bootstrap(setup), { version: "1.1" });
  document.commentBefore = [
    " Start it with: envoy -c envoy.yaml --component-log-level wasm:info",
    " wasm:debug shows what the filter logs with log.debug, too.",
    ` Envoy looks for ${setup.wasm} from where it is started.`,
  ].join("\n");
  return document.toString({ lineWidth: 0 }).trimEnd();
}
