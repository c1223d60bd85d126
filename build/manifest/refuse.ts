/** Kinds differ in what they can say. What one cannot say is an error, and never left out. */

import { CommandError } from "../errors.ts";
import type { ManifestRequest } from "./request.ts";

/** The options of the command line behind the parts of a request. */
const OPTION = {
  namespace: "--namespace",
  sha256: "--sha256",
  selector: "--selector",
  targetRefs: "--target-ref",
  phase: "--phase",
  priority: "--priority",
  match: "--match",
  failStrategy: "--fail-strategy",
  pullPolicy: "--pull-policy",
  pullSecret: "--pull-secret",
  environment: "--env",
} as const;

export type Part = keyof typeof OPTION;

/**
 * @param reasons - the parts that a kind has no words for: why, and what to do instead
 * @throws CommandError for the first one that the request has
 */
export function refuseParts(
  kind: string,
  request: ManifestRequest,
  reasons: Readonly<Partial<Record<Part, string>>>,
): void {
  for (const part of Object.keys(OPTION) as Part[]) {
    const reason = reasons[part];
    const value = request[part];
    const isThere = Array.isArray(value) ? value.length > 0 : value !== undefined;
    if (reason !== undefined && isThere) {
      throw refusal(kind, OPTION[part], reason);
    }
  }
}

export function refusal(kind: string, option: string, reason: string): CommandError {
  return new CommandError(`${option} has no place in ${kind}: ${reason}`);
}

/** @throws CommandError when the configuration is no JSON object, which Istio's kinds want */
export function configObject(kind: string, config: string): object {
  const value = jsonValue(kind, config);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CommandError(
      `--config must be a JSON object for ${kind}, such as {"cluster": "auth"}, not ${JSON.stringify(value).slice(0, 40)}.`,
    );
  }
  return value;
}

/** @throws CommandError when the configuration is no JSON */
export function jsonValue(kind: string, config: string): unknown {
  try {
    return JSON.parse(config);
  } catch (cause) {
    throw new CommandError(`--config must be JSON for ${kind}, and this file is another text.`, { cause });
  }
}
