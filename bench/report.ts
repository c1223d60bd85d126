import type { FilterName } from "./modules.ts";
import type { Figure, Row } from "./summary.ts";

const HEAD = ["filter", "variant", "module", "CPU/request (µs)", "added (µs)", "of Go's", "of Rust's"];
/** How many of the columns are names; numbers stand at the right. */
const NAMES = 2;

export interface FilterReport {
  readonly filter: FilterName;
  readonly rows: readonly Row[];
}

/** A Markdown table of the results; in each field the least sample, then the median. */
export function markdownTable(reports: readonly FilterReport[]): string {
  const cells = reports.flatMap(({ filter, rows }) =>
    rows.map(({ variant, bytes, cpu, added, ofGo, ofRust }) => [
      filter,
      variant,
      `${Math.ceil(bytes / 1024)} KiB`,
      text(cpu, 1),
      text(added, 1),
      text(ofGo, 2),
      text(ofRust, 2),
    ]),
  );
  const widths = HEAD.map((head, column) => Math.max(head.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) => {
    const width = widths[column] ?? 0;
    return column < NAMES ? cell.padEnd(width) : cell.padStart(width);
  };
  const line = (row: readonly string[]) => `| ${row.map(pad).join(" | ")} |`;
  const rule = widths.map((width, column) => (column < NAMES ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [HEAD, rule, ...cells].map(line).join("\n");
}

function text(figure: Figure | undefined, digits: number): string {
  return figure === undefined ? "" : `${number(figure.min, digits)} / ${number(figure.median, digits)}`;
}

function number(value: number, digits: number): string {
  return Number.isNaN(value) ? "?" : value.toFixed(digits);
}
