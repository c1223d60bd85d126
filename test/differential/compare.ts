import type { StepOutcome } from "./scenario.ts";

/** Lines that Envoy has where the Node host has others, or none. */
export interface KnownDifference {
  readonly name: string;
  /** Why they differ, and why the Node host does not do the same. */
  readonly reason: string;
  /** The lines, one after the other; none where the list is empty. */
  readonly envoy: readonly RegExp[];
  readonly node: readonly RegExp[];
  /** It depends on time whether it shows; otherwise a difference that does not show any more is a failure. */
  readonly sometimes?: true;
}

/** What came of the same scenario in both hosts. */
export interface Comparison {
  readonly isSame: boolean;
  /** Both sequences around the first difference that is not known. */
  readonly report: string;
  /** The names of the known differences that showed. */
  readonly known: readonly string[];
}

/** The lines of a scenario's outcome, each step with its name before it. */
export function flatten(outcomes: readonly StepOutcome[]): string[] {
  return outcomes.flatMap(({ step, lines }) => [`# ${step}`, ...lines]);
}

function matches(lines: readonly string[], at: number, patterns: readonly RegExp[]): boolean {
  return patterns.every((pattern, index) => pattern.test(lines[at + index] ?? ""));
}

export function compare(
  envoy: readonly StepOutcome[],
  node: readonly StepOutcome[],
  differences: readonly KnownDifference[],
): Comparison {
  const [left, right] = [flatten(envoy), flatten(node)];
  const known: string[] = [];
  let [at, other] = [0, 0];
  while (at < left.length || other < right.length) {
    if (left[at] === right[other]) {
      at++;
      other++;
      continue;
    }
    const found = differences.find((one) => matches(left, at, one.envoy) && matches(right, other, one.node));
    if (found === undefined) {
      return { isSame: false, report: sideBySide(left, right, at, other), known };
    }
    known.push(found.name);
    at += found.envoy.length;
    other += found.node.length;
  }
  return { isSame: true, report: "", known };
}

const SHOWN_BEFORE = 16;
const SHOWN_AFTER = 10;
const WIDTH = 100;

/** Both sequences side by side, from a little before a line of each on. */
function sideBySide(left: readonly string[], right: readonly string[], at: number, other: number): string {
  const lines = [`  ${"Envoy".padEnd(WIDTH)} | Node host`];
  for (let offset = -SHOWN_BEFORE; offset <= SHOWN_AFTER; offset++) {
    const [a, b] = [left[at + offset], right[other + offset]];
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
function cut(text: string, from: number): string {
  const line = text.replaceAll("\n", "\\n");
  if (line.length <= WIDTH) {
    return line;
  }
  const start = Math.min(from, line.length - WIDTH + 3);
  const head = start > 0 ? "..." : "";
  const rest = line.slice(start + head.length);
  const room = WIDTH - head.length;
  return head + (rest.length > room ? `${rest.slice(0, room - 3)}...` : rest);
}
