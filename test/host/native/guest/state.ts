/** The one VM, its plugins and its streams: src/shim/vm.h for Node. */

import type { Registration } from "../../../../src/sdk/shim.ts";

export type BodyMode = "whole" | "stream" | "rewrite" | "inspect";
export type AnyFunction = (this: unknown, ...parameters: unknown[]) => unknown;

/** What defineFilter or defineNetworkFilter was given. */
export interface Filter {
  /** `this` of the hooks. */
  readonly definition: Readonly<Record<string, unknown>>;
  readonly network: boolean;
  readonly requestBody: BodyMode;
  readonly responseBody: BodyMode;
}

/** A root context of the host: one plugin configuration. */
export interface Plugin {
  readonly id: number;
  /** Undefined until a configuration has been accepted. */
  filter?: Filter;
  /** The hooks' second argument. */
  context?: unknown;
  /** Its setup is not over, and its streams wait for it. */
  settingUp: boolean;
  /** Milliseconds that the program has asked for. */
  tickPeriod: number;
  /** The next tick is not the program's. */
  tickBorrowed: boolean;
}

/** A part of a message that is an object of its own: its headers, its trailers or its body. */
export interface Part {
  readonly message: Message;
  /** Its number as a map or a buffer. */
  readonly type: number;
  view?: object;
}

export const ARRIVED = { headers: 1, body: 2, trailers: 4 } as const;

/** A hook whose promise is pending; its direction of the stream stands still. */
export interface PausedHook {
  readonly message: Message;
  settled?: { readonly rejected: boolean; readonly value: unknown };
}

/** One direction of a stream: a request or a response, or what a connection's downstream or upstream sends. */
export interface Message {
  readonly stream: Stream;
  readonly isRequest: boolean;
  readonly streamType: number;
  view?: object;
  readonly headers: Part;
  readonly trailers: Part;
  readonly body: Part;
  paused: PausedHook | undefined;
  /** What its callback returns. */
  action: number;
  /** The last hook that ran. */
  hook: string;
  /** What no hook has been given yet. */
  arrived: number;
  /** The host waits for the action of its callback. */
  inCallback: boolean;
  /** The body's hook has it. */
  bodyOpen: boolean;
  /** The host has said that no more of it comes. */
  bodyEnded: boolean;
  /** The same, or trailers have arrived. */
  bodyComplete: boolean;
  /** content-length is removed when the headers go on. */
  lengthGoes: boolean;
  /** How far the host may be with showing what it kept while the headers' hook waited. */
  replay: "none" | "started" | "body";
  /** Bytes that the host holds. */
  bodySize: number;
  /** Those that the hook has been given. */
  bodyStart: number;
  bodyEnd: number;
}

export interface Stream {
  readonly id: number;
  readonly plugin: Plugin;
  state: unknown;
  /** The filter has closed it: it does not go on. */
  closed: boolean;
  readonly request: Message;
  readonly response: Message;
}

export type Handlers = Partial<Record<string, AnyFunction>>;

/** Open calls, in the files of their kinds. */
export const openCalls: ReadonlyMap<number, unknown>[] = [];

/** Before a call is started: `may_call` of src/shim/calls.c. */
export function checkOpenCalls(): void {
  const open = openCalls.reduce((sum, { size }) => sum + size, 0);
  if (open >= Number(vm.sdk.limits["openCalls"])) {
    throw new RangeError(
      `${open} calls are open, which is the limit (limits.openCalls): await some of them before more are started`,
    );
  }
}

export const vm = {
  sdk: undefined as unknown as Registration,
  filters: [] as Filter[],
  handlers: {} as Handlers,
  plugins: new Map<number, Plugin>(),
  streams: new Map<number, Stream>(),
  /** The plugin that this callback is for. */
  pluginId: 0,
  /** The context that the host takes the next host call for. */
  effectiveContext: 0,
  /** The program's top level runs. */
  building: true,
};
