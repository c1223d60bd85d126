/** What a run has shown that must not be. */

import type { Configurations } from "./configurations.ts";
import { BIG_BYTES, callsOf, HEAP_BYTES, KINDS } from "./kinds.ts";
import type { Sample } from "./memory.ts";
import type { Options } from "./options.ts";
import type { Tally } from "./tally.ts";

/** By kind: what the filter's plugins have counted, and the servers. */
export interface Counts {
  readonly began: Readonly<Record<string, number>>;
  readonly worked: Readonly<Record<string, number>>;
  readonly ended: Readonly<Record<string, number>>;
  readonly upstream: Readonly<Record<string, number>>;
  readonly called: Readonly<Record<string, number>>;
}

export interface Run {
  readonly options: Options;
  readonly tally: Tally;
  readonly counts: Counts;
  readonly samples: readonly Sample[];
  readonly configurations: Pick<Configurations, "vms">;
  readonly log: string;
}

export function violations(run: Run): string[] {
  return [
    ...wrongOutcomes(run),
    ...wrongCounts(run),
    ...wrongVms(run),
    ...wrongMemory(run),
    ...wrongResidentMemory(run),
    ...wrongLog(run),
  ];
}

function wrongOutcomes({ tally, options }: Run): string[] {
  const more = tally.wrongCount - tally.wrong.length;
  return [
    ...(tally.sent === options.requests ? [] : [`${tally.sent} of ${options.requests} requests have ended`]),
    ...tally.wrong,
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

function wrongCounts({ tally, counts }: Run): string[] {
  return KINDS.flatMap((kind) => {
    const sent = tally.sentOf(kind.name);
    const expected: Counts = {
      began: { [kind.name]: sent },
      worked: { [kind.name]: sent },
      ended: { [kind.name]: sent },
      upstream: { [kind.name]: kind.reachesUpstream === false ? 0 : sent },
      called: { [kind.name]: sent * callsOf(kind) },
    };
    return (Object.keys(expected) as (keyof Counts)[]).flatMap((where) => {
      const [seen, right] = [counts[where][kind.name] ?? 0, expected[where][kind.name] ?? 0];
      return seen === right ? [] : [`${kind.name}: ${where} is ${seen}, not ${right}`];
    });
  });
}

/** Each worker has one VM for all configurations that leave the VM's as it is. */
function wrongVms({ tally, configurations, options }: Run): string[] {
  const found = new Map<number, Set<string>>();
  for (const [generation, vms] of tally.vms) {
    const vm = configurations.vms[generation] ?? -1;
    found.set(vm, new Set([...(found.get(vm) ?? []), ...vms]));
  }
  return [...found]
    .filter(([, vms]) => vms.size > options.workers)
    .map(([vm, vms]) => `VM ${vm}: there were ${vms.size} for ${options.workers} workers: ${[...vms].join()}`);
}

/**
 * Linear memory never becomes smaller, and large blocks find their places only after the heap has been full many times: what small blocks
 * lie between them decides how much of it the largest bodies need. As long as that goes on, a VM's memory has a bound, not a trend.
 */
const MOST_LINEAR = 3 * HEAP_BYTES;
/** When nothing goes on: what a VM has at its start, and as much again of garbage that was not collected yet. */
const MOST_HEAP = 0.75 * 2 ** 20;
/** How often a heap has to be full for these bounds to say something. */
const LEAST_FILLINGS = 3;
/** After half of a VM's time, and so many fillings, nothing grows any more. */
const WARM_SHARE = 0.5;
const WARM_FILLINGS = 60;
/** At one of so many moments there is hardly any garbage. */
const SETTLED_SAMPLES = 4;
/** One more of the largest blocks, with what is between. */
const LINEAR_SLACK = BIG_BYTES + 2 * 2 ** 20;
/** What is in use when nothing goes on: garbage that was not collected yet is part of it. */
const HEAP_SLACK = 2 ** 18;

/** Of Envoy's memory without the modules' linear memory, which is judged by itself: it has caches and fragments of its own. */
const RESIDENT = { share: 0.25, more: 32 * 2 ** 20 };

function wrongResidentMemory({ samples, configurations }: Run): string[] {
  const withVms = samples.filter(({ vms }) => vms.size > 0);
  const own = ({ residentBytes, vms }: Sample) =>
    [...vms.values()].reduce((rest, vm) => rest - vm.linear, residentBytes);
  const most = Math.max(...withVms.filter(({ generation }) => configurations.vms[generation] === 0).map(own));
  const last = withVms.slice(-1).map(own)[0] ?? NaN;
  return last <= most * (1 + RESIDENT.share) + RESIDENT.more
    ? []
    : [`Envoy's memory has grown from ${most} to ${last} bytes, linear memory not counted`];
}

function wrongMemory({ samples }: Run): string[] {
  const ids = new Set(samples.flatMap(({ vms }) => [...vms.keys()]));
  return [...ids].flatMap((id) => {
    const own = samples.flatMap(({ vms }) => vms.get(id) ?? []);
    const last = own.at(-1);
    if (last === undefined || last.fillings < LEAST_FILLINGS) {
      return [
        `VM ${id}: its heap has been full less than ${LEAST_FILLINGS} times, so that nothing is known of its memory`,
      ];
    }
    // At any one moment there is garbage, too.
    const leastOf = (some: typeof own) => Math.min(...some.map(({ heap }) => heap));
    const now = leastOf(own.slice(-SETTLED_SAMPLES));
    const warm = own.slice(Math.floor(own.length * WARM_SHARE)).filter(({ fillings }) => fillings >= WARM_FILLINGS);
    const [first] = warm;
    const least = leastOf(warm.slice(0, SETTLED_SAMPLES));
    return [
      ...(last.linear > MOST_LINEAR ? [`VM ${id}: its linear memory is ${last.linear} bytes`] : []),
      ...(now > MOST_HEAP ? [`VM ${id}: its heap is ${now} bytes`] : []),
      ...(first !== undefined && last.linear > first.linear + LINEAR_SLACK
        ? [`VM ${id}: its linear memory has grown from ${first.linear} to ${last.linear} bytes`]
        : []),
      ...(now > least + HEAP_SLACK ? [`VM ${id}: its heap has grown from ${least} to ${now} bytes`] : []),
    ];
  });
}

const BAD_LINES = /RuntimeError|wasm.*Function: .* failed/;

function wrongLog({ log }: Run): string[] {
  return log
    .split("\n")
    .filter((line) => BAD_LINES.test(line))
    .slice(0, 10)
    .map((line) => `Envoy's log: ${line}`);
}
