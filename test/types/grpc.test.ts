/** Type tests of gRPC calls: `tsc` checks them, and there is nothing to run. */

import type { AbortController, GrpcAnswer, GrpcCodec, GrpcStream, grpcCall, grpcStream } from "proxy-wasm-ts";
import { expectTypeOf, test } from "vitest";

interface Question {
  readonly id: number;
}
interface Answer {
  readonly name: string;
}

declare const call: typeof grpcCall;
declare const open: typeof grpcStream;
declare const codec: GrpcCodec<Question, Answer>;
declare const controller: AbortController;
const target = { cluster: "a", service: "b.C", method: "D" };

/** Compiled, never called. */
function examples() {
  expectTypeOf(call({ ...target, message: "text" })).toEqualTypeOf<Promise<GrpcAnswer>>();
  expectTypeOf(call({ ...target, codec, message: { id: 1 } })).toEqualTypeOf<Promise<GrpcAnswer<Answer>>>();
  expectTypeOf(open(target)).toEqualTypeOf<GrpcStream>();
  expectTypeOf(open({ ...target, codec })).toEqualTypeOf<GrpcStream<Question, Answer>>();
  // Both kinds of signals: Node's is the Web's.
  void call({ ...target, message: "", signal: controller.signal });
  void call({ ...target, message: "", signal: AbortSignal.timeout(1) });
  // @ts-expect-error -- without a codec a message is bytes or text
  void call({ ...target, message: { id: 1 } });
  // @ts-expect-error -- the codec says what a message is
  void call({ ...target, codec, message: "text" });
  // @ts-expect-error -- the same for a stream
  open({ ...target, codec }).send("text");
}

test("the types of gRPC calls follow from the codec", () => {
  expectTypeOf(examples).toBeFunction();
});
