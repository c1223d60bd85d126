import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";

import { displayPath } from "../code-frame.ts";
import { CommandError, fileErrorReason } from "../errors.ts";
import { writeOutput } from "../output-file.ts";
import { descriptor } from "./blob.ts";
import { MediaType } from "./pack.ts";
import type { Image } from "./pack.ts";

/**
 * Writes an image as an OCI image layout: a folder of blobs and an index, which `oras`, `skopeo`, `crane` and `podman` read.
 * Source: OCI Image Specification, image-layout.md.
 *
 * @param folder - is made; may be there when it is empty
 * @param tag - what the index calls the image
 * @throws CommandError when the folder holds something, or cannot be written
 */
export async function writeLayout(folder: string, image: Image, tag: string): Promise<void> {
  await makeEmpty(folder);
  const blobs = join(folder, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  for (const { digest, bytes } of [image.config, ...image.layers, image.manifest]) {
    await writeOutput(join(blobs, digest.slice("sha256:".length)), bytes);
  }
  const entry = { ...descriptor(image.manifest), annotations: { "org.opencontainers.image.ref.name": tag } };
  const index = { schemaVersion: 2, mediaType: MediaType.OciIndex, manifests: [entry] };
  await writeOutput(join(folder, "index.json"), JSON.stringify(index));
  // Last: it makes the folder a layout.
  await writeOutput(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

/** What else is in a folder would be taken for a part of the image, and must not be removed unasked. */
async function makeEmpty(folder: string): Promise<void> {
  const name = displayPath(folder);
  let found: string[];
  try {
    await mkdir(folder, { recursive: true });
    found = await readdir(folder);
  } catch (cause) {
    const isFile = ["EEXIST", "ENOTDIR"].includes(String((cause as { code?: unknown }).code));
    throw new CommandError(
      isFile
        ? `cannot write the image to ${name}: it is a file, or lies in one, and an image layout is a folder. Name a new folder.`
        : `cannot write the folder ${name}: ${fileErrorReason(cause)}. Choose another place, or change who may write there.`,
      { cause },
    );
  }
  if (found.length > 0) {
    const [first = ""] = found.sort();
    const what = found.includes("oci-layout") ? "it holds an image already" : `it holds ${first}`;
    throw new CommandError(
      `cannot write the image to ${name}: ${what}. Name a new or empty folder, or remove it first (rm -r ${name}).`,
    );
  }
}
