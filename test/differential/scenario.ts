import type { Script } from "../filters/scripted.ts";

export type Pairs = readonly (readonly [name: string, value: string])[];

/** How a message of HTTP/1.1 says where its body ends: there is none, by content-length, or in chunks. */
export type Framing = "none" | "chunked" | { readonly length: number };

/** The headers of a message. */
export interface MessageHead {
  readonly headers: Pairs;
  readonly framing: Framing;
}

export interface RequestHead extends MessageHead {
  readonly method: string;
  readonly path: string;
}

export interface ResponseHead extends MessageHead {
  readonly status: number;
}

/** What a called cluster does. */
export type CallAnswer =
  | { readonly status: number; readonly headers?: Pairs; readonly body?: string; readonly trailers?: Pairs }
  /** Any bytes, after which the connection is closed. */
  | { readonly raw: string }
  | "reset";

/** One thing that somebody outside of the proxy does. `stream` says for which of the scenario's streams. */
export type Event =
  | { readonly do: "request"; readonly head: RequestHead; readonly script?: Script }
  | { readonly do: "request data" | "response data"; readonly data: string }
  | { readonly do: "request end" | "response end"; readonly trailers?: Pairs }
  | { readonly do: "client leaves" | "upstream leaves" }
  | { readonly do: "response"; readonly head: ResponseHead };

/** One thing that an end of the connection of TCP does. A scenario has one connection at most. */
export type ConnectionEvent =
  | { readonly do: "client ends" | "client closes" | "upstream ends" }
  | { readonly do: "client sends" | "upstream sends"; readonly data: string };

/** A step is an event of a stream or of the connection, the answer to the oldest open call, or time that passes. */
export type Step =
  | (Event & { readonly stream?: number })
  | { readonly do: "connect" }
  | ConnectionEvent
  | { readonly do: "answer"; readonly answer: CallAnswer }
  | { readonly do: "time"; readonly ms: number };

/** The same for both hosts: what happens around the proxy, step by step. Each step comes when the one before has settled. */
export interface Scenario {
  readonly name: string;
  /** The root id of the plugin, and so the listener. */
  readonly plugin: string;
  readonly steps: readonly Step[];
}

/** What came of a step, as lines of text: calls between host and module, and what arrived at whom. */
export interface StepOutcome {
  readonly step: string;
  readonly lines: readonly string[];
}

/** One of the two hosts. */
export interface Side extends AsyncDisposable {
  readonly name: string;
  /** What happened when the module was loaded. Called once, before the first scenario. */
  started(): Promise<StepOutcome>;
  run(scenario: Scenario): Promise<readonly StepOutcome[]>;
}

/** An end of a connection, in one of the two hosts. */
export interface ComparedConnection {
  clientSends(data: string): void;
  clientEnds(): void;
  clientCloses(): void;
  /** False: there is no connection, or it is closed. */
  upstreamSends(data: string): boolean;
  upstreamEnds(): boolean;
}

export function opened<T>(connection: T | undefined): T {
  if (connection === undefined) {
    throw new Error("the scenario has no connection yet");
  }
  return connection;
}

export function isOfConnection(step: Step): step is ConnectionEvent {
  return /^(client|upstream) (sends|ends|closes)$/.test(step.do);
}

/** @returns what is to be said about it */
export function performOnConnection(step: ConnectionEvent, connection: ComparedConnection): readonly string[] {
  const orSkipped = (isOpen: boolean) => (isOpen ? [] : ["skipped: the upstream has no connection"]);
  switch (step.do) {
    case "client sends":
      connection.clientSends(step.data);
      return [];
    case "client ends":
      connection.clientEnds();
      return [];
    case "client closes":
      connection.clientCloses();
      return [];
    case "upstream sends":
      return orSkipped(connection.upstreamSends(step.data));
    case "upstream ends":
      return orSkipped(connection.upstreamEnds());
  }
}

export function streamOf(step: { readonly stream?: number }): number {
  return step.stream ?? 0;
}

/** The request's headers, with those that say which stream it is of and what the scripted filter does. */
export function withOwnHeaders({ head, script }: Extract<Event, { do: "request" }>, stream: number): RequestHead {
  const own: [string, string][] = [
    ["x-id", String(stream)],
    ["x-request-id", "00000000-0000-4000-8000-000000000000"],
  ];
  if (script !== undefined) {
    // Header values are bytes.
    const text = JSON.stringify(script).replace(
      /[^ -~]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    own.push(["x-script", text]);
  }
  return { ...head, headers: [...own, ...head.headers] };
}

export function describeStep(step: Step): string {
  const { do: what, ...rest } = step;
  const text = JSON.stringify("script" in rest ? { ...rest, script: "..." } : rest);
  return text === "{}" ? what : `${what} ${text}`;
}

/** A plugin of the module: its root id and its configuration. */
export interface ComparedPlugin {
  readonly rootId: string;
  readonly config?: unknown;
  /** Default: "http". */
  readonly kind?: "http" | "network";
}
