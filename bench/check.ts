import assert from "node:assert/strict";

import { poll } from "../scripts/poll.ts";
import { deadOrigin, startUpstream } from "../test/envoy/upstream.ts";
import type { Answer, SeenRequest } from "../test/envoy/upstream.ts";
import { startBenchEnvoy } from "./envoy.ts";
import type { BenchEnvoy } from "./envoy.ts";
import { REQUEST_HEADERS } from "./load-messages.ts";
import { nameOf } from "./modules.ts";
import type { BenchFilter, FilterName } from "./modules.ts";
import { CALL_RESPONSE, TRAFFIC } from "./traffic.ts";

const REQUESTS = 5;
const LOG_MS = 5000;

interface Seen {
  readonly variant: string;
  readonly envoy: BenchEnvoy["envoy"];
  readonly paths: readonly string[];
  readonly upstream: readonly SeenRequest[];
  readonly calls: readonly SeenRequest[];
  readonly answers: readonly ClientAnswer[];
}

interface ClientAnswer {
  readonly headers: Headers;
  readonly text: string;
}

const CHECKS: Readonly<Record<FilterName, (seen: Seen) => void | Promise<void>>> = {
  header: ({ upstream, paths }) => {
    assert.deepEqual(
      upstream.map(({ headers }) => headers["x-path"]),
      paths,
      "x-path at the upstream",
    );
  },

  call: async ({ variant, envoy, calls, paths }) => {
    checkCalls(calls, paths);
    if (variant === "lua") {
      await waitForLuaLog(envoy, "back-python answered 200", paths.length);
    } else if (variant !== "envoy") {
      await envoy.waitForFilterLog(/^\[info\] back-python answered 200$/, paths.length);
    }
  },

  body: ({ answers }) => {
    for (const { headers } of answers) {
      assert.equal(
        headers.get("x-body-length"),
        String(TRAFFIC.body.requestBody?.length),
        "x-body-length at the client",
      );
    }
  },

  rewrite: ({ answers }) => {
    for (const { text } of answers) {
      assert.equal(text, TRAFFIC.rewrite.clientSees, "the page at the client");
    }
  },

  json: ({ upstream }) => {
    for (const { body } of upstream) {
      assert.deepEqual(JSON.parse(body.toString()), JSON.parse(TRAFFIC.json.upstreamSees), "the order at the upstream");
    }
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

async function waitForLuaLog(envoy: Seen["envoy"], text: string, count: number): Promise<void> {
  const isThere = () => (envoy.logs().split(`[info][lua] script log: ${text}`).length > count ? true : undefined);
  assert.ok(await poll(LOG_MS, isThere), `the script did not log "${text}" ${count} times`);
}

/** Sends a few requests through a filter, and looks whether it does all that it is measured for. */
export async function checkWork(variant: BenchFilter): Promise<void> {
  const { filter } = variant;
  if (filter === undefined) {
    return;
  }
  try {
    await using upstream = await startUpstream(answerWith(TRAFFIC[filter].responseBody));
    await using called = await startUpstream(answerWith(CALL_RESPONSE));
    await using envoy = await startBenchEnvoy(filter, [variant], {
      servers: { upstream: upstream.url, backPython: called.url },
    });
    const paths = Array.from({ length: REQUESTS }, (_, index) => `${TRAFFIC[filter].path}?n=${index}`);
    const answers: ClientAnswer[] = [];
    for (const path of paths) {
      answers.push(await ask(filter, envoy.originOf(variant), path));
    }
    assert.equal(upstream.requests.length, paths.length, "requests at the upstream");
    assert.equal(called.requests.length, TRAFFIC[filter].calls * paths.length, "calls");
    checkBodies(filter, answers, upstream.requests);
    const seen = { variant: variant.variant, envoy: envoy.envoy, paths, answers };
    await CHECKS[filter]({ ...seen, upstream: upstream.requests, calls: called.requests });
    if (filter === "jump") {
      await using broken = await startBenchEnvoy(filter, [variant], {
        servers: { upstream: upstream.url, backPython: await deadOrigin() },
      });
      await ask(filter, broken.originOf(variant), "/jump");
      await broken.envoy.waitForFilterLog(/^\[warn(ing)?\] called back-python: GET \/jump -> .* in \d+ ms$/);
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${nameOf(variant)} does not do its work: ${reason}`, { cause });
  }
}

/** During the measurement only their lengths are looked at. */
function checkBodies(filter: FilterName, answers: readonly ClientAnswer[], requests: readonly SeenRequest[]): void {
  const { clientSees, upstreamSees } = TRAFFIC[filter];
  for (const { text } of answers) {
    assert.equal(text.length, clientSees.length, "length of the answer at the client");
  }
  for (const { body } of requests) {
    assert.equal(body.length, upstreamSees.length, "length of the body at the upstream");
  }
}

function answerWith(body: string): Answer {
  return (_request, response) => void response.end(body);
}

async function ask(filter: FilterName, origin: string, path: string): Promise<ClientAnswer> {
  const { method, requestBody } = TRAFFIC[filter];
  const init = { method, headers: REQUEST_HEADERS, ...(requestBody === undefined ? {} : { body: requestBody }) };
  const response = await fetch(`${origin}${path}`, init);
  assert.equal(response.status, 200, `status of ${path}`);
  return { headers: response.headers, text: await response.text() };
}
