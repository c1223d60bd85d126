import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { ts } from "../../scripts/lint/typescript.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const file = `${root}test/types/virtual.ts`;

const projectOptions = readProjectOptions();

function readProjectOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, (path) => readFileSync(path, "utf8")) as {
    config: object;
  };
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}

/** The files from the disk, which do not change while tests run: to read and bind them is most of the work. */
const files = new Map<string, ts.SourceFile | undefined>();

/**
 * What tsc says to a file's text, with the project's own options and with others that hide them.
 *
 * @param where - to this file, which is quicker, or to all that it leads to as well: the type check has checked those, with the project's options
 */
export function typeErrors(
  text: string,
  more: ts.CompilerOptions = {},
  where: "this file" | "all files" = "this file",
): string[] {
  const options = { ...projectOptions, ...more };
  const disk = ts.createCompilerHost(options);
  const virtual = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023);
  const host: ts.CompilerHost = {
    ...disk,
    getSourceFile: (name, ...rest) => {
      if (name === file) {
        return virtual;
      }
      if (!files.has(name)) {
        files.set(name, disk.getSourceFile(name, ...rest));
      }
      return files.get(name);
    },
    fileExists: (name) => name === file || disk.fileExists(name),
    readFile: (name) => (name === file ? text : disk.readFile(name)),
  };
  const program = ts.createProgram([file], options, host);
  const found = ts.getPreEmitDiagnostics(program, where === "all files" ? undefined : virtual);
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}
