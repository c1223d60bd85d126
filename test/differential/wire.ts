/** What of a message's headers is compared on the wire, where the codec of each host adds its own. */

import { shownPairs } from "./http-server.ts";
import type { Pairs } from "./scenario.ts";

/** They belong to one connection, or say how the body is framed, which is compared as what it leads to: data and end. */
const CODEC = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
/** Added behind the filters: by the connection manager, and by the router of calls. */
const ADDED = [
  ...["date", "server", "x-envoy-upstream-service-time", "x-envoy-expected-rq-timeout-ms"],
  ...["x-envoy-internal", "x-forwarded-for"],
];
/** It can be thousands of bytes, and the calls that read it show its size. */
const LONG = ["x-script"];

/** Order is compared, too; the authority is first, wherever it was. */
export function wireHeaders(pairs: Pairs): string {
  const isAuthority = (name: string) => name === "host" || name === ":authority";
  const authority = pairs.filter(([name]) => isAuthority(name)).map(([, value]) => ["host", value] as const);
  const others = pairs.filter(
    ([name, value]) =>
      !name.startsWith(":") &&
      !isAuthority(name) &&
      ![...CODEC, ...ADDED, ...LONG].includes(name) &&
      // Envoy writes it for a message that ends with its headers.
      !(name === "content-length" && value === "0"),
  );
  return shownPairs([...authority, ...others]);
}
