import { buildNamed } from "./meter/run.ts";
import { functionCode } from "../build/wasm/code.ts";
import { functionNames } from "../build/wasm/function-names.ts";
import { readModule } from "../build/wasm/module.ts";
import { writeFileSync } from "node:fs";
const w = await buildNamed(process.argv[2] as never);
const info = readModule(w); const names = functionNames(info);
const out: [string, number][] = [...functionCode(info)].map(([i, b]) => [names.get(i) ?? String(i), b.length]);
writeFileSync(process.argv[3]!, JSON.stringify({bytes: w.length, fns: Object.fromEntries(out)}));
