/** Between @bufbuild/protobuf and gRPC calls: knows no particular service. Import it before generated code. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { GrpcCodec } from "proxy-wasm-ts";

import { TextDecoder, TextEncoder } from "./text-encoding.ts";

// The library looks for them when the first generated file reads its own description, that is when it is imported.
Object.assign(globalThis, { TextDecoder, TextEncoder });

/** What {@link rpc} makes of a generated method. */
export interface Rpc<Input extends DescMessage, Output extends DescMessage> {
  readonly service: string;
  readonly method: string;
  readonly codec: GrpcCodec<MessageInitShape<Input>, MessageShape<Output>>;
}

/** A generated method as grpcCall and grpcStream want it: `grpcCall({ cluster, ...rpc(Auth.method.check), message })`. */
export function rpc<Input extends DescMessage, Output extends DescMessage>(
  method: DescMethod & { readonly input: Input; readonly output: Output },
): Rpc<Input, Output> {
  const { input, output } = method;
  return {
    service: method.parent.typeName,
    method: method.name,
    codec: {
      encode: (message) => toBinary(input, create(input, message)),
      decode: (bytes) => fromBinary(output, bytes),
    },
  };
}
