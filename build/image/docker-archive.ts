import { prepareOutput, writeOutput } from "../output-file.ts";
import { tarOf } from "./pack.ts";
import type { Image } from "./pack.ts";

/**
 * Writes an image as `docker load`, `podman load` and skopeo's `docker-archive:` take it. Its layers are not compressed there: who
 * pushes it does that.
 *
 * @param image - of the format docker
 * @param name - what it is called after it was loaded, `host/name:tag`; undefined: it has no name
 * @throws CommandError when the file cannot be written
 */
export async function writeDockerArchive(file: string, image: Image, name: string | undefined): Promise<void> {
  if (image.rootfs === undefined) {
    throw new TypeError(`an image of the format ${image.format} has no root file system`);
  }
  const { tar, diffId } = image.rootfs;
  const hex = (digest: string) => digest.slice("sha256:".length);
  const config = `${hex(image.config.digest)}.json`;
  const layer = `${hex(diffId)}/layer.tar`;
  const manifest = [{ Config: config, RepoTags: name === undefined ? null : [name], Layers: [layer] }];
  const files = { "manifest.json": Buffer.from(JSON.stringify(manifest)), [config]: image.config.bytes, [layer]: tar };
  await prepareOutput(file);
  await writeOutput(file, await tarOf(files));
}
