/** What an image says of itself, under the names of the OCI Image Specification (annotations.md). */

import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { displayPath } from "../code-frame.ts";
import { CommandError } from "../errors.ts";

export type Annotations = Readonly<Record<string, string>>;

const PREFIX = "org.opencontainers.image.";

/** The time of an image, which nothing but the user knows: RFC 3339. */
export const CREATED = `${PREFIX}created`;

/** The name of an annotation; one without a dot is one of the specification's, such as "version". */
export function annotationName(name: string): string {
  return name.includes(".") ? name : PREFIX + name;
}

/**
 * The annotations of a module's image: its title is the module's name, its version and source are those of the package.json that
 * the module's folder belongs to, and it was created when SOURCE_DATE_EPOCH says, or at no time at all. Nothing of it depends on
 * when, where and by whom the image is made.
 *
 * @param file - the module
 * @param chosen - annotations that take the place of these; an empty text leaves one out
 * @throws CommandError when SOURCE_DATE_EPOCH is no time
 */
export async function imageAnnotations(
  file: string,
  chosen: Annotations,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Annotations> {
  const { version, source } = await packageOf(dirname(resolve(file)));
  const all: Record<string, string | undefined> = {
    [`${PREFIX}title`]: basename(file).replace(/\.wasm$/, ""),
    [`${PREFIX}version`]: version,
    [`${PREFIX}source`]: source,
    [CREATED]: createdAt(environment["SOURCE_DATE_EPOCH"]),
    ...chosen,
  };
  return Object.fromEntries(
    Object.entries(all)
      .flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value] as const]))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function createdAt(epoch: string | undefined): string | undefined {
  if (epoch === undefined || epoch === "") {
    return undefined;
  }
  const seconds = Number(epoch);
  // The last second of the year 9999, after which RFC 3339 has no dates.
  if (!/^\d+$/.test(epoch) || seconds > 253402300799) {
    throw new CommandError(
      `SOURCE_DATE_EPOCH must be a number of seconds since 1970, not ${JSON.stringify(epoch)}. ` +
        "Set it to one, such as that of the last commit (git log -1 --format=%ct), or unset it.",
    );
  }
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

/** The version and repository in the package.json that is next, from a folder upwards. */
async function packageOf(folder: string): Promise<{ version?: string | undefined; source?: string | undefined }> {
  const file = join(folder, "package.json");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) {
    return dirname(folder) === folder ? {} : packageOf(dirname(folder));
  }
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    throw new CommandError(
      `${displayPath(file)} is no JSON. The image's version and source are read from it: correct it.`,
      { cause },
    );
  }
  const { version, repository } = (manifest ?? {}) as { version?: unknown; repository?: unknown };
  return { version: typeof version === "string" ? version : undefined, source: repositoryUrl(repository) };
}

/** npm takes a text or an object, and several short forms; only one that names a page is of use outside of npm. */
function repositoryUrl(repository: unknown): string | undefined {
  const url = typeof repository === "object" ? (repository as { url?: unknown } | null)?.url : repository;
  if (typeof url !== "string") {
    return undefined;
  }
  const short = /^(?:github:)?([\w.-]+\/[\w.-]+)$/.exec(url);
  const page =
    short === null ? url.replace(/^git\+/, "").replace(/\.git$/, "") : `https://github.com/${short[1] ?? ""}`;
  return /^https?:\/\/[^@]+$/.test(page) ? page : undefined;
}
