import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL("filters/", import.meta.url));
/** Where `build.ts` puts the modules: a test in Go reads them, too. */
const MODULES = fileURLToPath(new URL("../../.cache/peers/", import.meta.url));

/** Whose examples there are. */
export type Peer = "go" | "rust";

/** The folder of a peer's built modules. */
export function modulesOf(peer: Peer): string {
  return join(MODULES, peer);
}

/** The module of a peer's example. */
export function moduleOf(peer: Peer, name: string): string {
  return join(modulesOf(peer), `${name}.wasm`);
}

/** The source of a peer's example. */
export function sourceOf(peer: Peer, name: string): string {
  return join(SOURCES, peer, `${name}.ts`);
}

/** The names of a peer's examples. */
export async function examplesOf(peer: Peer): Promise<string[]> {
  const files = await readdir(join(SOURCES, peer));
  return files.filter((file) => file.endsWith(".ts")).map((file) => file.slice(0, -3));
}
