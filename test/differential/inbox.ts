import { createHash } from "node:crypto";

const SHOWN_BYTES = 120;

/** What arrives at somebody, in order. Parts of a body that arrive between two looks are one: TCP keeps no boundaries. */
export class Inbox {
  #entries: (string | Buffer)[] = [];
  /** Nothing was there at the look before the last one. */
  isNew = true;
  #hasBeenSeen = false;

  readonly say = (line: string): void => {
    this.#entries.push(line);
  };

  readonly data = (bytes: Uint8Array): void => {
    const last = this.#entries.at(-1);
    if (bytes.length === 0) {
      return;
    }
    if (typeof last === "object") {
      this.#entries[this.#entries.length - 1] = Buffer.concat([last, bytes]);
    } else {
      this.#entries.push(Buffer.from(bytes));
    }
  };

  /** What has arrived since the last look. */
  take(): string[] {
    const entries = this.#entries;
    this.#entries = [];
    this.isNew = !this.#hasBeenSeen;
    this.#hasBeenSeen ||= entries.length > 0;
    return entries.map((entry) => (typeof entry === "string" ? entry : `data ${shownBytes(entry)}`));
  }
}

/** A request that is given up in the step that it came in: whether it gets as far as the upstream depends on how fast it is. */
export function unlessGivenUp(lines: readonly string[], isNew: boolean): readonly string[] {
  return isNew && lines.at(-1) === "reset" ? [] : lines;
}

export function shownBytes(bytes: Uint8Array): string {
  return bytes.length > SHOWN_BYTES
    ? `of ${bytes.length} bytes, sha256 ${createHash("sha256").update(bytes).digest("hex")}`
    : JSON.stringify(Buffer.from(bytes).toString("latin1"));
}
