import { existsSync } from "node:fs";
import { join } from "node:path";

import { runTool } from "../tool.ts";
import type { Tool } from "../tool.ts";
import { debianRust } from "./rust-debian.ts";

export const TARGET = "wasm32-wasip1";

/** A Rust that can build for {@link TARGET}. */
export interface RustToolchain {
  /** What rustc says of itself, for example "rustc 1.96.0". */
  readonly version: string;
  /** Options that cargo needs besides the target. */
  readonly cargoOptions: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const RUSTC: Tool = {
  program: "rustc",
  howToGet: "Install Rust (with rustup, or your distribution's rustc).",
};

let found: Promise<RustToolchain> | undefined;

/** The machine's own Rust where it has the target's standard library, else Debian's. Prepared once. */
export function rustToolchain(): Promise<RustToolchain> {
  found ??= findToolchain();
  return found;
}

async function findToolchain(): Promise<RustToolchain> {
  if (await hasTarget()) {
    return { version: await versionOf(RUSTC, {}), cargoOptions: [], env: {} };
  }
  try {
    const { rustc, env } = await debianRust();
    const version = await versionOf({ ...RUSTC, program: rustc }, env);
    // Debian has no built standard library for this target; unstable options need RUSTC_BOOTSTRAP in a stable compiler.
    return {
      version,
      cargoOptions: ["-Zbuild-std=std,panic_abort"],
      env: { ...env, RUSTC: rustc, RUSTC_BOOTSTRAP: "1" },
    };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `there is no Rust standard library for ${TARGET}. Where there is rustup, "rustup target add ${TARGET}" installs it; ` +
        `or leave Rust out: --variants ts,go. Debian's packages were tried too: ${reason}`,
      { cause },
    );
  }
}

async function hasTarget(): Promise<boolean> {
  const folder = await runTool(RUSTC, ["--print", "target-libdir", "--target", TARGET]).catch(() => undefined);
  return folder !== undefined && existsSync(join(folder.trim(), "self-contained"));
}

async function versionOf(rustc: Tool, env: Readonly<Record<string, string>>): Promise<string> {
  const version = await runTool(rustc, ["--version"], { env });
  return version.split(" ").slice(0, 2).join(" ");
}
