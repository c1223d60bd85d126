/** Scenarios of the scripted filter: what each hook can do, in each phase, whatever the body's mode. */

import type { HookName, ScriptedAction, ScriptedCall } from "../filters/scripted.ts";
import { SCRIPTED_PLUGINS } from "./generate.ts";
import type { Scenario, Step } from "./scenario.ts";
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

const PHASES = [
  ...(["onRequestHeaders", "onRequestBody", "onRequestTrailers"] as const),
  ...(["onResponseHeaders", "onResponseBody", "onResponseTrailers"] as const),
] as const;
const MODES = Object.keys(SCRIPTED_PLUGINS);
const ONE_CALL: ScriptedCall = { cluster: "other", path: "/call" };
const CALL: ScriptedAction = ["call", ONE_CALL];

/** A request and a response with everything in them. */
function whole(script: Readonly<Partial<Record<HookName, readonly (readonly ScriptedAction[])[]>>>): Step[] {
  return [
    post({ script, headers: [["x-a", "1"]] }),
    ...send(["one ", "two"], TRAILERS),
    answer(),
    response({ headers: [["x-b", "2"]] }),
    ...reply(["three ", "four"], TRAILERS),
    answer(),
  ];
}

/** The same actions whenever the hook is called. */
const always = (hook: HookName, ...actions: ScriptedAction[]) => ({ [hook]: [actions, actions, actions] });

function inEachPhase(what: string, ...actions: ScriptedAction[]): Scenario[] {
  return MODES.flatMap((plugin) =>
    PHASES.map((hook) => ({ name: `${what} in ${hook}`, plugin, steps: whole(always(hook, ...actions)) })),
  );
}

const plain: Scenario[] = MODES.flatMap((plugin) => [
  { name: "everything passes", plugin, steps: whole({}) },
  { name: "no bodies", plugin, steps: [get(), emptyResponse] },
  {
    name: "bodies with a length",
    plugin,
    steps: [
      post({ framing: { length: 6 } }),
      part("abc"),
      part("def"),
      response({ framing: { length: 4 } }),
      answerPart("wxyz"),
    ],
  },
  { name: "HEAD", plugin, steps: [get({ method: "HEAD" }), response({ framing: "none" })] },
  { name: "204", plugin, steps: [get(), response({ status: 204, framing: "none" })] },
]);

const phases: Scenario[] = [
  ...inEachPhase("pause and resume", CALL),
  ...inEachPhase("two calls, one after the other", CALL, ["call", { cluster: "other", path: "/second" }]),
  ...inEachPhase("a local reply", [
    "reply",
    { status: 418, headers: [["x-own", "1"]], body: "short", details: "the reason" },
  ]),
  ...inEachPhase("a local reply without a body", ["reply", { status: 403 }]),
  ...inEachPhase("a local reply later", CALL, ["reply", { status: 418, body: "later" }]),
  ...inEachPhase("an error", ["throw", "broken"]),
  ...inEachPhase("an error later", CALL, ["throw", "broken later"]),
  ...inEachPhase("closing", ["close"]),
  ...inEachPhase("closing later", CALL, ["close"]),
  ...inEachPhase("reading all", ["headers"], ["trailers"], ["body"], ["property", "request.path", "string"]),
  ...inEachPhase("changing headers", ["set", "x-set", "1"], ["append", "x-a", "2"], ["delete", "x-b"]),
];

/** Everything arrives while the headers' hook waits. */
const heldBack: Scenario[] = MODES.flatMap((plugin) => [
  {
    name: "the request's body arrives while its headers wait",
    plugin,
    steps: [post({ script: always("onRequestHeaders", CALL) }), ...send(["a", "b"]), answer(), emptyResponse],
  },
  {
    name: "the request's body and trailers arrive while its headers wait",
    plugin,
    steps: [post({ script: always("onRequestHeaders", CALL) }), ...send(["a"], TRAILERS), answer(), emptyResponse],
  },
  {
    name: "the response's body arrives while its headers wait",
    plugin,
    steps: [get({ script: always("onResponseHeaders", CALL) }), response(), ...reply(["a", "b"]), answer()],
  },
  {
    name: "the response's body and trailers arrive while its headers wait",
    plugin,
    steps: [get({ script: always("onResponseHeaders", CALL) }), response(), ...reply(["a"], TRAILERS), answer()],
  },
  {
    name: "parts arrive while the body's hook waits",
    plugin,
    steps: [
      post({ script: always("onRequestBody", ["body"], CALL) }),
      part("a"),
      part("b"),
      answer(),
      part("c"),
      ...send(["d"]),
      answer(),
      answer(),
      emptyResponse,
    ],
  },
]);

const REPLACED = "replaced by something longer ";
const bodies: Scenario[] = [1, 7, 100, 5000].flatMap((size) =>
  (["rewrite", "stream", "tolerant"] as const).map((plugin) => ({
    name: `bodies in parts of ${size} bytes are replaced`,
    plugin,
    steps: [
      post({
        script: {
          ...always("onRequestBody", ["body"], ["appendToBody", REPLACED.repeat(size)], ["bytes", 1, 3]),
          onResponseHeaders: [[["delete", "content-length"]]],
          ...always("onResponseBody", ["body"], ["setBody", "x".repeat(size)]),
        },
      }),
      ...send(["a".repeat(size), "b".repeat(size), "c".repeat(size)]),
      response({ framing: { length: 2 * size } }),
      answerPart("d".repeat(size)),
      answerPart("e".repeat(size)),
    ],
  })),
);

const trailers: Scenario[] = [
  ...["whole", "rewrite", "stream"].map((plugin) => ({
    name: "trailers are added to a response",
    plugin,
    steps: [
      get({ script: always("onResponseBody", ["body"], ["setTrailer", "x-added", "1"]) }),
      response(),
      ...reply(["abc"]),
    ],
  })),
  {
    name: "trailers are added to a request part by part",
    plugin: "stream",
    steps: [
      post({ script: always("onRequestBody", ["body"], ["setTrailer", "x-added", "1"]) }),
      ...send(["abc"]),
      emptyResponse,
    ],
  },
  {
    name: "trailers are changed",
    plugin: "whole",
    steps: whole({
      onRequestTrailers: [
        [
          ["setTrailer", "x-end", "2"],
          ["appendTrailer", "x-end", "3"],
        ],
      ],
      onResponseTrailers: [[["deleteTrailer", "x-end"], ["trailers"]]],
    }),
  },
];

const resets: Scenario[] = MODES.flatMap((plugin) => [
  { name: "the client leaves with half a request", plugin, steps: [post(), part("abc"), clientLeaves] },
  {
    name: "the client leaves while a hook waits",
    plugin,
    steps: [get({ script: always("onRequestHeaders", CALL) }), clientLeaves, answer()],
  },
  { name: "the client leaves with half a response", plugin, steps: [get(), response(), answerPart("a"), clientLeaves] },
  { name: "the upstream leaves before its response", plugin, steps: [get(), upstreamLeaves] },
  {
    name: "the upstream leaves with half a response",
    plugin,
    steps: [get(), response(), answerPart("a"), upstreamLeaves],
  },
  {
    name: "the upstream leaves while the response's headers wait",
    plugin,
    steps: [get({ script: always("onResponseHeaders", CALL) }), response(), upstreamLeaves, answer()],
  },
  {
    name: "the upstream leaves while a local reply waits",
    plugin,
    steps: [
      get({ script: { onResponseHeaders: [[["reply", { status: 503, body: "no" }]], [CALL]] } }),
      response(),
      upstreamLeaves,
      answer(),
    ],
  },
  {
    name: "the upstream answers before the request is complete",
    plugin,
    steps: [post(), part("a"), emptyResponse, part("b")],
  },
]);

const ANSWERS: readonly (readonly [string, Step])[] = [
  ["is answered", answer({ status: 200, headers: [["x-c", "1"]], body: "fine" })],
  ["is answered with trailers", answer({ status: 200, body: "fine", trailers: TRAILERS })],
  ["is answered with 500", answer({ status: 500, body: "no" })],
  ["is answered with 204", answer({ status: 204 })],
  ["is answered with 503", answer({ status: 503 })],
  ["is reset", answer("reset")],
  ["is answered with nothing", answer({ raw: "" })],
  ["is answered with garbage", answer({ raw: "this is no HTTP\r\n\r\n" })],
  ["breaks off", answer({ raw: "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort" })],
];
const calls: Scenario[] = [
  ...ANSWERS.flatMap(([what, step]) =>
    (["call", "callOrThrow"] as const).map((op) => ({
      name: `a call (${op}) ${what}`,
      plugin: "whole",
      steps: [get({ script: { onRequestHeaders: [[[op, ONE_CALL]]] } }), step, emptyResponse],
    })),
  ),
  ...["nowhere", "dead", "empty"].map((cluster) => ({
    name: `a call to the cluster ${cluster}`,
    plugin: "whole",
    steps: [get({ script: { onRequestHeaders: [[["call", { cluster, path: "/" }], CALL]] } }), answer(), emptyResponse],
  })),
  {
    name: "a call that takes too long",
    plugin: "whole",
    steps: [
      get({ script: { onRequestHeaders: [[["call", { ...ONE_CALL, timeoutMs: 200 }]]] } }),
      time(250),
      emptyResponse,
    ],
  },
  {
    name: "calls side by side, with bodies, headers and trailers",
    plugin: "whole",
    steps: [
      get({
        script: {
          onRequestHeaders: [
            [
              [
                "calls",
                [
                  { cluster: "other", path: "/1", method: "POST", body: "one", headers: [["x-n", "1"]] },
                  { cluster: "other", path: "/2", trailers: TRAILERS },
                  { cluster: "other", path: "/3", method: "PUT", body: "three" },
                ],
              ],
            ],
          ],
        },
      }),
      answer(),
      answer({ status: 404 }),
      answer({ status: 200, body: "last", trailers: TRAILERS }),
      emptyResponse,
    ],
  },
  {
    name: "a call that nobody waits for ends after its stream",
    plugin: "whole",
    steps: [get({ script: { onRequestHeaders: [[["start", ONE_CALL]]] } }), emptyResponse, answer()],
  },
  {
    name: "a call from onLog and one from onDone",
    plugin: "whole",
    steps: [
      get({ script: { onLog: [[["start", ONE_CALL]]], onDone: [[["start", { ...ONE_CALL, path: "/done" }]]] } }),
      emptyResponse,
      answer(),
      answer(),
    ],
  },
  {
    name: "two streams wait, and the later one goes on first",
    plugin: "stream",
    steps: [
      get({ script: always("onRequestHeaders", ["callOrThrow", { cluster: "other", path: "/z" }], ["set", "x", "0"]) }),
      get({
        stream: 1,
        script: always("onRequestHeaders", CALL, ["set", "x", "1"], ["call", { cluster: "other", path: "/y" }]),
      }),
      answer(),
      answer(),
      answer(),
      response({ framing: { length: 0 }, stream: 1 }),
      emptyResponse,
    ],
  },
];

const others: Scenario[] = [
  {
    name: "a timer",
    plugin: "whole",
    steps: [get({ script: always("onRequestHeaders", ["timer", 200]) }), time(250), emptyResponse],
  },
  {
    name: "metrics and shared data",
    plugin: "whole",
    steps: [
      get({
        script: {
          onRequestHeaders: [
            [
              ["count", 3],
              ["share", "key", "one"],
            ],
          ],
        },
      }),
      emptyResponse,
      get({
        script: {
          onRequestHeaders: [
            [
              ["count", -2],
              ["share", "key", "three"],
              ["share", "other", ""],
            ],
          ],
        },
        stream: 1,
      }),
      response({ framing: { length: 0 }, stream: 1 }),
    ],
  },
  {
    name: "route and path",
    plugin: "whole",
    steps: [
      get({ script: { onRequestHeaders: [[["path", "/other?x=y"], ["method", "PUT"], ["clearRouteCache"]]] } }),
      emptyResponse,
    ],
  },
  {
    name: "headers that Envoy keeps once",
    plugin: "whole",
    steps: [
      get({
        headers: [
          ["Via", ""],
          ["via", "a"],
          ["pragma", "b"],
          ["pragma", ""],
          ["cookie", "a=b"],
          ["cookie", "c=d"],
          ["referer", "no url"],
          ["X-Latin", "\u00e4"],
        ],
        script: { onRequestHeaders: [[["headers"], ["append", "via", "c"], ["getAll", "cookie"], ["headers"]]] },
      }),
      emptyResponse,
    ],
  },
  ...["application/grpc", "application/grpc+proto"].map((type) => ({
    name: `a local reply to ${type}`,
    plugin: "whole",
    steps: [
      post({
        headers: [["content-type", type]],
        script: { onRequestHeaders: [[["reply", { status: 403, body: "no gRPC", grpcStatus: 7 }]]] },
      }),
    ],
  })),
  {
    name: "x-forwarded-proto is removed",
    plugin: "whole",
    steps: [get({ script: { onRequestHeaders: [[["delete", "x-forwarded-proto"]]] } })],
  },
  ...PHASES.map((hook) => ({
    name: `raw calls in ${hook}`,
    plugin: "whole",
    steps: whole(
      always(
        hook,
        ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 99].flatMap((map): ScriptedAction[] => [
          // Asking for the size of trailers at the end of a request's body adds some; see known-differences.ts.
          ...(hook === "onRequestBody" && map === 1 ? [] : [["raw", "size", map] as const]),
          ["raw", "value", map, "x-a"],
          ["raw", "pairs", map],
        ]),
        ...[0, 1, 2, 3, 4, 5, 6, 7, 9, 99].flatMap((buffer): ScriptedAction[] => [
          ["raw", "bufferStatus", buffer],
          ["raw", "bufferBytes", buffer, 1, 2],
        ]),
        ["raw", "status"],
        ["raw", "done"],
      ),
    ),
  })),
];

/** Scenarios that exist to show a difference of known-differences.ts. */
const differences: Scenario[] = [
  {
    name: "trailers are added to a request that was collected",
    plugin: "whole",
    steps: [post({ script: always("onRequestBody", ["setTrailer", "x-added", "1"]) }), ...send(["abc"])],
  },
  {
    name: "trailers are added to a request, and its hook waits",
    plugin: "stream",
    steps: [
      post({ script: { onRequestBody: [[], [["setTrailer", "x-added", "1"], CALL]] } }),
      ...send(["abc"]),
      answer(),
    ],
  },
];

export const SCRIPTED_SCENARIOS: readonly Scenario[] = [
  ...plain,
  ...phases,
  ...heldBack,
  ...bodies,
  ...trailers,
  ...resets,
  ...calls,
  ...others,
  ...differences,
];
