import { bytesToText } from "./byte-string.ts";
import type { Context } from "./context.ts";
import type { GrpcCalls } from "./grpc.ts";
import type { HostCalls } from "./imports.ts";
import { pairsOf } from "./pairs.ts";

type GrpcCallNames =
  "proxy_grpc_call" | "proxy_grpc_stream" | "proxy_grpc_send" | "proxy_grpc_cancel" | "proxy_grpc_close";

/** The host calls of gRPC: whichever context makes them, they are the root context's. */
export function grpcCalls(
  grpcOf: (context: Context) => GrpcCalls,
  context: () => Context,
): Pick<HostCalls, GrpcCallNames> {
  const grpc = () => grpcOf(context());
  return {
    proxy_grpc_call: ({ upstream_name, service_name, method_name, initial_metadata, message, timeout }) =>
      grpc().call(
        {
          upstream: upstream_name,
          service: bytesToText(service_name),
          method: bytesToText(method_name),
          metadata: pairsOf(initial_metadata),
        },
        message,
        timeout,
      ),
    proxy_grpc_stream: ({ upstream_name, service_name, method_name, initial_metadata }) =>
      grpc().stream({
        upstream: upstream_name,
        service: bytesToText(service_name),
        method: bytesToText(method_name),
        metadata: pairsOf(initial_metadata),
      }),
    proxy_grpc_send: ({ stream_id, message, end_of_stream }) => grpc().send(stream_id, message, end_of_stream !== 0),
    proxy_grpc_cancel: ({ call_or_stream_id }) => grpc().cancel(call_or_stream_id),
    proxy_grpc_close: ({ call_or_stream_id }) => grpc().close(call_or_stream_id),
  };
}
