import { join } from "node:path";

import { PEERS_FOLDER } from "../folders.ts";
import type { FilterName } from "../modules.ts";
import { runTool } from "../tool.ts";
import type { Tool } from "../tool.ts";

const GO: Tool = {
  program: "go",
  howToGet:
    "Install Go 1.24 or newer (its download page, or your distribution's package), or leave it out: --variants ts,rust.",
};

const SDK = "github.com/proxy-wasm/proxy-wasm-go-sdk";
const SOURCES = { cwd: join(PEERS_FOLDER, "go") };

/** Builds a filter of the benchmark. */
export async function buildGo(filter: FilterName, wasm: string): Promise<void> {
  await buildGoPackage(SOURCES.cwd, `./${filter}`, wasm);
}

/** Builds a filter of the Go SDK as its README says. @param folder - where its go.mod is */
export async function buildGoPackage(folder: string, name: string, wasm: string): Promise<void> {
  const env = { GOOS: "wasip1", GOARCH: "wasm" };
  await runTool(GO, ["build", "-buildmode=c-shared", "-o", wasm, name], { cwd: folder, env });
}

/** The compiler and the SDK, with their versions. */
export async function goVersion(): Promise<string> {
  const compiler = await runTool(GO, ["env", "GOVERSION"], SOURCES);
  const sdk = await runTool(GO, ["list", "-m", "-f", "{{.Version}}", SDK], SOURCES);
  return `${compiler.trim()}, proxy-wasm-go-sdk ${sdk.trim()}`;
}
