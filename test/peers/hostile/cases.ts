import { poll } from "../../../scripts/poll.ts";
import { ask, askMany, askRaw } from "./client.ts";
import type { Seen, Sent } from "./client.ts";
import type { Column } from "./columns.ts";
import type { Rig } from "./rig.ts";

/** How long a worker may not answer before it counts as standing still. */
export const PATIENCE_MS = 10_000;

/** One row of the table. */
export interface Case {
  /** What the filter is asked for: `x-attack: PLACE/NAME`. */
  readonly id: string;
  readonly title: string;
  /** What the client does. */
  readonly client: (rig: Rig, id: string) => Promise<Seen>;
  /** What the client sees when nothing at all is lost. Default: 200. */
  readonly best?: Seen;
  /** The filter need not log it: the client makes sure that it takes place, or Envoy answers. */
  readonly unseen?: boolean;
  /** It is about memory: has an Envoy of its own, and what the process holds more after it is told. */
  readonly growth?: boolean;
  /** Why it cannot be written with an SDK. */
  readonly absent?: Readonly<Partial<Record<Column, string>>>;
  /** test/attacks has it, many times over: the test of the TypeScript column does not repeat it. */
  readonly attacked?: boolean;
}

const LEAKS = 1200;
const ORDINARY = 20_000;
const MIB = 1 << 20;

const NO_CLOSE = "the SDK has no function that closes an HTTP stream";
const NO_CATCH = "the language cannot catch";

function asks(sent: Sent & { readonly path?: string } = {}): Case["client"] {
  return async ({ filter }, id) => {
    const { seen } = await ask(`${filter}${sent.path ?? "/"}`, PATIENCE_MS, {
      ...sent,
      headers: { "x-attack": id, ...sent.headers },
    });
    return seen;
  };
}

function input(text: string): Case["client"] {
  return asks({ headers: { "x-input": text } });
}

function posts(body: () => Buffer, of: "filter" | "large" = "filter"): Case["client"] {
  return async (rig, id) => {
    const sent = { method: "POST", headers: { "x-attack": id }, body: body() };
    return (await ask(rig[of], PATIENCE_MS, sent)).seen;
  };
}

/** Closes the connection when the filter's call has arrived, and before it is answered. */
async function leaves({ filter, other }: Rig, id: string): Promise<Seen> {
  const left = new AbortController();
  const [calls, answers] = [other.requests.length, other.answered()];
  const asked = ask(filter, PATIENCE_MS, { headers: { "x-attack": id }, signal: left.signal });
  await happens("the filter's call", () => other.requests.length > calls);
  left.abort();
  await asked;
  await happens("the call's answer", () => other.answered() > answers);
  return "left";
}

/** Is answered before the filter's call is. */
async function isEarly({ filter, other }: Rig, id: string): Promise<Seen> {
  const answers = other.answered();
  const { seen } = await ask(filter, PATIENCE_MS, { headers: { "x-attack": id } });
  if (other.answered() > answers) {
    throw new Error("the call was answered before the stream had ended");
  }
  await happens("the call's answer", () => other.answered() > answers);
  return seen;
}

async function happens(what: string, has: () => boolean): Promise<void> {
  if ((await poll(PATIENCE_MS, () => (has() ? true : undefined))) === undefined) {
    throw new Error(`${what} has not come`);
  }
}

function many(count: number, headers: Readonly<Record<string, string>> = {}): Case["client"] {
  return async ({ filter }, id) => {
    const seen = await askMany(filter, count, PATIENCE_MS, { headers: { "x-attack": id, ...headers } });
    const [[only = "", of = 0] = []] = seen;
    return of === count ? only : [...seen].map(([status, times]) => `${times} x ${status}`).join(", ");
  };
}

function brackets(): Buffer {
  return Buffer.from("[".repeat(100_000) + "]".repeat(100_000));
}

/** Just below the 60 KiB and the 100 headers that Envoy takes. */
function manyHeaders(): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 85 }, (_, at) => [`x-large-${at}`, "v".repeat(650)]));
}

export const CASES: readonly Case[] = [
  // The filter's own mistakes.
  { id: "request/panic", title: "an error in a request's hook: `throw`, `panic`", client: asks() },
  { id: "response/panic", title: "the same in a response's hook", client: asks() },
  { id: "log/panic", title: "the same in the log's hook", client: asks() },
  { id: "call/panic", title: "the same when a call's answer comes", client: asks() },
  { id: "timer/panic", title: "the same in a timer", client: asks() },
  {
    id: "request/caught",
    title: "the same, caught by the filter's author",
    client: asks(),
    absent: { assemblyscript: NO_CATCH },
  },
  { id: "request/bounds", title: "an index out of bounds", client: input("a,b") },
  { id: "request/null", title: "something that is not there: null, nil, `None`", client: input("Basic abc") },
  { id: "request/divide", title: "a division by what a header says: 0", client: input("0") },
  { id: "request/recursion", title: "a recursion without an end", client: asks(), attacked: true },
  { id: "request/loop", title: "a loop without an end", client: asks(), attacked: true },
  { id: "timer/loop", title: "the same in a timer", client: asks() },
  {
    id: "request/memory",
    title: "memory taken in a loop until there is no more",
    client: asks(),
    growth: true,
    attacked: true,
  },
  {
    id: "request/keep",
    title: `a leak: a global list keeps 1 MiB of each of ${LEAKS} requests`,
    client: many(LEAKS),
    growth: true,
  },
  // What a host refuses.
  { id: "response/late", title: "a request's header set when the response is there", client: asks() },
  { id: "call/late", title: "the same when a call's answer comes", client: asks({ path: "/slow" }) },
  { id: "request/unknown-cluster", title: "a call to a cluster that is not there", client: asks() },
  {
    id: "request/close-twice",
    title: "a stream closed twice in one hook",
    client: asks(),
    best: "reset",
    absent: { go: NO_CLOSE, assemblyscript: NO_CLOSE },
  },
  // What clients do.
  {
    id: "call/leave",
    title: "a client that leaves during the filter's call",
    client: leaves,
    best: "left",
    unseen: true,
  },
  { id: "call/ended", title: "a call's answer after the stream's end", client: isEarly, unseen: true },
  {
    id: "request/utf8",
    title: "a header whose value is not UTF-8, read as text",
    client: asks({ headers: { "x-bytes": "caf\u00e9 \u00ff\u00fe" } }),
  },
  {
    id: "request/utf8-bytes",
    title: "the same, read as bytes",
    client: asks({ headers: { "x-bytes": "caf\u00e9 \u00ff\u00fe" } }),
  },
  {
    id: "request/headers",
    title: "headers just below Envoy's limit of 60 KiB, all of them read",
    client: asks({ headers: manyHeaders() }),
  },
  {
    id: "request/regex",
    title: "a regular expression, `^(a+)+$`, against 60 letters",
    client: input(`${"a".repeat(60)}!`),
    attacked: true,
  },
  { id: "body/json", title: "a JSON body of 100 000 brackets, parsed", client: posts(brackets), attacked: true },
  {
    id: "body/length",
    title: "a body of 10 MiB, read whole, with Envoy's buffer of 1 MiB",
    client: posts(() => Buffer.alloc(10 * MIB)),
    best: "413",
    unseen: true,
  },
  {
    id: "body/large",
    title: "a body of 80 MiB, read whole, with a buffer of 256 MiB",
    client: posts(() => Buffer.alloc(80 * MIB), "large"),
  },
  {
    id: "client/malformed",
    title: "a request that is no HTTP",
    client: ({ filter }) => askRaw(filter, "GET / HTTP/9.9\r\nno header\r\n\u0000\r\n\r\n", PATIENCE_MS),
    best: "400",
    unseen: true,
  },
  {
    id: "client/many",
    title: `${ORDINARY} ordinary requests`,
    client: many(ORDINARY),
    unseen: true,
    growth: true,
  },
];

/** What a new configuration, which Envoy is given while it runs, makes its hook do. */
export interface ConfigurationCase {
  readonly id: "configure/panic" | "configure/loop";
  readonly title: string;
  readonly absent?: Readonly<Partial<Record<Column, string>>>;
}

const NO_CONFIGURATION = {
  assemblyscript: "in Envoy 1.40 its getConfiguration() is empty, though it is told the length",
};

export const CONFIGURATION_CASES: readonly ConfigurationCase[] = [
  { id: "configure/panic", title: "a new configuration whose hook throws or panics", absent: NO_CONFIGURATION },
  { id: "configure/loop", title: "a new configuration whose hook does not end", absent: NO_CONFIGURATION },
];
