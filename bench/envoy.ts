import { bootstrap, listener } from "../build/envoy/bootstrap.ts";
import { runEnvoy } from "../test/envoy/envoy.ts";
import type { Envoy } from "../test/envoy/envoy.ts";
import { childProcesses } from "./cpu.ts";
import { CONFIGS, nameOf } from "./modules.ts";
import type { BenchFilter, FilterName } from "./modules.ts";
import { pin } from "./pin.ts";

/** An Envoy with a listener for each variant of a filter. */
export interface BenchEnvoy extends AsyncDisposable {
  readonly envoy: Envoy;
  readonly pid: number;
  /** The origin of a variant's listener. */
  originOf(variant: BenchFilter): string;
}

export interface Servers {
  readonly upstream: string;
  readonly backPython: string;
}

export interface BenchEnvoyOptions {
  readonly servers: Servers;
  /** Default: 1. */
  readonly workers?: number;
  /** Whether it stays on the core for Envoy. Default: true. */
  readonly pinned?: boolean;
}

/** @param filter - whose configuration the variants get */
export async function startBenchEnvoy(
  filter: FilterName,
  variants: readonly BenchFilter[],
  { servers, workers = 1, pinned = true }: BenchEnvoyOptions,
): Promise<BenchEnvoy> {
  const others = await childProcesses("envoy");
  const envoy = await runEnvoy(configOf(filter, variants, servers), { workers, wasmLogLevel: "info" });
  try {
    // The harness does not tell the process.
    const [pid] = (await childProcesses("envoy")).filter((candidate) => !others.includes(candidate));
    if (pid === undefined) {
      throw new Error(`Envoy at ${envoy.url} is not among the processes that this one has started`);
    }
    if (pinned) {
      await pin(pid, "envoy");
    }
    return {
      envoy,
      pid,
      originOf: (variant) => envoy.urls.get(nameOf(variant)) ?? "",
      [Symbol.asyncDispose]: () => envoy[Symbol.asyncDispose](),
    };
  } catch (error) {
    await envoy[Symbol.asyncDispose]();
    throw error;
  }
}

function configOf(filter: FilterName, variants: readonly BenchFilter[], { upstream, backPython }: Servers): object {
  const listeners = variants.map((variant) => listener(listenerSetup(filter, variant), nameOf(variant)));
  return bootstrap({ listeners, upstream, clusters: { "back-python": backPython }, adminPort: 0 });
}

/** Each plugin has a VM of its own. */
function listenerSetup(filter: FilterName, variant: BenchFilter): Parameters<typeof listener>[0] {
  const { code } = variant;
  return code.kind === "wasm"
    ? { wasm: code.wasm, config: CONFIGS[filter], vmId: nameOf(variant) }
    : { firstFilters: code.httpFilters };
}
