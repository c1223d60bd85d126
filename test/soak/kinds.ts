/** The kinds of requests of the soak test, and what has to become of each. */

/** How a server behind Envoy answers: the upstream, or the cluster that the filter calls. */
export type Behaviour =
  | "ok"
  | "echo"
  | "slow"
  | "big"
  | "never"
  | "reset"
  | "garbage"
  | "cut" /** Of the filter's calls: no such cluster. */
  | "unknown";

/** When the client leaves: its call has arrived, or its request; with half of its body sent; with a part of the answer. */
export type Leaving = "called" | "asked" | "sending" | "receiving";

export interface Kind {
  readonly name: string;
  /** Of how many requests together it is so many. */
  readonly weight: number;
  /** The listener: with bodies that pass in parts (default), or that are collected and rewritten. */
  readonly listener?: "parts" | "whole";
  /** The filter's calls: those joined by "+" at the same time. */
  readonly calls?: string;
  /** What it has to see of them. */
  readonly called?: string;
  /** How many of them the called cluster sees. Default: all. */
  readonly callsSeen?: number;
  readonly upstream?: Behaviour;
  /** Whether the upstream sees it. Default: yes. */
  readonly reachesUpstream?: boolean;
  /** The filter runs an attack of test/attacks: this one, or any. */
  readonly attack?: string;
  /** The filter answers. */
  readonly reply?: boolean;
  /** Length of the request's body. */
  readonly bodyBytes?: number;
  readonly leaves?: Leaving;
  /** The answer's status; "closed": the connection ends without one; "left": the client does not wait for one. Default: 200. */
  readonly status?: number | "closed" | "left";
  /** The answer ends early. */
  readonly cut?: boolean;
}

export const BIG_BYTES = 10 * 2 ** 20;
/** The limit of the filter's heap: soon filled, and enough for the largest answer twice. */
export const HEAP_BYTES = 40 * 2 ** 20;
const SMALL_BYTES = 2000;
const MEDIUM_BYTES = 100_000;

/** Of test/attacks; the first one is any of them. The other fills the heap, and makes linear memory as large as it can become. */
const ANY_ATTACK = "any";
const FILLING = "memory.buffers";

export const KINDS: readonly Kind[] = [
  { name: "header", weight: 3500 },
  { name: "reply", weight: 500, reply: true, status: 418, reachesUpstream: false },
  { name: "call", weight: 1500, calls: "ok", called: "200:2" },
  { name: "calls", weight: 300, calls: "ok+slow+ok,ok", called: "200:2,200:2,200:2,200:2" },
  { name: "call-slow", weight: 200, calls: "slow", called: "200:2" },
  { name: "call-big", weight: 20, calls: "big", called: `200:${BIG_BYTES}` },
  { name: "call-never", weight: 200, calls: "never", called: "timeout" },
  { name: "call-reset", weight: 200, calls: "reset", called: "connection-reset" },
  { name: "call-garbage", weight: 200, calls: "garbage", called: "connection-reset" },
  { name: "call-cut", weight: 200, calls: "cut", called: "incomplete" },
  { name: "call-unknown", weight: 200, calls: "unknown", called: "unknown-cluster", callsSeen: 0 },
  {
    name: "call-mixed",
    weight: 100,
    calls: "reset+ok+never,garbage,ok",
    called: "connection-reset,200:2,timeout,connection-reset,200:2",
  },
  { name: "parts", weight: 300, upstream: "echo", bodyBytes: MEDIUM_BYTES },
  { name: "parts-send-big", weight: 15, upstream: "echo", bodyBytes: BIG_BYTES },
  { name: "parts-receive-big", weight: 15, upstream: "big" },
  { name: "whole", weight: 800, listener: "whole", upstream: "echo", bodyBytes: SMALL_BYTES },
  {
    name: "whole-call",
    weight: 200,
    listener: "whole",
    calls: "ok",
    called: "200:2",
    upstream: "echo",
    bodyBytes: MEDIUM_BYTES,
  },
  { name: "whole-receive-big", weight: 10, listener: "whole", upstream: "big", cut: true },
  { name: "whole-cut", weight: 100, listener: "whole", upstream: "cut", cut: true },
  { name: "upstream-slow", weight: 200, upstream: "slow" },
  { name: "upstream-never", weight: 200, upstream: "never", status: 504 },
  { name: "upstream-reset", weight: 200, upstream: "reset", status: 503 },
  { name: "upstream-garbage", weight: 200, upstream: "garbage", status: 502 },
  { name: "upstream-cut", weight: 200, upstream: "cut", cut: true },
  { name: "leave-called", weight: 150, calls: "slow", leaves: "called", status: "left", reachesUpstream: false },
  { name: "leave-asked", weight: 150, upstream: "slow", leaves: "asked", status: "left" },
  { name: "leave-sending", weight: 50, bodyBytes: MEDIUM_BYTES, leaves: "sending", status: "left" },
  {
    name: "leave-whole",
    weight: 50,
    listener: "whole",
    calls: "ok",
    bodyBytes: MEDIUM_BYTES,
    leaves: "sending",
    status: "left",
  },
  { name: "leave-receiving", weight: 20, upstream: "big", leaves: "receiving", status: "left" },
  { name: "attack-heap", weight: 40, attack: FILLING, status: 500, reachesUpstream: false },
  { name: "attack", weight: 40, attack: ANY_ATTACK, status: 500, reachesUpstream: false },
  { name: "attack-later", weight: 40, calls: "ok", attack: ANY_ATTACK, status: 500, reachesUpstream: false },
];

/** How many calls of one request the called cluster sees. */
export function callsOf({ calls, callsSeen }: Kind): number {
  return calls === undefined ? 0 : (callsSeen ?? calls.split(/[+,]/).length);
}

/** Takes the kinds as often as their weights say. @param pick - random numbers below a bound */
export function pickKind(pick: (below: number) => number): Kind {
  let left = pick(KINDS.reduce((sum, { weight }) => sum + weight, 0));
  for (const kind of KINDS) {
    left -= kind.weight;
    if (left < 0) {
      return kind;
    }
  }
  throw new Error("the weights of the kinds have changed");
}
