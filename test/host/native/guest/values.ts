/** Between JavaScript values and bytes: src/shim/bytes.c and errors.c for Node. */

import { LogLevel, Status } from "../../../../src/abi/index.ts";
import { boundary } from "./boundary.ts";
import { call } from "./memory.ts";
import { vm } from "./state.ts";

/** @throws TypeError when a character is no byte */
export function byteString(value: unknown): Uint8Array {
  const text = String(value);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0xff) {
      const name = unit.toString(16).toUpperCase().padStart(4, "0");
      throw new TypeError(
        `a byte string cannot hold the character U+${name} at index ${index}: encode the text first, for example with encodeURIComponent()`,
      );
    }
    bytes[index] = unit;
  }
  return bytes;
}

export function toByteString(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x2000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x2000));
  }
  return text;
}

export function utf8(text: string): Uint8Array {
  return new Uint8Array(boundary.encodeUtf8(text));
}

export function fromUtf8(bytes: Uint8Array): string {
  return boundary.decodeUtf8(bytes);
}

/** A string's UTF-8, the bytes of a Uint8Array or an ArrayBuffer, nothing for undefined and null. */
export function body(value: unknown): Uint8Array {
  if (value === undefined || value === null) {
    return new Uint8Array();
  }
  if (ArrayBuffer.isView(value)) {
    if (!(value instanceof Uint8Array || value instanceof Uint8ClampedArray)) {
      throw new TypeError("not a Uint8Array");
    }
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  }
  if (typeof value === "object") {
    if (!(value instanceof ArrayBuffer)) {
      throw new TypeError("ArrayBuffer object expected");
    }
    return new Uint8Array(value.slice(0));
  }
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- what the engine does, too
  return utf8(String(value));
}

/** @throws TypeError as JavaScript does for what is no number */
export function uint32(value: unknown): number {
  return Number(value) >>> 0;
}

/** HostError: the host refused a call. */
export function hostError(name: string, status: Status): Error {
  if (vm.building) {
    return new Error(`${name} cannot be called at the top level: that runs once, at build time, when there is no host`);
  }
  return new (vm.sdk.HostError as new (call: string, status: Status) => Error)(name, status);
}

export function streamEnded(): Error {
  return new (vm.sdk.StreamEndedError as new () => Error)();
}

/** What a host call without a result returns. */
export function outcome(name: string, status: Status): void {
  if (status !== Status.Ok) {
    throw hostError(name, status);
  }
}

export function writeLog(level: LogLevel, text: string): Status {
  return call("proxy_log", level, utf8(text));
}

/** Logs an error that has no hook of the filter around it. */
export function reportUncaught(what: string, error: unknown): void {
  writeLog(LogLevel.Error, what);
  try {
    writeLog(LogLevel.Error, String(error));
  } catch {
    // Its toString threw.
  }
}
