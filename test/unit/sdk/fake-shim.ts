/**
 * The global that src/sdk/shim.ts takes when it is loaded. Import this first. Functions that a test needs are put there by the
 * test; the others fail when they are called.
 */

type ShimFunction = (...args: never[]) => unknown;

/** Parts of the SDK ask for events when they are loaded; others use what C has, and JavaScript too. */
export const fakeShim: Record<string, ShimFunction> = {
  handle: () => undefined,
  quote: (text: string) => JSON.stringify(text),
  is_iterable: (value: object) => Symbol.iterator in value,
  iterate: (items: readonly unknown[]) => items.values(),
  kind_of: (value: object) => [Map, Set, Uint8Array].findIndex((kind) => value instanceof kind) + 1,
};

const proxy = new Proxy(fakeShim, {
  get:
    (_target, name) =>
    // Looked up at the call: the SDK's modules keep the functions that they find when they are loaded.
    (...args: never[]) => {
      const implementation = fakeShim[String(name)];
      if (implementation === undefined) {
        throw new Error(`the test has no shim function ${String(name)}`);
      }
      return implementation(...args);
    },
});

Object.defineProperty(globalThis, "proxyWasmShim", { value: proxy });
