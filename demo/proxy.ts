import { TestHost } from "proxy-wasm-ts/testing";

import { startEnvoy } from "../test/envoy/envoy.ts";

/** What is in front of back-golang and runs the filter. */
export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** What the filter has logged so far. */
  filterLog(): readonly string[];
}

export interface ProxyOptions {
  /** The filter's module. */
  readonly wasm: string;
  readonly backPython: string;
  readonly backGolang: string;
  /** The port that it listens on; 0: a free one. */
  readonly port: number;
}

const CONFIG = { cluster: "back-python" };

/** The Node host: the filter runs in this process. */
export async function startNodeProxy({ wasm, backPython, backGolang, port }: ProxyOptions): Promise<Proxy> {
  const lines: string[] = [];
  const host = await TestHost.load(wasm, {
    config: CONFIG,
    clusters: { "back-python": backPython },
    upstream: backGolang,
    onLog: ({ level, message }) => {
      lines.push(`[${level}] ${message}`);
    },
  });
  try {
    const { url } = await host.listen({ port });
    return { url, filterLog: () => lines, [Symbol.asyncDispose]: () => host.close() };
  } catch (error) {
    await host.close();
    throw error;
  }
}

/** A real Envoy, in a process of its own. */
export async function startEnvoyProxy({ wasm, backPython, backGolang, port }: ProxyOptions): Promise<Proxy> {
  const envoy = await startEnvoy({
    wasm,
    config: CONFIG,
    clusters: { "back-python": backPython },
    upstream: backGolang,
    port,
  });
  return {
    url: envoy.url,
    filterLog: () => envoy.filterLog(),
    [Symbol.asyncDispose]: () => envoy[Symbol.asyncDispose](),
  };
}
