/** Images of Wasm modules, in the formats that Istio and Envoy Gateway fetch. */

import { gzipSync } from "fflate";
import { packTar } from "modern-tar";

import { CREATED } from "./annotations.ts";
import type { Annotations } from "./annotations.ts";
import { blob, descriptor, jsonBlob, sha256 } from "./blob.ts";
import type { Blob } from "./blob.ts";

/**
 * How an image holds its module:
 *
 * - `compat`: an OCI image with one layer, a tar.gz with `plugin.wasm`. Every registry takes it.
 * - `artifact`: an OCI artifact with the module as it is, so that `oras pull` brings back the file.
 * - `docker`: as compat, in Docker's format (manifest v2, schema 2).
 *
 * Source: the specification of Wasm images (spec.md and spec-compat.md in the folder spec of solo-io/wasm).
 */
export type ImageFormat = "compat" | "artifact" | "docker";

export const IMAGE_FORMATS: readonly ImageFormat[] = ["compat", "artifact", "docker"];

/** The media types that a fetcher recognizes the formats by. */
export const MediaType = {
  OciManifest: "application/vnd.oci.image.manifest.v1+json",
  OciIndex: "application/vnd.oci.image.index.v1+json",
  OciConfig: "application/vnd.oci.image.config.v1+json",
  OciLayer: "application/vnd.oci.image.layer.v1.tar+gzip",
  DockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  DockerConfig: "application/vnd.docker.container.image.v1+json",
  DockerLayer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  WasmConfig: "application/vnd.module.wasm.config.v1+json",
  WasmContent: "application/vnd.module.wasm.content.layer.v1+wasm",
} as const;

/** An image in memory. */
export interface Image {
  readonly format: ImageFormat;
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly Blob[];
  /** Of compat and docker: the only layer before it was compressed, and its digest. */
  readonly rootfs?: { readonly tar: Uint8Array; readonly diffId: string };
}

/** What goes into an image. */
export interface ImageContent {
  readonly wasm: Uint8Array;
  /** The versions of the Proxy-Wasm ABI that the module speaks. */
  readonly abi: readonly string[];
  readonly annotations: Annotations;
}

/** The same content makes the same bytes, on every machine and with every version of Node. */
export async function packImage(format: ImageFormat, content: ImageContent): Promise<Image> {
  return format === "artifact" ? artifact(content) : await rootfsImage(format, content);
}

const TITLE = "org.opencontainers.image.title";
const START_OF_TIME = new Date(0);

/** A tar archive whose files belong to nobody and have no time. */
export function tarOf(files: Readonly<Record<string, Uint8Array>>): Promise<Uint8Array> {
  return packTar(
    Object.entries(files).map(([name, body]) => ({
      header: { name, size: body.length, mode: 0o644, mtime: START_OF_TIME, uid: 0, gid: 0, uname: "", gname: "" },
      body,
    })),
  );
}

async function rootfsImage(format: "compat" | "docker", { wasm, annotations }: ImageContent): Promise<Image> {
  const docker = format === "docker";
  const tar = await tarOf({ "plugin.wasm": wasm });
  const diffId = sha256(tar);
  const created = annotations[CREATED];
  const config = jsonBlob(docker ? MediaType.DockerConfig : MediaType.OciConfig, {
    ...(created === undefined ? {} : { created }),
    // A Docker daemon refuses the image of an operating system that it does not run.
    ...(docker ? { architecture: "amd64", os: "linux" } : { architecture: "wasm", os: "wasip1" }),
    // Docker's manifests have no annotations.
    config: docker ? { Labels: annotations } : {},
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [{ ...(created === undefined ? {} : { created }), created_by: "proxy-wasm-ts image" }],
  });
  // Not Node's zlib: what it writes differs between processors and versions, and a digest is to be the same everywhere.
  const layer = blob(docker ? MediaType.DockerLayer : MediaType.OciLayer, gzipSync(tar, { level: 9, mtime: 0 }));
  const mediaType = docker ? MediaType.DockerManifest : MediaType.OciManifest;
  const manifest = jsonBlob(mediaType, {
    schemaVersion: 2,
    mediaType,
    config: descriptor(config),
    layers: [descriptor(layer)],
    ...(docker ? {} : { annotations: { "module.wasm.image/variant": "compat", ...annotations } }),
  });
  return { format, manifest, config, layers: [layer], rootfs: { tar, diffId } };
}

function artifact({ wasm, abi, annotations }: ImageContent): Image {
  const runtimeConfig = { type: "envoy_proxy", abiVersions: abi, config: {} };
  const config = jsonBlob(MediaType.WasmConfig, runtimeConfig, { [TITLE]: "runtime-config.json" });
  // oras pull writes what has a title to a file of this name.
  const layers = [config, blob(MediaType.WasmContent, wasm, { [TITLE]: "plugin.wasm" })];
  const manifest = jsonBlob(MediaType.OciManifest, {
    schemaVersion: 2,
    mediaType: MediaType.OciManifest,
    // Each manifest has a config, whose media type tells what the artifact is.
    config: { ...descriptor(config), annotations: undefined },
    layers: layers.map(descriptor),
    annotations: { "module.wasm.image/variant": "oci", ...annotations },
  });
  return { format: "artifact", manifest, config, layers };
}
