import type { KnownDifference } from "./compare.ts";

/** What Envoy answers when the upstream has closed the connection because of what came after the request's end. */
const BROKEN_REQUEST = [
  /^proxy_on_response_headers\(stream1, num_headers=3, end_of_stream=0\)$/,
  /^ {2}= Continue$/,
  /^proxy_on_response_body\(stream1, body_size=95, end_of_stream=1\)$/,
  /^ {2}= Continue$/,
];
const END = [/^proxy_on_log\(stream1\)$/, /^proxy_on_done\(stream1\)$/, /^ {2}= 1$/, /^proxy_on_delete\(stream1\)$/];
const BROKEN_ANSWER = [
  /^client 0: 503 /,
  /^client 0: data "upstream connect error or disconnect\/reset before headers\. reset reason: connection termination"$/,
  /^client 0: end$/,
];
const EVERYBODY_LEAVES = /^# everybody leaves$/;

/**
 * Where Envoy and the Node host are known to differ. Each is as narrow as it can be: the lines of both, in their place. One that
 * does not show any more in the scenarios that are written by hand fails their test, so that the list stays true.
 */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: "tick period",
    reason:
      "The SDK counts from when a timer was set to when it asks for the tick: some milliseconds may pass in between.",
    envoy: [/^ {2}proxy_set_tick_period_milliseconds\([1-9]\d*\) -> Ok$/],
    node: [/^ {2}proxy_set_tick_period_milliseconds\([1-9]\d*\) -> Ok$/],
    sometimes: true,
  },
  {
    name: "trailers of a collected request are sent twice",
    reason:
      "When a callback adds trailers to a request whose body was held until then, Envoy 1.40 writes them to an HTTP/1.1 upstream " +
      "twice (FilterManager::decodeData continues with them, and commonContinue has done so). The upstream takes the second ones " +
      "for another request, and closes the connection. What it does is not the Node host's to guess: it warns, and sends them once.",
    envoy: [
      ...BROKEN_REQUEST,
      ...END,
      /^upstream 0: data "abc"$/,
      /^upstream 0: trailers \[\["x-added","1"\]\]$/,
      /^upstream 0: reset$/,
      ...BROKEN_ANSWER,
      EVERYBODY_LEAVES,
    ],
    node: [/^upstream 0: data "abc"$/, /^upstream 0: trailers \[\["x-added","1"\]\]$/, EVERYBODY_LEAVES, ...END],
  },
  {
    name: "trailers of a request that waits are sent before its body",
    reason:
      "When a callback adds trailers to a request and pauses, Envoy 1.40 sends them at once, and what it holds of the body when " +
      "the request goes on: the upstream takes that for another request, and closes the connection. The Node host warns, sends " +
      "the trailers at once, too, and nothing later.",
    envoy: [...BROKEN_REQUEST, ...END, /^upstream 0: reset$/, ...BROKEN_ANSWER, EVERYBODY_LEAVES],
    node: [EVERYBODY_LEAVES, ...END],
  },
];
