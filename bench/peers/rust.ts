import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";

import { CACHE, PEERS_FOLDER } from "../folders.ts";
import type { FilterName } from "../modules.ts";
import { runTool } from "../tool.ts";
import type { Tool } from "../tool.ts";
import { rustToolchain, TARGET } from "./rust-toolchain.ts";

const CARGO: Tool = {
  program: "cargo",
  howToGet:
    "Install Rust 1.85 or newer (with rustup, or your distribution's cargo), or leave it out: --variants ts,go.",
};

const SOURCES = join(PEERS_FOLDER, "rust");
const TARGET_FOLDER = join(CACHE, "rust", "target");

/** Builds a filter of the benchmark. */
export async function buildRust(filter: FilterName, wasm: string): Promise<void> {
  await buildRustPackage(SOURCES, filter, wasm);
}

/** Builds a filter of the Rust SDK, in release mode. @param folder - where its Cargo.toml is, or its workspace's */
export async function buildRustPackage(folder: string, name: string, wasm: string): Promise<void> {
  const { cargoOptions, env } = await rustToolchain();
  const options = ["--quiet", "--release", "--locked", "--target", TARGET, "--package", name, ...cargoOptions];
  await runTool(CARGO, ["build", ...options], { cwd: folder, env: { ...env, CARGO_TARGET_DIR: TARGET_FOLDER } });
  await copyFile(join(TARGET_FOLDER, TARGET, "release", `${name}.wasm`), wasm);
}

/** The compiler and the SDK, with their versions. */
export async function rustVersion(): Promise<string> {
  const { version } = await rustToolchain();
  const lock = await readFile(join(SOURCES, "Cargo.lock"), "utf8");
  const [, sdk = "of unknown version"] = /name = "proxy-wasm"\nversion = "(.*)"/.exec(lock) ?? [];
  return `${version}, proxy-wasm ${sdk}`;
}
