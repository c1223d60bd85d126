import { keepFreeBlocks, keepLargeBlock, zeroFreeBlocks } from "./allocator-edits.ts";
import { ASYNC_EDITS } from "./async-edits.ts";
import { BYTECODE_ATOM_EDITS, PARSER_ATOM_EDITS } from "./atom-edits.ts";
import { FIELD_EDITS } from "./field-edits.ts";
import { GUARD_EDITS } from "./guard-edits.ts";
import { ITERATION_EDITS } from "./iteration-edits.ts";
import { JSON_EDITS } from "./json-edits.ts";
import { PLAN_EDITS } from "./plan-edits.ts";
import { REMOVED_EDITS } from "./removed-edits.ts";
import { RUN_EDITS } from "./run-edits.ts";
import { SIZE_EDITS } from "./size-edits.ts";
import { TEXT_EDITS } from "./text-edits.ts";
import type { SourceFiles } from "./source.ts";

/** A change of one named place of the engine's source. */
export interface Edit {
  readonly file: string;
  readonly why: string;
  /** Must occur exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** Edits for all modules. */
export const ENGINE_EDITS: readonly Edit[] = [
  {
    file: "quickjs.c",
    why: "in WebAssembly a switch is as fast as computed goto, and smaller",
    find: "#if defined(EMSCRIPTEN) || defined(_MSC_VER)\n#define DIRECT_DISPATCH  0",
    replace: "#if 1\n#define DIRECT_DISPATCH  0",
  },
  {
    file: "cutils.h",
    why: "a host may refuse the clock (capability restriction), and that must not become a trap",
    find: "  if (clock_gettime(CLOCK_MONOTONIC, &t))\n    abort();",
    replace: "  if (clock_gettime(CLOCK_MONOTONIC, &t))\n    return 0;",
  },
  {
    file: "quickjs.c",
    why: "a string is given back when there is no memory for its UTF-8; upstream loses it",
    find: "    return (const char *)str8(str_new);\nfail:\n",
    replace: "    return (const char *)str8(str_new);\nfail:\n    JS_FreeValue(ctx, val);\n",
  },
  ...BYTECODE_ATOM_EDITS,
];

/** Edits that only the compiler needs. */
export const COMPILER_EDITS: readonly Edit[] = [
  {
    file: "quickjs.c",
    why: "line tables have the places of the sources that the bundle came from",
    find: "static void compute_pc2line_info(JSFunctionDef *s)\n{\n",
    replace:
      "static void map_positions(JSFunctionDef *function);\n\n" +
      "static void compute_pc2line_info(JSFunctionDef *s)\n{\n    map_positions(s);\n",
  },
];

/** Edits that only the runtime needs, because they refer to the shim. */
export const SHIM_EDITS: readonly Edit[] = [
  ...ASYNC_EDITS,
  {
    file: "quickjs.c",
    why: "object literals: a property that is new in an ordinary object needs no more than its shape (field-edits.ts)",
    find:
      "                ret = JS_DefinePropertyValue(ctx, sp[-2], atom, sp[-1],\n" +
      "                                             JS_PROP_C_W_E | JS_PROP_THROW);\n" +
      "                sp--;\n" +
      "                if (unlikely(ret < 0))\n" +
      "                    goto exception;\n" +
      "            }\n            BREAK;\n\n        CASE(OP_set_name):",
    replace:
      "                ret = define_new_field(ctx, pc, sp[-2], atom, sp[-1]);\n" +
      "                if (ret == 0)\n" +
      "                    ret = JS_DefinePropertyValue(ctx, sp[-2], atom, sp[-1],\n" +
      "                                                 JS_PROP_C_W_E | JS_PROP_THROW);\n" +
      "                sp--;\n" +
      "                if (unlikely(ret < 0))\n" +
      "                    goto exception;\n" +
      "            }\n            BREAK;\n\n        CASE(OP_set_name):",
  },
  {
    file: "quickjs.c",
    why: "most object literals have more than two properties, and each growth is a reallocation",
    find: "#define JS_PROP_INITIAL_SIZE 2\n",
    replace: "#define JS_PROP_INITIAL_SIZE 4\n",
  },
  {
    file: "quickjs.c",
    why: "shapes outlive their last object: see src/shim/shapes.c",
    find:
      "    assert(JS_REF_COUNT(p->shape) == 1);\n" +
      "    if (add_shape_property(ctx, &p->shape, p, prop, prop_flags))\n        return NULL;\n",
    replace:
      "    assert(JS_REF_COUNT(p->shape) == 1);\n" +
      "    if (add_shape_property(ctx, &p->shape, p, prop, prop_flags))\n        return NULL;\n" +
      "    shim_shape_made(p->shape);\n",
  },
  {
    file: "quickjs.c",
    why: "the same for the shape that objects of a class begin with",
    find: "        sh = js_new_shape(ctx, proto);\n        if (!sh)\n            return JS_EXCEPTION;\n",
    replace:
      "        sh = js_new_shape(ctx, proto);\n        if (!sh)\n            return JS_EXCEPTION;\n" +
      "        shim_shape_made(sh);\n",
  },
  {
    file: "quickjs.c",
    why: "declares what the two edits before this one call",
    find: "static JSShape *js_dup_shape(JSShape *sh)\n",
    replace: "static void shim_shape_made(JSShape *sh);\n\nstatic JSShape *js_dup_shape(JSShape *sh)\n",
  },
  {
    file: "quickjs.c",
    why: "builtins are called from bytecode and as getters without a frame of the interpreter, and not through a table",
    find: "static JSValue JS_CallFree(JSContext *ctx, JSValue func_obj, JSValueConst this_obj,\n                           int argc, JSValueConst *argv);\n",
    replace:
      "static JSValue JS_CallFree(JSContext *ctx, JSValue func_obj, JSValueConst this_obj,\n" +
      "                           int argc, JSValueConst *argv);\n" +
      "static inline JSValue js_call_any(JSContext *ctx, JSValueConst func_obj, JSValueConst this_obj,\n" +
      "                                  int argc, JSValueConst *argv, int flags);\n",
  },
  {
    file: "quickjs.c",
    why: "the same: the arguments that are there are few, and not copied by a call of the host's memmove",
    find:
      "        for(i = 0; i < argc; i++)\n            arg_buf[i] = argv[i];\n" +
      "        for(i = argc; i < arg_count; i++)\n            arg_buf[i] = JS_UNDEFINED;\n        sf->arg_count = arg_count;\n",
    replace:
      "        for(i = 0; i < arg_count; i++)\n            arg_buf[i] = i < argc ? argv[i] : JS_UNDEFINED;\n        sf->arg_count = arg_count;\n",
  },
  {
    file: "quickjs.c",
    why: "the same: polls for an interrupt as the interpreter does",
    find: "/* argv[] is modified if (flags & JS_CALL_FLAG_COPY_ARGV) = 0. */\nstatic JSValue JS_CallInternal(JSContext *caller_ctx,",
    replace:
      "static inline JSValue js_call_any(JSContext *ctx, JSValueConst func_obj, JSValueConst this_obj,\n" +
      "                                  int argc, JSValueConst *argv, int flags)\n{\n" +
      "    if (likely(JS_VALUE_GET_TAG(func_obj) == JS_TAG_OBJECT &&\n" +
      "               JS_VALUE_GET_OBJ(func_obj)->class_id == JS_CLASS_C_FUNCTION)) {\n" +
      "        if (unlikely(js_poll_interrupts(ctx)))\n            return JS_EXCEPTION;\n" +
      "        return js_call_c_function(ctx, func_obj, this_obj, argc, argv, flags);\n    }\n" +
      "    return JS_CallInternal(ctx, func_obj, this_obj, JS_UNDEFINED, argc, argv, flags);\n}\n\n" +
      "/* argv[] is modified if (flags & JS_CALL_FLAG_COPY_ARGV) = 0. */\n" +
      "static JSValue JS_CallInternal(JSContext *caller_ctx,",
  },
  {
    file: "quickjs.c",
    why: "the same for functions",
    find:
      "                ret_val = JS_CallInternal(ctx, call_argv[-1], JS_UNDEFINED,\n" +
      "                                          JS_UNDEFINED, call_argc,\n" +
      "                                          vc(call_argv), 0);\n",
    replace: "                ret_val = js_call_any(ctx, call_argv[-1], JS_UNDEFINED, call_argc, vc(call_argv), 0);\n",
  },
  {
    file: "quickjs.c",
    why: "the same for methods",
    find:
      "                ret_val = JS_CallInternal(ctx, call_argv[-1], call_argv[-2],\n" +
      "                                          JS_UNDEFINED, call_argc,\n" +
      "                                          vc(call_argv), 0);\n",
    replace: "                ret_val = js_call_any(ctx, call_argv[-1], call_argv[-2], call_argc, vc(call_argv), 0);\n",
  },
  {
    file: "quickjs.c",
    why: "the same for getters and setters",
    find:
      "    JSValue res = JS_CallInternal(ctx, func_obj, this_obj, JS_UNDEFINED,\n" +
      "                                  argc, argv, JS_CALL_FLAG_COPY_ARGV);\n    JS_FreeValue(ctx, func_obj);\n",
    replace:
      "    JSValue res = js_call_any(ctx, func_obj, this_obj, argc, argv, JS_CALL_FLAG_COPY_ARGV);\n" +
      "    JS_FreeValue(ctx, func_obj);\n",
  },
  {
    file: "quickjs.c",
    why: "the strings of a tagged template are frozen, their length too, which upstream loses when they are read from bytecode",
    find: "        JS_PreventExtensions(ctx, obj);\n    }\n    return obj;\n fail:\n    JS_FreeValue(ctx, obj);\n    return JS_EXCEPTION;\n}\n\nstatic JSValue JS_ReadTypedArray(",
    replace:
      "        JS_PreventExtensions(ctx, obj);\n" +
      "        if (JS_DefineProperty(ctx, obj, JS_ATOM_length, JS_UNDEFINED, JS_UNDEFINED, JS_UNDEFINED,\n" +
      "                              JS_PROP_HAS_WRITABLE) < 0)\n            goto fail;\n" +
      "    }\n    return obj;\n fail:\n    JS_FreeValue(ctx, obj);\n    return JS_EXCEPTION;\n}\n\n" +
      "static JSValue JS_ReadTypedArray(",
  },
  {
    file: "quickjs.c",
    why: "a bundle has no modules, and without them 8 KB of code are out of reach",
    find: "                val = js_dynamic_import(ctx, sp[-2], sp[-1]);",
    replace: '                val = JS_ThrowTypeError(ctx, "import() of a name that is not known at build time");',
  },
  {
    file: "quickjs.c",
    why: "a bundle has no modules",
    find: "    js_module_ns_autoinit, /*",
    replace: "    NULL, /*",
  },
  {
    file: "quickjs.c",
    why: "reading a builtin that was left out of the module (src/shim/prune.c) throws; the bytecode's place is free, see below",
    find: "    js_bytecode_autoinit, /*",
    replace: "    shim_removed_builtin, /*",
  },
  {
    file: "quickjs.c",
    why: "declares it",
    find: "static JSAutoInitFunc *const js_autoinit_func_table[] = {\n",
    replace:
      "static JSValue shim_removed_builtin(JSContext *ctx, JSObject *object, JSAtom name, void *opaque);\n\n" +
      "static JSAutoInitFunc *const js_autoinit_func_table[] = {\n",
  },
  {
    file: "quickjs.c",
    why: "and it throws each time, not only the first time",
    find:
      "    js_autoinit_free(ctx->rt, pr);\n" +
      "    prs->flags &= ~JS_PROP_TMASK;\n" +
      "    pr->u.value = JS_UNDEFINED;\n" +
      "    if (JS_IsException(val))\n        return -1;\n",
    replace:
      "    if (JS_IsException(val))\n        return -1;\n" +
      "    js_autoinit_free(ctx->rt, pr);\n" +
      "    prs->flags &= ~JS_PROP_TMASK;\n",
  },
  {
    file: "quickjs.c",
    why: "declares what the edits of regular expressions call",
    find: "/* create a string containing the RegExp bytecode */\n",
    replace:
      "static uint8_t *shim_compile_regexp(int *size, char *error, int error_size, const char *pattern,\n" +
      "                                    size_t pattern_size, int flags, void *context);\n" +
      "static bool shim_has_regexp_compiler(JSContext *ctx);\n" +
      "static JSValue shim_regexp_with_flags(JSContext *ctx, const JSRegExp *regexp, JSValueConst flags);\n\n" +
      "/* create a string containing the RegExp bytecode */\n",
  },
  {
    file: "quickjs.c",
    why: "the compiler of patterns is left out of a module whose code has regular expressions as literals only",
    find: "    re_flags = 0;\n    if (!JS_IsUndefined(flags)) {\n        str = JS_ToCStringLen(ctx, &len, flags);\n",
    replace:
      "    if (!shim_has_regexp_compiler(ctx))\n        return JS_EXCEPTION;\n" +
      "    re_flags = 0;\n    if (!JS_IsUndefined(flags)) {\n        str = JS_ToCStringLen(ctx, &len, flags);\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "    re_bytecode_buf = lre_compile(&re_bytecode_len, error_msg,\n",
    replace: "    re_bytecode_buf = shim_compile_regexp(&re_bytecode_len, error_msg,\n",
  },
  {
    file: "quickjs.c",
    why: "split and matchAll compile a pattern again for other flags that change nothing of it",
    find: "            flags = JS_ToString(ctx, flags1);\n            if (JS_IsException(flags))\n                goto fail;\n        }\n",
    replace:
      "            flags = JS_ToString(ctx, flags1);\n            if (JS_IsException(flags))\n                goto fail;\n" +
      "            bc = shim_regexp_with_flags(ctx, re, flags);\n            if (JS_IsException(bc))\n                goto fail;\n" +
      "            if (!JS_IsUndefined(bc)) {\n                JS_FreeValue(ctx, flags);\n                goto no_compilation;\n" +
      "            }\n        }\n",
  },
  ...FIELD_EDITS,
  ...RUN_EDITS,
  ...ITERATION_EDITS,
  ...zeroFreeBlocks(),
  ...PLAN_EDITS,
  ...withoutBytecodeBuiltins(),
  ...PARSER_ATOM_EDITS,
  ...SIZE_EDITS,
  ...REMOVED_EDITS,
  ...TEXT_EDITS,
  ...GUARD_EDITS,
  ...keepLargeBlock(),
  ...keepFreeBlocks(),
  ...JSON_EDITS,
];

/**
 * Array.fromAsync, Iterator.zip and Iterator.zipKeyed are bytecode that is read when they are first used. Without these three
 * nothing reads bytecode at run time, and 18 KB are out of reach.
 */
function withoutBytecodeBuiltins(): Edit[] {
  const why = "nothing reads bytecode at run time";
  const definitions = [
    ["obj2, JS_ATOM_zip, JS_AUTOINIT_ID_BYTECODE", "JS_BUILTIN_ITERATOR_ZIP"],
    ["obj2, JS_ATOM_zipKeyed, JS_AUTOINIT_ID_BYTECODE", "JS_BUILTIN_ITERATOR_ZIP_KEYED"],
    ["obj1, JS_ATOM_fromAsync,\n                              JS_AUTOINIT_ID_BYTECODE", "JS_BUILTIN_ARRAY_FROMASYNC"],
  ] as const;
  return [
    ...definitions.map(([what, builtin]) => ({
      file: "quickjs.c",
      why,
      find:
        `    JS_DefineAutoInitProperty(ctx, ${what},\n` +
        `                              (void *)(uintptr_t)${builtin},\n` +
        "                              JS_PROP_WRITABLE|JS_PROP_CONFIGURABLE);\n",
      replace: "",
    })),
  ];
}

/**
 * The files with all edits made.
 *
 * @throws Error when a place is not there exactly once: the source is another version than the edits were written for
 */
export function applyEdits(files: SourceFiles, edits: readonly Edit[]): SourceFiles {
  const edited = new Map(files);
  for (const { file, find, replace, why } of edits) {
    const text = edited.get(file);
    const count = text === undefined ? 0 : text.split(find).length - 1;
    if (text === undefined || count !== 1) {
      const place = JSON.stringify(find.trim().split("\n")[0]);
      throw new Error(
        `cannot edit the engine's ${file} (${why}): the place that starts with ${place} is there ${count} times, expected once. ` +
          "build/engine/edits.ts was written for another version of the source.",
      );
    }
    edited.set(
      file,
      text.replace(find, () => replace),
    );
  }
  return edited;
}
