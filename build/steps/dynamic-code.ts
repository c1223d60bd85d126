import type ts from "typescript";

import { messageWithFrame } from "../code-frame.ts";
import { BuildError } from "../errors.ts";
import type { BundleMap, OriginalPosition } from "../source-map.ts";

const WHY =
  "the module holds the filter's bytecode and no JavaScript parser, so that code cannot be made from a string at run time";

const MESSAGES = {
  eval: `eval cannot work: ${WHY}. Write the code as a function; read data with JSON.parse.`,
  Function: `new Function cannot work: ${WHY}. Write a function expression.`,
  import: `import() of a computed name cannot work: ${WHY}. Import the modules by name and choose among them.`,
} as const;

type DynamicCode = keyof typeof MESSAGES;

/** A bundle without these words needs no second look, and no TypeScript to look with. */
const MAY_BE_DYNAMIC = /\beval\b|\bFunction\b|\bimport\s*\(/;

/**
 * Refuses code that is made from strings. The bundle is searched, not the sources: it is what runs, without the parts of
 * dependencies that are not used.
 *
 * @throws BuildError with every place
 */
export async function refuseDynamicCode(script: string, map: BundleMap): Promise<void> {
  if (!MAY_BE_DYNAMIC.test(script)) {
    return;
  }
  const { default: typescript } = await import("typescript");
  const messages = findDynamicCode(typescript, script)
    .map((found) => ({ ...found, position: map.find(found.line, found.column) }))
    .filter(({ position, handled }) => !(handled && isDependency(position)))
    .map(({ kind, length, position }) =>
      position === undefined
        ? `error: ${MESSAGES[kind]}`
        : messageWithFrame(position, MESSAGES[kind], position.source, length),
    );
  if (messages.length > 0) {
    throw new BuildError(messages.join("\n\n"));
  }
}

function isDependency(position: OriginalPosition | undefined): boolean {
  return position !== undefined && /[/\\]node_modules[/\\]/.test(position.file);
}

interface Finding {
  readonly kind: DynamicCode;
  /** In the bundle, from 1. */
  readonly line: number;
  readonly column: number;
  readonly length: number;
  /** The code goes on without it: libraries try whether they may, and know another way. */
  readonly handled: boolean;
}

function findDynamicCode(typescript: typeof ts, script: string): Finding[] {
  const { file, isGlobal } = parse(typescript, script);
  const findings: Finding[] = [];
  const visit = (node: ts.Node): void => {
    if (typescript.isCallExpression(node) || typescript.isNewExpression(node)) {
      const kind = kindOfCall(node.expression);
      if (kind !== undefined) {
        const start = node.getStart(file);
        const { line, character } = file.getLineAndCharacterOfPosition(start);
        const length = node.getEnd() - start;
        findings.push({ kind, line: line + 1, column: character + 1, length, handled: isHandled(typescript, node) });
      }
    }
    typescript.forEachChild(node, visit);
  };
  const kindOfCall = (callee: ts.Expression): DynamicCode | undefined => {
    if (callee.kind === typescript.SyntaxKind.ImportKeyword) {
      return "import";
    }
    const name = globalName(typescript, callee, isGlobal);
    return name === "eval" || name === "Function" ? name : undefined;
  };
  visit(file);
  return findings;
}

/** The name of the global that an expression is: `eval`, `(0, eval)`, `globalThis.eval`, `globalThis["eval"]`. */
function globalName(
  typescript: typeof ts,
  expression: ts.Expression,
  isGlobal: (name: ts.Identifier) => boolean,
): string | undefined {
  let bare = expression;
  while (typescript.isParenthesizedExpression(bare)) {
    bare = bare.expression;
  }
  if (typescript.isBinaryExpression(bare) && bare.operatorToken.kind === typescript.SyntaxKind.CommaToken) {
    return globalName(typescript, bare.right, isGlobal);
  }
  if (typescript.isIdentifier(bare)) {
    return isGlobal(bare) ? bare.text : undefined;
  }
  if (typescript.isPropertyAccessExpression(bare)) {
    return isGlobalThis(bare.expression) ? bare.name.text : undefined;
  }
  if (typescript.isElementAccessExpression(bare) && typescript.isStringLiteral(bare.argumentExpression)) {
    return isGlobalThis(bare.expression) ? bare.argumentExpression.text : undefined;
  }
  return undefined;

  function isGlobalThis(object: ts.Expression): boolean {
    return typescript.isIdentifier(object) && object.text === "globalThis";
  }
}

/** Inside a `try` with a `catch`, or the old idiom for the global object, which nothing reaches where globalThis exists. */
function isHandled(typescript: typeof ts, node: ts.CallExpression | ts.NewExpression): boolean {
  const only = node.arguments?.length === 1 ? node.arguments[0] : undefined;
  if (only !== undefined && typescript.isStringLiteral(only) && only.text === "return this") {
    return true;
  }
  let inner: ts.Node = node;
  for (let outer = node.parent; !typescript.isFunctionLike(outer) && !typescript.isSourceFile(outer);) {
    if (typescript.isTryStatement(outer) && outer.tryBlock === inner && outer.catchClause !== undefined) {
      return true;
    }
    inner = outer;
    outer = outer.parent;
  }
  return false;
}

/** The script's syntax tree, and whether a name in it is a global and not a variable of the script's own. */
function parse(
  typescript: typeof ts,
  script: string,
): { file: ts.SourceFile; isGlobal: (name: ts.Identifier) => boolean } {
  const name = "/bundle.js";
  const file = typescript.createSourceFile(name, script, typescript.ScriptTarget.ESNext, true);
  const options = { allowJs: true, noLib: true, noResolve: true, types: [] };
  const host: ts.CompilerHost = {
    getSourceFile: (path) => (path === name ? file : undefined),
    fileExists: (path) => path === name,
    readFile: () => undefined,
    writeFile: () => undefined,
    getDefaultLibFileName: () => "lib.d.ts",
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
  };
  const checker = typescript.createProgram([name], options, host).getTypeChecker();
  return {
    file,
    isGlobal: (identifier) => (checker.getSymbolAtLocation(identifier)?.declarations ?? []).length === 0,
  };
}
