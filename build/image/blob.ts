import { createHash } from "node:crypto";

/** A part of an image, which images name by what it holds. */
export interface Blob {
  readonly mediaType: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly bytes: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** How a manifest or an index names a blob. Source: OCI Image Specification, descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function blob(mediaType: string, bytes: Uint8Array, annotations?: Readonly<Record<string, string>>): Blob {
  return { mediaType, digest: sha256(bytes), bytes, ...(annotations === undefined ? {} : { annotations }) };
}

/** @param value - its members are written in the order that they have */
export function jsonBlob(mediaType: string, value: object, annotations?: Readonly<Record<string, string>>): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)), annotations);
}

export function descriptor({ mediaType, digest, bytes, annotations }: Blob): Descriptor {
  return { mediaType, digest, size: bytes.length, ...(annotations === undefined ? {} : { annotations }) };
}
