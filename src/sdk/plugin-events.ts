/** What parts of the SDK that a filter may or may not use want to know of plugins. @internal */

const listeners: ((pluginId: number) => void)[] = [];

/** Calls a function before a plugin is configured again: what belonged to its old configuration is to be forgotten. */
export function onForgetPlugin(listener: (pluginId: number) => void): void {
  listeners.push(listener);
}

const dropped: ((pluginId: number) => void)[] = [];

/** Calls a function when promise jobs of a plugin were dropped: what waits for them waits in vain. */
export function onJobsDropped(listener: (pluginId: number) => void): void {
  dropped.push(listener);
}

export function jobsDropped(pluginId: number): void {
  for (const listener of dropped) {
    listener(pluginId);
  }
}

export function forgetPlugin(pluginId: number): void {
  for (const listener of listeners) {
    listener(pluginId);
  }
}
