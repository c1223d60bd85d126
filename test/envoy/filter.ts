import { startEnvoy } from "./envoy.ts";
import type { Envoy, EnvoyOptions } from "./envoy.ts";
import { startUpstream } from "./upstream.ts";
import type { Answer, Upstream } from "./upstream.ts";

/** A filter that a test wrote, at work in a real Envoy in front of an upstream. */
export interface RunningFilter extends AsyncDisposable {
  readonly envoy: Envoy;
  readonly url: string;
  readonly upstream: Upstream;
}

/** @param answer - what the upstream answers; default: 200 with an empty body */
export async function startFilter(
  wasm: string,
  { answer, ...options }: Partial<EnvoyOptions> & { readonly answer?: Answer } = {},
): Promise<RunningFilter> {
  const upstream = await startUpstream(answer);
  try {
    const envoy = await startEnvoy({ wasm, upstream: upstream.url, ...options });
    const dispose = async () => {
      await envoy[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    };
    return { envoy, url: envoy.url, upstream, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await upstream[Symbol.asyncDispose]();
    throw error;
  }
}
