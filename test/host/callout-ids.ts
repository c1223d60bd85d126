/** Envoy tells by the lowest two bits of an id what it is the id of. */
const KIND_MASK = 3;
const STEP = 4;
const GRPC_CALL = 1;
const GRPC_STREAM = 2;

export function isGrpcCallId(id: number): boolean {
  return (id & KIND_MASK) === GRPC_CALL;
}

export function isGrpcStreamId(id: number): boolean {
  return (id & KIND_MASK) === GRPC_STREAM;
}

/** The ids of HTTP calls, gRPC calls and gRPC streams of a VM, each counted on its own as in Envoy; none is given twice. */
export class CalloutIds {
  #httpCalls = 0;
  #grpcCalls = GRPC_CALL;
  #grpcStreams = GRPC_STREAM;

  /** 4, 8, 12, ... */
  nextHttpCall(): number {
    return (this.#httpCalls += STEP);
  }

  /** 5, 9, 13, ... */
  nextGrpcCall(): number {
    return (this.#grpcCalls += STEP);
  }

  /** 6, 10, 14, ... */
  nextGrpcStream(): number {
    return (this.#grpcStreams += STEP);
  }
}
