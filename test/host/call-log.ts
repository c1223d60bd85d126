import { BufferType, LogLevel, MapType, MetricType, Status, StreamType } from "../../src/abi/index.ts";
import type { HostCall } from "../../src/abi/index.ts";
import { bytesToByteString, bytesToText } from "./byte-string.ts";
import { decodePairs } from "./pairs.ts";
import { keep } from "./recent.ts";
import type { Transcript } from "./transcript.ts";

/** The name of a `proxy_status_t`, as in `Status`. */
export type StatusName = keyof typeof Status;

/**
 * A host call that the filter made: its arguments and results under the specification's names. Numbers that have a name are
 * given by it, header lists as pairs, bodies and messages as text, header names and values as byte strings.
 *
 * @example
 * ```ts
 * { call: "proxy_get_header_map_value", context: 2, map_type: "HttpRequestHeaders", key: ":path", value: "/jump", status: "Ok" }
 * ```
 */
export interface CallRecord {
  readonly call: HostCall;
  /** The id of the context that the call was for. */
  readonly context: number;
  readonly status: StatusName;
  readonly [parameter: string]: unknown;
}

type Value = number | bigint | Uint8Array;

/** The numbers that have names, by the parameter that they are of. */
export const PARAM_ENUMS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  buffer_type: BufferType,
  log_level: LogLevel,
  map_type: MapType,
  metric_type: MetricType,
  stream_type: StreamType,
};
const PAIRS = new Set(["headers", "initial_metadata", "map", "serialized_headers", "trailers"]);
const BYTE_STRINGS = new Set(["key", "value"]);

/** The host calls, in order. */
export class CallLog {
  readonly records: CallRecord[] = [];
  readonly #transcript: Transcript | undefined;

  /** @param transcript - is given each call, too */
  constructor(transcript?: Transcript) {
    this.#transcript = transcript;
  }

  add(call: HostCall, context: number, values: Readonly<Record<string, Value>>, status: Status): void {
    const statusName = nameOf(Status, status) as StatusName;
    const record = { call, context, ...readableValues(values), status: statusName };
    keep(this.records, record);
    this.#transcript?.call(record);
  }
}

/** A call's arguments or results as they are in its record. */
export function readableValues(values: Readonly<Record<string, Value>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, readableValue(name, value)]));
}

function readableValue(name: string, value: Value): unknown {
  if (typeof value !== "object") {
    const names = PARAM_ENUMS[name];
    return (names && nameOf(names, Number(value))) ?? value;
  }
  if (PAIRS.has(name)) {
    return decodePairs(value) ?? "malformed";
  }
  return BYTE_STRINGS.has(name) ? bytesToByteString(value) : bytesToText(value);
}

export function nameOf(names: Readonly<Record<string, number>>, value: number): string | undefined {
  return Object.keys(names).find((name) => names[name] === value);
}
