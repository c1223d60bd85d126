import { setTimeout as sleep } from "node:timers/promises";

import { residentBytes } from "../../../bench/cpu.ts";
import { poll } from "../../../scripts/poll.ts";
import type { Envoy } from "../../envoy/envoy.ts";
import { PATIENCE_MS } from "./cases.ts";
import type { Case } from "./cases.ts";
import { ask, askMany, NO_ANSWER } from "./client.ts";
import type { Answer } from "./client.ts";
import type { Trial, Verdict } from "./result.ts";
import { startRig } from "./rig.ts";
import type { Rig } from "./rig.ts";

/** After an attack that was not answered, no more time is needed to see that nothing is. */
const SHORT_PATIENCE_MS = 3000;
/** Requests before memory is measured: the first ones make V8 compile. */
const WARM_UP = 2000;
/** A failed VM that is not back by then does not come back: with FAIL_RELOAD it takes a second or two. */
const FOR_EVER_MS = 3000;
const RELOAD_MS = 20_000;

/** Attacks a filter in Envoy, then asks it for what it does every day. @throws Error when the attack did not take place */
export async function attackFilter(rig: Rig, attack: Case): Promise<Trial> {
  if (attack.growth === true) {
    await askMany(rig.filter, WARM_UP, PATIENCE_MS);
  }
  const before = await servedStreams(rig);
  if (before === undefined) {
    throw new Error(`the filter does not work before ${attack.id}`);
  }
  const [held, logged] = [await residentBytes(rig.pid), rig.envoy.logs().length];
  const watch = watchWorker(rig);
  const seen = await attack.client(rig, attack.id);
  if (attack.unseen === true ? seen !== (attack.best ?? "200") : !(await hasRun(rig.envoy, attack.id, logged))) {
    throw new Error(`${attack.id} has not taken place; its client saw: ${seen}. Envoy's log:\n${rig.envoy.logs()}`);
  }
  const patience = seen === NO_ANSWER ? SHORT_PATIENCE_MS : PATIENCE_MS;
  const verdict = await judge(rig, before, { lost: seen !== (attack.best ?? "200"), patience });
  const stillMs = await watch.stop();
  const log = rig.envoy.logs().slice(logged);
  const [, ended] = new RegExp(`ended ${attack.id}: (.*)$`, "m").exec(log) ?? [];
  const [, trap] = / failed: (Uncaught .*)$/m.exec(log) ?? [];
  return {
    verdict,
    seen,
    stillMs,
    ...(ended === undefined ? {} : { ended }),
    ...(verdict === "vm" && trap !== undefined ? { trap } : {}),
    ...(attack.growth === true ? { growthBytes: (await residentBytes(rig.pid)) - held } : {}),
  };
}

/** With FAIL_RELOAD: how long the filter does not work after an attack. null: it does not any more. */
export async function timeReload(wasm: string, attack: Case): Promise<number | null> {
  await using rig = await startRig(wasm, "FAIL_RELOAD");
  const before = (await servedStreams(rig)) ?? 0;
  let over = false;
  const attacked = attack.client(rig, attack.id).finally(() => {
    over = true;
  });
  await hasRun(rig.envoy, attack.id, 0);
  let from = performance.now();
  let failed = false;
  const returned = async () => {
    const count = await servedStreams(rig);
    if (count === undefined && !failed) {
      [failed, from] = [true, performance.now()];
    }
    // A VM that counts from the beginning is another one.
    return count !== undefined && (failed || count <= before) ? performance.now() : undefined;
  };
  let [back, wasOver] = [await poll(RELOAD_MS, returned), false];
  while (back === undefined && !wasOver) {
    wasOver = over; // the time that a long attack takes is not the reload's
    back = await poll(RELOAD_MS, returned);
  }
  await attacked;
  return back === undefined ? null : Math.round(back - from);
}

/** Waits for the line that the filter logs first. */
async function hasRun(envoy: Envoy, id: string, from: number): Promise<boolean> {
  const line = `runs ${id}\n`;
  return (await poll(PATIENCE_MS, () => (envoy.logs().includes(line, from) ? true : undefined))) === true;
}

async function judge(
  rig: Rig,
  before: number,
  { lost, patience }: { readonly lost: boolean; readonly patience: number },
): Promise<Verdict> {
  // A callback later than the answer, such as the log's, has run when the same worker has answered this.
  if ((await ask(rig.plain, patience)).seen === NO_ANSWER) {
    return "worker";
  }
  const first = await ordinary(rig, patience);
  if (first.seen === NO_ANSWER) {
    return "worker";
  }
  if (served(first) === undefined) {
    if (!(await isAlive(rig.envoy))) {
      return "envoy";
    }
    await sleep(FOR_EVER_MS);
    if ((await servedStreams(rig)) !== undefined) {
      throw new Error(`a request was answered with ${first.seen}, and later ones were not, without FAIL_RELOAD`);
    }
    return "vm";
  }
  if ((served(first) ?? 0) <= before) {
    throw new Error("a new VM has taken the place of the first one, without FAIL_RELOAD");
  }
  return lost ? "stream" : "nothing";
}

function ordinary({ filter }: Rig, timeoutMs: number): Promise<Answer> {
  return ask(filter, timeoutMs);
}

/** How many streams the VM has seen; undefined when the filter has not had this one. */
function served({ seen, headers }: Answer): number | undefined {
  const count = headers["x-served"];
  return seen === "200" && typeof count === "string" ? Number(count) : undefined;
}

async function servedStreams(rig: Rig): Promise<number | undefined> {
  return served(await ordinary(rig, PATIENCE_MS));
}

/** The admin interface is the main thread's. */
async function isAlive({ admin }: Envoy): Promise<boolean> {
  return (await ask(`${admin}/ready`, PATIENCE_MS)).seen !== "reset";
}

/** Asks the worker past the filter, one request after the other. */
function watchWorker({ plain }: Rig): { stop(): Promise<number> } {
  const stopped = new AbortController();
  let longest = 0;
  let asked = performance.now();
  const lane = async () => {
    while (!stopped.signal.aborted) {
      asked = performance.now();
      await ask(plain, 2 * PATIENCE_MS, { signal: stopped.signal });
      longest = Math.max(longest, performance.now() - asked);
      await sleep(5);
    }
  };
  const done = lane();
  return {
    stop: async () => {
      stopped.abort();
      await done;
      return Math.round(longest);
    },
  };
}
