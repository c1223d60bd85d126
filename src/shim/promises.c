/*
 * Promises made and settled from C, what waits for them, and the jobs that they bring forth.
 *
 * A job belongs to whose turn it was when it was queued (`shim_turn`, a context's id): a stream's, or a plugin's. When
 * a callback has used up its time, the one whose turn it is loses its jobs, and nobody else does.
 */

static void reject_hook(AsyncHook *hook, JSValueConst error);

static JSPromiseData *promise_data(JSValueConst promise) { return JS_GetOpaque(promise, JS_CLASS_PROMISE); }

/* A pending promise without resolving functions: only `settle_promise` settles it. */
static JSValue new_pending_promise(JSContext *context) {
  JSValue promise = JS_NewObjectClass(context, JS_CLASS_PROMISE);
  if (JS_IsException(promise))
    return promise;
  JSPromiseData *data = js_malloc(context, sizeof *data);
  if (!data) {
    JS_FreeValue(context, promise);
    return JS_EXCEPTION;
  }
  *data = (JSPromiseData){.promise_state = JS_PROMISE_PENDING, .promise_result = JS_UNDEFINED};
  for (size_t i = 0; i < countof(data->promise_reactions); i++)
    init_list_head(&data->promise_reactions[i]);
  JS_SetOpaqueInternal(promise, data);
  return promise;
}

/* Takes over both. False: an exception was thrown. */
static bool resume_function(JSContext *context, JSAsyncFunctionData *function, JSValue value, bool reject) {
  function->func_state.throw_flag = reject;
  if (reject)
    JS_Throw(context, value);
  else
    function->func_state.frame.cur_sp[-1] = value;
  bool resumed = js_async_function_resume(context, function);
  js_async_function_free(context->rt, function);
  return resumed;
}

/*
 * A job that resumes an async function: [function, value, reject]. The first holds a reference to the function, which
 * is no JavaScript value, as async_func_resume does: an integer, for the engine.
 */
static JSValue resume_job(JSContext *context, int argc, JSValueConst *argv) {
  JSAsyncFunctionData *function = JS_VALUE_GET_PTR(argv[0]);
  return resume_function(context, function, js_dup(argv[1]), JS_VALUE_GET_BOOL(argv[2])) ? JS_UNDEFINED : JS_EXCEPTION;
}

/* The same before all queued jobs, without memory for it: most often nothing is queued when a call's answer comes. */
static PER_REQUEST struct {
  JSAsyncFunctionData *function; /* NULL: there is none */
  JSValue value;
  bool reject;
  uint32_t owner;
} first_job;

static bool has_jobs(void) { return first_job.function || !list_empty(&vm.runtime->job_list); }

static uint32_t owner_of_next_job(void) {
  return first_job.function ? first_job.owner : list_entry(vm.runtime->job_list.next, JSJobEntry, link)->owner;
}

static bool run_first_job(JSContext *context) {
  JSAsyncFunctionData *function = first_job.function;
  shim_turn = first_job.owner;
  shim_job_count--;
  first_job.function = NULL;
  return resume_function(context, function, first_job.value, first_job.reject);
}

static void drop_first_job(void) {
  js_async_function_free(vm.runtime, first_job.function);
  JS_FreeValue(vm.context, first_job.value);
  first_job.function = NULL;
  shim_job_count--;
}

static void set_first_job(uint32_t owner, JSAsyncFunctionData *function, JSValueConst value, bool reject) {
  JS_REF_COUNT(function)++;
  shim_job_count++;
  first_job.function = function;
  first_job.value = js_dup(value);
  first_job.reject = reject;
  first_job.owner = owner;
}

/* Queues the job. Not 0: an exception was thrown. */
static int shim_resume_later(JSContext *context, JSAsyncFunctionData *function, JSValueConst value, bool reject) {
  if (!has_jobs()) {
    set_first_job(shim_turn, function, value, reject);
    return 0;
  }
  JSValueConst argv[] = {JS_MKPTR(JS_TAG_INT, function), value, js_bool(reject)};
  JS_REF_COUNT(function)++;
  int result = JS_EnqueueJob(context, resume_job, countof(argv), argv);
  if (result < 0)
    JS_REF_COUNT(function)--;
  return result;
}

static PER_REQUEST bool is_reacting;   /* what was already waiting is queued, whatever the limit is */
static PER_REQUEST bool jobs_are_lost; /* there was no memory for them; their owners know it, too */

/* Memory for a job. NULL: an exception was thrown. */
static JSJobEntry *shim_new_job(JSContext *context, size_t size) {
  JSRuntime *runtime = context->rt;
  if (shim_job_count >= vm.limits.queued_jobs && !is_reacting && !vm.building) {
    JS_ThrowRangeError(context,
                       "%u promise jobs are queued, which is the limit (limits.queuedJobs): await some of them before "
                       "more are started",
                       shim_job_count);
    return NULL;
  }
  JSJobEntry *job = js_malloc_rt(runtime, size);
  if (!job) { /* others may wait for it, who have not filled the heap */
    size_t limit = open_reserve();
    job = js_malloc_rt(runtime, size);
    close_reserve(limit);
  }
  if (!job)
    JS_ThrowOutOfMemory(context);
  return job;
}

/* `args` are those of promise_reaction_job, of which an awaiter has the last two only. */
static void queue_reaction(JSContext *context, uint32_t owner, JSAsyncFunctionData *awaiter, JSValueConst *args) {
  uint32_t turn = shim_turn;
  shim_turn = owner;
  is_reacting = true;
  int queued = awaiter ? shim_resume_later(context, awaiter, args[4], JS_VALUE_GET_BOOL(args[3]))
                       : JS_EnqueueJob(context, promise_reaction_job, 5, args);
  if (queued < 0) {
    JS_FreeValue(context, JS_GetException(context));
    Stream *stream = find_stream(shim_turn);
    Plugin *plugin = stream ? NULL : find_plugin(shim_turn);
    if (stream)
      stream->job_lost = jobs_are_lost = true;
    if (plugin)
      plugin->job_lost = jobs_are_lost = true;
  }
  is_reacting = false;
  shim_turn = turn;
}

/* Called by the engine when a promise settles that something waits for. */
static void shim_queue_reaction(JSContext *context, const JSPromiseReactionData *reaction, JSValueConst *args) {
  queue_reaction(context, reaction->owner, reaction->awaiter, args);
}

/* Lets an async function go on that waits for a value. */
static void resume_awaiter(JSContext *context, uint32_t owner, JSAsyncFunctionData *awaiter, JSValueConst value,
                           bool reject) {
  if (likely(!has_jobs())) {
    set_first_job(owner, awaiter, value, reject);
    return;
  }
  JSValueConst args[] = {JS_UNDEFINED, JS_UNDEFINED, JS_UNDEFINED, js_bool(reject), value};
  queue_reaction(context, owner, awaiter, args);
}

/* Called by the engine for the async function that waits first for a promise. */
static void shim_resume_awaiter(JSContext *context, JSPromiseData *data, JSValueConst value, bool reject) {
  JSAsyncFunctionData *awaiter = data->awaiter;
  data->awaiter = NULL;
  resume_awaiter(context, data->awaiter_owner, awaiter, value, reject);
  js_async_function_free(context->rt, awaiter);
}

static JSPromiseReactionData *new_awaiter(JSContext *context, JSAsyncFunctionData *function) {
  JSPromiseReactionData *reaction = js_malloc(context, sizeof *reaction);
  if (!reaction)
    return NULL;
  *reaction = (JSPromiseReactionData){.resolving_funcs = {JS_UNDEFINED, JS_UNDEFINED},
                                      .handler = JS_UNDEFINED,
                                      .awaiter = function,
                                      .owner = shim_turn};
  JS_REF_COUNT(function)++;
  return reaction;
}

/* Makes the function wait for a promise that is pending. False: an exception was thrown. */
static bool add_awaiter(JSContext *context, JSPromiseData *data, JSAsyncFunctionData *function) {
  if (!data->awaiter && list_empty(&data->promise_reactions[0])) { /* both lists have the same waiters */
    JS_REF_COUNT(function)++;
    data->awaiter = function;
    data->awaiter_owner = shim_turn;
    return true;
  }
  JSPromiseReactionData *reactions[2] = {new_awaiter(context, function), NULL};
  if (reactions[0] && (reactions[1] = new_awaiter(context, function))) {
    for (size_t i = 0; i < countof(reactions); i++)
      list_add_tail(&reactions[i]->link, &data->promise_reactions[i]);
    return true;
  }
  if (reactions[0])
    promise_reaction_data_free(context->rt, reactions[0]);
  return false;
}

/* Whether it is a promise as all are: nobody has given it, or all of them, another constructor. */
static bool is_ordinary_promise(JSContext *context, JSValueConst value) {
  const JSObject *promise = JS_VALUE_GET_OBJ(value);
  JSObject *prototype = JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_PROMISE]);
  if (promise->class_id != JS_CLASS_PROMISE || promise->shape->prop_count || promise->shape->proto != prototype)
    return false;
  JSProperty *property;
  const JSShapeProperty *constructor = find_own_property(&property, prototype, JS_ATOM_constructor);
  return constructor && !(constructor->flags & JS_PROP_TMASK) && JS_IsObject(property->u.value) &&
         JS_VALUE_GET_OBJ(property->u.value) == JS_VALUE_GET_OBJ(context->promise_ctor);
}

static void await_call(JSValueConst call, JSAsyncFunctionData *function);

/* Called by the engine when an async function awaits a value. Not 0: an exception was thrown. */
static int shim_await(JSContext *context, JSAsyncFunctionData *function, JSValueConst value) {
  if (JS_VALUE_GET_TAG(value) == TAG_INTERNAL) {
    await_call(value, function);
    return 0;
  }
  if (!JS_IsObject(value))
    return shim_resume_later(context, function, value, false);
  JSValue promise = is_ordinary_promise(context, value)
                        ? js_dup(value)
                        : js_promise_resolve(context, context->promise_ctor, 1, &value, 0);
  if (JS_IsException(promise))
    return -1;
  JSPromiseData *data = promise_data(promise);
  int result;
  if (data->promise_state == JS_PROMISE_PENDING) {
    result = add_awaiter(context, data, function) ? 0 : -1;
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
static PER_REQUEST struct {
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
    JSValue result = call_sdk(vm.sdk.on_unhandled_rejection, countof(argv), argv);
    if (JS_IsException(result))
      log_exception("an unhandled rejection could not be reported:");
    JS_FreeValue(vm.context, result);
    JS_FreeValue(vm.context, entries[i][0]);
    JS_FreeValue(vm.context, entries[i][1]);
  }
  free(entries);
}

/* Takes the jobs of one owner out of the queue. */
static void drop_jobs(uint32_t owner) {
  if (first_job.function && first_job.owner == owner)
    drop_first_job();
  struct list_head *at, *next;
  list_for_each_safe(at, next, &vm.runtime->job_list) {
    JSJobEntry *job = list_entry(at, JSJobEntry, link);
    if (job->owner != owner)
      continue;
    list_del(at);
    shim_job_count--;
    if (job->job_func == resume_job) /* see there */
      js_async_function_free(vm.runtime, JS_VALUE_GET_PTR(job->argv[0]));
    for (int i = 0; i < job->argc; i++)
      JS_FreeValue(vm.context, job->argv[i]);
    js_free_rt(vm.runtime, job);
  }
}

/*
 * Ends the turn of an owner whose jobs are lost or dropped: what waits for them is told. A stream's hooks fail with the
 * error, which the filter's `onError` answers; what belongs to a plugin is the SDK's to end (src/sdk/dispatcher.ts).
 */
static void end_turn(uint32_t owner, const char *why) {
  JSContext *context = vm.context;
  drop_jobs(owner);
  guard_renew();
  size_t limit = open_reserve();
  JS_ThrowInternalError(context, "%s", why);
  JSValue error = JS_GetException(context);
  Stream *stream = find_stream(owner);
  if (stream) {
    reject_hook(&stream->request.async, error);
    reject_hook(&stream->response.async, error);
  } else if (find_plugin(owner)) {
    JSValueConst argv[] = {JS_NewUint32(context, owner), error};
    JSValue result = call_sdk(vm.sdk.on_jobs_dropped, countof(argv), argv);
    if (JS_IsException(result))
      log_exception(why);
    JS_FreeValue(context, result);
  }
  JS_FreeValue(context, error);
  close_reserve(limit);
}

static const char late_jobs[] = "a callback's promise jobs took longer than limits.callbackMs: those that were left "
                                "have been dropped";
static const char lost_jobs[] = "out of memory: a promise job could not be queued";

/* Somebody has used up the callback's time: in its code, or by jobs that bring forth others. */
static void end_late_turn(void) {
  guard.late_turn = false;
  if (++guard.late <= GUARD_MAX_LATE) {
    end_turn(shim_turn, late_jobs);
    return;
  }
  while (has_jobs())
    end_turn(owner_of_next_job(), late_jobs);
}

static void end_lost_turn(Stream *stream) {
  if (!stream || !stream->job_lost)
    return;
  stream->job_lost = false;
  end_turn(stream->id, lost_jobs);
}

static void end_lost_turns(void) {
  jobs_are_lost = false;
  end_lost_turn(vm.brief_stream);
  for (uint32_t i = 0; vm.streams.slots && i <= vm.streams.mask; i++)
    end_lost_turn(vm.streams.slots[i].value);
  for (uint32_t i = 0; vm.plugins.slots && i <= vm.plugins.mask; i++) {
    Plugin *plugin = vm.plugins.slots[i].value;
    if (plugin && plugin->job_lost) {
      plugin->job_lost = false;
      end_turn(plugin->id, lost_jobs);
    }
  }
}

/* Runs the microtasks. */
static void run_jobs(void) {
  uint32_t turn = shim_turn;
  for (;;) {
    JSContext *context;
    if (guard.late_turn)
      end_late_turn();
    if (jobs_are_lost)
      end_lost_turns();
    if (!has_jobs())
      break;
    if (first_job.function ? !run_first_job(vm.context) : JS_ExecutePendingJob(vm.runtime, &context) < 0)
      log_exception("a promise job failed:");
  }
  shim_turn = turn;
}
