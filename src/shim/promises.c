/*
 * Promises made and watched from C: a call's answer settles one, and a hook's keeps its stream paused until it settles.
 *
 * The engine is edited (build/engine/edits.ts) so that a promise carries the hook that waits for it: no reaction,
 * closure or job is needed to learn that it has settled.
 */

static struct {
  PausedHook *first, *last;
} ready;

static JSPromiseData *promise_data(JSValueConst promise) { return JS_GetOpaque(promise, JS_CLASS_PROMISE); }

/* Called by the engine when a promise that carries a hook settles. */
static void shim_hook_settled(PausedHook *hook) {
  hook->next_ready = NULL;
  if (ready.last)
    ready.last->next_ready = hook;
  else
    ready.first = hook;
  ready.last = hook;
}

static PausedHook *next_ready_hook(void) {
  PausedHook *hook = ready.first;
  if (hook && !(ready.first = hook->next_ready))
    ready.last = NULL;
  return hook;
}

/* Takes over `promise`, which must be pending. */
static void pause_hook(PausedHook *hook, JSValue promise) {
  promise_data(promise)->paused_hook = hook;
  /* Nobody can attach a handler before it settles, and the hook itself handles a rejection. */
  JS_PromiseMarkAsHandled(vm.context, promise);
  hook->promise = promise;
}

/* The stream is gone: its hook runs on, and nobody waits for it. */
static void abandon_hook(PausedHook *hook) {
  if (!JS_IsObject(hook->promise))
    return;
  promise_data(hook->promise)->paused_hook = NULL;
  promise_data(hook->promise)->is_handled = false; /* an error after the end is reported as any unhandled rejection */
  JS_FreeValue(vm.context, hook->promise);
  hook->promise = JS_UNDEFINED;
  PausedHook *previous = NULL;
  for (PausedHook *at = ready.first; at; previous = at, at = at->next_ready) {
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

/* A pending promise without resolving functions: only `settle_promise` settles it. */
static JSValue new_pending_promise(JSContext *context) {
  JSValue promise = JS_NewObjectClass(context, JS_CLASS_PROMISE);
  if (JS_IsException(promise))
    return promise;
  JSPromiseData *data = js_mallocz(context, sizeof *data);
  if (!data) {
    JS_FreeValue(context, promise);
    return JS_EXCEPTION;
  }
  data->promise_state = JS_PROMISE_PENDING;
  data->promise_result = JS_UNDEFINED;
  for (size_t i = 0; i < countof(data->promise_reactions); i++)
    init_list_head(&data->promise_reactions[i]);
  JS_SetOpaqueInternal(promise, data);
  return promise;
}

/*
 * Called by the engine when an async function ends. Only an object can be a thenable, and needs the language's
 * resolving functions; when these fail (no memory, no time) the promise is rejected, since its stream waits for it.
 */
static JSValue shim_settle_async(JSContext *context, JSValueConst promise, JSValueConst value, bool reject) {
  JSValue functions[2], result = JS_EXCEPTION;
  if (reject || !JS_IsObject(value)) {
    fulfill_or_reject_promise(context, promise, value, reject);
    return JS_UNDEFINED;
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
  return JS_UNDEFINED;
}

/*
 * A job that resumes an async function: [function, value, reject]. The first holds a reference to the function, which
 * is no JavaScript value, as async_func_resume does: an integer, for the engine.
 */
static JSValue resume_job(JSContext *context, int argc, JSValueConst *argv) {
  JSAsyncFunctionData *function = JS_VALUE_GET_PTR(argv[0]);
  JSValue result = JS_UNDEFINED;
  function->func_state.throw_flag = JS_VALUE_GET_BOOL(argv[2]);
  if (function->func_state.throw_flag)
    JS_Throw(context, js_dup(argv[1]));
  else
    function->func_state.frame.cur_sp[-1] = js_dup(argv[1]);
  if (!js_async_function_resume(context, function))
    result = JS_EXCEPTION;
  js_async_function_free(context->rt, function);
  return result;
}

/* Queues the job. Called by the engine, too, when the promise settles that an async function awaits. */
static int shim_resume_later(JSContext *context, JSAsyncFunctionData *function, JSValueConst value, bool reject) {
  JSValueConst argv[] = {JS_MKPTR(JS_TAG_INT, function), value, js_bool(reject)};
  JS_REF_COUNT(function)++;
  int result = JS_EnqueueJob(context, resume_job, countof(argv), argv);
  if (result < 0)
    JS_REF_COUNT(function)--;
  return result;
}

static JSPromiseReactionData *new_awaiter(JSContext *context, JSAsyncFunctionData *function) {
  JSPromiseReactionData *reaction = js_malloc(context, sizeof *reaction);
  if (!reaction)
    return NULL;
  *reaction = (JSPromiseReactionData){
      .resolving_funcs = {JS_UNDEFINED, JS_UNDEFINED}, .handler = JS_UNDEFINED, .awaiter = function};
  JS_REF_COUNT(function)++;
  return reaction;
}

/* Called by the engine when an async function awaits a value. Not 0: an exception was thrown. */
static int shim_await(JSContext *context, JSAsyncFunctionData *function, JSValueConst value) {
  if (!JS_IsObject(value))
    return shim_resume_later(context, function, value, false);
  JSValue promise = js_promise_resolve(context, context->promise_ctor, 1, &value, 0);
  if (JS_IsException(promise))
    return -1;
  JSPromiseData *data = promise_data(promise);
  int result = -1;
  if (data->promise_state == JS_PROMISE_PENDING) {
    JSPromiseReactionData *reactions[2] = {new_awaiter(context, function), NULL};
    if (reactions[0] && (reactions[1] = new_awaiter(context, function))) {
      for (size_t i = 0; i < countof(reactions); i++)
        list_add_tail(&reactions[i]->link, &data->promise_reactions[i]);
      result = 0;
    } else if (reactions[0]) {
      promise_reaction_data_free(context->rt, reactions[0]);
    }
  } else {
    bool rejected = data->promise_state == JS_PROMISE_REJECTED;
    call_promise_rejection_tracker(context, promise, true);
    result = shim_resume_later(context, function, data->promise_result, rejected);
  }
  data->is_handled = true;
  JS_FreeValue(context, promise);
  return result;
}

/* Takes over `promise` and `value`. */
static void settle_promise(JSValue promise, JSValue value, bool reject) {
  fulfill_or_reject_promise(vm.context, promise, value, reject);
  JS_FreeValue(vm.context, promise);
  JS_FreeValue(vm.context, value);
}

/* Rejections that nothing has handled yet, with the promise first and the reason second. */
static struct {
  JSValue (*entries)[2];
  uint32_t count, capacity;
} rejections;

static void track_rejection(JSContext *context, JSValueConst promise, JSValueConst reason, bool handled, void *opaque) {
  if (!handled) {
    if (rejections.count == rejections.capacity) {
      uint32_t capacity = rejections.capacity ? rejections.capacity * 2 : 8;
      void *entries = realloc(rejections.entries, capacity * sizeof *rejections.entries);
      if (!entries)
        return; /* without memory a report is lost, nothing else */
      rejections.entries = entries;
      rejections.capacity = capacity;
    }
    rejections.entries[rejections.count][0] = js_dup(promise);
    rejections.entries[rejections.count++][1] = js_dup(reason);
    return;
  }
  for (uint32_t i = 0; i < rejections.count; i++) {
    if (JS_VALUE_GET_OBJ(rejections.entries[i][0]) != JS_VALUE_GET_OBJ(promise))
      continue;
    JSValue entry[2] = {rejections.entries[i][0], rejections.entries[i][1]};
    rejections.count--;
    memmove(rejections.entries[i], rejections.entries[i + 1], (rejections.count - i) * sizeof *rejections.entries);
    JS_FreeValue(context, entry[0]);
    JS_FreeValue(context, entry[1]);
    return;
  }
}

/* What the reports themselves reject is reported after the next callback, so that there is an end. */
static void report_rejections(void) {
  JSValue(*entries)[2] = rejections.entries;
  uint32_t count = rejections.count;
  if (count == 0)
    return;
  memset(&rejections, 0, sizeof rejections);
  for (uint32_t i = 0; i < count; i++) {
    JSValueConst argv[] = {entries[i][1]};
    JSValue result = JS_Call(vm.context, vm.sdk.on_unhandled_rejection, JS_UNDEFINED, countof(argv), argv);
    if (JS_IsException(result))
      log_exception("an unhandled rejection could not be reported:");
    JS_FreeValue(vm.context, result);
    JS_FreeValue(vm.context, entries[i][0]);
    JS_FreeValue(vm.context, entries[i][1]);
  }
  free(entries);
}

/* Runs the microtasks. When the callback's time is up the rest waits for the next callback. */
static void run_jobs(void) {
  JSContext *context;
  while (!list_empty(&vm.runtime->job_list) && !guard.expired)
    if (JS_ExecutePendingJob(vm.runtime, &context) < 0)
      log_exception("a promise job failed:");
}
