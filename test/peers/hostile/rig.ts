import { setTimeout as sleep } from "node:timers/promises";

import { childProcesses } from "../../../bench/cpu.ts";
import { bootstrap, listener } from "../../../build/envoy/bootstrap.ts";
import { runEnvoy } from "../../envoy/envoy.ts";
import type { Envoy } from "../../envoy/envoy.ts";
import { startUpstream } from "../../envoy/upstream.ts";
import type { Upstream } from "../../envoy/upstream.ts";

/** An Envoy with one worker, and the servers around it. */
export interface Rig extends AsyncDisposable {
  readonly envoy: Envoy;
  readonly pid: number;
  /** The origin of the listener with the filter. */
  readonly filter: string;
  /** The same filter, in the same VM, where bodies may be large. */
  readonly large: string;
  /** A listener without a filter, of the same worker. */
  readonly plain: string;
  /** The cluster that the filter calls. */
  readonly other: SlowServer;
}

interface SlowServer extends Upstream {
  /** How many requests it has answered. */
  answered(): number;
}

const LARGE_BUFFER = 256 << 20;
/** How long the called cluster takes for `/slow`, and the upstream, which answers after it. */
const SLOW_MS = 300;
const SLOWER_MS = 800;

/** A VM that has failed is loaded anew: what the other policies do instead is the same for all that fail, and not tried again here. */
export async function startRig(wasm: string): Promise<Rig> {
  const upstream = await startSlowServer(SLOWER_MS);
  const other = await startSlowServer(SLOW_MS);
  const stopServers = async () => {
    await Promise.all([upstream[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
  };
  try {
    const plugin = { wasm, failurePolicy: "FAIL_RELOAD" } as const;
    const listeners = [
      listener(plugin, "filter"),
      { ...listener(plugin, "large"), per_connection_buffer_limit_bytes: LARGE_BUFFER },
      listener({}, "plain"),
    ];
    const setup = { listeners, upstream: upstream.url, clusters: { other: other.url }, adminPort: 0 };
    const before = await childProcesses("envoy");
    const envoy = await runEnvoy(bootstrap(setup), { wasmLogLevel: "info" });
    const [pid = 0] = (await childProcesses("envoy")).filter((candidate) => !before.includes(candidate));
    const origin = (name: string) => envoy.urls.get(name) ?? "";
    return {
      envoy,
      pid,
      filter: origin("filter"),
      large: origin("large"),
      plain: origin("plain"),
      other,
      [Symbol.asyncDispose]: async () => {
        await envoy[Symbol.asyncDispose]();
        await stopServers();
      },
    };
  } catch (error) {
    await stopServers();
    throw error;
  }
}

async function startSlowServer(slowMs: number): Promise<SlowServer> {
  let answered = 0;
  const server = await startUpstream(async ({ path }, response) => {
    await sleep(path === "/slow" ? slowMs : 0);
    response.end(() => {
      answered += 1;
    });
  });
  return { ...server, answered: () => answered };
}
