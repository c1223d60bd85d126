/** Bodies of HTTP streams, and the data of connections: src/shim/body.c for Node. */

import { Status } from "../../../../src/abi/index.ts";
import { bodyMode, enterBody } from "./contexts.ts";
import { call, OutBytes } from "./memory.ts";
import type { Message } from "./state.ts";
import { body as bytesOfBody, hostError, outcome } from "./values.ts";

function givenSize(message: Message): number {
  return message.bodyEnd - message.bodyStart;
}

function load(message: Message, from: number, to: number): Uint8Array {
  if (from === to) {
    return new Uint8Array();
  }
  const out = new OutBytes();
  outcome("proxy_get_buffer_bytes", call("proxy_get_buffer_bytes", message.body.type, from, to - from, out));
  return out.bytes;
}

function toSize(value: unknown, otherwise: number): number {
  if (value === undefined) {
    return otherwise;
  }
  const size = Math.trunc(Number(value));
  return Number.isNaN(size) ? 0 : Math.min(Math.max(size, 0), 0xffff_ffff);
}

export function getBody(view: unknown, offset: unknown, length: unknown): Uint8Array {
  const message = enterBody(view);
  const given = givenSize(message);
  const from = Math.min(toSize(offset, 0), given);
  const to = from + Math.min(toSize(length, 0xffff_ffff), given - from);
  return load(message, message.bodyStart + from, message.bodyStart + to);
}

export function getBodySize(view: unknown): number {
  return givenSize(enterBody(view));
}

export function isBodyEnded(view: unknown): boolean {
  const message = enterBody(view);
  return message.bodyEnded && message.bodyEnd === message.bodySize;
}

/** The whole buffer anew: what is before and after the hook's part stays. */
function replacePart(message: Message, bytes: Uint8Array): Status {
  const { bodyStart, bodyEnd, bodySize } = message;
  if (bodyStart === 0 && bodyEnd === bodySize) {
    return call("proxy_set_buffer_bytes", message.body.type, 0, bodySize, bytes);
  }
  const old = load(message, 0, bodySize);
  if (old.length !== bodySize) {
    return Status.InternalFailure;
  }
  const whole = new Uint8Array(bodyStart + bytes.length + bodySize - bodyEnd);
  whole.set(old.subarray(0, bodyStart));
  whole.set(bytes, bodyStart);
  whole.set(old.subarray(bodyEnd), bodyStart + bytes.length);
  return call("proxy_set_buffer_bytes", message.body.type, 0, bodySize, whole);
}

export function setBody(view: unknown, value: unknown): void {
  const message = enterBody(view);
  const bytes = bytesOfBody(value);
  const mode = bodyMode(message);
  if (bytes.length !== givenSize(message) && (mode === "whole" || mode === "inspect")) {
    const option = message.isRequest ? "requestBody" : "responseBody";
    throw new TypeError(
      `a body of another length needs the filter's option ${option}: "rewrite", which removes content-length before the headers go on`,
    );
  }
  const status = replacePart(message, bytes);
  if (status !== Status.Ok) {
    throw hostError("proxy_set_buffer_bytes", status);
  }
  message.bodySize += bytes.length - givenSize(message);
  message.bodyEnd = message.bodyStart + bytes.length;
}
