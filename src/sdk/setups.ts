import { describe } from "./describe.ts";
import type { AnyDefinition, FilterContext } from "./filter.ts";
import { set_plugin_ready } from "./hostcalls.ts";
import { log } from "./log.ts";

interface Setup {
  /** Streams wait for it. */
  readonly promise: Promise<void>;
  readonly fail: (reason: unknown) => void;
}

/**
 * The setups of plugins that go on, and the last one of each. Only modules whose filters have one hold an object of this class.
 *
 * @internal
 */
export class Setups {
  readonly #running = new Map<number, Setup>();

  /** @returns whether it goes on */
  start(definition: AnyDefinition, context: FilterContext): boolean {
    const { pluginId } = context;
    const setup = definition.setup?.(context);
    if (!(setup instanceof Promise)) {
      this.#running.delete(pluginId);
      return false;
    }
    let fail: Setup["fail"] = () => undefined;
    const promise = new Promise<void>((resolve, reject) => {
      setup.then(resolve, reject);
      fail = reject;
    });
    this.#running.set(pluginId, { promise, fail });
    promise.then(
      () => {
        if (this.#running.get(pluginId)?.promise === promise) {
          set_plugin_ready(pluginId);
        }
      },
      (error: unknown) => {
        log.error(`setup failed: ${describe(error)}`);
      },
    );
    return true;
  }

  /** Undefined: there is nothing to wait for. */
  wait(pluginId: number): Promise<void> | undefined {
    return this.#running.get(pluginId)?.promise;
  }

  /** What the setup waits for does not come any more. */
  fail(pluginId: number, reason: unknown): void {
    this.#running.get(pluginId)?.fail(reason);
  }

  forget(pluginId: number): void {
    this.#running.delete(pluginId);
  }
}
