import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import ts from "typescript";

const root = fileURLToPath(new URL("../../", import.meta.url));
const file = `${root}test/types/virtual.ts`;

function projectOptions(): ts.CompilerOptions {
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
 * @param where - in this file, or in all that it leads to as well: those have one type check in the gate, with the project's options
 */
export function typeErrors(
  text: string,
  more: ts.CompilerOptions = {},
  where: "this file" | "all files" = "this file",
): string[] {
  const options = { ...projectOptions(), ...more };
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
  const checked = where === "all files" ? undefined : virtual;
  const found = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...program.getSyntacticDiagnostics(checked),
    ...program.getSemanticDiagnostics(checked),
  ];
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}
