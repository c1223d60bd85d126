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
];

/** Edits that only the runtime needs, because they refer to the shim. */
export const SHIM_EDITS: readonly Edit[] = [
  {
    file: "quickjs.c",
    why: "a promise knows the hook that waits for it: no reaction or job is needed to resume a stream",
    find: "typedef struct JSPromiseData {\n",
    replace:
      "struct PausedHook;\nstatic void shim_hook_settled(struct PausedHook *hook);\n\n" +
      "typedef struct JSPromiseData {\n    struct PausedHook *paused_hook;\n",
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
      "static JSValue new_pending_promise(JSContext *ctx);\n" +
      "static JSValue shim_settle_async(JSContext *ctx, JSValueConst promise, JSValueConst value, bool reject);\n\n" +
      "typedef struct JSAsyncFunctionData {\n",
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
    why: "declares what the edit before this one calls",
    find: "static JSShape *js_dup_shape(JSShape *sh)\n",
    replace: "static void shim_shape_made(JSShape *sh);\n\nstatic JSShape *js_dup_shape(JSShape *sh)\n",
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
  ...withoutBytecodeBuiltins(),
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
    { file: "quickjs.c", why, find: "    js_bytecode_autoinit, /*", replace: "    NULL, /*" },
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
