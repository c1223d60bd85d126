import type { CallExpression, Expression, ImportExpression, NewExpression, Node, Super } from "acorn";

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

/** A bundle without these words needs no second look, and no parser to look with. */
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
  const messages = (await findDynamicCode(script))
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

async function findDynamicCode(script: string): Promise<Finding[]> {
  const [{ getLineInfo, parse }, { ancestor, full }] = await Promise.all([import("acorn"), import("acorn-walk")]);
  const program = parse(script, { ecmaVersion: "latest", allowReturnOutsideFunction: true });
  const own = new Set<string>();
  full(program, (node, _state, type) => {
    // The walker's name for an identifier that is declared: a variable, a parameter, a function, a class.
    if (type === "VariablePattern") {
      own.add((node as Node & { name: string }).name);
    }
  });
  const findings: Finding[] = [];
  const visit = (node: CallExpression | NewExpression | ImportExpression, _state: unknown, ancestors: Node[]): void => {
    const kind = node.type === "ImportExpression" ? "import" : globalName(node.callee, own);
    if (kind === "import" || kind === "eval" || kind === "Function") {
      const { line, column } = getLineInfo(script, node.start);
      const length = node.end - node.start;
      findings.push({ kind, line, column: column + 1, length, handled: isHandled(node, ancestors) });
    }
  };
  ancestor(program, { CallExpression: visit, NewExpression: visit, ImportExpression: visit });
  return findings;
}

/**
 * The name of the global that an expression is: `eval`, `(0, eval)`, `globalThis.eval`, `globalThis["eval"]`.
 *
 * @param own - the names that the script declares anywhere: esbuild gives none of them a global's name that is used
 */
function globalName(expression: Expression | Super, own: ReadonlySet<string>): string | undefined {
  if (expression.type === "ParenthesizedExpression") {
    return globalName(expression.expression, own);
  }
  if (expression.type === "SequenceExpression") {
    const last = expression.expressions.at(-1);
    return last && globalName(last, own);
  }
  if (expression.type === "Identifier") {
    return own.has(expression.name) ? undefined : expression.name;
  }
  if (expression.type === "MemberExpression" && isGlobalThis(expression.object, own)) {
    const { property, computed } = expression;
    if (computed) {
      return property.type === "Literal" ? String(property.value) : undefined;
    }
    return property.type === "Identifier" ? property.name : undefined;
  }
  return undefined;
}

function isGlobalThis(object: Expression | Super, own: ReadonlySet<string>): boolean {
  return object.type === "Identifier" && globalName(object, own) === "globalThis";
}

/** Inside a `try` with a `catch`, or the old idiom for the global object, which nothing reaches where globalThis exists. */
function isHandled(node: CallExpression | NewExpression | ImportExpression, ancestors: readonly Node[]): boolean {
  const only = "arguments" in node && node.arguments.length === 1 ? node.arguments[0] : undefined;
  if (only?.type === "Literal" && only.value === "return this") {
    return true;
  }
  for (let at = ancestors.length - 1; at > 0; at -= 1) {
    const outer = ancestors[at - 1];
    if (outer === undefined || outer.type.includes("Function")) {
      return false;
    }
    if (isTry(outer) && outer.block === ancestors[at] && outer.handler !== null) {
      return true;
    }
  }
  return false;
}

function isTry(node: Node): node is Node & { block: Node; handler: Node | null } {
  return node.type === "TryStatement";
}
