import { textDecoder } from "./byte-string.ts";

/** A field of a protobuf message as it travels: its number, and its bytes when it has some (wire type 2). */
interface Field {
  readonly number: number;
  readonly bytes: Uint8Array | undefined;
}

const ENVOY_GRPC = 1; // of envoy.config.core.v3.GrpcService
const CLUSTER_NAME = 1; // of its EnvoyGrpc

/**
 * The service that proxy_grpc_call and proxy_grpc_stream name. Undefined: the bytes are no message at all, and Envoy then takes
 * them for a plain name. A cluster that is undefined: they are a message without one, on which Envoy 1.40 crashes.
 */
export function parseGrpcService(service: Uint8Array): { readonly cluster: string | undefined } | undefined {
  const fields = readFields(service);
  const inner = fields && readFields(lastBytes(fields, ENVOY_GRPC) ?? new Uint8Array());
  if (inner === undefined) {
    return undefined;
  }
  const name = lastBytes(inner, CLUSTER_NAME);
  return { cluster: name === undefined || name.length === 0 ? undefined : textDecoder.decode(name) };
}

function lastBytes(fields: readonly Field[], number: number): Uint8Array | undefined {
  return fields.findLast((field) => field.number === number && field.bytes !== undefined)?.bytes;
}

/** Undefined: the bytes are no protobuf message. */
function readFields(message: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) {
        return undefined;
      }
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        return value;
      }
    }
    return undefined;
  };
  while (at < message.length) {
    const tag = varint();
    const number = tag === undefined ? 0 : Math.floor(tag / 8);
    if (tag === undefined || number === 0) {
      return undefined;
    }
    const size = valueSize(tag % 8, varint);
    if (size === undefined || at + size > message.length) {
      return undefined;
    }
    fields.push({ number, bytes: tag % 8 === 2 ? message.subarray(at, at + size) : undefined });
    at += size;
  }
  return fields;
}

/** How many bytes the value has after what was read of it already. Groups, which nothing uses any more, are refused. */
function valueSize(wireType: number, varint: () => number | undefined): number | undefined {
  switch (wireType) {
    case 0:
      return varint() === undefined ? undefined : 0;
    case 1:
      return 8;
    case 2:
      return varint();
    case 5:
      return 4;
    default:
      return undefined;
  }
}
