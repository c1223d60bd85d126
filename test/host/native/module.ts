/**
 * A filter in native mode: its TypeScript runs in Node, where a debugger stops in it. To the host it is a module like any other,
 * with exports, imports and a memory; behind them is test/host/native/guest in place of the engine and the shim.
 */

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { types } from "node:util";
import { createContext, Script } from "node:vm";

import * as esbuild from "esbuild";

import { once } from "../../../build/once.ts";
import { BUNDLE_NAME } from "../../../build/source-map.ts";
import { bundle } from "../../../build/steps/bundle.ts";
import type { Bundle } from "../../../build/steps/bundle.ts";
import type { ScriptError, Sources } from "../../../build/steps/script-error.ts";
import { topLevelError } from "../../../build/steps/snapshot.ts";
import { UNRECORDED, wasm } from "../wasm-api.ts";
import type { GuestModule, WasmExports, WasmImports } from "../wasm-api.ts";
import type { Boundary } from "./guest/boundary.ts";
import { nativeBundleName } from "./bundle-name.ts";
import { claimRejections } from "./rejections.ts";

const folder = join(dirname(fileURLToPath(import.meta.url)), "guest");

/** The guest, as a script that runs before the bundle. */
const guestScript = once(async (): Promise<Script> => {
  const entry = join(folder, import.meta.url.endsWith(".ts") ? "main.ts" : "main.js");
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2023",
    logLevel: "silent",
  });
  return new Script(outputFiles[0]?.text ?? "", { filename: GUEST });
});

/** The guest's name in stacks, where nobody wants to see it. */
const GUEST = "proxy-wasm-ts:guest";

/** A bundle that Node runs. Each instance has globals of its own. */
export class NativeModule implements GuestModule {
  readonly #guest: Script;
  readonly #script: Script;
  readonly #file: string;
  readonly #entry: string;
  readonly #bundle: Sources;

  private constructor(guest: Script, entry: string, bundle: Bundle, file: string) {
    const { script, mapJson } = bundle;
    const inline = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(mapJson).toString("base64")}`;
    this.#guest = guest;
    this.#entry = entry;
    this.#file = pathToFileURL(file).href;
    this.#bundle = bundle;
    this.#script = new Script(`${script}\n${inline}\n`, { filename: this.#file });
  }

  /** @throws BuildError for mistakes in the filter's sources, and when its top level throws, as a build does */
  static async load(entry: string): Promise<NativeModule> {
    const path = resolve(entry);
    // Its name in stacks and debuggers; the source map's paths are relative to it.
    const file = nativeBundleName(path);
    return NativeModule.fromBundle(path, file, await bundle(path, file, { forDebugger: true }));
  }

  /**
   * @param entry - absolute path of the filter's file
   * @param file - what the bundle was made for: the name that it has in stacks and debuggers
   * @throws BuildError when its top level throws
   */
  static async fromBundle(entry: string, file: string, bundled: Bundle): Promise<NativeModule> {
    const module = new NativeModule(await guestScript(), entry, bundled, file);
    module.#tryTopLevel();
    return module;
  }

  /** A build runs the top level without a host, and so finds what throws there. */
  #tryTopLevel(): void {
    const position: Boundary["position"] = (file, line, column) =>
      file === this.#file ? `${BUNDLE_NAME}:${line}:${column}` : undefined;
    try {
      this.#run({}, position);
    } catch (error) {
      throw topLevelError(toScriptError(error), { bundle: this.#bundle, entry: this.#entry });
    }
  }

  instantiate(imports: WasmImports): WasmExports {
    return this.#run(imports, (file, line, column) => {
      const { map, names } = this.#bundle;
      const position = file === this.#file ? map.find(line, column) : undefined;
      return position === undefined ? undefined : `${names.nameOf(position.file)}:${position.line}:${position.column}`;
    });
  }

  #run(imports: WasmImports, position: Boundary["position"]): WasmExports {
    const functions = (name: string) => (imports[name] ?? {}) as unknown as Boundary["env"];
    const memory = new wasm.Memory({ initial: 1 });
    const context = createContext(
      {},
      { microtaskMode: "afterEvaluate", codeGeneration: { strings: false, wasm: false } },
    );
    let exports: WasmExports = {};
    let finish: () => void = () => undefined;
    const boundary: Boundary = {
      env: functions("env"),
      unrecordedEnv: functions(UNRECORDED),
      wasi: functions("wasi_snapshot_preview1"),
      memory,
      heapSize: () => process.memoryUsage().heapUsed,
      runMicrotasks: () => {
        EMPTY.runInContext(context);
      },
      isPromise: types.isPromise,
      encodeUtf8: (text) => Buffer.from(text),
      decodeUtf8: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
      toBase64: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64"),
      fromBase64: (text) => Buffer.from(text, "base64"),
      hash: (algorithm, bytes) => createHash(algorithm).update(bytes).digest(),
      hmac: (algorithm, key, bytes) => createHmac(algorithm, key).update(bytes).digest(),
      timingSafeEqual: (one, other) => one.length === other.length && timingSafeEqual(one, other),
      serializeQuery: (list) =>
        String(
          new URLSearchParams(
            list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? ""] as [string, string]] : [])),
          ),
        ),
      position,
      onStarted: (started) => {
        finish = started;
      },
      expose: (exported) => {
        exports = { ...exported, memory };
      },
      onUnhandledRejection: (report) => {
        claimRejections(PROMISES.runInContext(context) as object, report);
      },
    };
    (context as { proxyWasmBoundary?: unknown }).proxyWasmBoundary = boundary;
    this.#guest.runInContext(context);
    this.#script.runInContext(context);
    finish();
    return exports;
  }
}

const EMPTY = new Script("");
const PROMISES = new Script("Promise.prototype");

/** Errors of the filter's realm are no instances of this one's `Error`. */
function toScriptError(error: unknown): ScriptError {
  if (!types.isNativeError(error)) {
    return { name: undefined, message: String(error), stack: undefined };
  }
  return { name: error.name, message: error.message, stack: error.stack };
}
