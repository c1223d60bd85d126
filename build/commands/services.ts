/** The services that options name: the upstream, and clusters. */

import { UsageError } from "./command.ts";

/**
 * Reads the origin of a service.
 *
 * @param option - how it is called in errors
 * @throws UsageError
 */
export function readOrigin(option: string, text: string): string {
  const example = "http://localhost:8080";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // "localhost:8080" is a URL as well, of the scheme "localhost".
  if (url === undefined || !/^https?:$/.test(url.protocol) || !/^https?:\/\//i.test(text)) {
    throw new UsageError(`${option} must be a URL such as ${example}, not ${JSON.stringify(text)}`);
  }
  if (url.protocol === "https:") {
    throw new UsageError(`${option} must be an http:// URL: a connection with TLS is beyond this command, ${text}`);
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "") {
    throw new UsageError(
      `${option} must be a URL such as ${example}, without a path or a user: the path is the request's, not ${text}`,
    );
  }
  return url.origin;
}

/**
 * Reads all `--cluster NAME=URL`.
 *
 * @returns the origin of each cluster
 * @throws UsageError
 */
export function readClusters(options: readonly string[]): Record<string, string> {
  const clusters = new Map<string, string>();
  for (const option of options) {
    const at = option.indexOf("=");
    const name = option.slice(0, Math.max(at, 0));
    if (name === "") {
      throw new UsageError(
        `--cluster must be NAME=URL, such as auth=http://localhost:5000, not ${JSON.stringify(option)}`,
      );
    }
    if (clusters.has(name)) {
      throw new UsageError(`--cluster ${name} is there twice; a cluster has one URL here`);
    }
    clusters.set(name, readOrigin(`--cluster ${name}`, option.slice(at + 1)));
  }
  return Object.fromEntries(clusters);
}

/** @throws UsageError */
export function readPort(option: string, text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 65535) {
    throw new UsageError(`${option} must be a port from 0 to 65535, not ${JSON.stringify(text)}`);
  }
  return Number(text);
}
