/**
 * Asks a gRPC service who a request's token belongs to, and lets the request go on with `x-user` and `x-roles`, or answers 401
 * or 403. A stream keeps a list of blocked users up to date, so that these need no call.
 */

import { defineFilter, every, GrpcError, GrpcStatus, grpcCall, grpcStream, log, Response } from "proxy-wasm-ts";

import { rpc } from "./rpc.ts";
// After rpc.ts, which gives the library what it needs to read this.
import { Auth } from "./auth_pb.ts";

const check = rpc(Auth.method.check);
const watchBlocked = rpc(Auth.method.watchBlocked);

const blocked = new Set<string>();
let watching = false;

async function watch(cluster: string): Promise<void> {
  watching = true;
  try {
    const stream = grpcStream({ cluster, ...watchBlocked });
    stream.end({});
    for await (const { added, removed } of stream) {
      added.forEach((user) => blocked.add(user));
      removed.forEach((user) => blocked.delete(user));
      log.info(`blocked users: ${[...blocked].join(", ")}`);
    }
  } catch (error) {
    log.warn(`the list of blocked users is old: ${String(error)}`);
  }
  watching = false;
}

export default defineFilter({
  config: (json) => ({ cluster: "auth", timeoutMs: 500, ...(json as { cluster?: string; timeoutMs?: number }) }),

  setup({ config }) {
    void watch(config.cluster);
    every(1000, () => {
      if (!watching) {
        void watch(config.cluster);
      }
    });
  },

  async onRequestHeaders(request, { config }) {
    const { headers, path } = request;
    const token = headers.get("authorization")?.replace(/^Bearer /, "") ?? "";
    try {
      const { message } = await grpcCall({
        ...config,
        ...check,
        message: { token, path, headers: Object.fromEntries(headers.pick(["user-agent", "x-request-*"])) },
      });
      if (!message.allowed || blocked.has(message.user)) {
        return new Response(`${message.user} may not do this\n`, { status: 403 });
      }
      // Text may have any characters, a header's value is bytes.
      headers.set("x-user", encodeURIComponent(message.user));
      headers.set("x-roles", message.roles.map(encodeURIComponent).join(","));
      headers.set("x-expires", String(message.expiresAt));
      return undefined;
    } catch (error) {
      if (error instanceof GrpcError && error.code === GrpcStatus.UNAUTHENTICATED) {
        return new Response("who are you?\n", { status: 401 });
      }
      throw error; // logged, and answered with 500
    }
  },
});
