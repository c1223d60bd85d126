/** The project's filters and examples, each with scenarios of its own. */

import type { ComparedPlugin, Scenario, Step } from "./scenario.ts";
import {
  answer,
  answerPart,
  clientLeaves,
  emptyResponse,
  get,
  part,
  post,
  reply,
  response,
  send,
  time,
  TRAILERS,
  upstreamLeaves,
} from "./steps.ts";

/** A module in both hosts. */
export interface ComparedFilter {
  /** From the project's root. */
  readonly path: string;
  /** By name, which scenarios have for theirs. */
  readonly plugins: Readonly<Record<string, ComparedPlugin>>;
  readonly scenarios: readonly Scenario[];
}

const ONE = { only: { rootId: "" } } as const;
const scenario = (name: string, ...steps: Step[]): Scenario => ({ name, plugin: "only", steps });
/** A request for a path that says what the filter does, with everything in it. */
const everything = (path: string): Scenario =>
  scenario(
    path,
    post({ path }),
    ...send(["one ", "two"], TRAILERS),
    answer(),
    response(),
    ...reply(["three ", "four"], TRAILERS),
    answer(),
  );

const bodies: ComparedFilter = {
  path: "test/filters/bodies.ts",
  plugins: ONE,
  scenarios: [
    ...["/upper", "/double", "/empty", "/check", "/deny", "/throw", "/part", "/other"].map(everything),
    ...["/wait-response", "/late-deny", "/late-throw"].map(everything),
    scenario("/json", post({ path: "/json", framing: { length: 7 } }), part('{"a":'), part("1}"), emptyResponse),
    scenario("no JSON", post({ path: "/json" }), ...send(["{"])),
    scenario(
      "a response with a length",
      get({ path: "/upper" }),
      response({ framing: { length: 3 } }),
      answerPart("abc"),
    ),
  ],
};

const streaming: ComparedFilter = {
  path: "test/filters/streaming.ts",
  plugins: ONE,
  scenarios: [
    ...["/upper", "/slow", "/other"].map(everything),
    scenario(
      "parts arrive while one waits",
      post({ path: "/slow" }),
      part("a"),
      part("b"),
      part("c"),
      answer(),
      answer(),
      ...send(["d"]),
      answer(),
      answer(),
      emptyResponse,
    ),
  ],
};

const headers: ComparedFilter = {
  path: "test/filters/headers.ts",
  plugins: ONE,
  scenarios: [
    ...["read", "change", "replace", "many", "misuse", "keep", "use-kept", "long"].map((action) =>
      scenario(
        action,
        get({
          headers: [
            ["x-do", action],
            ["X-Twice", "one"],
            ["x-twice", "two"],
            ["x-gone", "1"],
            ["x-other", "1"],
            ["x-long", "l".repeat(5000)],
          ],
        }),
        response({
          framing: { length: 0 },
          headers: [
            ["x-bytes", "\u00fc"],
            ["x-bytes", ""],
          ],
        }),
      ),
    ),
  ],
};

const replies: ComparedFilter = {
  path: "test/filters/replies.ts",
  plugins: { only: { rootId: "", config: "caf\u00e9" } },
  scenarios: [
    ...["/request-headers", "/request-headers-later", "/request-body", "/request-trailers"].map(everything),
    ...["/response-headers", "/response-headers-later", "/config", "/close", "/slow-trailers"].map(everything),
    scenario("/calls", get({ path: "/calls" }), answer(), answer(), answer(), answer()),
  ],
};

const interleaved: ComparedFilter = {
  path: "test/filters/interleaved.ts",
  plugins: ONE,
  scenarios: [
    scenario(
      "three streams",
      get({ path: "/0/2" }),
      get({ path: "/1/1", stream: 1 }),
      get({ path: "/2/3", stream: 2 }),
      ...Array.from({ length: 6 }, () => answer()),
      emptyResponse,
      response({ framing: { length: 0 }, stream: 1 }),
      response({ framing: { length: 0 }, stream: 2 }),
    ),
    scenario("the client leaves", get({ path: "/0/2" }), answer(), clientLeaves, answer()),
  ],
};

/** Without those whose setup makes calls: Envoy's main thread makes them, too. */
const plugins: ComparedFilter = {
  path: "test/filters/plugins.ts",
  plugins: {
    first: { rootId: "first", config: { name: "one" } },
    second: { rootId: "second", config: "a b" },
    fails: { rootId: "fails" },
    logger: { rootId: "logger" },
  },
  scenarios: ["first", "second", "fails", "logger"].map((plugin) => ({
    name: "a request",
    plugin,
    steps: [get({ path: "/x" }), emptyResponse],
  })),
};

const rawCalls: ComparedFilter = {
  path: "test/filters/raw-calls.ts",
  plugins: ONE,
  scenarios: ["size", "done", "status", "phase", "body"].map((path) => everything(`/${path}`)),
};

const jump: ComparedFilter = {
  path: "src/filter/filter.ts",
  plugins: {
    request: { rootId: "request", config: { cluster: "other" } },
    response: { rootId: "response", config: { cluster: "other", phase: "response", responseHeader: "x-jump" } },
    deny: { rootId: "deny", config: { cluster: "other", onFailure: "deny", timeoutMs: 200, responseHeader: "x-jump" } },
    nowhere: { rootId: "nowhere", config: { cluster: "nowhere", responseHeader: "x-jump" } },
    dead: { rootId: "dead", config: { cluster: "dead", onFailure: "deny" } },
    match: { rootId: "match", config: { cluster: "other", match: "/jump", path: "/own", method: "PUT" } },
  },
  scenarios: ["request", "response", "deny", "nowhere", "dead", "match"].flatMap((plugin): Scenario[] => [
    { name: "the call is answered", plugin, steps: [get({ path: "/jump" }), answer(), emptyResponse, answer()] },
    {
      name: "the call fails",
      plugin,
      steps: [get({ path: "/jump", headers: [["traceparent", "1"]] }), answer("reset"), emptyResponse, answer("reset")],
    },
    {
      name: "the call is answered with 500",
      plugin,
      steps: [get({ path: "/jump" }), answer({ status: 500 }), emptyResponse, answer({ status: 500 })],
    },
    { name: "the call takes too long", plugin, steps: [get({ path: "/jump" }), time(250), emptyResponse, time(250)] },
    { name: "another path", plugin, steps: [get({ path: "/other" }), answer(), emptyResponse, answer()] },
    { name: "the client leaves", plugin, steps: [get({ path: "/jump" }), clientLeaves, answer()] },
    {
      name: "the upstream leaves",
      plugin,
      steps: [get({ path: "/jump" }), answer(), upstreamLeaves, answer()],
    },
    {
      name: "a whole request",
      plugin,
      steps: [
        post({ path: "/jump" }),
        ...send(["a", "b"], TRAILERS),
        answer({ status: 200, body: "pong", trailers: TRAILERS }),
        response(),
        ...reply(["c"]),
        answer(),
      ],
    },
  ]),
};

/** Without its service: every call fails, and every request with it. */
const grpc: ComparedFilter = {
  path: "examples/grpc-protobuf/filter.ts",
  plugins: { only: { rootId: "", config: { cluster: "nowhere" } } },
  scenarios: [scenario("there is no service", get({ path: "/", headers: [["authorization", "Bearer x"]] }))],
};

const sends = (data: string): Step => ({ do: "client sends", data });
const upstreamSends = (data: string): Step => ({ do: "upstream sends", data });
const connection = (name: string, ...steps: Step[]): Scenario =>
  scenario(name, { do: "connect" }, sends("hello\n"), ...steps);

const network: ComparedFilter = {
  path: "test/filters/network.ts",
  plugins: { only: { rootId: "", kind: "network" } },
  scenarios: [
    connection("both sides send, and the client closes", upstreamSends("Hi\n"), { do: "client closes" }),
    connection("the client ends, and the upstream after it", { do: "client ends" }, upstreamSends("bye\n"), {
      do: "upstream ends",
    }),
    connection("the upstream ends, and the client after it", { do: "upstream ends" }, sends("still\n"), {
      do: "client ends",
    }),
    connection("the filter closes", sends("close\n")),
    connection("the filter throws", sends("throw\n")),
    connection("data waits for a call", sends("call\n"), answer(), upstreamSends("after\n")),
    connection("more data while it waits", sends("call\n"), sends("more\n"), answer(), sends("last\n")),
    connection("the client closes while data waits", sends("call\n"), { do: "client closes" }, answer()),
    connection("the upstream ends while data waits", sends("call\n"), { do: "upstream ends" }, answer()),
    scenario("nothing is sent", { do: "connect" }, { do: "client closes" }),
  ],
};

export const FILTERS: readonly ComparedFilter[] = [
  ...[bodies, streaming, headers, replies, interleaved, plugins, rawCalls, jump, grpc, network],
];
