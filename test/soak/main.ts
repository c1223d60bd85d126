/**
 * `npm run test:soak`: a real Envoy with all kinds of filters and faults at once, while its configuration changes. Ends with a report, and with
 * exit status 1 when a request was lost, a count is wrong, a VM was replaced, or memory has grown.
 */

import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { childProcesses } from "../../bench/cpu.ts";
import { poll } from "../../scripts/poll.ts";
import { attacks } from "../attacks/attacks.ts";
import { buildOwnFilter } from "../build-filter.ts";
import type { Envoy } from "../envoy/envoy.ts";
import { random } from "../random.ts";
import { tempProject } from "../temp-project.ts";
import { ask } from "./client.ts";
import type { Asked, Place } from "./client.ts";
import { Configurations } from "./configurations.ts";
import { pickKind } from "./kinds.ts";
import { takeSample } from "./memory.ts";
import type { Sample } from "./memory.ts";
import { byKind, readMetrics } from "./metrics.ts";
import { readOptions, USAGE } from "./options.ts";
import type { Options } from "./options.ts";
import { report } from "./report.ts";
import { Tally } from "./tally.ts";
import { startServer } from "./servers.ts";
import { violations } from "./verdict.ts";

/** Each has at most one request at a time. */
const CLIENTS = 24;
/** Shorter than connections of replaced listeners are kept: Envoy must not close one at the moment of its next request. */
const IDLE_MS = 2000;
const RELOAD_MS = 3000;
/** One in so many changes is refused. */
const REFUSED_EVERY = 4;
/** The part of the requests after which the configuration of the VM changes, too, and each worker gets a new one. */
const FIRST_VM = 0.4;
const END_MS = 30_000;
/** In which each VM tells its memory, when nothing goes on any more. */
const QUIET_MS = 1000;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") {
    console.log(USAGE);
    return 0;
  }
  await using module = await buildOwnFilter("test/soak/filter.ts");
  await using folder = await tempProject({ "listeners/.keep": "", "filters/.keep": "" });
  await using upstream = await startServer(({ headers }) => headers["x-upstream"]?.toString());
  await using called = await startServer(({ url }) => url?.slice(1));
  const configurations = new Configurations(module.wasm, folder);
  await using envoy = await configurations.start(options.workers, upstream, called);
  const [pid = 0] = await childProcesses("envoy");
  const origins = { parts: envoy.urls.get("parts") ?? "", whole: envoy.urls.get("whole") ?? "" };
  const tally = new Tally();

  const samples: Sample[] = [];
  const sample = async () => {
    samples.push(await takeSample(envoy, pid, tally.sent, configurations.generation));
  };
  const over = new AbortController();
  const changes = changeOften(configurations, envoy, over.signal, sample, () =>
    tally.sent < options.requests * FIRST_VM ? 0 : 1,
  );
  const started = performance.now();
  try {
    await sendAll(options, { origins, upstream, called }, tally);
  } finally {
    over.abort();
    await changes;
  }
  const seconds = (performance.now() - started) / 1000;
  await allEnded(envoy, tally);
  await sleep(QUIET_MS);
  await sample();

  const metrics = await readMetrics(envoy);
  const counts = {
    began: byKind(metrics, "soak_began"),
    worked: byKind(metrics, "soak_worked"),
    ended: byKind(metrics, "soak_ended"),
    upstream: upstream.seen,
    called: called.seen,
  };
  const found = violations({ options, tally, counts, samples, configurations, log: envoy.logs() });
  console.log(report({ options, tally, counts, samples, seconds, configurations, violations: found }));
  return found.length === 0 ? 0 : 1;
}

/** What the requests are follows from the seed; when each is sent does not. */
async function sendAll({ requests, seed }: Options, place: Place, tally: Tally): Promise<void> {
  const pick = random(seed);
  const names = Object.keys(attacks);
  let at = 0;
  const next = (): Asked | undefined => {
    if (at >= requests) {
      return undefined;
    }
    at += 1;
    const kind = pickKind(pick);
    return { kind, id: String(at), attack: kind.attack === "any" ? names[pick(names.length)] : kind.attack };
  };
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: IDLE_MS });
      for (let asked = next(); asked !== undefined; asked = next()) {
        tally.count(asked, await ask(place, agent, asked));
      }
      agent.destroy();
    }),
  );
}

/** Until it is over. */
async function changeOften(
  configurations: Configurations,
  envoy: Envoy,
  over: AbortSignal,
  sample: () => Promise<void>,
  vm: () => number,
): Promise<void> {
  for (let change = 1; ; change++) {
    await sleep(RELOAD_MS, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) {
      return;
    }
    await sample();
    await (change % REFUSED_EVERY === 0 ? configurations.refuse(envoy) : configurations.next(envoy, vm()));
  }
}

/** A stream ends in the filter a little after its client has its answer, or has left. */
async function allEnded(envoy: Envoy, tally: Tally): Promise<void> {
  await poll(END_MS, async () => {
    const ended = Object.values(byKind(await readMetrics(envoy), "soak_ended"));
    return ended.reduce((sum, count) => sum + count, 0) >= tally.sent ? true : undefined;
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
