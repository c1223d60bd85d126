import { setTimeout as sleep } from "node:timers/promises";

import { cpuNanoseconds, residentBytes } from "../../../bench/cpu.ts";
import { poll } from "../../../scripts/poll.ts";
import type { Envoy } from "../../envoy/envoy.ts";
import { PATIENCE_MS } from "./cases.ts";
import type { Case } from "./cases.ts";
import { ask, askMany, NO_ANSWER } from "./client.ts";
import type { Answer } from "./client.ts";
import type { Trial } from "./result.ts";
import type { Rig } from "./rig.ts";

/** Requests before memory is measured: the first ones make V8 compile. */
const WARM_UP = 2000;
/** CPU time after which a callback counts as endless. */
const FOR_EVER_NS = 8e9;
/** A failed VM that is not back by then does not come back. */
const RELOAD_MS = 20_000;

/** Attacks a filter in Envoy, then asks it for what it does every day. @throws Error when the attack did not take place */
export async function attackFilter(rig: Rig, attack: Case): Promise<Trial> {
  if (attack.growth === true) {
    await askMany(rig.filter, WARM_UP, PATIENCE_MS);
  }
  const before = served(await ordinary(rig));
  if (before === undefined) {
    throw new Error(`the filter does not work before ${attack.id}`);
  }
  const [held, logged] = [await residentBytes(rig.pid), rig.envoy.logs().length];
  const used = await cpuNanoseconds(rig.pid);
  const watch = watchWorker(rig);
  const attacked = attack.client(rig, attack.id);
  // The filter is asked while the client still waits, who may do so for ever, and not before what comes after its answer, such as a timer;
  // but not between the requests of a long attack.
  const began = hasRun(rig.envoy, attack.id, logged);
  await (attack.growth === true || attack.unseen === true ? attacked : began);
  let fate = await judge(rig, before);
  if (fate.verdict === "worker" && !(await isBusyForEver(rig, used))) {
    fate = await judge(rig, before);
  }
  const seen = await attacked;
  const mayLose = attack.growth === true; // some of many requests, on a busy machine
  if (attack.unseen === true ? !mayLose && seen !== (attack.best ?? "200") : !(await began)) {
    throw new Error(`${attack.id} has not taken place; its client saw: ${seen}. Envoy's log:\n${rig.envoy.logs()}`);
  }
  const stillMs = await watch.stop();
  const log = rig.envoy.logs().slice(logged);
  const [, ended] = new RegExp(`ended ${attack.id}: (.*)$`, "m").exec(log) ?? [];
  const [, trap] = / failed: (Uncaught .*)$/m.exec(log) ?? [];
  return {
    verdict: fate.verdict === "nothing" && seen !== (attack.best ?? "200") ? "stream" : fate.verdict,
    seen,
    stillMs,
    ...(ended === undefined ? {} : { ended }),
    ...(fate.verdict === "vm" && trap !== undefined ? { trap } : {}),
    ...(fate.reloadMs === undefined ? {} : { reloadMs: fate.reloadMs }),
    ...(attack.growth === true && fate.verdict !== "envoy"
      ? { growthBytes: (await residentBytes(rig.pid)) - held }
      : {}),
  };
}

/** Waits for the line that the filter logs first. */
async function hasRun(envoy: Envoy, id: string, from: number): Promise<boolean> {
  const line = `runs ${id}\n`;
  return (await poll(PATIENCE_MS, () => (envoy.logs().includes(line, from) ? true : undefined))) === true;
}

type Fate = Pick<Trial, "verdict" | "reloadMs">;

/** What has become of the worker, its VM and its Envoy. @param before - how many streams the VM had seen */
async function judge(rig: Rig, before: number): Promise<Fate> {
  // A callback later than the answer, such as the log's, has run when the same worker has answered this.
  if ((await ask(rig.plain, PATIENCE_MS)).seen === NO_ANSWER) {
    return { verdict: "worker" };
  }
  const from = performance.now();
  const first = await ordinary(rig);
  const count = served(first);
  if (count !== undefined) {
    // A VM that counts from the beginning is another one, which was loaded meanwhile.
    return { verdict: count > before ? "nothing" : "vm" };
  }
  if (first.seen === NO_ANSWER) {
    return { verdict: "worker" };
  }
  if (!(await isAlive(rig.envoy))) {
    return { verdict: "envoy" };
  }
  const back = await poll(RELOAD_MS, async () => (served(await ordinary(rig)) === undefined ? undefined : true));
  return { verdict: "vm", reloadMs: back === undefined ? null : Math.round(performance.now() - from) };
}

function ordinary({ filter }: Rig): Promise<Answer> {
  return ask(filter, PATIENCE_MS);
}

/** How many streams the VM has seen; undefined when the filter has not had this one. */
function served({ seen, headers }: Answer): number | undefined {
  const count = headers["x-served"];
  return seen === "200" && typeof count === "string" ? Number(count) : undefined;
}

/** A worker that does not answer in time may have been given no time, on a busy machine: what it has used counts. */
async function isBusyForEver({ plain, pid }: Rig, before: number): Promise<boolean> {
  while ((await cpuNanoseconds(pid)) - before < FOR_EVER_NS) {
    if ((await ask(plain, PATIENCE_MS)).seen !== NO_ANSWER) {
      return false;
    }
  }
  return true;
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
