import type { Asked, Outcome } from "./client.ts";

/** The most wrong outcomes that are kept in words. */
const MOST_WRONG = 50;

/** What became of the requests. */
export class Tally {
  sent = 0;
  /** By kind, and within by status. */
  readonly outcomes: Record<string, Record<string, number>> = {};
  /** The VMs that have answered, by their configuration. */
  readonly vms = new Map<number, Set<string>>();
  readonly wrong: string[] = [];
  wrongCount = 0;

  count({ kind, id, attack }: Asked, { status, vm, generation, wrong }: Outcome): void {
    this.sent += 1;
    const statuses = (this.outcomes[kind.name] ??= {});
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (vm !== undefined && generation !== undefined) {
      const known = this.vms.get(Number(generation)) ?? new Set<string>();
      this.vms.set(Number(generation), known.add(vm));
    }
    this.wrongCount += wrong.length;
    if (wrong.length > 0 && this.wrong.length < MOST_WRONG) {
      this.wrong.push(...wrong.map((what) => `request ${id}${attack === undefined ? "" : ` (${attack})`}: ${what}`));
    }
  }

  sentOf(kind: string): number {
    return Object.values(this.outcomes[kind] ?? {}).reduce((sum, count) => sum + count, 0);
  }
}
