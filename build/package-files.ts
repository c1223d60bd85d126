/** Where this package's files are: in a checkout, whose code runs as TypeScript, and in the package, which holds dist/. */

import { readFileSync } from "node:fs";
import { join, relative } from "node:path";

import { packageRoot } from "./package-root.ts";

/** True when this code runs from a checkout's sources. */
export const runsFromSource: boolean = import.meta.url.endsWith(".ts");

/** What a filter may import, and the module of the SDK behind it. */
export const PUBLIC_MODULES: Readonly<Record<string, "index" | "hostcalls">> = {
  "proxy-wasm-ts": "index",
  "proxy-wasm-ts/hostcalls": "hostcalls",
};

/** The folder of the SDK. A bundle holds the SDK of the package that builds it, wherever the filter's file is. */
const sdkFolder = join(packageRoot, runsFromSource ? "src/sdk" : "dist/src/sdk");
const abiFolder = join(packageRoot, runsFromSource ? "src/abi" : "dist/src/abi");

type SdkModule = "index" | "hostcalls" | "dispatcher" | "globals" | "timers";

export function sdkModule(name: SdkModule): string {
  return join(sdkFolder, `${name}.${runsFromSource ? "ts" : "js"}`);
}

/** The same module for the type checker. */
export function sdkTypes(name: "index" | "hostcalls"): string {
  return join(sdkFolder, `${name}.${runsFromSource ? "ts" : "d.ts"}`);
}

/** The types of the Web's globals. */
export const globalTypes: string = join(packageRoot, "src/types/globals.d.ts");

/** True for a file of the SDK, and of what it imports. */
export function isOfSdk(file: string): boolean {
  return [sdkFolder, abiFolder].some((folder) => !relative(folder, file).startsWith(".."));
}

/** A part of the engine; `npm run build:engine` makes them in a checkout. */
export function engineFile(
  name: "compiler.wasm" | "runtime.wasm" | "runtime-shifted.wasm" | "graph.json" | "parts.json",
): string {
  return join(packageRoot, "engine", name);
}

export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
  return String((manifest as { version?: unknown }).version);
}
