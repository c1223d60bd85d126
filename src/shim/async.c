/*
 * Calls of async functions, from their start to what they settle, their target. Upstream has two functions there that
 * resolve a promise. In place of the first is the promise itself; a hook, which needs none (async_hooks.c); undefined,
 * when the hook's stream is gone; or null, when the hook has failed otherwise.
 */

/* Called by the engine for each call of an async function. With SHIM_CALL_HOOK the hook is behind the arguments, and
   the result is the function's data. */
static JSValue shim_call_async(JSContext *context, JSValueConst function, JSValueConst this, int argc,
                               JSValueConst *argv, int flags) {
  bool is_hook = flags & SHIM_CALL_HOOK;
  JSValue target = is_hook ? unsafe_unconst(argv[argc]) : new_pending_promise(context);
  if (JS_IsException(target))
    return JS_EXCEPTION;
  JSAsyncFunctionData *data =
      js_malloc(context, sizeof *data + async_frame_size(JS_VALUE_GET_OBJ(function)->u.func.function_bytecode, argc));
  if (!data)
    goto no_data;
  JS_REF_COUNT(data) = 1;
  add_gc_object(context->rt, &data->header, JS_GC_OBJ_TYPE_ASYNC_FUNCTION);
  data->is_active = data->func_state.throw_flag = false;
  data->resolving_funcs[0] = js_dup(target);
  data->resolving_funcs[1] = JS_UNDEFINED;
  data->func_state.has_buffer = true;
  data->func_state.frame.arg_buf = (JSValue *)(data + 1);
  if (async_func_init(context, &data->func_state, function, this, argc, argv))
    goto failed;
  data->is_active = true;
  data->func_state.frame.cur_gc_obj = &data->header; /* what the code captures before its first await is kept by it */
  if (!js_async_function_resume(context, data))
    goto failed;
  if (is_hook)
    return JS_MKPTR(TAG_INTERNAL, data);
  js_async_function_free(context->rt, data);
  return target;
failed:
  js_async_function_free(context->rt, data);
no_data:
  JS_FreeValue(context, target);
  return JS_EXCEPTION;
}

/* Only an object can be a thenable, and needs the language's resolving functions; when these fail (no memory, no time)
   the promise is rejected, since a stream may wait for it. */
static void resolve_or_reject(JSContext *context, JSValueConst promise, JSValueConst value, bool reject) {
  JSValue functions[2], result = JS_EXCEPTION;
  if (reject || !JS_IsObject(value)) {
    fulfill_or_reject_promise(context, promise, value, reject);
    return;
  }
  if (js_create_resolving_functions(context, functions, promise) == 0) {
    JSValueConst argv[] = {value};
    result = JS_Call(context, functions[0], JS_UNDEFINED, countof(argv), argv);
    JS_FreeValue(context, functions[0]);
    JS_FreeValue(context, functions[1]);
  }
  if (JS_IsException(result)) {
    JSValue error = JS_GetException(context);
    fulfill_or_reject_promise(context, promise, error, true);
    JS_FreeValue(context, error);
  }
  JS_FreeValue(context, result);
}

/* A hook's function that ends with an object, which can be a thenable, or that has no hook any more, settles a promise
   after all. */
static no_inline void settle_late_promise(JSContext *context, JSValueConst target, JSValueConst value, bool reject) {
  AsyncHook *hook = JS_VALUE_GET_TAG(target) == TAG_INTERNAL ? JS_VALUE_GET_PTR(target) : NULL;
  JSValue promise = new_pending_promise(context);
  if (JS_IsException(promise)) {
    JSValue error = JS_GetException(context);
    if (hook)
      settle_hook(hook, error, true);
    JS_FreeValue(context, error);
    return;
  }
  if (JS_IsNull(target))
    JS_PromiseMarkAsHandled(context, promise);
  if (hook) {
    hook->promise = js_dup(promise);
    if (hook->is_paused)
      watch_promise(hook);
  }
  resolve_or_reject(context, promise, value, reject);
  JS_FreeValue(context, promise);
}

/* Called by the engine when an async function ends. */
static JSValue shim_settle_async(JSContext *context, JSValueConst target, JSValueConst value, bool reject) {
  if (JS_IsObject(target))
    resolve_or_reject(context, target, value, reject);
  else if (JS_VALUE_GET_TAG(target) == TAG_INTERNAL && (reject || !JS_IsObject(value)))
    settle_hook(JS_VALUE_GET_PTR(target), value, reject);
  else if (reject || JS_IsObject(value)) /* there is something to tell */
    settle_late_promise(context, target, value, reject);
  return JS_UNDEFINED;
}
