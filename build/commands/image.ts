import { parseArgs } from "node:util";

import { displayPath } from "../code-frame.ts";
import { formatBytes } from "../format.ts";
import { writeDockerArchive } from "../image/docker-archive.ts";
import { writeLayout } from "../image/layout.ts";
import type { Image } from "../image/pack.ts";
import { parseTag } from "../image/reference.ts";
import { UsageError } from "./command.ts";
import type { Command } from "./command.ts";
import { IMAGE_OPTIONS, IMAGE_OPTIONS_HELP, imageOf, readAnnotations, readFormat } from "./image-options.ts";

const HELP = `Usage: proxy-wasm-ts image FILE.wasm -o PLACE [options]

Packs a Proxy-Wasm module into an image for a registry, which Istio and Envoy Gateway fetch plugins from. Prints the image's digest:
the same module makes the same one on every machine. To pack and push in one step: proxy-wasm-ts push.

Options:
  -o, --output PLACE         a new or empty folder for an OCI image layout; of the format docker, the file of an archive for docker load
${IMAGE_OPTIONS_HELP}
  -t, --tag TAG              what the layout calls the image, default: latest; of the format docker its whole name, default: none
  -h, --help                 show this

Exit status: 0 written, 1 the module is none or PLACE cannot be written, 2 wrong usage`;

const OPTIONS = {
  ...IMAGE_OPTIONS,
  output: { type: "string", short: "o" },
  tag: { type: "string", short: "t" },
} as const;

export const imageCommand: Command = {
  help: HELP,
  run: async (args, print) => {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [file, ...rest] = positionals;
    if (file === undefined || rest.length > 0) {
      throw new UsageError(`image takes one module, not ${positionals.length === 0 ? "none" : positionals.join(" ")}`);
    }
    const { output, tag } = values;
    if (output === undefined) {
      throw new UsageError("image needs -o PLACE, the folder or archive to write");
    }
    const format = readFormat(values.format);
    checkTag(format, tag);
    const image = await imageOf(file, format, readAnnotations(values.annotation), print);
    if (format === "docker") {
      await writeDockerArchive(output, image, tag);
    } else {
      await writeLayout(output, image, tag ?? "latest");
    }
    print.out(`${displayPath(output)}: ${format} image of ${displayPath(file)}, ${formatBytes(sizeOf(image))}`);
    // What docker load calls an image is the digest of its configuration; its manifest is made by who pushes it.
    print.out(format === "docker" ? `image id: ${image.config.digest}` : `digest: ${image.manifest.digest}`);
  },
};

/** @throws UsageError @throws CommandError */
function checkTag(format: string, tag: string | undefined): void {
  if (tag === undefined) {
    return;
  }
  if (format === "docker") {
    parseTag(tag);
  } else if (!/^\w[\w.-]{0,127}$/.test(tag)) {
    throw new UsageError(
      `--tag must be a tag such as v1, not ${JSON.stringify(tag)}; the image gets its name when it is pushed`,
    );
  }
}

/** Bytes that a registry stores. */
function sizeOf({ layers, config, manifest }: Image): number {
  return [...layers, config, manifest].reduce((sum, { bytes }) => sum + bytes.length, 0);
}
