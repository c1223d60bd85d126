import type { EngineInstance } from "../wasm/instance.ts";

/** Which of a program's allocations stay until the end of its build: see src/shim/plan.c. */
export interface HeapPlan {
  /** A bit for each allocation, in the order in which they are made. */
  readonly stays: Uint8Array;
  readonly count: number;
  /** Bytes of what stays. */
  readonly bytes: number;
}

/** Address and size; a size of 0 says that the block was freed. */
const ENTRY_BYTES = 8;

/** Of each block: the engine's header. */
const HEADER_BYTES = 8;

/** Of the engine's blocks. */
const ALIGNMENT = 8;

/** Room beside the blocks: a page of small blocks for each of their 31 sizes is not full, and the shim has tables of its own. */
const SPARE_BYTES = 160 * 1024;

/** Makes an instance write down its allocations. */
export function logAllocations(instance: EngineInstance): void {
  instance.call("build_log_plan");
}

/** What is in that log. Undefined: it would have been too long. */
export function readPlan(instance: EngineInstance): HeapPlan | undefined {
  const length = instance.call("build_plan_logged");
  if (length === 0) {
    return undefined;
  }
  const bytes = instance.read(instance.call("build_plan_log") >>> 0, length * ENTRY_BYTES);
  const log = new Uint32Array(bytes.buffer);
  let count = 0;
  for (let at = 1; at < log.length; at += 2) {
    count += log[at] === 0 ? 0 : 1;
  }
  const stays = new Uint8Array((count >> 3) + 1);
  const plan = { stays, count, bytes: 0 };
  const seen = new Uint8Array(instance.memory.length / ALIGNMENT); // places whose later use is known
  for (let at = log.length - 2, number = count; at >= 0; at -= 2) {
    const block = (log[at] ?? 0) / ALIGNMENT;
    const size = log[at + 1] ?? 0;
    number -= size === 0 ? 0 : 1;
    if (size !== 0 && seen[block] === 0) {
      stays[number >> 3] = (stays[number >> 3] ?? 0) | (1 << (number & 7));
      plan.bytes += size + HEADER_BYTES;
    }
    seen[block] = 1;
  }
  return plan;
}

/** Makes an instance put what does not stay behind everything else. */
export function followPlan(instance: EngineInstance, { stays, count, bytes }: HeapPlan): void {
  const place = instance.call("build_follow_plan", count, bytes + SPARE_BYTES);
  instance.memory.set(stays, place >>> 0);
}

/** Where the memory ends that the module needs. Undefined: the run was not as the plan's, and all of it is needed. */
export function plannedEnd(instance: EngineInstance): number | undefined {
  const end = instance.call("build_plan_end") >>> 0;
  return end === 0 ? undefined : end;
}
