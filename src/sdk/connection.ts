import { StreamType } from "../abi/index.ts";
import type { HttpBody } from "./body.ts";
import { proxy_close_stream, proxy_set_effective_context } from "./hostcalls.ts";

/** A TCP connection that passes through a network filter. */
export class Connection<State = unknown> {
  /** Objects of this class are made by the shim. */
  private constructor() {}

  /** What the client has sent, in `onDownstreamData`. Replacing it rewrites what the upstream gets. */
  declare readonly downstreamData: HttpBody;

  /** What the upstream has sent, in `onUpstreamData`. Replacing it rewrites what the client gets. */
  declare readonly upstreamData: HttpBody;

  /** The host's id of this connection's context. Unique while the connection lives. */
  declare readonly contextId: number;

  /** The filter's own state of this connection, made by its `state` function when first asked for. */
  declare readonly state: State;

  /** Closes the connection to the client, and with it the one to the upstream. Spec: `proxy_close_stream`. */
  close(): void {
    proxy_set_effective_context(this);
    proxy_close_stream(StreamType.Downstream);
  }
}
