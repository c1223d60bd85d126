/** Lets a gRPC call through when another one, whose outcome is random, ends with an even status. */

import { defineFilter, GrpcError, GrpcStatus, grpcCall, log, Response } from "proxy-wasm-ts";

async function randomStatus(): Promise<number> {
  try {
    await grpcCall({
      cluster: "grpcbin",
      service: "grpcbin.GRPCBin",
      method: "RandomError",
      message: "",
      timeoutMs: 1000,
    });
    return GrpcStatus.OK;
  } catch (error) {
    if (error instanceof GrpcError) {
      return error.code;
    }
    throw error;
  }
}

export default defineFilter({
  async onRequestHeaders({ headers, path }) {
    if (headers.get("content-type")?.startsWith("application/grpc") !== true) {
      return new Response("Service accessible only to gRPC clients.\n", {
        status: 503,
        headers: { "powered-by": "proxy-wasm" },
      });
    }
    if (path.startsWith("/grpc.reflection")) {
      return undefined;
    }
    if ((await randomStatus()) % 2 === 0) {
      log.info("Access granted.");
      return undefined;
    }
    log.info("Access forbidden.");
    return new Response("Aborted by Proxy-Wasm!", {
      grpcStatus: GrpcStatus.ABORTED,
      headers: { "powered-by": "proxy-wasm" },
    });
  },

  onResponseHeaders({ headers }) {
    headers.set("powered-by", "proxy-wasm");
  },
});
