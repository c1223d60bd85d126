import type { FilterResult, Result, Row } from "./result.ts";
import type { Figure, Ratio } from "./summary.ts";

const KIB = 1024;
const DASH = "-";

/** A column: its head, and what a row has there; undefined when nothing was measured. */
interface Column {
  readonly head: string;
  readonly cell: (row: Row) => string | undefined;
}

const COST: readonly Column[] = [
  { head: "CPU/request (µs)", cell: ({ cpu }) => pair(cpu, 1) },
  { head: "added (µs)", cell: ({ added }) => pair(added, 1) },
  { head: "of Rust's", cell: ({ ofRust }) => pair(ofRust, 2) },
  { head: "of Go's", cell: ({ ofGo }) => pair(ofGo, 2) },
  { head: "of the baseline's", cell: ({ ofBaseline }) => pair(ofBaseline, 2) },
  { head: "p50 (ms)", cell: ({ latency }) => latency?.p50.toFixed(2) },
  { head: "p99 (ms)", cell: ({ latency }) => latency?.p99.toFixed(2) },
];

const SIZE: readonly Column[] = [
  { head: "code (KiB)", cell: ({ footprint }) => kib(footprint?.bytes) },
  { head: "gzip (KiB)", cell: ({ footprint }) => kib(footprint?.gzipBytes) },
  { head: "linear memory (KiB)", cell: ({ footprint }) => kib(footprint?.memoryBytes, 0) },
  { head: "first VM: CPU (ms)", cell: ({ start }) => pair(start?.first.cpu, 0) },
  { head: "first VM: RSS (MiB)", cell: ({ start }) => pair(mebi(start?.first.resident), 1) },
  { head: "further VM: CPU (ms)", cell: ({ start }) => pair(start?.further.cpu, 1) },
  { head: "further VM: RSS (MiB)", cell: ({ start }) => pair(mebi(start?.further.resident), 1) },
];

/** Markdown: what a request costs with each filter. */
export function costTable(result: Result): string {
  return table(result.filters, COST);
}

/** Markdown: how large each filter is, and what its start costs. */
export function sizeTable(result: Result): string {
  const filters = result.filters.map(({ filter, rows }) => ({
    filter,
    rows: rows.filter(({ footprint, start }) => footprint !== undefined || start !== undefined),
  }));
  return table(filters, SIZE);
}

/** Markdown: why some filters are not there. */
export function absenceList({ filters }: Result): string {
  const reasons = new Map<string, string[]>();
  for (const { filter, rows } of filters) {
    for (const { variant, absent } of rows) {
      if (absent !== undefined) {
        const key = `${variant}: ${absent}`;
        reasons.set(key, [...(reasons.get(key) ?? []), filter]);
      }
    }
  }
  return [...reasons].map(([reason, names]) => `- ${names.join(", ")} of ${reason}.`).join("\n");
}

/** Markdown: where, when and with what it was measured. */
export function circumstances({ date, machine, versions, settings }: Result): string {
  const { rounds, requests, warmUp, lightRequests, starts } = settings;
  return [
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.system}; ${date.slice(0, 10)}`,
    ...Object.entries(versions).map(([name, version]) => `- ${name}: ${version}`),
    `- ${rounds} rounds of ${requests} requests after ${warmUp}, ${lightRequests} at light load; ${starts} starts of each`,
  ].join("\n");
}

function table(filters: readonly FilterResult[], columns: readonly Column[]): string {
  const rows = filters.flatMap(({ filter, rows: own }) => own.map((row) => ({ filter, row })));
  // A column that nothing was measured for is left out.
  const used = columns.filter(({ cell }) => rows.some(({ row }) => cell(row) !== undefined));
  const head = ["filter", "variant", ...used.map((column) => column.head)];
  const cells = rows.map(({ filter, row }) => [filter, row.variant, ...used.map(({ cell }) => cell(row) ?? DASH)]);
  const widths = head.map((text, at) => Math.max(text.length, ...cells.map((line) => line[at]?.length ?? 0)));
  /** Names stand at the left, numbers at the right. */
  const isName = (at: number) => at < 2;
  const pad = (text: string, at: number) =>
    isName(at) ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0);
  const line = (texts: readonly string[]) => `| ${texts.map(pad).join(" | ")} |`;
  const rule = widths.map((width, at) => (isName(at) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(head), line(rule), ...cells.map(line)].join("\n");
}

function pair(figure: Figure | Ratio | undefined, digits: number): string | undefined {
  return figure === undefined ? undefined : `${number(figure.min, digits)} / ${number(figure.median, digits)}`;
}

function number(value: number | null, digits: number): string {
  return value === null ? "?" : value.toFixed(digits).replace(/^-(0(?:\.0*)?)$/, "$1");
}

function kib(bytes: number | undefined, digits = 1): string | undefined {
  return bytes === undefined ? undefined : (bytes / KIB).toFixed(digits);
}

function mebi(figure: Figure | undefined): Figure | undefined {
  const [min, median] = [figure?.min, figure?.median].map((bytes) => (bytes ?? 0) / KIB / KIB);
  return figure === undefined ? undefined : { min: min ?? 0, median: median ?? 0 };
}
