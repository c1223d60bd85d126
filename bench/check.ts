import assert from "node:assert/strict";

import { startEnvoy } from "../test/envoy/envoy.ts";
import type { Envoy } from "../test/envoy/envoy.ts";
import { deadOrigin, startUpstream } from "../test/envoy/upstream.ts";
import type { SeenRequest, Upstream } from "../test/envoy/upstream.ts";
import { REQUEST_HEADERS } from "./load-messages.ts";
import { CONFIGS, nameOf } from "./modules.ts";
import type { BenchModule, FilterName } from "./modules.ts";

const REQUESTS = 5;

interface Seen {
  readonly envoy: Envoy;
  readonly paths: readonly string[];
  readonly upstream: readonly SeenRequest[];
  readonly calls: readonly SeenRequest[];
}

const CHECKS: Readonly<Record<FilterName, (seen: Seen) => void | Promise<void>>> = {
  header: ({ upstream, calls, paths }) => {
    assert.deepEqual(
      upstream.map(({ headers }) => headers["x-path"]),
      paths,
      "x-path at the upstream",
    );
    assert.deepEqual(calls, [], "calls");
  },

  call: async ({ envoy, calls, paths }) => {
    checkCalls(calls, paths);
    await envoy.waitForFilterLog(/^\[info\] back-python answered 200$/, paths.length);
  },

  jump: async ({ envoy, upstream, calls, paths }) => {
    checkCalls(calls, paths);
    for (const [index, { headers }] of calls.entries()) {
      const passedOn = upstream[index]?.headers ?? {};
      for (const name of ["x-request-id", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled"]) {
        assert.ok(headers[name] !== undefined && headers[name] === passedOn[name], `the call carries ${name}`);
      }
      assert.equal(headers["user-agent"], undefined, "user-agent of the call");
    }
    for (const path of paths) {
      const line = new RegExp(`^\\[info\\] called back-python: GET ${path.replace("?", "\\?")} -> 200 in \\d+ ms$`);
      await envoy.waitForFilterLog(line);
    }
  },
};

function checkCalls(calls: readonly SeenRequest[], paths: readonly string[]): void {
  assert.deepEqual(
    calls.map(({ method, path }) => `${method} ${path}`),
    paths.map((path) => `GET ${path}`),
    "calls",
  );
}

/** Sends a few requests through a filter, and looks whether it does all that it is measured for. */
export async function checkWork(module: BenchModule): Promise<void> {
  const { filter } = module;
  if (filter === undefined) {
    return;
  }
  try {
    await using upstream = await startUpstream();
    await using called = await startUpstream();
    await using envoy = await start(module, filter, upstream, called.url);
    const paths = Array.from({ length: REQUESTS }, (_, index) => `/jump?n=${index}`);
    for (const path of paths) {
      await ask(envoy, path);
    }
    assert.equal(upstream.requests.length, paths.length, "requests at the upstream");
    await CHECKS[filter]({ envoy, paths, upstream: upstream.requests, calls: called.requests });
    if (filter === "jump") {
      await using broken = await start(module, filter, upstream, await deadOrigin());
      await ask(broken, "/jump");
      await broken.waitForFilterLog(/^\[warn(ing)?\] called back-python: GET \/jump -> .* in \d+ ms$/);
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${nameOf(module)} does not do its work: ${reason}`, { cause });
  }
}

function start({ wasm }: BenchModule, filter: FilterName, upstream: Upstream, backPython: string): Promise<Envoy> {
  return startEnvoy({
    wasm,
    config: CONFIGS[filter],
    clusters: { "back-python": backPython },
    upstream: upstream.url,
  });
}

async function ask({ url }: Envoy, path: string): Promise<void> {
  const response = await fetch(`${url}${path}`, { headers: REQUEST_HEADERS });
  assert.equal(response.status, 200, `status of ${path}`);
  await response.arrayBuffer();
}
