import type { Edit } from "./edits.ts";

/** Edits that let a build leave out what few programs need, and one that lets it count. */
export const SIZE_EDITS: readonly Edit[] = [
  {
    file: "quickjs.h",
    why: "LLVM would compare the whole value, with constants of 64 bits that take ten bytes each or a load; a tag is small",
    find: "    return JS_VALUE_GET_TAG(v) == JS_TAG_EXCEPTION;\n",
    replace:
      "    int tag = JS_VALUE_GET_TAG(v);\n    if (!__builtin_constant_p(tag))\n" +
      '        __asm__("" : "+r"(tag));\n    return tag == JS_TAG_EXCEPTION;\n',
  },
  {
    file: "quickjs.c",
    why: "`**` and the slow path of `%` call functions that a build takes away when no code has these operators (src/shim/prune_heap.c)",
    find: "static no_inline __exception int js_binary_arith_slow(",
    replace:
      "static double (*operator_pow)(double, double) = js_math_pow;\n" +
      "static double (*operator_mod)(double, double) = fmod;\n\n" +
      "static no_inline __exception int js_binary_arith_slow(",
  },
  {
    file: "quickjs.c",
    why: "the same, of small integers",
    find: "            sp[-2] = js_number(js_math_pow(v1, v2));\n",
    replace: "            sp[-2] = js_number(operator_pow(v1, v2));\n",
  },
  {
    file: "quickjs.c",
    why: "the same, of all other numbers",
    find: "            dr = js_math_pow(d1, d2);\n",
    replace: "            dr = operator_pow(d1, d2);\n",
  },
  {
    file: "quickjs.c",
    why: "the same for `%`",
    find: "                sp[-2] = js_number(fmod(v1, v2));\n",
    replace: "                sp[-2] = js_number(operator_mod(v1, v2));\n",
  },
  {
    file: "quickjs.c",
    why: "the same for `%`",
    find: "            dr = fmod(d1, d2);\n",
    replace: "            dr = operator_mod(d1, d2);\n",
  },
  {
    file: "quickjs.c",
    why: "the same for `arguments` of functions that are not strict (src/shim/prune_classes.c)",
    find: "static JSValue build_for_in_iterator(JSContext *ctx, JSValue obj)\n{\n",
    replace:
      "static JSValue (*mapped_arguments)(JSContext *ctx, int argc, JSValueConst *argv, JSStackFrame *sf,\n" +
      "                                   int arg_count) = js_build_mapped_arguments;\n\n" +
      "static JSValue build_for_in_iterator(JSContext *ctx, JSValue obj)\n{\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "                    *sp++ = js_build_mapped_arguments(ctx, argc, argv,\n",
    replace: "                    *sp++ = mapped_arguments(ctx, argc, argv,\n",
  },
  {
    file: "quickjs.c",
    why: "the same for objects that are made when they are first read: a build makes those that are named (src/shim/prune.c)",
    find: "static JSValue JS_InstantiateFunctionListItem2(JSContext *ctx, JSObject *p,\n                                               JSAtom atom, void *opaque)\n{\n",
    replace:
      "static JSValue (*lazy_object)(JSContext *ctx, JSValueConst proto, const JSCFunctionListEntry *fields,\n" +
      "                              int n_fields) = JS_NewObjectProtoList;\n\n" +
      "static JSValue JS_InstantiateFunctionListItem2(JSContext *ctx, JSObject *p,\n                                               JSAtom atom, void *opaque)\n{\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "        val = JS_NewObjectProtoList(ctx, proto,\n                                    e->u.prop_list.tab",
    replace: "        val = lazy_object(ctx, proto,\n                                    e->u.prop_list.tab",
  },
  {
    file: "quickjs.c",
    why: "one copy of it, and all of it: everything frees",
    find: "void js_free_rt(JSRuntime *rt, void *ptr)\n{\n    JSMallocState *s;\n\n    if (!ptr)",
    replace: "no_inline void js_free_rt(JSRuntime *rt, void *ptr)\n{\n    JSMallocState *s;\n\n    if (!ptr)",
  },
  {
    file: "quickjs.c",
    why: "what JSON.parse does with a reviver is taken away when no code gives it one (src/shim/prune_builtins.c)",
    find: "static JSValue js_json_parse(JSContext *ctx, JSValueConst this_val,\n                             int argc, JSValueConst *argv)\n{\n",
    replace:
      "static JSValue js_json_revive(JSContext *ctx, JSValueConst this_val,\n                              int argc, JSValueConst *argv)\n{\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "static JSValue js_json_rawJSON(",
    replace:
      "static JSValue (*json_revive)(JSContext *ctx, JSValueConst this_val, int argc,\n" +
      "                              JSValueConst *argv) = js_json_revive;\n\n" +
      "static JSValue js_json_parse(JSContext *ctx, JSValueConst this_val,\n                             int argc, JSValueConst *argv)\n{\n" +
      "    if (argc > 1 && JS_IsFunction(ctx, argv[1]))\n        return json_revive(ctx, this_val, argc, argv);\n" +
      "    size_t len;\n    const char *str = JS_ToCStringLen(ctx, &len, argv[0]);\n    if (!str)\n        return JS_EXCEPTION;\n" +
      '    JSValue obj = JS_ParseJSON_internal(ctx, str, len, "<input>", NULL);\n' +
      "    JS_FreeCString(ctx, str);\n    return obj;\n}\n\n" +
      "static JSValue js_json_rawJSON(",
  },
  {
    file: "quickjs.c",
    why: "the same: the texts of values are for a reviver",
    find: "static JSValue json_parse_value(JSParseState *s, JSONParseRecord *pr)\n{\n",
    replace:
      "static JSONParseRecord *(*parse_record_add)(JSContext *ctx, JSONParseRecord *pr, JSAtom key,\n" +
      "                                            int *psize) = json_parse_record_add;\n\n" +
      "static JSValue json_parse_value(JSParseState *s, JSONParseRecord *pr)\n{\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "                        pr1 = json_parse_record_add(ctx, pr, prop_name, &pr_size);\n",
    replace: "                        pr1 = parse_record_add(ctx, pr, prop_name, &pr_size);\n",
  },
  {
    file: "quickjs.c",
    why: "names that are numbers are sorted by what is a fifth of the general function, and as quick",
    find: "        rqsort(tab_atom, num_keys_count, sizeof(tab_atom[0]), num_keys_cmp,\n               ctx);\n",
    replace: "        sort_num_keys(ctx, tab_atom, num_keys_count);\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "static void js_free_prop_enum(JSContext *ctx, JSPropertyEnum *tab, uint32_t len)\n",
    replace:
      "static void sort_num_keys(JSContext *ctx, JSPropertyEnum *keys, uint32_t count);\n\n" +
      "static void js_free_prop_enum(JSContext *ctx, JSPropertyEnum *tab, uint32_t len)\n",
  },
  {
    file: "quickjs.c",
    why: "the runtime has no parser, which alone compiles the patterns of literals",
    find: "    ctx->compile_regexp = js_compile_regexp;\n",
    replace: "#ifndef QJS_DISABLE_PARSER\n    ctx->compile_regexp = js_compile_regexp;\n#endif\n",
  },
  ...withoutScopes(),
  {
    file: "quickjs.c",
    why: "a module has one context, which lives as long as its VM",
    find: "    assert(JS_REF_COUNT(ctx) == 0);\n",
    replace: "    assert(JS_REF_COUNT(ctx) == 0);\n#ifdef __wasm__\n    return;\n#endif\n",
  },
];

/** Of a variable only its name, what kind it is and its reference are read at run time: 8 of 20 bytes. */
function withoutScopes(): Edit[] {
  const why = "the scopes of variables are the parser's, which the runtime does not have";
  const unlessParser = (text: string) => `#if !defined(QJS_DISABLE_PARSER) || defined(ENABLE_DUMPS)\n${text}#endif\n`;
  const level = "    /* index into fd->scopes of this variable lexical scope */\n    int scope_level;\n";
  const next = "       variable in the same or enclosing lexical scope\n    */\n    int scope_next;\n";
  const pool = "    int func_pool_idx; /* only used during compilation : index in\n";
  const written = "            bc_put_leb128(s, vd->scope_level);\n            bc_put_leb128(s, vd->scope_next + 1);\n";
  const read =
    "            if (bc_get_leb128_int(s, &vd->scope_level))\n                goto fail;\n" +
    "            if (bc_get_leb128_int(s, &vd->scope_next))\n                goto fail;\n            vd->scope_next--;\n";
  const readAndForgotten =
    "            int scope;\n            if (bc_get_leb128_int(s, &scope) || bc_get_leb128_int(s, &scope))\n" +
    "                goto fail;\n";
  return [
    { file: "quickjs.c", why, find: level, replace: unlessParser(level) },
    {
      file: "quickjs.c",
      why,
      find: next,
      replace: next.replace("    int scope_next;\n", unlessParser("    int scope_next;\n")),
    },
    {
      file: "quickjs.c",
      why,
      find: `${pool}                          the constant pool for hoisted function\n                          definition */\n} JSVarDef;\n`,
      replace: `${unlessParser("    int func_pool_idx;\n")}} JSVarDef;\n`,
    },
    { file: "quickjs.c", why, find: written, replace: unlessParser(written) },
    { file: "quickjs.c", why, find: read, replace: readAndForgotten },
  ];
}
