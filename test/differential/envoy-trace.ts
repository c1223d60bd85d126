import { MARKER } from "./marker.ts";
import type { LogEntry } from "./trace.ts";

/** Reads Envoy's log as it comes: entries between marks, by thread. */
export class TraceLog {
  #rest = "";
  #last: { text: string } | undefined;
  readonly #entries = new Map<string, LogEntry[]>();
  readonly #marks = new Map<number, LogEntry[]>();

  readonly add = (text: string): void => {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      this.#line(line);
    }
  };

  #line(line: string): void {
    const [, thread = ""] = /^\[(\d+)\]\[/.exec(line) ?? [];
    const mark = MARKER.exec(line);
    if (mark !== null) {
      this.#marks.set(Number(mark[2]), this.#entries.get(thread) ?? []);
      this.#entries.set(thread, []);
      return;
    }
    const trace = /^\[\d+\]\[trace\]\[wasm\] (\[.*)$/.exec(line);
    const log = /^\[\d+\]\[(\w+)\]\[wasm\] wasm log[^:]*: (.*)$/.exec(line);
    if (trace === null && log === null) {
      if (thread === "" && this.#last !== undefined) {
        this.#last.text += `\n${line}`; // the module's message has several lines
      }
      return;
    }
    const entry: { kind: LogEntry["kind"]; text: string } =
      trace !== null ? { kind: "trace", text: trace[1] ?? "" } : { kind: "log", text: log?.[2] ?? "" };
    this.#last = log === null ? undefined : entry;
    const entries = this.#entries.get(thread) ?? [];
    this.#entries.set(thread, entries);
    entries.push(entry);
  }

  /** Everything before a mark that was not taken yet; undefined when the mark has not come. */
  upTo(mark: number): LogEntry[] | undefined {
    if (!this.#marks.has(mark)) {
      return undefined;
    }
    const numbers = [...this.#marks.keys()].filter((number) => number <= mark).sort((a, b) => a - b);
    return numbers.flatMap((number) => {
      const entries = this.#marks.get(number) ?? [];
      this.#marks.delete(number);
      return entries;
    });
  }
}
