import { get_memory_usage } from "./hostcalls.ts";

/** How much memory the VM of this worker has, in bytes. */
export interface MemoryUsage {
  /** The module's linear memory: what the host has given it. It only grows. */
  readonly linearBytes: number;
  /** What JavaScript has allocated in it, garbage that was not yet collected included: what `limits.heapBytes` limits. */
  readonly heapBytes: number;
}

/**
 * How much memory the VM of this worker has; all plugins in it share that. Hosts do not tell it.
 *
 * @example
 * ```ts
 * const linear = defineGauge("filter_linear_bytes");
 * every(10_000, () => linear.record(memoryUsage().linearBytes));
 * ```
 */
export function memoryUsage(): MemoryUsage {
  const [linearBytes, heapBytes] = get_memory_usage();
  return { linearBytes, heapBytes };
}
