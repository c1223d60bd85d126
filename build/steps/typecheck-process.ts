/** Checks a filter's types in a process of its own: the compiler takes longer than the rest of a build, and blocks. */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

import ts from "typescript";

import { globalTypes, isOfSdk, PUBLIC_MODULES, sdkTypes } from "../package-files.ts";
import { recordQuestions } from "./file-questions.ts";
import { rememberCheck } from "./typecheck-memory.ts";

/** What the process sends when it is done. */
export interface TypeCheckResult {
  readonly errors: number;
  /** The errors as `tsc --pretty` shows them, without colours. */
  readonly text: string;
  /** How many files were checked, beside declarations. */
  readonly files: number;
  readonly milliseconds: number;
}

/** For a filter that is in no project. */
const DEFAULTS: ts.CompilerOptions = {
  strict: true,
  target: ts.ScriptTarget.ES2023,
  lib: ["lib.es2023.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: [],
  skipLibCheck: true,
  resolveJsonModule: true,
};

/** A check writes nothing, and a bundle may import TypeScript by its full name. */
const FIXED: ts.CompilerOptions = {
  noEmit: true,
  allowImportingTsExtensions: true,
  composite: false,
  incremental: false,
};

function check(entry: string): TypeCheckResult {
  const project = readProject(entry);
  // As in the bundle: the SDK of the package that builds, also where it is not installed.
  const paths = Object.fromEntries(Object.entries(PUBLIC_MODULES).map(([name, module]) => [name, [sdkTypes(module)]]));
  const options = { ...project.options, ...FIXED, paths: { ...project.options.paths, ...paths } };
  // The filter and what it imports; of the rest of the project, only declarations can matter to it.
  const declarations = project.fileNames.filter((name) => name.endsWith(".d.ts"));
  const program = ts.createProgram([entry, ...declarations], options);
  const diagnostics = [...project.errors, ...diagnosticsOf(program)].filter(isOurs);
  return {
    errors: diagnostics.length,
    text: stripVTControlCharacters(ts.formatDiagnosticsWithColorAndContext(diagnostics, formatHost)),
    files: program.getSourceFiles().filter((file) => !file.isDeclarationFile && !isOfSdk(file.fileName)).length,
    // Since the process began: that is what a build waits for.
    milliseconds: performance.now(),
  };
}

/** The SDK, which is most of the code in a checkout, is read and not checked. */
function diagnosticsOf(program: ts.Program): readonly ts.Diagnostic[] {
  const files = program.getSourceFiles().filter(({ fileName }) => !isOfSdk(fileName));
  return ts.sortAndDeduplicateDiagnostics(files.flatMap((file) => ts.getPreEmitDiagnostics(program, file)));
}

function readProject(entry: string): Pick<ts.ParsedCommandLine, "options" | "fileNames" | "errors"> {
  const file = ts.findConfigFile(dirname(entry), (name) => ts.sys.fileExists(name));
  if (file === undefined) {
    return { options: DEFAULTS, fileNames: [globalTypes], errors: [] };
  }
  const errors: ts.Diagnostic[] = [];
  const host = {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic: ts.Diagnostic) => {
      errors.push(diagnostic);
    },
  };
  const parsed = ts.getParsedCommandLineOfConfigFile(file, FIXED, host);
  return parsed ?? { options: DEFAULTS, fileNames: [], errors };
}

/** TS18003: a project that lists no files; the filter's is known. */
const NO_INPUTS = 18003;

/** The SDK in a checkout is TypeScript, written for other options than the filter's; it is checked with the package. */
function isOurs(diagnostic: ts.Diagnostic): boolean {
  return (
    diagnostic.category === ts.DiagnosticCategory.Error &&
    diagnostic.code !== NO_INPUTS &&
    !(diagnostic.file !== undefined && isOfSdk(diagnostic.file.fileName))
  );
}

const formatHost: ts.FormatDiagnosticsHost = {
  getCurrentDirectory: () => process.cwd(),
  getCanonicalFileName: (name) => name,
  getNewLine: () => "\n",
};

const entry = String(process.argv[2]);
const questions = recordQuestions(ts.sys);
// What decides beside the filter's files: this check itself, and the compiler.
for (const module of [import.meta.url, import.meta.resolve("typescript")]) {
  ts.sys.readFile(fileURLToPath(module));
}
const result = check(entry);
rememberCheck(entry, result.errors === 0 ? { questions, files: result.files } : undefined);
process.send?.(result);
