/** Images as other tools make them, and as they should not be, byte by byte. */

import { gunzipSync, gzipSync } from "node:zlib";

import { blob, descriptor, jsonBlob } from "../../build/image/blob.ts";
import type { Blob, Descriptor } from "../../build/image/blob.ts";
import { MediaType, packImage, tarOf } from "../../build/image/pack.ts";
import type { Registry } from "./registry.ts";

/** Puts blobs and a manifest into a registry without a password. @returns the manifest's digest */
export async function upload(
  registry: Registry,
  repository: string,
  tag: string,
  blobs: readonly Blob[],
  manifest: Blob,
): Promise<string> {
  for (const { bytes, digest } of blobs) {
    const started = await fetch(`${registry.url}/v2/${repository}/blobs/uploads/`, { method: "POST" });
    const location = new URL(started.headers.get("location") ?? "", registry.url);
    location.searchParams.set("digest", digest);
    await expectCreated(fetch(location, { method: "PUT", body: Buffer.from(bytes) }));
  }
  const headers = { "content-type": manifest.mediaType };
  const body = Buffer.from(manifest.bytes);
  await expectCreated(fetch(`${registry.url}/v2/${repository}/manifests/${tag}`, { method: "PUT", headers, body }));
  return manifest.digest;
}

async function expectCreated(answer: Promise<Response>): Promise<void> {
  const { status, text } = await answer.then(async (response) => ({
    status: response.status,
    text: await response.text(),
  }));
  if (status !== 201) {
    throw new Error(`the registry answered ${status}: ${text}`);
  }
}

/** An OCI manifest of layers. */
function manifestOf(config: Blob, layers: readonly Blob[]): Blob {
  return jsonBlob(MediaType.OciManifest, {
    schemaVersion: 2,
    mediaType: MediaType.OciManifest,
    config: descriptor(config),
    layers: layers.map(descriptor),
  });
}

export interface RawImage {
  readonly blobs: readonly Blob[];
  readonly manifest: Blob;
}

const CONFIG = jsonBlob(MediaType.OciConfig, { architecture: "wasm", os: "wasip1" });

function imageOf(layers: readonly Blob[]): RawImage {
  return { blobs: [CONFIG, ...layers], manifest: manifestOf(CONFIG, layers) };
}

async function layerOf(wasm: Uint8Array): Promise<Blob> {
  const [layer] = (await packImage("compat", { wasm, abi: [], annotations: {} })).layers;
  if (layer === undefined) {
    throw new Error("the image has no layer");
  }
  return layer;
}

/** The layer is cut off in its middle, as the tool that made it has left it. */
export async function cutLayer(wasm: Uint8Array): Promise<RawImage> {
  const layer = await layerOf(wasm);
  return imageOf([blob(layer.mediaType, layer.bytes.subarray(0, layer.bytes.length / 2))]);
}

/** The layer is compressed with zstd, as newer container tools do when they are asked to. */
export async function zstdLayer(wasm: Uint8Array): Promise<RawImage> {
  const tar = gunzipSync((await layerOf(wasm)).bytes);
  return imageOf([blob("application/vnd.oci.image.layer.v1.tar+zstd", zstd(tar))]);
}

/** An artifact with a layer more than it should have. */
export async function threeLayers(wasm: Uint8Array): Promise<RawImage> {
  const { layers } = await packImage("artifact", { wasm, abi: ["0.2.1"], annotations: {} });
  return imageOf([...layers, blob("text/plain", Buffer.from("a note"))]);
}

/** The module has its own name in the layer. */
export async function otherName(wasm: Uint8Array): Promise<RawImage> {
  return imageOf([blob(MediaType.OciLayer, gzipSync(await tarOf({ "filter.wasm": wasm })))]);
}

/** What is called plugin.wasm is none. */
export async function noModule(): Promise<RawImage> {
  return imageOf([await layerOf(Buffer.from("#!/bin/sh\n"))]);
}

/** An index for one platform, as `docker build` makes it on a machine with that platform. */
export async function indexFor(architecture: string, wasm: Uint8Array): Promise<RawImage & { readonly index: Blob }> {
  const image = imageOf([await layerOf(wasm)]);
  const entry: Descriptor & { platform: object } = {
    ...descriptor(image.manifest),
    platform: { os: "linux", architecture },
  };
  const index = jsonBlob(MediaType.OciIndex, { schemaVersion: 2, mediaType: MediaType.OciIndex, manifests: [entry] });
  return { ...image, index };
}

/** A zstd frame of blocks that are not compressed. Source: RFC 8878, section 3.1.1. */
function zstd(content: Uint8Array): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32LE(0xfd2fb528, 0);
  // A single segment, whose size follows in 8 bytes.
  header.writeUInt8(0xe0, 4);
  header.writeBigUInt64LE(BigInt(content.length), 5);
  const blocks: Uint8Array[] = [];
  const most = 1 << 17;
  for (let at = 0; at < content.length; at += most) {
    const part = content.subarray(at, at + most);
    const isLast = at + part.length >= content.length;
    const head = Buffer.alloc(3);
    head.writeUIntLE((part.length << 3) | (isLast ? 1 : 0), 0, 3);
    blocks.push(head, part);
  }
  return Buffer.concat([header, ...blocks]);
}
