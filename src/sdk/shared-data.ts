import { decode_utf8, proxy_get_shared_data, proxy_set_shared_data } from "./hostcalls.ts";
import type { BodyInit } from "./hostcalls.ts";

/** A shared value as it was when it was read. */
export class SharedValue {
  readonly bytes: Uint8Array;
  /** Changes with each write. For {@link SharedData.set}, which then replaces just this value. */
  readonly version: number;

  /** @internal */
  constructor(bytes: Uint8Array, version: number) {
    this.bytes = bytes;
    this.version = version;
  }

  /** It, decoded as UTF-8. */
  text(): string {
    return decode_utf8(this.bytes);
  }

  /** It, as JSON. @throws SyntaxError when it is none. */
  json(): unknown {
    return JSON.parse(this.text());
  }
}

/** `update` has found another value at each of its attempts. */
export class SharedDataConflictError extends Error {
  override readonly name = "SharedDataConflictError";

  /** @internal */
  constructor(key: string, attempts: number) {
    super(
      `sharedData.update(${JSON.stringify(key)}): somebody else wrote this key during each of ${attempts} attempts; ` +
        "try again later, with more attempts, or spread what is written over several keys",
    );
  }
}

/**
 * A version that no value has. A write with it succeeds only when the key is missing: hosts check the version of the value
 * that is there, and count versions from 1 (Envoy gets there after 2^32 - 1 writes).
 */
const NO_VERSION = 0xffff_ffff;

const DEFAULT_ATTEMPTS = 100;

/**
 * Data that the host keeps for all plugins and workers whose VMs have the same id (Envoy: `vm_id`), beyond requests and a VM's
 * end. Nothing is ever deleted: what a key is made of must be bounded. Plugins with an empty VM id share one space: use
 * {@link sharedDataWithPrefix}.
 *
 * Callable from every hook, in `setup` and in `config`; not at the top level. Keys and strings travel as UTF-8.
 */
export class SharedData {
  readonly #prefix: string;

  /** @internal */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /**
   * The value of a key, or undefined. Spec: `proxy_get_shared_data`.
   *
   * @example
   * ```ts
   * const limits = sharedData.get("limits")?.json();
   * ```
   */
  get(key: string): SharedValue | undefined {
    const found = proxy_get_shared_data(this.#prefix + key);
    return found === undefined ? undefined : new SharedValue(found[0], found[1]);
  }

  /**
   * Writes a value. With a `version` only when the key still has the value that `get` has returned with that version, or is
   * missing. Spec: `proxy_set_shared_data`.
   *
   * @returns false: the value has another version by now, and stays
   * @throws RangeError when `version` is none that `get` can have returned
   *
   * @example
   * ```ts
   * sharedData.set("leader", "worker-1");
   * ```
   */
  set(key: string, value: BodyInit, options: { readonly version?: number } = {}): boolean {
    const { version } = options;
    if (version !== undefined && (version >>> 0 !== version || version === 0)) {
      throw new RangeError(`sharedData.set: the version must be one that get() has returned, not ${version}`);
    }
    return proxy_set_shared_data(this.#prefix + key, value, version);
  }

  /** Writes a value as JSON; see {@link set}. @throws TypeError when it cannot be JSON, as undefined cannot */
  setJson(key: string, value: unknown, options: { readonly version?: number } = {}): boolean {
    return this.set(key, toJson(value), options);
  }

  /**
   * Writes a value only when the key is missing. Of many that try at once, one succeeds.
   *
   * The ABI has no call for that. It is a write with a version that no value has, which Envoy refuses for a key that is
   * there; hosts that ignore versions would overwrite it.
   *
   * @returns whether it was written
   *
   * @example
   * ```ts
   * if (sharedData.create("warmed-up", "1")) await warmUp();
   * ```
   */
  create(key: string, value: BodyInit): boolean {
    return this.get(key) === undefined && this.set(key, value, { version: NO_VERSION });
  }

  /**
   * Replaces a value by what a function makes of it, and calls the function again when somebody else has written in between.
   *
   * @param change - is given the value, or undefined for a missing key; undefined leaves all as it is. It must not be async.
   * @param options - `attempts`: how often at most; default 100
   * @returns what `change` has returned
   * @throws SharedDataConflictError when somebody else has written each time
   *
   * @example
   * ```ts
   * sharedData.update("recent", (old) => `${old?.text() ?? ""}\n${request.path}`.slice(-1000));
   * ```
   */
  update<Value extends BodyInit | undefined>(
    key: string,
    change: (old: SharedValue | undefined) => Value,
    options: { readonly attempts?: number } = {},
  ): Value {
    const { attempts = DEFAULT_ATTEMPTS } = options;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const old = this.get(key);
      const value = change(old);
      if ((value as unknown) instanceof Promise) {
        throw new TypeError("sharedData.update: the function must not be async; await first, and then update");
      }
      if (value === undefined || this.set(key, value, { version: old?.version ?? NO_VERSION })) {
        return value;
      }
    }
    throw new SharedDataConflictError(this.#prefix + key, attempts);
  }

  /**
   * Replaces a JSON value by what a function makes of it; see {@link update}.
   *
   * @example
   * ```ts
   * const count = sharedData.updateJson("count", (old) => (typeof old === "number" ? old : 0) + 1);
   * ```
   */
  updateJson<Value>(
    key: string,
    change: (old: unknown) => Value,
    options: { readonly attempts?: number } = {},
  ): Value | undefined {
    let value: Value | undefined;
    this.update(
      key,
      (old) => {
        value = change(old?.json());
        return value === undefined ? undefined : toJson(value);
      },
      options,
    );
    return value;
  }
}

function toJson(value: unknown): string {
  if (value instanceof Promise) {
    throw new TypeError("sharedData: a promise is no JSON; await it first");
  }
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) {
    throw new TypeError(`sharedData: a value of type ${typeof value} is no JSON`);
  }
  return json;
}

/** {@link SharedData} of this plugin's VM id. */
export const sharedData: SharedData = /* @__PURE__ */ new SharedData("");

/**
 * {@link SharedData} whose keys all begin with a prefix that the caller does not see.
 *
 * @example
 * ```ts
 * const sessions = sharedDataWithPrefix("my-filter:sessions:");
 * ```
 */
export function sharedDataWithPrefix(prefix: string): SharedData {
  return new SharedData(prefix);
}
