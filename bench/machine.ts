import { execFile } from "node:child_process";
import { arch, cpus, type } from "node:os";
import { promisify } from "node:util";

import { pythonTool } from "../scripts/python-tools.ts";
import type { Baseline } from "./baseline.ts";
import { versionOf } from "./build.ts";
import type { VariantName } from "./modules.ts";
import type { Result } from "./result.ts";

/** The machine that this runs on. */
export function machine(): Result["machine"] {
  const all = cpus();
  return { cpu: all[0]?.model ?? "unknown CPU", cores: all.length, system: `${type()} ${arch()}` };
}

/** The versions of everything that has a part in a result. */
export async function versions(
  variants: readonly VariantName[],
  baseline: Baseline | undefined,
): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await promisify(execFile)(await pythonTool("envoy"), ["--version"]);
  const [, envoy = stdout.trim()] = /version: \w+\/([\w.-]+)/.exec(stdout) ?? [];
  const found: Record<string, string> = { Envoy: envoy, Node: process.version };
  for (const variant of variants) {
    const version = await versionOf(variant);
    if (version !== undefined) {
      found[variant] = version;
    }
  }
  return baseline === undefined ? found : { ...found, [baseline.variant]: baseline.version };
}
