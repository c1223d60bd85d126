/** Scenarios by chance: each number of a seed is one, the same each time. */

import type { HookName, Script, ScriptedAction, ScriptedCall } from "../filters/scripted.ts";
import { random } from "../random.ts";
import type { CallAnswer, Framing, Pairs, RequestHead, ResponseHead, Scenario, Step } from "./scenario.ts";

/** The plugins of the scripted filter, and how each gets its bodies. */
export const SCRIPTED_PLUGINS = {
  whole: { requestBody: "whole", responseBody: "whole" },
  rewrite: { requestBody: "rewrite", responseBody: "rewrite" },
  stream: { requestBody: "stream", responseBody: "stream" },
  tolerant: { requestBody: "stream", responseBody: "rewrite" },
} as const;

type PluginName = keyof typeof SCRIPTED_PLUGINS;

/** Longer than all steps of a scenario take together. */
const TIMEOUT_MS = 250;
const WAIT_MS = 300;

const HEADER_NAMES = [
  ...["x-a", "x-b", "X-Mixed", "cookie", "accept", "via", "cache-control", "user-agent", "te-st", "authorization"],
  ...["accept-language", "referer", "etag", "vary", "set-cookie", "x-forwarded-host", "content-type", "pragma"],
];
const HEADER_VALUES = ["1", "two words", "", "a,b", "\u00e4\u00f6", "=;\"'", "x".repeat(300), "no-cache"];
const STATUSES = [200, 200, 200, 201, 204, 301, 304, 404, 418, 500, 503];
const PROPERTIES = [
  ...(["request.path", "request.url_path", "request.host", "request.method", "request.query"] as const),
  ...(["request.scheme", "request.useragent", "request.referer", "request.id", "request.protocol"] as const),
  ...([
    "request.headers.x-a",
    "response.headers.x-b",
    "response.code_details",
    "plugin_root_id",
    "plugin_vm_id",
  ] as const),
];
const NUMBERS = ["request.size", "request.total_size", "response.code", "response.size", "response.flags"] as const;

class Dice {
  readonly #pick: (below: number) => number;
  constructor(seed: number, index: number) {
    this.#pick = random(Math.imul(seed, 0x9e3779b1) + Math.imul(index + 1, 0x85ebca6b));
  }
  /** From 0 to below `below`. */
  number(below: number): number {
    return this.#pick(below);
  }
  chance(percent: number): boolean {
    return this.#pick(100) < percent;
  }
  of<T>(items: readonly T[]): T {
    return items[this.#pick(items.length)] as T;
  }
  times<T>(most: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.#pick(most + 1) }, (_, index) => make(index));
  }
}

/** What is known of a stream while its script is made up. */
interface Plan {
  readonly dice: Dice;
  readonly plugin: PluginName;
  /** Calls that hooks wait for and that somebody has to answer. */
  calls: number;
  needsTime: boolean;
  /** Headers hooks delete content-length, so that what arrives part by part may get another length. */
  readonly mayResize: boolean;
  readonly nextPath: () => string;
}

function headers(dice: Dice, most: number): Pairs {
  return dice.times(most, () => [dice.of(HEADER_NAMES), dice.of(HEADER_VALUES)] as const);
}

function text(dice: Dice): string {
  // Envoy may read more at once in two parts.
  const size = dice.chance(8) ? 1 + dice.number(4000) : 1 + dice.number(20);
  return dice.of(["a", "B", "0", "\u20ac", "xyz "]).repeat(size);
}

function call({ dice, nextPath }: Plan): ScriptedCall {
  const body = dice.chance(40) ? { method: "POST", body: text(dice) } : {};
  return {
    cluster: dice.of(["other", "other", "other", "other", "other", "other", "other", "nowhere", "dead", "empty"]),
    path: nextPath(),
    ...body,
    ...(dice.chance(30) ? { headers: headers(dice, 3) } : {}),
    ...(dice.chance(10) ? { trailers: [["x-end", "call"]] as Pairs } : {}),
  };
}

/** A call that is waited for. */
function awaited(plan: Plan): ScriptedAction {
  const { dice } = plan;
  if (dice.chance(7)) {
    plan.needsTime = true;
    return dice.chance(50)
      ? ["timer", TIMEOUT_MS]
      : ["call", { ...call(plan), cluster: "other", timeoutMs: TIMEOUT_MS }];
  }
  if (dice.chance(15)) {
    const calls = [call(plan), call(plan), ...dice.times(1, () => call(plan))];
    plan.calls += calls.length;
    return ["calls", calls];
  }
  plan.calls++;
  return [dice.chance(15) ? "callOrThrow" : dice.chance(10) ? "start" : "call", call(plan)];
}

/** Not 8, the arguments of a foreign function: elsewhere Envoy 1.40 reads what the last buffer pointed to, and may crash. */
const BUFFERS = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10];

/**
 * Trailers that are added to a request in a callback that pauses, or after one that did, break it: Envoy sends them at once, or
 * twice. See known-differences.ts.
 */
function mayAddTrailers({ plugin }: Plan, hook: HookName): boolean {
  return hook !== "onRequestBody" || SCRIPTED_PLUGINS[plugin].requestBody === "stream";
}

function rawRead(plan: Plan, hook: HookName): ScriptedAction {
  const read = plan.dice.of(RAW_READS)(plan.dice);
  // Asking for the size of trailers adds some.
  return read[1] === "size" && read[2] === 1 && !mayAddTrailers(plan, hook) ? ["raw", "status"] : read;
}

const RAW_READS = [
  (dice: Dice): ScriptedAction => ["raw", "size", dice.number(9)],
  (dice: Dice): ScriptedAction => ["raw", "pairs", dice.number(9)],
  (dice: Dice): ScriptedAction => [
    "raw",
    "value",
    dice.number(9),
    dice.of([":path", ":status", "x-a", "x-none", "X-B"]),
  ],
  (dice: Dice): ScriptedAction => ["raw", "bufferStatus", dice.of(BUFFERS)],
  (dice: Dice): ScriptedAction => ["raw", "bufferBytes", dice.of(BUFFERS), dice.number(5), dice.number(8)],
  (): ScriptedAction => ["raw", "status"],
];

/** Without those that change a body's length where that breaks the message. */
function bodyChange({ dice, mayResize }: Plan, mode: "whole" | "rewrite" | "stream"): ScriptedAction {
  return dice.chance(60) && (mode !== "stream" || mayResize)
    ? [dice.of(["setBody", "appendToBody"]), dice.chance(80) ? text(dice) : ""]
    : ["bytes", dice.number(5), dice.number(10)];
}

function action(plan: Plan, hook: HookName): ScriptedAction {
  const { dice, plugin } = plan;
  const name = dice.of(HEADER_NAMES);
  const value = dice.of(HEADER_VALUES);
  const isBody = hook === "onRequestBody" || hook === "onResponseBody";
  if (isBody && dice.chance(50)) {
    const mode = SCRIPTED_PLUGINS[plugin][hook === "onRequestBody" ? "requestBody" : "responseBody"];
    return dice.chance(50) ? ["body"] : bodyChange(plan, mode);
  }
  if (hook.endsWith("Trailers") && dice.chance(50)) {
    return dice.of<ScriptedAction>([
      ["trailers"],
      ["setTrailer", name, value],
      ["appendTrailer", name, value],
      ["deleteTrailer", name],
    ]);
  }
  switch (dice.number(14)) {
    case 0:
      return [dice.of(["get", "getAll", "has", "delete"]), name];
    case 1:
    case 2:
      return [dice.of(["set", "append"]), name, value];
    case 3:
      return ["headers"];
    case 4:
      return dice.chance(40) ? ["replaceHeaders", headers(dice, 4)] : ["trailers"];
    case 5:
      return hook.includes("Request")
        ? ["path", `/changed?${plan.dice.number(10)}`]
        : ["status", dice.of([200, 203, 404])];
    case 6:
      return mayAddTrailers(plan, hook) ? ["setTrailer", name, value] : ["getAll", name];
    case 7:
      return ["property", dice.of(PROPERTIES), "string"];
    case 8:
      return ["property", dice.of(NUMBERS), "integer"];
    case 9:
      return dice.chance(50) ? ["setProperty", "my.property", value] : ["property", "my.property", "bytes"];
    case 10:
      return dice.chance(50) ? ["share", dice.of(["k1", "k2"]), value] : ["count", dice.number(5) - 2];
    case 11:
      return dice.chance(30) ? ["body"] : ["clearRouteCache"];
    default:
      return rawRead(plan, hook);
  }
}

function reply(dice: Dice): ScriptedAction {
  return [
    "reply",
    {
      status: dice.of([200, 401, 403, 418, 503]),
      headers: headers(dice, 3),
      body: dice.chance(70) ? text(dice) : "",
      ...(dice.chance(20) ? { grpcStatus: dice.number(17) } : {}),
      ...(dice.chance(30) ? { details: "some details" } : {}),
    },
  ];
}

/** What one call of a hook does. */
function actions(plan: Plan, hook: HookName): readonly ScriptedAction[] {
  const { dice } = plan;
  const list = dice.times(3, () => action(plan, hook));
  if (hook === "onLog" || hook === "onDone") {
    return list;
  }
  const addsTrailers = list.some(([op, , map]) => op.endsWith("Trailer") || (op === "raw" && map === 1));
  if (dice.chance(25) && !(hook === "onRequestBody" && addsTrailers)) {
    list.push(awaited(plan), ...dice.times(2, () => action(plan, hook)));
    if (dice.chance(20)) {
      list.push(awaited(plan), action(plan, hook));
    }
  }
  if (dice.chance(8)) {
    list.push(dice.chance(60) ? reply(dice) : dice.chance(60) ? ["throw", "by chance"] : ["close"]);
  }
  return list;
}

function script(plan: Plan): Script {
  const { dice, mayResize } = plan;
  const of = (hook: HookName, calls: number, percent: number) => {
    // A length that does not fit is a broken message, of which hosts make what they like.
    const first: ScriptedAction[] = hook.endsWith("Headers") ? [["delete", "content-length"]] : [];
    const always = mayResize && first.length > 0;
    return always || dice.chance(percent)
      ? { [hook]: Array.from({ length: calls }, () => [...(always ? first : []), ...actions(plan, hook)]) }
      : {};
  };
  return {
    ...of("onRequestHeaders", 1, 60),
    ...of("onRequestBody", 3, 60),
    ...of("onRequestTrailers", 1, 60),
    ...of("onResponseHeaders", 2, 60),
    ...of("onResponseBody", 3, 60),
    ...of("onResponseTrailers", 1, 60),
    ...of("onLog", 1, 30),
    ...of("onDone", 1, 30),
  };
}

interface Body {
  readonly framing: Framing;
  readonly parts: readonly string[];
  /** Undefined: it needs no end. */
  readonly end: { readonly trailers?: Pairs } | undefined;
}

function body(dice: Dice, mayBeNone: boolean): Body {
  if (mayBeNone && dice.chance(30)) {
    return { framing: "none", parts: [], end: undefined };
  }
  const parts = dice.times(4, () => text(dice));
  if (dice.chance(45)) {
    const length = parts.reduce((total, part) => total + Buffer.byteLength(part), 0);
    return { framing: { length }, parts, end: undefined };
  }
  return { framing: "chunked", parts, end: dice.chance(45) ? { trailers: [["x-end", "1"], ...headers(dice, 2)] } : {} };
}

function answer(dice: Dice): CallAnswer {
  if (dice.chance(6)) {
    return "reset";
  }
  if (dice.chance(6)) {
    return { raw: dice.of(["this is no HTTP\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", ""]) };
  }
  const status = dice.of([200, 200, 204, 404, 500, 503]);
  return {
    status,
    headers: headers(dice, 3),
    ...(status === 204 ? {} : { body: dice.chance(70) ? text(dice) : "" }),
    ...(status !== 204 && dice.chance(15) ? { trailers: [["x-end", "answer"]] as Pairs } : {}),
  };
}

/** Takes from lists by chance, each in its own order. */
function shuffle<T>(dice: Dice, lists: readonly (readonly T[])[]): T[] {
  const left = lists.map((list) => [...list]).filter((list) => list.length > 0);
  const mixed: T[] = [];
  while (left.length > 0) {
    const at = dice.number(left.length);
    const item = left[at]?.shift();
    if (item !== undefined) {
      mixed.push(item);
    }
    if (left[at]?.length === 0) {
      left.splice(at, 1);
    }
  }
  return mixed;
}

function streamSteps(
  plan: Plan,
  stream: number,
): { readonly first: Step[]; readonly then: Step[]; readonly last: Step[] } {
  const { dice } = plan;
  const method = dice.of(["GET", "GET", "POST", "POST", "POST", "PUT", "DELETE", "HEAD"]);
  const request = body(dice, method === "GET" || method === "HEAD" || method === "DELETE");
  const own = script(plan);
  const head: RequestHead = {
    method: method === "HEAD" && request.framing !== "none" ? "POST" : method,
    path: dice.of(["/", "/a/b?c=d", "/x?y", "/long/path/with/many/parts"]),
    headers: headers(dice, 5),
    framing: request.framing,
  };
  const first: Step[] = [
    { do: "request", stream, head, script: own },
    ...request.parts.map((data): Step => ({ do: "request data", stream, data })),
    ...(request.end === undefined ? [] : [{ do: "request end", stream, ...request.end } as const]),
  ];
  const status = dice.of(STATUSES);
  const hasBody = status !== 204 && status !== 304 && head.method !== "HEAD";
  const response = hasBody ? body(dice, false) : ({ framing: "none", parts: [], end: undefined } as const);
  const responseHead: ResponseHead = { status, headers: headers(dice, 5), framing: response.framing };
  const then: Step[] = [
    { do: "response", stream, head: responseHead },
    ...response.parts.map((data): Step => ({ do: "response data", stream, data })),
    ...(response.end === undefined ? [] : [{ do: "response end", stream, ...response.end } as const]),
  ];
  const last = [...then];
  if (dice.chance(8)) {
    const list = dice.chance(50) ? first : then;
    list.splice(1 + dice.number(list.length), list.length, { do: "client leaves", stream });
  }
  if (dice.chance(10)) {
    then.splice(dice.number(then.length + 1), then.length, { do: "upstream leaves", stream });
  }
  return { first, then, last };
}

/** The scenario of this number of a seed. */
export function generate(seed: number, index: number): Scenario {
  const dice = new Dice(seed, index);
  let paths = 0;
  const plan: Plan = {
    dice,
    plugin: dice.of(Object.keys(SCRIPTED_PLUGINS) as PluginName[]),
    calls: 0,
    needsTime: false,
    mayResize: dice.chance(50),
    nextPath: () => `/call${++paths}`,
  };
  const streams = [0, ...(dice.chance(15) ? [1] : [])].map((stream) => streamSteps(plan, stream));
  const answers = () =>
    Array.from({ length: Math.min(plan.calls, 6) }, (): Step => ({ do: "answer", answer: answer(dice) }));
  const time: Step[] = plan.needsTime ? [{ do: "time", ms: WAIT_MS }] : [];
  const isEarly = dice.chance(15);
  const firsts = streams.map(({ first: [start], first: [, ...rest] }) => ({ start, rest }));
  const steps: Step[] = [
    ...firsts.flatMap(({ start }) => start ?? []),
    ...(isEarly
      ? shuffle(dice, [...firsts.map(({ rest }) => rest), ...streams.map(({ then }) => then), answers()])
      : [
          ...shuffle(dice, [...firsts.map(({ rest }) => rest), answers()]),
          ...time,
          ...shuffle(dice, [...streams.map(({ then }) => then), answers()]),
        ]),
    ...answers(),
    ...time,
    // What was skipped because something waited.
    ...streams.flatMap(({ last }) => last),
    ...answers(),
    ...time, // no timer is left for the next scenario
  ];
  return { name: `seed ${seed}, number ${index}`, plugin: plan.plugin, steps };
}
