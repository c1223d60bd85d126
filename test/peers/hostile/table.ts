import { CASES, CONFIGURATION_CASES } from "./cases.ts";
import { COLUMNS, HEADS } from "./columns.ts";
import { hasSurvived } from "./result.ts";
import type { ColumnResult, Result, Trial } from "./result.ts";

const MIB = 1 << 20;
/** Waits that a busy machine makes as well are not told. */
const LEAST_STILL_MS = 50;

const ROWS = [...CASES, ...CONFIGURATION_CASES];

/** Markdown: what each attack has cost, a row each. */
export function hostileTable(result: Result): string {
  const columns = COLUMNS.filter((column) => result[column] !== undefined);
  const rows = ROWS.filter(({ id }) => columns.some((column) => result[column]?.trials[id] !== undefined));
  const head = ["attack", ...columns.map((column) => HEADS[column])];
  const cells = rows.map(({ id, title }) => [title, ...columns.map((column) => cell(result[column]?.trials[id]))]);
  cells.push(["**survived**", ...columns.map((column) => `**${count(result[column])}**`)]);
  const widths = head.map((text, at) => Math.max(text.length, ...cells.map((line) => line[at]?.length ?? 0)));
  const line = (texts: readonly string[]) => `| ${texts.map((text, at) => text.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("\n");
}

/** Markdown: where, when and with what. */
export function hostileCircumstances(result: Result): string {
  const lines = COLUMNS.flatMap((column) => {
    const of = result[column];
    if (of === undefined) {
      return [];
    }
    const { machine, versions, date } = of;
    const parts = Object.entries(versions).map(([name, version]) => (name === column ? version : `${name} ${version}`));
    return [`- ${HEADS[column]}: ${parts.join(", ")}; ${machine.cpu}, ${machine.cores} cores; ${date.slice(0, 10)}`];
  });
  return lines.join("\n");
}

/** Markdown: what cannot be written with an SDK, and why. */
export function absences(result: Result): string {
  const lines = ROWS.flatMap(({ id, title }) =>
    COLUMNS.flatMap((column) => {
      const trial = result[column]?.trials[id];
      return trial !== undefined && "absent" in trial ? [`- ${title}; ${HEADS[column]}: ${trial.absent}.`] : [];
    }),
  );
  return lines.join("\n");
}

type Cell = ColumnResult["trials"][string] | undefined;

function cell(trial: Cell): string {
  if (trial === undefined || "absent" in trial) {
    return "-";
  }
  return [...verdict(trial), ...still(trial), ...growth(trial)].join(", ");
}

function verdict({ verdict: of, seen, reloadMs }: Trial): string[] {
  switch (of) {
    case "nothing":
      return [`nothing: ${seen}`];
    case "stream":
      return [`the stream: ${seen}`];
    case "vm":
      return ["**the VM**", ...reload(reloadMs)];
    case "worker":
      return ["**the worker**"];
    case "main":
      return ["**the main thread**"];
    case "envoy":
      return ["**Envoy**"];
  }
}

function reload(reloadMs: number | null | undefined): string[] {
  if (reloadMs === undefined) {
    return [];
  }
  return [reloadMs === null ? "not reloaded" : `reload ${(reloadMs / 1000).toFixed(1)} s`];
}

function still(trial: Trial): string[] {
  const { stillMs } = trial;
  return (hasSurvived(trial) || trial.verdict === "vm") && stillMs >= LEAST_STILL_MS ? [`${stillMs} ms`] : [];
}

function growth({ growthBytes }: Trial): string[] {
  return growthBytes === undefined ? [] : [`${growthBytes < 0 ? "" : "+"}${Math.round(growthBytes / MIB)} MiB`];
}

function count(result: ColumnResult | undefined): string {
  const trials = Object.values(result?.trials ?? {}).flatMap((trial) => ("absent" in trial ? [] : [trial]));
  return `${trials.filter(hasSurvived).length} of ${trials.length}`;
}
