import type { Case } from "./cases.ts";
import { hasSurvived } from "./result.ts";
import type { Trial } from "./result.ts";
import { startRig } from "./rig.ts";
import type { Rig } from "./rig.ts";
import { attackFilter } from "./trial.ts";

/** How often an attack that is survived is made: the least wait is the one that the machine had the least part in. */
const TIMES = 3;

/** An Envoy for many attacks, and a new one when one of them has broken it. */
export class Rigs implements AsyncDisposable {
  readonly wasm: string;
  #rig: Rig | undefined;

  constructor(wasm: string) {
    this.wasm = wasm;
  }

  async get(): Promise<Rig> {
    this.#rig ??= await startRig(this.wasm);
    return this.#rig;
  }

  /** The next one is a new one. */
  async drop(): Promise<void> {
    await this.#rig?.[Symbol.asyncDispose]();
    this.#rig = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drop();
  }
}

/** Attacks a filter, some times when it survives. */
export async function attackWith(rigs: Rigs, attack: Case): Promise<Trial> {
  if (attack.growth === true) {
    await rigs.drop();
  }
  let trial = await attackFilter(await rigs.get(), attack);
  for (let time = 1; time < TIMES && hasSurvived(trial) && attack.growth !== true; time++) {
    const next = await attackFilter(await rigs.get(), attack);
    trial = { ...next, stillMs: Math.min(next.stillMs, trial.stillMs) };
  }
  // With FAIL_RELOAD, a VM that has failed is as good as new.
  const isUsable = hasSurvived(trial) || (trial.verdict === "vm" && trial.reloadMs !== null);
  if (!isUsable || attack.growth === true) {
    await rigs.drop();
  }
  return trial;
}
