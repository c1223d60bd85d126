import type { Edit } from "./edits.ts";

/**
 * The predefined atoms that only the parser uses, by their names in the engine. In a module each would be 35 bytes of its heap. When the
 * runtime uses one after all, it does not compile.
 */
const OF_PARSER = `
  if else var this delete void typeof new in instanceof do while for break continue switch case try catch finally debugger class const
  enum export extends import super using implements interface let package private protected public static yield await of __proto__
  _eval_ _ret_ _var_ _arg_var_ _with_ _using_dispose_ use dispose disposeAsync target defineProperties concat split new_target
  this_active_func home_object computed_field static_computed_field class_fields_init hash_constructor as from fromAsync meta _default_
  async zip zipKeyed Math JSON Proxy EvalError RangeError ReferenceError SyntaxError TypeError URIError InternalError SuppressedError
`;

const why = "the bytecode has predefined atoms by their names: the compiler knows more of them than the runtime";

const FIRST_ATOM =
  "    if (s->allow_bytecode)\n        s->first_atom = JS_ATOM_END;\n    else\n        s->first_atom = 1;\n";

/** The bytecode has the same atoms for the compiler and for the runtime. Symbols have no name, and are counted from the last. */
export const BYTECODE_ATOM_EDITS: readonly Edit[] = [
  {
    file: "quickjs.c",
    why,
    find: `${FIRST_ATOM}    js_dbuf_init`,
    replace: "    s->first_atom = 1;\n    js_dbuf_init",
  },
  {
    file: "quickjs.c",
    why,
    find: `${FIRST_ATOM}    if (JS_ReadObjectAtoms`,
    replace: "    s->first_atom = 1;\n    if (JS_ReadObjectAtoms",
  },
  {
    file: "quickjs.c",
    why,
    find: "        if (__JS_AtomIsConst(atom)) {\n            if (atom < 64) {\n",
    replace:
      "        if (atom >= JS_ATOM_Symbol_toPrimitive && __JS_AtomIsConst(atom)) {\n" +
      "            atom = JS_ATOM_END - atom;\n            if (atom < 64) {\n",
  },
  {
    file: "quickjs.c",
    why,
    find: "            atom = (atom << 6) | (type & 0x3F);\n",
    replace: "            atom = JS_ATOM_END - ((atom << 6) | (type & 0x3F));\n",
  },
];

/** For the runtime, which has no parser. */
export const PARSER_ATOM_EDITS: readonly Edit[] = [
  {
    file: "quickjs-atom.h",
    why: "what only the parser uses is not there: see OF_PARSER",
    find: "#ifdef DEF\n",
    replace: "#ifdef DEF\n#define PARSER_DEF(name, text)\n",
  },
  ...OF_PARSER.trim()
    .split(/\s+/)
    .map((name) => ({
      file: "quickjs-atom.h",
      why: "only the parser uses it",
      find: `\nDEF(${name}, `,
      replace: `\nPARSER_DEF(${name}, `,
    })),
];
