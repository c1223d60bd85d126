/** What the guest is given by the host's side (test/host/native/realm.ts): it has nothing else of Node. */

export interface Boundary {
  /** As a module's imports: numbers only, and pointers into `memory`. */
  readonly env: Readonly<Record<string, HostFunction>>;
  /** The same, without a record in the host's list of calls. */
  readonly unrecordedEnv: Readonly<Record<string, HostFunction>>;
  readonly wasi: Readonly<Record<string, HostFunction>>;
  readonly memory: { readonly buffer: ArrayBuffer; grow: (pages: number) => number };
  /** Bytes of JavaScript's heap; it is all of Node's. */
  readonly heapSize: () => number;
  /** Runs the microtasks of this realm. */
  readonly runMicrotasks: () => void;
  readonly isPromise: (value: unknown) => boolean;
  readonly encodeUtf8: (text: string) => Uint8Array;
  readonly decodeUtf8: (bytes: Uint8Array) => string;
  readonly toBase64: (bytes: Uint8Array) => string;
  readonly fromBase64: (text: string) => Uint8Array;
  readonly hash: (algorithm: string, bytes: Uint8Array) => Uint8Array;
  readonly hmac: (algorithm: string, key: Uint8Array, bytes: Uint8Array) => Uint8Array;
  readonly timingSafeEqual: (one: Uint8Array, other: Uint8Array) => boolean;
  /** Of name, value, name, value, ... */
  readonly serializeQuery: (list: readonly string[]) => string;
  /** Where a place of the bundle is in the filter's sources, as stacks show it. Undefined: it is none of the filter's. */
  readonly position: (file: string, line: number, column: number) => string | undefined;
  /** Takes what is to be called when the bundle's top level has run. */
  readonly onStarted: (finish: () => void) => void;
  /** Takes the module's exports. */
  readonly expose: (exports: Readonly<Record<string, (...parameters: number[]) => unknown>>) => void;
  /** Takes what is called with the reason of a promise that was rejected and that nobody handles. */
  readonly onUnhandledRejection: (report: (reason: unknown) => void) => void;
}

export type HostFunction = (...parameters: (number | bigint)[]) => number;

export const boundary = (globalThis as unknown as { proxyWasmBoundary: Boundary }).proxyWasmBoundary;
Reflect.deleteProperty(globalThis, "proxyWasmBoundary");
