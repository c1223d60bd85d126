import { rename, writeFile } from "node:fs/promises";

import { bootstrap, listener, typeUrl } from "../../../build/envoy/bootstrap.ts";
import { poll } from "../../../scripts/poll.ts";
import { runEnvoy } from "../../envoy/envoy.ts";
import { startUpstream } from "../../envoy/upstream.ts";
import { tempProject } from "../../temp-project.ts";
import { PATIENCE_MS } from "./cases.ts";
import type { ConfigurationCase } from "./cases.ts";
import { ask } from "./client.ts";
import type { Trial } from "./result.ts";

/** Gives Envoy a new configuration of a filter that runs, and asks whether the one before goes on, and whether Envoy can be given another. */
export async function attackConfiguration(wasm: string, { id }: ConfigurationCase): Promise<Trial> {
  const [, name = ""] = id.split("/");
  await using folder = await tempProject({});
  await using upstream = await startUpstream();
  const file = folder.path("listeners.json");
  const offer = async (config: string) => {
    const resource = { "@type": typeUrl("envoy.config.listener.v3.Listener"), ...listener({ wasm, config }, "filter") };
    await writeFile(`${file}.new`, JSON.stringify({ resources: [resource] }));
    await rename(`${file}.new`, file); // which is what Envoy watches for
  };
  await offer("");
  const setup = {
    ...bootstrap({ listeners: [], upstream: upstream.url, adminPort: 0 }),
    node: { id: "hostile", cluster: "hostile" },
    dynamic_resources: { lds_config: { path_config_source: { path: file } } },
  };
  await using envoy = await runEnvoy(setup, { wasmLogLevel: "info" });
  const before = await ask(envoy.url, PATIENCE_MS);
  if (before.headers["x-served"] === undefined) {
    throw new Error("the filter does not work before it is given a new configuration");
  }
  const from = performance.now();
  await offer(name);
  await envoy.waitForFilterLog(new RegExp(`runs ${id}$`));
  const refused = await poll(PATIENCE_MS, async () => {
    const answer = await ask(`${envoy.admin}/ready`, PATIENCE_MS);
    const stands = answer.seen === "200" && (await envoy.stat("listener_manager.lds.update_rejected")) === 1;
    return stands ? true : undefined;
  });
  const stillMs = Math.round(performance.now() - from);
  const after = await ask(envoy.url, PATIENCE_MS);
  if (Number(after.headers["x-served"]) !== Number(before.headers["x-served"]) + 1) {
    throw new Error(`${id}: the filter that ran before does not any more: ${after.seen}`);
  }
  return refused === true
    ? { verdict: "nothing", seen: "refused", stillMs }
    : { verdict: "main", seen: "neither taken nor refused", stillMs };
}
