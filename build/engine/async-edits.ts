import type { Edit } from "./edits.ts";

/** Promises and async functions: see src/shim/promises.c and src/shim/async.c. */
export const ASYNC_EDITS: readonly Edit[] = [
  {
    file: "quickjs.c",
    why: "a promise knows the hook that waits for it: no reaction or job is needed to resume a stream",
    find: "typedef struct JSPromiseData {\n",
    replace:
      "struct AsyncHook;\nstatic void shim_hook_settled(struct AsyncHook *hook);\n\n" +
      "typedef struct JSPromiseData {\n    struct AsyncHook *paused_hook;\n" +
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
    why: "an async function settles its promise, or the hook that it is, itself: resolving functions would be two objects that nobody sees",
    find: `    JSValue promise;
    JSAsyncFunctionData *s;

    s = js_mallocz(ctx, sizeof(*s));
    if (!s)
        return JS_EXCEPTION;
    JS_REF_COUNT(s) = 1;
    add_gc_object(ctx->rt, &s->header, JS_GC_OBJ_TYPE_ASYNC_FUNCTION);
    s->is_active = false;
    s->resolving_funcs[0] = JS_UNDEFINED;
    s->resolving_funcs[1] = JS_UNDEFINED;

    promise = JS_NewPromiseCapability(ctx, s->resolving_funcs);
    if (JS_IsException(promise))
        goto fail;

    if (async_func_init(ctx, &s->func_state, func_obj, this_obj, argc, argv)) {
    fail:
        JS_FreeValue(ctx, promise);
        js_async_function_free(ctx->rt, s);
        return JS_EXCEPTION;
    }
    s->is_active = true;
    /* the body runs immediately (up to the first await), so the frame must
       already know its owning coroutine to root captured locals */
    s->func_state.frame.cur_gc_obj = &s->header;

    if (!js_async_function_resume(ctx, s))
        goto fail;

    js_async_function_free(ctx->rt, s);

    return promise;
`,
    replace: "    return shim_call_async(ctx, func_obj, this_obj, argc, argv, flags);\n",
  },
  {
    file: "quickjs.c",
    why: "the same: its frame is in the memory of its data",
    find: "    bool throw_flag; /* used to throw an exception in JS_CallInternal() */\n",
    replace:
      "    bool throw_flag; /* used to throw an exception in JS_CallInternal() */\n" +
      "    bool has_buffer; /* the frame's, which is not the state's to free */\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "/* JSAsyncFunctionState (used by generator and async functions) */\n",
    replace:
      "static size_t async_frame_size(const JSFunctionBytecode *b, int argc)\n{\n" +
      "    int values = max_int(b->arg_count, argc) + b->var_count + b->stack_size;\n" +
      "    return sizeof(JSValue) * max_int(values, 1) + sizeof(JSVarRef *) * b->var_ref_count;\n}\n\n" +
      "/* JSAsyncFunctionState (used by generator and async functions) */\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find:
      "    local_count = arg_buf_len + b->var_count + b->stack_size;\n" +
      "    alloc_size = sizeof(JSValue) * max_int(local_count, 1) +\n" +
      "        sizeof(JSVarRef *) * b->var_ref_count;\n" +
      "    sf->arg_buf = js_malloc(ctx, alloc_size);\n",
    replace: "    if (!s->has_buffer)\n        sf->arg_buf = js_malloc(ctx, async_frame_size(b, argc));\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "    int local_count, i, arg_buf_len, n;\n    size_t alloc_size;\n\n    sf = &s->frame;\n",
    replace: "    int i, arg_buf_len, n;\n\n    sf = &s->frame;\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "            JS_FreeValueRT(rt, *sp);\n        }\n        js_free_rt(rt, sf->arg_buf);\n    }\n    JS_FreeValueRT(rt, sf->cur_func);\n",
    replace:
      "            if (JS_VALUE_HAS_REF_COUNT(*sp))\n                JS_FreeValueRT(rt, *sp);\n        }\n        if (!s->has_buffer)\n            js_free_rt(rt, sf->arg_buf);\n    }\n" +
      "    JS_FreeValueRT(rt, sf->cur_func);\n",
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
      "static JSValue shim_call_async(JSContext *ctx, JSValueConst func_obj, JSValueConst this_obj,\n" +
      "                               int argc, JSValueConst *argv, int flags);\n" +
      "static JSValue shim_settle_async(JSContext *ctx, JSValueConst target, JSValueConst value, bool reject);\n" +
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
    why: "settling a promise can fail when the heap is full, and that must not become a trap",
    find: "                    abort(); /* BUG */\n                }\n            }\n            JS_FreeValue(ctx, ret2);",
    replace:
      "                    is_success = false;\n                }\n            }\n            JS_FreeValue(ctx, ret2);",
  },
];
