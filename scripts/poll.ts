import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 10;

/** Asks again and again until there is a value. Returns undefined when there is none in time. */
export async function poll<T>(
  timeoutMs: number,
  ask: () => T | undefined | Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined || performance.now() > deadline) {
      return value;
    }
    await sleep(POLL_MS);
  }
}
