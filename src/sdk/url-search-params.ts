import { parse_query, serialize_query } from "./hostcalls.ts";

/** What a query is made of: its text, pairs, or a record. */
export type URLSearchParamsInit = string | Iterable<readonly [string, string]> | Readonly<Record<string, string>>;

/** @internal Makes the parameters of a URL, whose query follows each change; and gives them another query. */
export let linkSearchParams: (query: string, changed: () => void) => URLSearchParams;
/** @internal */
export let replaceSearchParams: (params: URLSearchParams, query: string) => void;

/**
 * The Web's `URLSearchParams`: a query, or a form's body. It is a global variable, too. Names and values are text; for one parameter
 * of a request, `request.query(name)` costs less.
 *
 * @example
 * ```ts
 * const params = new URLSearchParams(request.search);
 * params.set("page", "2");
 * request.search = params.toString();
 * ```
 */
export class URLSearchParams {
  /** Name, value, name, value, ... */
  #list: string[] = [];
  #changed: (() => void) | undefined;

  static {
    linkSearchParams = (query, changed) => {
      const params = new URLSearchParams();
      params.#list = parse_query(query);
      params.#changed = changed;
      return params;
    };
    replaceSearchParams = (params, query) => {
      params.#list = parse_query(query);
    };
  }

  constructor(init: URLSearchParamsInit = "") {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- who has no types may give anything
    if (typeof init !== "object" || init === null) {
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-conversion -- the same
      const text = String(init);
      this.#list = parse_query(text.startsWith("?") ? text.slice(1) : text);
      return;
    }
    for (const pair of pairsOf(init)) {
      const [name, value, ...rest] = pair as readonly string[];
      if (name === undefined || value === undefined || rest.length > 0) {
        throw new TypeError("URLSearchParams: each pair is a name and a value");
      }
      this.#list.push(scalar(name), scalar(value));
    }
  }

  get size(): number {
    return this.#list.length / 2;
  }

  append(name: string, value: string): void {
    this.#list.push(scalar(name), scalar(value));
    this.#changed?.();
  }

  /** Removes all of this name, or those with this value. */
  delete(name: string, value?: string): void {
    const [wanted, only] = [scalar(name), value === undefined ? undefined : scalar(value)];
    this.#keep((other, text) => other !== wanted || (only !== undefined && text !== only));
    this.#changed?.();
  }

  /** The first value of this name, or null. */
  get(name: string): string | null {
    const at = this.#find(scalar(name));
    return this.#list[at + 1] ?? null;
  }

  getAll(name: string): string[] {
    const wanted = scalar(name);
    return this.#list.filter((_value, at) => at % 2 === 1 && this.#list[at - 1] === wanted);
  }

  has(name: string, value?: string): boolean {
    return value === undefined ? this.#find(scalar(name)) >= 0 : this.getAll(name).includes(scalar(value));
  }

  /** Sets the first of this name, and removes the others; a new one comes last. */
  set(name: string, value: string): void {
    const [wanted, text] = [scalar(name), scalar(value)];
    const at = this.#find(wanted);
    if (at < 0) {
      this.#list.push(wanted, text);
    } else {
      let seen = false;
      this.#keep((other) => other !== wanted || (!seen && (seen = true)));
      this.#list[at + 1] = text;
    }
    this.#changed?.();
  }

  /** Sorts by name; those of one name stay in order. */
  sort(): void {
    const sorted = [...this].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
    this.#list = sorted.flat();
    this.#changed?.();
  }

  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, thisArg?: unknown): void {
    for (const [name, value] of this) {
      callback.call(thisArg, value, name, this);
    }
  }

  *entries(): Generator<[string, string], undefined> {
    for (let at = 0; at < this.#list.length; at += 2) {
      yield [this.#list[at] ?? "", this.#list[at + 1] ?? ""];
    }
  }

  *keys(): Generator<string, undefined> {
    for (let at = 0; at < this.#list.length; at += 2) {
      yield this.#list[at] ?? "";
    }
  }

  *values(): Generator<string, undefined> {
    for (let at = 1; at < this.#list.length; at += 2) {
      yield this.#list[at] ?? "";
    }
  }

  [Symbol.iterator](): Generator<[string, string], undefined> {
    return this.entries();
  }

  /** The query, without "?". */
  toString(): string {
    return serialize_query(this.#list);
  }

  /** Where the first pair of this name is, or -2. */
  #find(name: string): number {
    let at = 0;
    while (at < this.#list.length && this.#list[at] !== name) {
      at += 2;
    }
    return at < this.#list.length ? at : -2;
  }

  #keep(wanted: (name: string, value: string) => boolean): void {
    const kept: string[] = [];
    for (let at = 0; at < this.#list.length; at += 2) {
      const [name = "", value = ""] = [this.#list[at], this.#list[at + 1]];
      if (wanted(name, value)) {
        kept.push(name, value);
      }
    }
    this.#list = kept;
  }
}

function pairsOf(init: Exclude<URLSearchParamsInit, string>): Iterable<Iterable<string>> {
  return Symbol.iterator in init ? init : Object.entries(init);
}

/** A surrogate without its other half is U+FFFD in the Web's strings. The library of ES2023 does not know `toWellFormed`. */
function scalar(value: string): string {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-template-expression -- who has no types may give anything
  return (`${value}` as unknown as { toWellFormed: () => string }).toWellFormed();
}
