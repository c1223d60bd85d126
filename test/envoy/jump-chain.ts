import { startEnvoy } from "./envoy.ts";
import type { Envoy } from "./envoy.ts";
import { startUpstream } from "./upstream.ts";
import type { Answer, Upstream } from "./upstream.ts";

/** The jump filter in an Envoy, with both of its upstreams. */
export interface JumpChain extends AsyncDisposable {
  readonly envoy: Envoy;
  readonly url: string;
  /** What requests are passed on to. */
  readonly upstream: Upstream;
  /** What the filter calls. */
  readonly called: Upstream;
  /** Who was asked, in order. */
  readonly order: readonly ("call" | "upstream")[];
}

export interface JumpChainOptions {
  /** Default: `{}`. */
  readonly config?: unknown;
  /** The name of the cluster that is called. Default: "back-python". */
  readonly cluster?: string;
  /** Where that cluster is, null for nowhere. Default: `called`. */
  readonly origin?: string | null;
  /** How it answers. Default: 200 and a text. */
  readonly answer?: Answer;
  /** How the upstream answers. Default: 200 "from upstream". */
  readonly upstreamAnswer?: Answer;
}

function answerText(text: string): Answer {
  return (_request, response) => void response.end(text);
}

export const JUMP_FILTER = "dist/filter.wasm";

export async function startJump(options: JumpChainOptions = {}): Promise<JumpChain> {
  const {
    cluster = "back-python",
    answer = answerText("from back-python"),
    upstreamAnswer = answerText("from upstream"),
  } = options;
  const order: ("call" | "upstream")[] = [];
  const called = await startUpstream((request, response) => {
    order.push("call");
    return answer(request, response);
  });
  const upstream = await startUpstream((request, response) => {
    order.push("upstream");
    return upstreamAnswer(request, response);
  });
  const stopUpstreams = async () => {
    await called[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  };
  try {
    const envoy = await startEnvoy({
      wasm: JUMP_FILTER,
      config: "config" in options ? options.config : {},
      clusters: { [cluster]: options.origin === undefined ? called.url : options.origin },
      upstream: upstream.url,
    });
    const stop = async () => {
      await envoy[Symbol.asyncDispose]();
      await stopUpstreams();
    };
    return { envoy, url: envoy.url, upstream, called, order, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stopUpstreams();
    throw error;
  }
}
