/** Names of images: host[:port]/path[:tag][@digest]. */

import { CommandError } from "../errors.ts";

export interface ImageReference {
  /** Host, and port where there is one. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string | undefined;
}

const EXAMPLE = "registry.example.com/team/filter:v1";
const PATH = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const HOST = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::(\d+))?$/;

/**
 * Reads the whole name of an image. Docker's short names are refused: each tool completes them in its own way.
 * Source: OCI Distribution Specification, "Pulling manifests"; the grammar of distribution/reference.
 *
 * @throws CommandError
 */
export function parseReference(text: string): ImageReference {
  const refuse = (reason: string) => new CommandError(`${JSON.stringify(text)} is no name of an image: ${reason}`);
  const [name = "", digest, ...more] = text.split("@");
  if (/^[a-z]+:\/\//i.test(text)) {
    throw refuse(`write it without ${text.slice(0, text.indexOf("/") + 2)}, such as ${EXAMPLE}`);
  }
  if (more.length > 0 || (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest))) {
    throw refuse("what follows the @ must be sha256: and 64 hexadecimal digits");
  }
  const slash = name.indexOf("/");
  const registry = name.slice(0, Math.max(slash, 0));
  // As Docker tells a registry from the first part of a path.
  if (slash < 0 || !(/[.:]/.test(registry) || registry === "localhost")) {
    throw refuse(`it has no registry. Write it whole, such as ${EXAMPLE} or localhost:5000/filter:v1`);
  }
  const port = HOST.exec(registry);
  if (port === null || Number(port[1] ?? 0) > 65535) {
    throw refuse(`${JSON.stringify(registry)} is no host with a port`);
  }
  const colon = name.indexOf(":", slash);
  const repository = name.slice(slash + 1, colon < 0 ? undefined : colon);
  const tag = colon < 0 ? undefined : name.slice(colon + 1);
  if (!PATH.test(repository)) {
    const hint = /[A-Z]/.test(repository) ? "write it in small letters" : `such as ${EXAMPLE}`;
    throw refuse(`${JSON.stringify(repository)} is no path in a registry; ${hint}`);
  }
  if (tag !== undefined && !TAG.test(tag)) {
    throw refuse(`${JSON.stringify(tag)} is no tag: letters, digits, "_", "." and "-", at most 128`);
  }
  return { registry, repository, tag, digest };
}

/** @throws CommandError when it has no tag, or is a digest */
export function parseTag(text: string): ImageReference & { readonly tag: string } {
  const { tag, digest, ...rest } = parseReference(text);
  if (digest !== undefined) {
    throw new CommandError(`${text} is a digest, which follows from what is pushed. Name a tag, such as ${EXAMPLE}`);
  }
  if (tag === undefined) {
    throw new CommandError(`${text} has no tag. Add one, such as ${text}:v1`);
  }
  return { ...rest, tag, digest };
}
