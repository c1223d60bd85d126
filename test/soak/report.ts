import type { Configurations } from "./configurations.ts";
import { KINDS } from "./kinds.ts";
import type { Sample } from "./memory.ts";
import type { Options } from "./options.ts";
import type { Tally } from "./tally.ts";
import type { Counts } from "./verdict.ts";

const MEBIBYTE = 2 ** 20;
/** Of the moments of a long run, so many are shown. */
const MOMENTS = 20;

export interface Results {
  readonly options: Options;
  readonly tally: Tally;
  readonly counts: Counts;
  readonly samples: readonly Sample[];
  readonly seconds: number;
  readonly configurations: Pick<Configurations, "generation" | "refused">;
  readonly violations: readonly string[];
}

/** The report of a run, as text. */
export function report(results: Results): string {
  const { options, tally, seconds, configurations, violations } = results;
  return [
    kindTable(results),
    "",
    memoryTable(results),
    "",
    `${tally.sent} requests in ${seconds.toFixed(0)} s, seed ${options.seed}, ${options.workers} workers; answers: ${statuses(tally)}`,
    `configurations: ${configurations.generation} taken, ${configurations.refused} refused`,
    ...(violations.length === 0 ? ["all as it should be"] : ["", "WRONG:", ...violations]),
  ].join("\n");
}

function kindTable({ tally, counts }: Results): string {
  const rows = KINDS.map(({ name }) => [
    name,
    tally.sentOf(name),
    list(tally.outcomes[name] ?? {}),
    counts.began[name] ?? 0,
    counts.worked[name] ?? 0,
    counts.ended[name] ?? 0,
    counts.upstream[name] ?? 0,
    counts.called[name] ?? 0,
  ]);
  return table([["kind", "sent", "answers", "began", "worked", "ended", "upstream", "called"], ...rows]);
}

function memoryTable({ samples }: Results): string {
  const step = Math.max(1, Math.ceil(samples.length / MOMENTS));
  const shown = samples.filter((_, at) => at % step === 0 || at === samples.length - 1);
  const rows = shown.map(({ requests, generation, residentBytes, vmCount, vms }, at) => {
    const before = shown[at - 1]?.vms;
    // Gauges stay when their VM has gone.
    const live = [...vms].filter(([id, { streams }]) => streams !== before?.get(id)?.streams);
    return [
      requests,
      generation,
      mebi(residentBytes),
      vmCount,
      live.map(([id, { linear, heap, fillings }]) => `${id} ${mebi(linear)}/${mebi(heap)} (${fillings})`).join(", "),
    ];
  });
  return table([["requests", "configuration", "RSS", "VMs", "MiB linear/heap (times full)"], ...rows]);
}

function statuses(tally: Tally): string {
  const all: Record<string, number> = {};
  for (const outcomes of Object.values(tally.outcomes)) {
    for (const [status, count] of Object.entries(outcomes)) {
      all[status] = (all[status] ?? 0) + count;
    }
  }
  return list(all);
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} x ${what}`)
    .join(", ");
}

function mebi(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(1);
}

function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          typeof cell === "number" ? String(cell).padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
