import { createHash } from "node:crypto";

const SHOWN_BYTES = 120;

/** What arrives at somebody, in order. Parts of a body that arrive between two looks are one: TCP keeps no boundaries. */
export class Inbox {
  #entries: (string | Buffer)[] = [];

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
    return entries.map((entry) => (typeof entry === "string" ? entry : `data ${shownBytes(entry)}`));
  }
}

export function shownBytes(bytes: Uint8Array): string {
  return bytes.length > SHOWN_BYTES
    ? `of ${bytes.length} bytes, sha256 ${createHash("sha256").update(bytes).digest("hex")}`
    : JSON.stringify(Buffer.from(bytes).toString("latin1"));
}
