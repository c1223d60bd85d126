/*
 * Hooks that have not finished when they return: their direction of the stream stands still until they have.
 *
 * The engine is edited (build/engine/async-edits.ts) so that a promise carries the hook that waits for it: no reaction,
 * closure or job is needed to learn that it has settled. A hook that is an async function itself has no promise at all,
 * since nobody but the shim would see it: the function settles the hook.
 */

/* Hooks that have settled while their streams stood still, first come first. */
static PER_REQUEST struct {
  AsyncHook *first, *last;
} ready;

static AsyncHook *next_ready_hook(void) {
  AsyncHook *hook = ready.first;
  if (hook && !(ready.first = hook->next_ready))
    ready.last = NULL;
  return hook;
}

/* Called by the engine, too, when a promise that carries a hook settles. */
static void shim_hook_settled(AsyncHook *hook) {
  hook->next_ready = NULL;
  if (ready.last)
    ready.last->next_ready = hook;
  else
    ready.first = hook;
  ready.last = hook;
}

static void forget_ready_hook(const AsyncHook *hook) {
  AsyncHook *previous = NULL;
  for (AsyncHook *at = ready.first; at; previous = at, at = at->next_ready) {
    if (at != hook)
      continue;
    if (previous)
      previous->next_ready = at->next_ready;
    else
      ready.first = at->next_ready;
    if (ready.last == at)
      ready.last = previous;
    return;
  }
}

static bool is_async_function(JSValueConst function) {
  return JS_IsObject(function) && JS_VALUE_GET_OBJ(function)->class_id == JS_CLASS_ASYNC_FUNCTION;
}

static inline __attribute__((always_inline)) JSPromiseStateEnum hook_state(const AsyncHook *hook) {
  return JS_IsObject(hook->promise) ? promise_data(hook->promise)->promise_state : hook->state;
}

/* Nobody can attach a handler to the promise before it settles, and the hook itself handles a rejection. */
static void watch_promise(AsyncHook *hook) {
  promise_data(hook->promise)->paused_hook = hook;
  JS_PromiseMarkAsHandled(vm.context, hook->promise);
}

/* The hook must not have settled. */
static void pause_hook(AsyncHook *hook) {
  hook->is_paused = true;
  if (JS_IsObject(hook->promise))
    watch_promise(hook);
}

/* Called when its function ends, or has lost its jobs. */
static void settle_hook(AsyncHook *hook, JSValueConst value, bool reject) {
  hook->state = reject ? JS_PROMISE_REJECTED : JS_PROMISE_FULFILLED;
  hook->result = js_dup(value);
  if (hook->is_paused)
    shim_hook_settled(hook);
}

static void forget_hook(AsyncHook *hook) {
  if (hook->function)
    js_async_function_free(vm.runtime, hook->function);
  if (JS_IsObject(hook->promise))
    JS_FreeValue(vm.context, hook->promise);
  if (!JS_IsUndefined(hook->result))
    JS_FreeValue(vm.context, hook->result);
  hook->is_paused = false;
  hook->function = NULL;
  hook->promise = hook->result = JS_UNDEFINED;
}

/* Runs an async function to its first await. False: an exception was thrown. */
static bool start_async_hook(AsyncHook *hook, JSValueConst function, JSValueConst view, const Plugin *plugin) {
  JSValueConst argv[] = {view, plugin->context, JS_MKPTR(TAG_INTERNAL, hook)};
  hook->state = JS_PROMISE_PENDING;
  JSClassCall *call = vm.runtime->class_array[JS_CLASS_ASYNC_FUNCTION].call; /* is in the module if there are any */
  JSValue started = call(vm.context, function, plugin->filter->definition, countof(argv) - 1, argv, SHIM_CALL_HOOK);
  if (JS_IsException(started)) {
    forget_hook(hook);
    return false;
  }
  hook->function = JS_VALUE_GET_PTR(started);
  return true;
}

/* What a hook that has settled has come to, which it is rid of then. */
static JSValue take_result(AsyncHook *hook, bool *rejected) {
  bool has_promise = JS_IsObject(hook->promise);
  *rejected = hook_state(hook) == JS_PROMISE_REJECTED;
  JSValue result = js_dup(has_promise ? promise_data(hook->promise)->promise_result : hook->result);
  if (has_promise && *rejected)
    JS_PromiseMarkAsHandled(vm.context, hook->promise);
  forget_hook(hook);
  return result;
}

/* The stream is gone: its hook runs on, and nobody waits for it. An error then is an unhandled rejection as any other.
 */
static void abandon_hook(AsyncHook *hook) {
  if (!hook->is_paused)
    return;
  if (JS_IsObject(hook->promise)) {
    promise_data(hook->promise)->paused_hook = NULL;
    promise_data(hook->promise)->is_handled = false;
  } else {
    hook->function->resolving_funcs[0] = JS_UNDEFINED;
  }
  forget_hook(hook);
  forget_ready_hook(hook);
  release_body_bytes(vm.context); /* it may have been a body's */
}

/* The hook has settled, and its stream turns out to be gone: an error is an unhandled rejection. */
static void drop_settled_hook(AsyncHook *hook) {
  JSValueConst result = JS_IsObject(hook->promise) ? promise_data(hook->promise)->promise_result : hook->result;
  if (hook_state(hook) == JS_PROMISE_REJECTED)
    JS_FreeValue(vm.context, JS_NewSettledPromise(vm.context, true, result));
  forget_hook(hook);
  release_body_bytes(vm.context);
}

/* What it waits for may never come any more. */
static void reject_hook(AsyncHook *hook, JSValueConst error) {
  if (JS_IsObject(hook->promise)) {
    fulfill_or_reject_promise(vm.context, hook->promise, error, true);
  } else if (hook->function && hook->state == JS_PROMISE_PENDING) {
    hook->function->resolving_funcs[0] = JS_NULL; /* a promise that was rejected does not hear of a second end either */
    settle_hook(hook, error, true);
  }
}
