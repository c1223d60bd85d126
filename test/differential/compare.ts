import type { StepOutcome } from "./scenario.ts";

/** A line that is in one of two sequences where the other has another line, or none. */
export interface Difference {
  readonly envoy: string | undefined;
  readonly node: string | undefined;
}

/** The lines of a scenario's outcome, each step with its name before it. */
export function flatten(outcomes: readonly StepOutcome[]): string[] {
  return outcomes.flatMap(({ step, lines }) => [`# ${step}`, ...lines]);
}

const SHOWN_BEFORE = 14;
const SHOWN_AFTER = 8;
const WIDTH = 100;

/** Both sequences side by side around a line. */
export function sideBySide(left: readonly string[], right: readonly string[], at: number): string {
  const lines = [`  ${"Envoy".padEnd(WIDTH)} | Node host`];
  for (let index = Math.max(0, at - SHOWN_BEFORE); index <= at + SHOWN_AFTER; index++) {
    const [a, b] = [left[index], right[index]];
    if (a === b) {
      lines.push(...(a === undefined ? [] : [`  ${cut(a, 0)}`]));
    } else {
      const from = Math.max(0, commonStart(a ?? "", b ?? "") - WIDTH / 2);
      lines.push(`> ${cut(a ?? "(nothing)", from).padEnd(WIDTH)} | ${cut(b ?? "(nothing)", from)}`);
    }
  }
  return lines.join("\n");
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) {
    length++;
  }
  return length;
}

/** As much of a line as fits, from a character on when it is long. */
function cut(line: string, from: number): string {
  if (line.length <= WIDTH) {
    return line;
  }
  const start = Math.min(from, line.length - WIDTH + 3);
  const head = start > 0 ? "..." : "";
  const rest = line.slice(start + head.length);
  const room = WIDTH - head.length;
  return head + (rest.length > room ? `${rest.slice(0, room - 3)}...` : rest);
}
