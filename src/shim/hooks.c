/* Runs the filter's hooks and turns what they return, throw or promise into what the host needs to know. */

/* What a filter calls them. */
static const char *const hook_names[HOOK_COUNT] = {
    [HOOK_REQUEST_HEADERS] = "onRequestHeaders",
    [HOOK_REQUEST_BODY] = "onRequestBody",
    [HOOK_REQUEST_TRAILERS] = "onRequestTrailers",
    [HOOK_RESPONSE_HEADERS] = "onResponseHeaders",
    [HOOK_RESPONSE_BODY] = "onResponseBody",
    [HOOK_RESPONSE_TRAILERS] = "onResponseTrailers",
    [HOOK_LOG] = "onLog",
    [HOOK_DONE] = "onDone",
    [HOOK_NEW_CONNECTION] = "onNewConnection",
    [HOOK_DOWNSTREAM_DATA] = "onDownstreamData",
    [HOOK_UPSTREAM_DATA] = "onUpstreamData",
    [HOOK_DOWNSTREAM_CLOSE] = "onDownstreamClose",
    [HOOK_UPSTREAM_CLOSE] = "onUpstreamClose",
};

/* The hooks for what arrives in each direction of a stream. */
typedef struct Arrivals {
  Hook headers, body, trailers; /* HOOK_COUNT: there is none */
} Arrivals;

static const Arrivals http_arrivals[2] = {
    {HOOK_REQUEST_HEADERS, HOOK_REQUEST_BODY, HOOK_REQUEST_TRAILERS},
    {HOOK_RESPONSE_HEADERS, HOOK_RESPONSE_BODY, HOOK_RESPONSE_TRAILERS},
};

static const Arrivals network_arrivals[2] = {
    {HOOK_NEW_CONNECTION, HOOK_DOWNSTREAM_DATA, HOOK_COUNT},
    {HOOK_COUNT, HOOK_UPSTREAM_DATA, HOOK_COUNT},
};

static bool has_hook(const Filter *filter, Hook hook) {
  return hook != HOOK_COUNT && !JS_IsUndefined(filter->hooks[hook]);
}

/* Whether the hook can stop its stream. */
static bool can_stop(Hook hook) {
  return hook != HOOK_LOG && hook != HOOK_DONE && hook != HOOK_DOWNSTREAM_CLOSE && hook != HOOK_UPSTREAM_CLOSE;
}

/* Answers, or closes a connection, without the filter and the SDK: nothing is allocated. True: the host does it. */
static bool refuse_stream(uint32_t id, uint32_t status) {
  return use_context(id) &&
         (proxy_send_local_response(status, NULL, 0, NULL, 0, empty_pairs, sizeof empty_pairs, -1) == PROXY_STATUS_OK ||
          close_stream(find_stream(id), PROXY_STREAM_TYPE_DOWNSTREAM) == PROXY_STATUS_OK);
}

/* Reports an uncaught error of a hook. True: the stream was answered, with a local reply. */
static bool report_error(Message *message, Hook hook, JSValue error) {
  JSContext *context = vm.context;
  guard_renew(); /* the report gets time and memory of its own when the hook has used up its */
  size_t limit = open_reserve();
  JSValue name = JS_NewString(context, hook_names[hook]);
  JSValueConst argv[] = {message_view(message), error, name, message->stream->plugin->filter->definition};
  JSValue answered = call_sdk(vm.sdk.on_error, countof(argv), argv);
  bool result = JS_VALUE_GET_TAG(answered) == JS_TAG_BOOL && JS_VALUE_GET_BOOL(answered);
  if (JS_IsException(answered)) {
    log_exception("an uncaught error could not be reported:");
    result = can_stop(hook) && !message->stream->plugin->filter->fail_open && refuse_stream(message->stream->id, 500);
  }
  JS_FreeValue(context, answered);
  JS_FreeValue(context, name);
  JS_FreeValue(context, error);
  close_reserve(limit);
  return result;
}

static uint32_t conclude_error(Message *message, JSValue error) {
  return report_error(message, message->hook, error) ? PROXY_ACTION_PAUSE : PROXY_ACTION_CONTINUE;
}

/* Both take over `value`. A local reply makes the action meaningless in Envoy; other hosts want to be told to wait. */
static uint32_t conclude_value(Message *message, JSValue value) {
  if (JS_IsUndefined(value))
    return PROXY_ACTION_CONTINUE;
  JSValue name = JS_NewString(vm.context, hook_names[message->hook]);
  JSValueConst argv[] = {message_view(message), value, name};
  JSValue result = call_sdk(vm.sdk.on_result, countof(argv), argv);
  JS_FreeValue(vm.context, name);
  JS_FreeValue(vm.context, value);
  if (JS_IsException(result))
    return conclude_error(message, JS_GetException(vm.context));
  JS_FreeValue(vm.context, result);
  return PROXY_ACTION_PAUSE;
}

/* Of the hook that has not finished with its call, and has now. */
static no_inline uint32_t conclude_async(Message *message) {
  bool rejected;
  JSValue result = take_result(&message->async, &rejected);
  return rejected ? conclude_error(message, result) : conclude_value(message, result);
}

/* For a stream that the filter does not see. */
static uint32_t run_no_hook(Message *message, Hook hook) {
  Stream *stream = message->stream;
  unsigned fate = stream->fate;
  stream->fate = STREAM_ANSWERED;
  message->hook = hook;
  if (fate == STREAM_TOO_MANY) {
    JS_ThrowRangeError(vm.context, "%u streams are open, which is more than the limit (limits.streams)",
                       vm.streams.count);
    return conclude_error(message, JS_GetException(vm.context));
  }
  if (fate == STREAM_ANSWERED)
    return PROXY_ACTION_CONTINUE;
  return refuse_stream(stream->id, 503) ? PROXY_ACTION_PAUSE : PROXY_ACTION_CONTINUE;
}

/* The hook may assign to its parameters; these are its own, so that the engine need not copy them. */
static inline __attribute__((always_inline)) JSValue call_hook(JSValueConst function, JSValueConst view,
                                                               const Plugin *plugin) {
  JSContext *context = vm.context;
  JSValue argv[] = {js_dup(view), js_dup(plugin->context)};
  JSValue value = call_function(function, plugin->filter->definition, countof(argv), argv);
  for (size_t i = 0; i < countof(argv); i++)
    JS_FreeValue(context, argv[i]);
  return value;
}

/* Runs a hook that can pause its direction of the stream, and returns the action for the host. */
static uint32_t run_hook(Message *message, Hook hook) {
  JSContext *context = vm.context;
  const Plugin *plugin = message->stream->plugin;
  if (message->stream->fate != STREAM_SEEN)
    return run_no_hook(message, hook);
  JSValueConst function = plugin->filter->hooks[hook], view = message_view(message);
  AsyncHook *async = &message->async;
  message->hook = hook;
  if (JS_IsException(view))
    goto failed;
  if (is_async_function(function) && !plugin->setting_up) {
    if (!start_async_hook(async, function, view, plugin))
      goto failed;
  } else {
    JSValueConst argv[] = {view, plugin->context, function, plugin->filter->definition};
    JSValue value =
        plugin->setting_up ? call_sdk(vm.sdk.wait_for_setup, countof(argv), argv) : call_hook(function, view, plugin);
    if (JS_IsException(value))
      goto failed;
    if (!JS_IsPromise(value))
      return conclude_value(message, value);
    async->promise = value;
  }
  run_jobs(); /* what needs no event from outside does not pause the stream */
  if (hook_state(async) != JS_PROMISE_PENDING)
    return conclude_async(message);
  pause_hook(async);
  return PROXY_ACTION_PAUSE;
failed:
  return conclude_error(message, JS_GetException(context));
}

static void close_body(Message *message) {
  message->body_open = false;
  message->body_start = message->body_end;
  release_body_bytes(vm.context);
}

/* After the hook of the headers, which may want to know the length that the sender has told. */
static void remove_content_length(Message *message) {
  static const char name[] = "content-length";
  message->length_goes = false;
  if (use_context(message->stream->id))
    proxy_remove_header_map_value(message->headers.type, name, strlen(name));
}

static const Arrivals *hooks_for(const Message *message) {
  return &(message->stream->plugin->filter->network ? network_arrivals : http_arrivals)[!is_request(message)];
}

/* Whether the host is to hold what has arrived of a body until it is there whole, for its hook. */
static bool waits_for_body(const Message *message) {
  BodyMode mode = body_mode(message);
  return !message->body_complete && mode != BODY_STREAM && mode != BODY_INSPECT &&
         has_hook(message->stream->plugin->filter, hooks_for(message)->body);
}

/* Gives what has arrived to its hooks, one after the other, until one pauses. Returns the action for the host. */
static uint32_t run_arrived(Message *message) {
  const Filter *filter = message->stream->plugin->filter;
  const Arrivals *hooks = hooks_for(message);
  uint32_t action = PROXY_ACTION_CONTINUE;
  if (message->arrived & ARRIVED_HEADERS) {
    message->arrived &= ~ARRIVED_HEADERS;
    if (has_hook(filter, hooks->headers) && (action = run_hook(message, hooks->headers)) != PROXY_ACTION_CONTINUE)
      return action;
  }
  if (message->length_goes)
    remove_content_length(message);
  BodyMode mode = body_mode(message);
  bool looks_at_body = has_hook(filter, hooks->body);
  if (message->arrived & ARRIVED_BODY) {
    if (looks_at_body) {
      if (waits_for_body(message))
        return PROXY_ACTION_PAUSE;
      message->arrived &= ~ARRIVED_BODY;
      message->body_end = message->body_size;
      message->body_open = true;
      action = run_hook(message, hooks->body);
      if (!message->async.is_paused)
        close_body(message);
      if (action != PROXY_ACTION_CONTINUE)
        return action;
    }
    message->arrived &= ~ARRIVED_BODY;
  }
  if (looks_at_body && mode == BODY_INSPECT && message->body_size && !message->body_complete)
    return PROXY_ACTION_PAUSE; /* what was seen waits for the rest */
  if (message->arrived & ARRIVED_TRAILERS) {
    message->arrived &= ~ARRIVED_TRAILERS;
    if (has_hook(filter, hooks->trailers) && (action = run_hook(message, hooks->trailers)) != PROXY_ACTION_CONTINUE)
      return action;
  }
  message->body_size = message->body_start = message->body_end = 0; /* the host sends on what it has held */
  return PROXY_ACTION_CONTINUE;
}

enum { MOST_ARRIVALS = 16 };

/* The same, with what arrives meanwhile. From a host that has something new within each host call the rest waits. */
static uint32_t run_all(Message *message) {
  for (int i = 0; i < MOST_ARRIVALS; i++) {
    uint32_t action = run_arrived(message);
    if (action != PROXY_ACTION_CONTINUE || !message->arrived)
      return action;
  }
  return PROXY_ACTION_PAUSE;
}

/* Whether `run_all` would do anything. */
static bool has_more(const Message *message) {
  return message->arrived || message->length_goes || message->body_size || message->body_end;
}

/* A paused hook has settled: the stream goes on, unless something else of it waits. */
static void resume(Message *message) {
  shim_turn = message->stream->id;
  bool headers_waited = message->hook == HOOK_REQUEST_HEADERS || message->hook == HOOK_RESPONSE_HEADERS;
  bool in_callback = message->in_callback;
  if (vm.end_gone && !in_callback && unlikely(!use_context(message->stream->id))) {
    vm.end_gone(message);
    return;
  }
  message->in_callback = true;
  uint32_t action = conclude_async(message);
  if (message->body_open)
    close_body(message);
  if (action == PROXY_ACTION_CONTINUE && has_more(message))
    action = run_all(message);
  message->in_callback = in_callback;
  /* Within its own callback the action that this returns lets it go on; the host would take a call as a second one. */
  if (in_callback)
    message->action = action;
  /* Envoy would let what it holds of a closed stream pass on, and with its end forget that it is closed. */
  else if (action == PROXY_ACTION_CONTINUE && !message->stream->closed && use_context(message->stream->id)) {
    message->replay = headers_waited ? REPLAY_STARTED : REPLAY_NONE;
    proxy_continue_stream(message->stream_type);
  }
  if (!in_callback)
    end_if_over(message->stream, 1);
}

/* Limits were reached: what they kept from growing may be garbage now, and a part of the SDK may want to know. */
static void report_hits(void) {
  uint32_t hits = guard.hits;
  if (!hits)
    return;
  guard.hits = 0;
  if (hits & GUARD_HIT_HEAP)
    shim_collect_garbage(vm.runtime);
  else
    give_back_memory(vm.runtime);
  if (JS_IsUndefined(vm.handlers[HANDLER_LIMIT_REACHED]))
    return;
  guard_renew();
  JSValueConst argv[] = {JS_NewUint32(vm.context, vm.plugin_id), JS_NewUint32(vm.context, hits)};
  JSValue result = call_sdk(vm.handlers[HANDLER_LIMIT_REACHED], countof(argv), argv);
  if (JS_IsException(result))
    log_exception("a limit was reached:");
  JS_FreeValue(vm.context, result);
}

/* What a callback interrupts when it comes within a host call of another. */
typedef struct Interruption {
  bool nested;
  uint32_t effective_context, plugin_id, turn;
} Interruption;

/* Nothing is left to do at a callback's end. */
static bool is_quiet(void) {
  return !has_jobs() && !ready.first && !rejections.count && !guard.hits && !guard.late_turn && !jobs_are_lost;
}

/* Runs the microtasks, and lets go on the streams whose hooks have finished. */
static no_inline void finish_callback(void) {
  run_jobs();
  for (AsyncHook *hook; (hook = next_ready_hook());) {
    resume(hook->message);
    run_jobs(); /* of a reply's or a report's own making, and of the next hook's */
  }
  report_rejections();
  report_hits();
}

/* The last part of every callback. One that came within another leaves what it has left to it. */
static void leave_callback(Interruption interrupted) {
  if (interrupted.nested) {
    vm.plugin_id = interrupted.plugin_id;
    vm.effective_context = interrupted.effective_context;
    shim_turn = interrupted.turn;
    release_contexts();
    return;
  }
  if (!is_quiet())
    finish_callback();
  release_contexts();
}

static Interruption enter_callback(uint32_t context_id, uint32_t plugin_id) {
  Interruption interrupted = {vm.depth > 0, vm.effective_context, vm.plugin_id, shim_turn};
  vm.effective_context = context_id;
  vm.plugin_id = plugin_id;
  shim_turn = context_id;
  if (!interrupted.nested)
    guard_enter();
  hold_contexts();
  return interrupted;
}

/* Something has arrived for a message. While a hook is at work it only waits. */
static uint32_t arrive(Message *message, uint8_t what) {
  message->arrived |= what;
  /* From within a host call of its own hook, it comes after that. */
  if (message->in_callback || message->async.is_paused)
    return message->action = PROXY_ACTION_PAUSE;
  Interruption interrupted = enter_callback(message->stream->id, message->stream->plugin->id);
  hold_contexts();
  message->in_callback = true;
  message->action = run_all(message);
  leave_callback(interrupted);
  message->in_callback = false;
  /* Envoy 1.40 crashes when trailers go on that belong to a stream which is closed. */
  uint32_t action = message->stream->closed ? PROXY_ACTION_PAUSE : message->action;
  release_contexts();
  end_if_over(message->stream, 0);
  return action;
}

/* Runs a hook that only looks on. */
static void run_observer(Stream *stream, Hook hook, JSValueConst detail) {
  JSContext *context = vm.context;
  const Plugin *plugin = stream->plugin;
  if (stream->fate != STREAM_SEEN)
    return;
  Interruption interrupted = enter_callback(stream->id, plugin->id);
  JSValueConst view = message_view(&stream->response);
  JSValueConst argv[] = {view, plugin->context, detail};
  JSValue value = JS_IsException(view)
                      ? JS_EXCEPTION
                      : JS_Call(context, plugin->filter->hooks[hook], plugin->filter->definition, countof(argv), argv);
  if (JS_IsException(value))
    report_error(&stream->response, hook, JS_GetException(context));
  JS_FreeValue(context, value);
  leave_callback(interrupted);
}

static void end_stream(Stream *stream) {
  Message *messages[] = {&stream->request, &stream->response};
  for (size_t i = 0; i < countof(messages); i++) {
    abandon_hook(&messages[i]->async);
    forget_delayed(messages[i]);
  }
  JS_FreeValue(vm.context, stream->state);
  discard_stream(stream);
}
