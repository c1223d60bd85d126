/** What was counted for one size. */
export interface Point {
  readonly size: number;
  /** Wasm instructions of all that was done. */
  readonly instructions: number;
  /** Linear memory afterwards. */
  readonly memoryBytes: number;
}

/** How work grows with one thing: bench/scaling.json has a list of these. */
export interface ScaleResult {
  readonly name: string;
  /** What the size counts. */
  readonly unit: string;
  readonly points: readonly Point[];
}

const KIB = 1024;

/** Markdown: a table for each scale. */
export function scalingTables(results: readonly ScaleResult[]): string {
  return results.map(({ name, unit, points }) => `### By ${name}\n\n${table(unit, points)}`).join("\n\n");
}

/** "More" is what each further unit costs since the row before: it stays the same when the cost grows linearly. */
function table(unit: string, points: readonly Point[]): string {
  const head = [unit, "wasm instructions", `per ${unit}`, `more per ${unit}`, "linear memory (KiB)"];
  const cells = points.map(({ size, instructions, memoryBytes }, at) => {
    const before = points[at - 1];
    const more = before === undefined ? "-" : ((instructions - before.instructions) / (size - before.size)).toFixed(0);
    return [size, instructions, (instructions / size).toFixed(0), more, Math.round(memoryBytes / KIB)].map(String);
  });
  const widths = head.map((text, at) => Math.max(text.length, ...cells.map((line) => line[at]?.length ?? 0)));
  const line = (texts: readonly string[]) =>
    `| ${texts.map((text, at) => text.padStart(widths[at] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => `${"-".repeat(width - 1)}:`)), ...cells.map(line)].join("\n");
}
