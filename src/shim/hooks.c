/* Runs the filter's hooks and turns what they return, throw or promise into what the host needs to know. */

/* Reports an uncaught error of a hook. True: the stream was answered, with a local reply. */
static bool report_error(Message *message, const char *hook, JSValue error) {
  JSContext *context = vm.context;
  guard_enter(); /* the report gets time of its own when the hook has used up its */
  JSValue name = JS_NewString(context, hook);
  JSValueConst argv[] = {message_view(message), error, name};
  JSValue answered = JS_Call(context, vm.sdk.on_error, JS_UNDEFINED, countof(argv), argv);
  bool result = JS_VALUE_GET_TAG(answered) == JS_TAG_BOOL && JS_VALUE_GET_BOOL(answered);
  if (JS_IsException(answered)) {
    log_exception("an uncaught error could not be reported:");
    result = use_context(message->stream->id) &&
             proxy_send_local_response(500, NULL, 0, NULL, 0, empty_pairs, sizeof empty_pairs, -1) == PROXY_STATUS_OK;
  }
  JS_FreeValue(context, answered);
  JS_FreeValue(context, name);
  JS_FreeValue(context, error);
  return result;
}

static const char *headers_hook_name(const Message *message) {
  return message->stream_type == PROXY_STREAM_TYPE_HTTP_REQUEST ? "onRequestHeaders" : "onResponseHeaders";
}

static uint32_t conclude_error(Message *message, JSValue error) {
  return report_error(message, headers_hook_name(message), error) ? PROXY_ACTION_PAUSE : PROXY_ACTION_CONTINUE;
}

/* Both take over `value`. A local reply makes the action meaningless in Envoy; other hosts want to be told to wait. */
static uint32_t conclude_value(Message *message, JSValue value) {
  if (JS_IsUndefined(value))
    return PROXY_ACTION_CONTINUE;
  JSValueConst argv[] = {message_view(message), value};
  JSValue result = JS_Call(vm.context, vm.sdk.on_result, JS_UNDEFINED, countof(argv), argv);
  JS_FreeValue(vm.context, value);
  if (JS_IsException(result))
    return conclude_error(message, JS_GetException(vm.context));
  JS_FreeValue(vm.context, result);
  return PROXY_ACTION_PAUSE;
}

/* Takes over `promise`, which has settled. */
static uint32_t conclude_promise(Message *message, JSValue promise) {
  JSPromiseData *data = promise_data(promise);
  bool rejected = data->promise_state == JS_PROMISE_REJECTED;
  JSValue value = js_dup(data->promise_result);
  if (rejected)
    JS_PromiseMarkAsHandled(vm.context, promise);
  JS_FreeValue(vm.context, promise);
  return rejected ? conclude_error(message, value) : conclude_value(message, value);
}

/* The last part of every callback: runs the microtasks, and lets go on the streams whose hooks have finished. */
static void leave_callback(void) {
  run_jobs();
  for (PausedHook *hook; (hook = next_ready_hook());) {
    Message *message = hook->message;
    JSValue promise = hook->promise;
    hook->promise = JS_UNDEFINED;
    if (conclude_promise(message, promise) == PROXY_ACTION_CONTINUE && use_context(message->stream->id))
      proxy_continue_stream(message->stream_type);
    run_jobs(); /* of a reply's or a report's own making */
  }
  report_rejections();
}

static void enter_callback(uint32_t context_id) {
  vm.effective_context = context_id;
  guard_enter();
}

/* Runs a hook that can pause its direction of the stream, and returns the action for the host. */
static uint32_t run_headers_hook(Message *message, JSValueConst hook) {
  JSContext *context = vm.context;
  uint32_t action = PROXY_ACTION_CONTINUE;
  enter_callback(message->stream->id);
  JSValueConst view = message_view(message);
  JSValueConst argv[] = {view, message->stream->plugin->context};
  JSValue value = JS_IsException(view) ? JS_EXCEPTION : JS_Call(context, hook, vm.sdk.filter, countof(argv), argv);
  if (JS_IsException(value)) {
    action = conclude_error(message, JS_GetException(context));
  } else if (JS_IsPromise(value)) {
    run_jobs(); /* a promise that needs no event from outside does not pause the stream */
    if (promise_data(value)->promise_state == JS_PROMISE_PENDING) {
      pause_hook(&message->paused, value);
      action = PROXY_ACTION_PAUSE;
    } else {
      action = conclude_promise(message, value);
    }
  } else {
    action = conclude_value(message, value);
  }
  leave_callback();
  return action;
}

/* Runs a hook that only looks on. */
static void run_observer(Stream *stream, JSValueConst hook, const char *name) {
  JSContext *context = vm.context;
  enter_callback(stream->id);
  JSValueConst view = message_view(&stream->response);
  JSValueConst argv[] = {view, stream->plugin->context};
  JSValue value = JS_IsException(view) ? JS_EXCEPTION : JS_Call(context, hook, vm.sdk.filter, countof(argv), argv);
  if (JS_IsException(value))
    report_error(&stream->response, name, JS_GetException(context));
  JS_FreeValue(context, value);
  leave_callback();
}

static void end_stream(Stream *stream) {
  Message *messages[] = {&stream->request, &stream->response};
  for (size_t i = 0; i < countof(messages); i++) {
    abandon_hook(&messages[i]->paused);
    end_view(messages[i]->object, message_views(messages[i]));
    end_view(messages[i]->headers, &headers_views);
  }
  JS_FreeValue(vm.context, stream->state);
  js_free_rt(vm.runtime, stream);
}
