import { BuildError } from "../errors.ts";
import { BUNDLE_NAME } from "../source-map.ts";
import { EngineInstance } from "../wasm/instance.ts";
import type { Bundle } from "./bundle.ts";
import { compilerModule } from "./engine-module.ts";
import { describeScriptError, parseScriptError, titleOf } from "./script-error.ts";

/**
 * Compiles a bundle to the engine's bytecode.
 *
 * @param entry - absolute path of the filter's file
 * @throws BuildError when the engine refuses what esbuild let pass: the insides of a regular expression, mostly
 */
export async function compile(bundle: Bundle, entry: string): Promise<Uint8Array> {
  const compiler = new EngineInstance(await compilerModule(), (name) => () => {
    throw new Error(`compiler.wasm called ${name}`);
  });
  givePositions(compiler, bundle);
  const source = Buffer.from(bundle.script);
  const name = Buffer.from(BUNDLE_NAME);
  const failed = compiler.call(
    "compile",
    compiler.write("allocate", source),
    source.length,
    compiler.write("allocate", name),
    name.length,
  );
  const [pointer, length] = [compiler.call("result_ptr"), compiler.call("result_len")];
  if (failed !== 0) {
    const error = parseScriptError(compiler.readText(pointer, length));
    // It names no place for what is wrong inside a regular expression.
    const hint = error.stack === "" ? " (in a regular expression of this file or of its imports)" : "";
    throw new BuildError(describeScriptError(error, titleOf(error) + hint, bundle, entry));
  }
  return compiler.read(pointer, length);
}

/** The bytecode's line tables get the places of the sources, so that stacks in a host's log have them. */
function givePositions(compiler: EngineInstance, { map, names }: Bundle): void {
  const { rows } = map;
  const table = Int32Array.from(rows.flat());
  const files = map.sources.map((source) => `${names.nameOf(source)}\0`).join("");
  compiler.call(
    "set_positions",
    compiler.write("allocate", new Uint8Array(table.buffer)),
    rows.length,
    compiler.write("allocate", Buffer.from(files)),
    map.sources.length,
  );
}
