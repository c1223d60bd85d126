import type { KnownDifference } from "./compare.ts";

/**
 * Where Envoy and the Node host are known to differ. Each is as narrow as it can be: the lines of both, in their place. One that
 * does not show any more in the scenarios that are written by hand fails the test, so that the list stays true.
 */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: "early tick",
    reason:
      "Envoy's timers are precise to a millisecond and may come a fraction of one early; the SDK's timer waits once more then. " +
      "The Node host's manual clock is exact.",
    envoy: [/^proxy_on_tick\(/, /^ {2}proxy_set_tick_period_milliseconds\(1\) -> Ok$/],
    node: [],
    sometimes: true,
  },
];
