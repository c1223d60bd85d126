/** A registry in a process of its own: the CNCF's, which Debian calls docker-registry. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startChild } from "../../scripts/child.ts";
import { goTool } from "../../scripts/go-tools.ts";
import type { Certificates } from "./certificates.ts";

export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** With the scheme. */
  readonly url: string;
  /** The folder with all that it holds. */
  readonly storage: string;
  logs(): string;
}

export interface RegistryOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Default: plain HTTP. */
  readonly tls?: Certificates;
  /** Only USERNAME may read and write, with PASSWORD. */
  readonly login?: boolean;
  /** What it calls itself when it asks for the login. Default: a URL, since Istio refuses others. */
  readonly realm?: string;
  readonly readOnly?: boolean;
}

export const USERNAME = "alice";
export const PASSWORD = "open sesame";
/** USERNAME and PASSWORD as `htpasswd -B` writes them. */
const HTPASSWD = `${USERNAME}:$2b$04$I.I7JVBmMkpGEyt3xxINzuovpUkJsTFdCwzII7l7Rk69QROkuogu6\n`;

const START_MS = 15_000;

export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const { port = 0, tls, login = false, realm = "https://registry.example.com", readOnly = false } = options;
  const folder = await mkdtemp(join(tmpdir(), "proxy-wasm-ts-registry-"));
  const storage = join(folder, "storage");
  await writeFile(join(folder, "htpasswd"), HTPASSWD);
  const config = {
    version: 0.1,
    log: { level: "info" },
    storage: {
      filesystem: { rootdirectory: storage },
      // Else it reads a blob's size once, and what a test cuts off later is not seen.
      cache: { blobdescriptor: "" },
      maintenance: { uploadpurging: { enabled: false }, readonly: { enabled: readOnly } },
    },
    http: {
      addr: `127.0.0.1:${port}`,
      ...(tls === undefined ? {} : { tls: { certificate: tls.certificate, key: tls.key } }),
    },
    ...(login ? { auth: { htpasswd: { realm, path: join(folder, "htpasswd") } } } : {}),
  };
  await writeFile(join(folder, "config.yml"), JSON.stringify(config));
  const env = { OTEL_TRACES_EXPORTER: "none" };
  const child = await startChild(await goTool("registry"), ["serve", join(folder, "config.yml")], {
    name: "registry",
    env,
  });
  const stop = async () => {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [, host = ""] = await child.waitFor(/listening on (127\.0\.0\.1:\d+)/, START_MS);
    const url = `${tls === undefined ? "http" : "https"}://${host}`;
    return { host, url, storage, logs: () => child.output(), [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The tags of a repository; none when there is no such repository. Only of a registry without TLS. */
export async function tagsOf(registry: Registry, repository: string): Promise<string[]> {
  const headers = { authorization: `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString("base64")}` };
  const response = await fetch(`${registry.url}/v2/${repository}/tags/list`, { headers });
  const { tags } = (await response.json()) as { tags?: string[] | null };
  return (tags ?? []).sort();
}

/** The digest of what a tag names; undefined when there is no such tag. */
export async function digestOf(registry: Registry, repository: string, tag: string): Promise<string | undefined> {
  const accept = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
  ].join(", ");
  const response = await fetch(`${registry.url}/v2/${repository}/manifests/${tag}`, { headers: { accept } });
  return response.status === 200 ? (response.headers.get("docker-content-digest") ?? undefined) : undefined;
}
