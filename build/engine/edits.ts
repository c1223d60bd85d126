import { keepFreeBlocks, keepLargeBlock, zeroFreeBlocks } from "./allocator-edits.ts";
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
  {
    file: "quickjs.c",
    why: "a promise knows the hook that waits for it: no reaction or job is needed to resume a stream",
    find: "typedef struct JSPromiseData {\n",
    replace:
      "struct PausedHook;\nstatic void shim_hook_settled(struct PausedHook *hook);\n\n" +
      "typedef struct JSPromiseData {\n    struct PausedHook *paused_hook;\n" +
      "    struct JSAsyncFunctionData *awaiter; /* comes before all reactions; owned */\n" +
      "    uint32_t awaiter_owner; /* see src/shim/promises.c */\n",
  },
  {
    file: "quickjs.c",
    why: "tells the shim that such a promise has settled",
    find:
      "    list_for_each_safe(el, el1, &s->promise_reactions[1 - is_reject]) {\n" +
      "        rd = list_entry(el, JSPromiseReactionData, link);\n" +
      "        list_del(&rd->link);\n" +
      "        promise_reaction_data_free(ctx->rt, rd);\n    }\n",
    replace:
      "    list_for_each_safe(el, el1, &s->promise_reactions[1 - is_reject]) {\n" +
      "        rd = list_entry(el, JSPromiseReactionData, link);\n" +
      "        list_del(&rd->link);\n" +
      "        promise_reaction_data_free(ctx->rt, rd);\n    }\n" +
      "    if (s->paused_hook)\n        shim_hook_settled(s->paused_hook);\n",
  },
  {
    file: "quickjs.c",
    why: "an interrupted async function rejects its promise; upstream leaves it pending, and its stream would hang for ever",
    find:
      "        if (unlikely(JS_IsUncatchableError(ctx->rt->current_exception))) {\n" +
      "            is_success = false;\n" +
      "        } else {\n" +
      "            JSValue error = JS_GetException(ctx);\n" +
      "            ret2 = JS_Call(ctx, s->resolving_funcs[1], JS_UNDEFINED,\n" +
      "                           1, vc(&error));\n",
    replace:
      "        {\n" +
      "            JSValue error = JS_GetException(ctx);\n" +
      "            ret2 = shim_settle_async(ctx, s->resolving_funcs[0], error, true);\n",
  },
  {
    file: "quickjs.c",
    why: "an async function settles its promise itself: resolving functions would be two objects that nobody sees",
    find: "    promise = JS_NewPromiseCapability(ctx, s->resolving_funcs);\n    if (JS_IsException(promise))\n        goto fail;\n\n    if (async_func_init(",
    replace:
      "    promise = new_pending_promise(ctx);\n    if (JS_IsException(promise))\n        goto fail;\n" +
      "    s->resolving_funcs[0] = js_dup(promise);\n\n    if (async_func_init(",
  },
  {
    file: "quickjs.c",
    why: "the same: its data are zero by a few stores, not by a function that fills any number of bytes",
    find:
      "    s = js_mallocz(ctx, sizeof(*s));\n    if (!s)\n        return JS_EXCEPTION;\n    JS_REF_COUNT(s) = 1;\n" +
      "    add_gc_object(ctx->rt, &s->header, JS_GC_OBJ_TYPE_ASYNC_FUNCTION);\n",
    replace:
      "    s = js_malloc(ctx, sizeof(*s));\n    if (!s)\n        return JS_EXCEPTION;\n" +
      "    *s = (JSAsyncFunctionData){0};\n    JS_REF_COUNT(s) = 1;\n" +
      "    add_gc_object(ctx->rt, &s->header, JS_GC_OBJ_TYPE_ASYNC_FUNCTION);\n",
  },
  {
    file: "quickjs.c",
    why: "the same, when it returns",
    find:
      "            ret2 = JS_Call(ctx, s->resolving_funcs[0], JS_UNDEFINED,\n" +
      "                           1, vc(&value));\n            JS_FreeValue(ctx, value);\n            goto resolved;",
    replace:
      "            ret2 = shim_settle_async(ctx, s->resolving_funcs[0], value, false);\n" +
      "            JS_FreeValue(ctx, value);\n            goto resolved;",
  },
  {
    file: "quickjs.c",
    why: "declares what the edits of async functions call",
    find: "typedef struct JSAsyncFunctionData {\n",
    replace:
      "struct JSAsyncFunctionData;\n" +
      "static JSValue new_pending_promise(JSContext *ctx);\n" +
      "static JSValue shim_settle_async(JSContext *ctx, JSValueConst promise, JSValueConst value, bool reject);\n" +
      "static int shim_await(JSContext *ctx, struct JSAsyncFunctionData *function, JSValueConst value);\n" +
      "static int shim_resume_later(JSContext *ctx, struct JSAsyncFunctionData *function, JSValueConst value, bool reject);\n\n" +
      "typedef struct JSAsyncFunctionData {\n",
  },
  {
    file: "quickjs.c",
    why: "await: an async function waits for a promise itself; upstream makes two functions for each await",
    find:
      "            promise = js_promise_resolve(ctx, ctx->promise_ctor,\n" +
      "                                         1, vc(&value), 0);\n" +
      "            JS_FreeValue(ctx, value);\n" +
      "            if (JS_IsException(promise))\n" +
      "                goto fail;\n" +
      "            if (js_async_function_resolve_create(ctx, s, resolving_funcs)) {\n" +
      "                JS_FreeValue(ctx, promise);\n" +
      "                goto fail;\n" +
      "            }\n\n" +
      "            /* Note: no need to create 'thrownawayCapability' as in\n" +
      "               the spec */\n" +
      "            for(i = 0; i < 2; i++)\n" +
      "                resolving_funcs1[i] = JS_UNDEFINED;\n" +
      "            res = perform_promise_then(ctx, promise,\n" +
      "                                       vc(resolving_funcs),\n" +
      "                                       vc(resolving_funcs1));\n" +
      "            JS_FreeValue(ctx, promise);\n" +
      "            for(i = 0; i < 2; i++)\n" +
      "                JS_FreeValue(ctx, resolving_funcs[i]);\n" +
      "            if (res)\n" +
      "                goto fail;\n",
    replace:
      "            res = shim_await(ctx, s, value);\n" +
      "            JS_FreeValue(ctx, value);\n" +
      "            if (res)\n" +
      "                goto fail;\n",
  },
  {
    file: "quickjs.c",
    why: "the same: what a promise knows of those that wait for it",
    find: "    JSValue resolving_funcs[2];\n    JSValue handler;\n} JSPromiseReactionData;\n",
    replace:
      "    JSValue resolving_funcs[2];\n    JSValue handler;\n" +
      "    JSAsyncFunctionData *awaiter; /* instead of the three above; owned */\n} JSPromiseReactionData;\n",
  },
  {
    file: "quickjs.c",
    why: "the same: frees it",
    find: "    JS_FreeValueRT(rt, rd->handler);\n    js_free_rt(rt, rd);\n",
    replace:
      "    JS_FreeValueRT(rt, rd->handler);\n" +
      "    if (rd->awaiter)\n        js_async_function_free(rt, rd->awaiter);\n    js_free_rt(rt, rd);\n",
  },
  {
    file: "quickjs.c",
    why: "the same: the collector follows it",
    find: "            JS_MarkValue(rt, rd->handler, mark_func);\n",
    replace:
      "            JS_MarkValue(rt, rd->handler, mark_func);\n" +
      "            if (rd->awaiter)\n                mark_func(rt, &rd->awaiter->header);\n",
  },
  {
    file: "quickjs.c",
    why: "the same: the first one that waits needs no reaction",
    find: "    call_promise_rejection_tracker(ctx, promise, false);\n\n    list_for_each_safe(",
    replace:
      "    call_promise_rejection_tracker(ctx, promise, false);\n\n" +
      "    if (s->awaiter)\n        shim_resume_awaiter(ctx, s, value, is_reject);\n    list_for_each_safe(",
  },
  {
    file: "quickjs.c",
    why: "the same: declares it",
    find: "static void fulfill_or_reject_promise(JSContext *ctx, JSValueConst promise,\n                                      JSValueConst value, bool is_reject)\n{\n",
    replace:
      "static void shim_resume_awaiter(JSContext *ctx, JSPromiseData *data, JSValueConst value, bool reject);\n\n" +
      "static void fulfill_or_reject_promise(JSContext *ctx, JSValueConst promise,\n                                      JSValueConst value, bool is_reject)\n{\n",
  },
  {
    file: "quickjs.c",
    why: "the same: frees it",
    find: "    JS_FreeValueRT(rt, s->promise_result);\n    js_free_rt(rt, s);\n",
    replace:
      "    if (s->awaiter)\n        js_async_function_free(rt, s->awaiter);\n" +
      "    JS_FreeValueRT(rt, s->promise_result);\n    js_free_rt(rt, s);\n",
  },
  {
    file: "quickjs.c",
    why: "the same: the collector follows it",
    find: "    JS_MarkValue(rt, s->promise_result, mark_func);\n",
    replace:
      "    if (s->awaiter)\n        mark_func(rt, &s->awaiter->header);\n" +
      "    JS_MarkValue(rt, s->promise_result, mark_func);\n",
  },
  {
    file: "quickjs.c",
    why: "the same: settling resumes it",
    find:
      "        args[4] = value;\n" +
      "        JS_EnqueueJob(ctx, promise_reaction_job, 5, args);\n" +
      "        list_del(&rd->link);\n",
    replace:
      "        args[4] = value;\n" +
      "        if (rd->awaiter)\n            shim_resume_later(ctx, rd->awaiter, value, is_reject);\n" +
      "        else\n            JS_EnqueueJob(ctx, promise_reaction_job, 5, args);\n" +
      "        list_del(&rd->link);\n",
  },
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
    why: "settling a promise can fail when the heap is full, and that must not become a trap",
    find: "                    abort(); /* BUG */\n                }\n            }\n            JS_FreeValue(ctx, ret2);",
    replace:
      "                    is_success = false;\n                }\n            }\n            JS_FreeValue(ctx, ret2);",
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
