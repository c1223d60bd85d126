import type { TestHost } from "./test-host.ts";

type Listener = (host: TestHost) => void;

const listeners = new Set<Listener>();

/** Tells of each host that is loaded, until the returned function is called: a test runner wants to show those of a test. */
export function onHostLoaded(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function announceHost(host: TestHost): void {
  for (const listener of listeners) {
    listener(host);
  }
}
