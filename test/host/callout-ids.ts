/** Envoy tells by the lowest two bits of an id what it is the id of. */
const KIND_MASK = 3;
const HTTP_CALL = 0;
const GRPC_CALL = 1;
const GRPC_STREAM = 2;

export function isGrpcCallId(id: number): boolean {
  return (id & KIND_MASK) === GRPC_CALL;
}

export function isGrpcStreamId(id: number): boolean {
  return (id & KIND_MASK) === GRPC_STREAM;
}

/** The ids of HTTP calls, gRPC calls and gRPC streams of a VM; none is given twice. */
export class CalloutIds {
  #last = 0;

  /** As Envoy: 4, 8, 12, ... */
  nextHttpCall(): number {
    return this.#next(HTTP_CALL);
  }

  /** As Envoy: 5, 9, 13, ... */
  nextGrpcCall(): number {
    return this.#next(GRPC_CALL);
  }

  /** As Envoy: 6, 10, 14, ... */
  nextGrpcStream(): number {
    return this.#next(GRPC_STREAM);
  }

  #next(kind: number): number {
    do {
      this.#last++;
    } while ((this.#last & KIND_MASK) !== kind || this.#last <= KIND_MASK);
    return this.#last;
  }
}
