/** What `image` and `push` have in common. */

import { displayPath } from "../code-frame.ts";
import { annotationName, imageAnnotations } from "../image/annotations.ts";
import { readPluginModule } from "../image/module.ts";
import { IMAGE_FORMATS, packImage } from "../image/pack.ts";
import type { Image, ImageFormat } from "../image/pack.ts";
import { UsageError } from "./command.ts";
import type { Print } from "./command.ts";

export const IMAGE_OPTIONS = {
  format: { type: "string", default: "compat" },
  annotation: { type: "string", multiple: true, default: [] as string[] },
} as const;

export const IMAGE_OPTIONS_HELP = `      --format FORMAT        compat: an OCI image with one layer that holds plugin.wasm, which every registry takes (default);
                             artifact: an OCI artifact with the module as it is, so that "oras pull" brings back the file;
                             docker: as compat, in Docker's own format
      --annotation NAME=TEXT for each one; a NAME without a dot is one of org.opencontainers.image, such as version. Default: title is
                             the module's name, version and source are those of the package.json next to it, and created is
                             SOURCE_DATE_EPOCH, if that is set. No TEXT leaves one out`;

/** @throws UsageError */
export function readFormat(text: string): ImageFormat {
  const format = IMAGE_FORMATS.find((known) => known === text);
  if (format === undefined) {
    throw new UsageError(`--format must be ${IMAGE_FORMATS.join(", ")}, not ${JSON.stringify(text)}`);
  }
  return format;
}

/** @throws UsageError */
export function readAnnotations(options: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    options.map((option) => {
      const at = option.indexOf("=");
      if (at < 1) {
        throw new UsageError(
          `--annotation must be NAME=TEXT, such as version=1.2.0 or com.example.team=shop, not ${JSON.stringify(option)}`,
        );
      }
      return [annotationName(option.slice(0, at)), option.slice(at + 1)];
    }),
  );
}

/**
 * Makes the image of a module.
 *
 * @throws CommandError when the module is none, or SOURCE_DATE_EPOCH is no time
 */
export async function imageOf(
  file: string,
  format: ImageFormat,
  annotations: Readonly<Record<string, string>>,
  print: Print,
): Promise<Image> {
  const { wasm, abi, problems } = await readPluginModule(file);
  for (const problem of problems) {
    print.err(`${displayPath(file)}: problem: ${problem}`);
  }
  return packImage(format, { wasm, abi, annotations: await imageAnnotations(file, annotations) });
}
