/** Formats the project's C with clang-format: `tsx scripts/format-c.ts [--check]`. See .clang-format. */

import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

import { pythonTool } from "./python-tools.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDERS = ["src/shim", "build/engine", "test/shim"];

function cFiles(): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => /\.[ch]$/.test(name))
      .map((name) => join(ROOT, folder, name)),
  );
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const files = cFiles();
try {
  const mode = values.check ? ["--dry-run", "--Werror"] : ["-i"];
  await promisify(execFile)(await pythonTool("clang-format"), [...mode, ...files]);
  console.log(`clang-format: ${files.length} files`);
} catch (error) {
  const { stderr = "" } = error as { stderr?: string };
  console.error(stderr === "" ? String(error) : stderr.replaceAll(ROOT, relative(process.cwd(), ROOT)));
  console.error("Run npm run format.");
  process.exitCode = 1;
}
