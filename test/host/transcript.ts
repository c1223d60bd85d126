import type { CallRecord } from "./call-log.ts";
import { keep } from "./recent.ts";

/** What happened between the host and the filter, in order: the host's callbacks and, within them, the filter's calls. */
export class Transcript {
  readonly #entries: (() => string)[] = [];
  #isInCallback = false;

  enter(callback: string, parameters: readonly number[]): void {
    this.#isInCallback = true;
    keep(this.#entries, () => `${callback}(${parameters.join(", ")})`);
  }

  /** @param result - undefined: the callback broke the module */
  leave(callback: string, result: number | undefined): void {
    this.#isInCallback = false;
    const text = describeResult(callback, result);
    if (text !== undefined) {
      keep(this.#entries, () => `  returned ${text}`);
    }
  }

  call(record: CallRecord): void {
    const indent = this.#isInCallback ? "  " : "";
    keep(this.#entries, () => indent + describeCall(record));
  }

  /** The newest lines. */
  text(lines: number): string {
    const left = this.#entries.length - lines;
    const head = left > 0 ? [`... ${left} earlier lines`] : [];
    return [...head, ...this.#entries.slice(-lines).map((line) => line())].join("\n");
  }
}

/** Callbacks of a stream say whether it goes on. */
const WITH_ACTION = /^proxy_on_(?:request|response|downstream|upstream|new)_(?:headers|body|trailers|data|connection)$/;

function describeResult(callback: string, result: number | undefined): string | undefined {
  if (result === undefined) {
    return "by an exception: the module is broken";
  }
  if (WITH_ACTION.test(callback)) {
    return result === 0 ? "Continue" : "Pause";
  }
  return callback === "proxy_on_configure" || callback === "proxy_on_vm_start" ? String(result !== 0) : undefined;
}

const MAX_VALUE = 200;

function describeCall({ call, context, status, ...values }: CallRecord): string {
  const parts = Object.entries(values).map(([name, value]) => `${name}: ${shorten(describeValue(value))}`);
  return `${call}(${parts.join(", ")}) = ${status} [context ${context}]`;
}

function describeValue(value: unknown): string {
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}

function shorten(text: string): string {
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}... (${text.length} characters)` : text;
}
