import { COLUMNS, HEADS } from "./columns.ts";
import type { Column } from "./columns.ts";
import { hasSurvived } from "./result.ts";
import type { Result, Row, Trial } from "./result.ts";

const MIB = 1 << 20;
/** Waits that a busy machine makes as well are not told. */
const LEAST_STILL_MS = 50;

/** Markdown: what each attack has cost, a row each. */
export function hostileTable({ rows }: Result): string {
  const columns = COLUMNS.filter((column) => rows.some(({ trials }) => trials[column] !== undefined));
  const head = ["attack", ...columns.map((column) => HEADS[column])];
  const cells = rows.map((row) => [row.title, ...columns.map((column) => cell(row, column))]);
  cells.push(["**survived**", ...columns.map((column) => `**${count(rows, column)}**`)]);
  const widths = head.map((text, at) => Math.max(text.length, ...cells.map((line) => line[at]?.length ?? 0)));
  const line = (texts: readonly string[]) => `| ${texts.map((text, at) => text.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("\n");
}

/** Markdown: where, when and with what. */
export function hostileCircumstances({ date, machine, versions }: Result): string {
  return [
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.system}; ${date.slice(0, 10)}`,
    ...Object.entries(versions).map(([name, version]) => `- ${name}: ${version}`),
  ].join("\n");
}

/** Markdown: what cannot be written with an SDK, and why. */
export function absences({ rows }: Result): string {
  const lines = rows.flatMap(({ title, trials }) =>
    COLUMNS.flatMap((column) => {
      const trial = trials[column];
      return trial !== undefined && "absent" in trial ? [`- ${title}, ${HEADS[column]}: ${trial.absent}.`] : [];
    }),
  );
  return lines.join("\n");
}

function cell({ trials }: Row, column: Column): string {
  const trial = trials[column];
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
      return ["**the VM**", reloadMs === null ? "for ever" : `reload ${((reloadMs ?? 0) / 1000).toFixed(1)} s`];
    case "worker":
      return ["**the worker**"];
    case "main":
      return ["**the main thread**"];
    case "envoy":
      return ["**Envoy**"];
  }
}

function still(trial: Trial): string[] {
  const { stillMs } = trial;
  return (hasSurvived(trial) || trial.verdict === "vm") && stillMs >= LEAST_STILL_MS ? [`${stillMs} ms`] : [];
}

function growth({ growthBytes }: Trial): string[] {
  return growthBytes === undefined ? [] : [`${growthBytes < 0 ? "" : "+"}${Math.round(growthBytes / MIB)} MiB`];
}

function count(rows: readonly Row[], column: Column): string {
  const trials = rows.flatMap(({ trials: of }) => {
    const trial = of[column];
    return trial === undefined || "absent" in trial ? [] : [trial];
  });
  return `${trials.filter(hasSurvived).length} of ${trials.length}`;
}
