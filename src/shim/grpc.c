/*
 * gRPC calls and streams of the filter, by the host's ids: a call settles its promise, a stream tells its receiver.
 * What starts and ends them is in grpc_hostcalls.c, what the host tells of them in grpc_callbacks.c.
 *
 * The host is asked only about ids that are in the table. By its source, Envoy keeps a stream that its server has
 * ended, together with a pointer to freed memory, until the filter cancels it; inside the callback of the end that is
 * still safe, and done there.
 *
 * Envoy calls the metadata callbacks also from within the host calls of these: then they run inside the filter's code,
 * and neither begin a callback nor run microtasks.
 */

/* Status codes that the shim gives itself. */
enum { GRPC_CANCELLED = 1, GRPC_UNKNOWN = 2, GRPC_RESOURCE_EXHAUSTED = 8 };

typedef struct GrpcCall {
  uint32_t plugin_id;
  bool stream;
  bool half_closed; /* proxy_grpc_close was called: the host forgets the stream by itself when the server ends it */
  bool incomplete;  /* something that arrived could not be handed over */
  bool outdated;    /* of a configuration that is over: see js_cancel_grpc_streams */
  JSValue target;   /* a call's promise, a stream's receiver; undefined: nobody listens any more */
  struct GrpcCall *next_refused;
} GrpcCall;

/*
 * Envoy answers InternalFailure for a cluster that it does not know or cannot reach, and says which in a
 * proxy_on_grpc_close right after the callback, with an id that the filter never got. Until then they are here.
 */
static GrpcCall *refused_grpc_calls;

static GrpcCall *find_grpc_call(uint32_t id) { return id_table_get(&vm.grpc_calls, id); }

static void free_grpc_call(GrpcCall *call) {
  JS_FreeValue(vm.context, call->target);
  js_free_rt(vm.runtime, call);
}

/* Takes over `target`. NULL: an exception was thrown. */
static GrpcCall *new_grpc_call(JSContext *context, bool stream, JSValue target) {
  GrpcCall *call = JS_IsException(target) || !may_call(context) ? NULL : js_malloc(context, sizeof *call);
  if (call)
    *call = (GrpcCall){.plugin_id = vm.plugin_id, .stream = stream, .target = target};
  else
    JS_FreeValue(context, target);
  return call;
}

/* [code, message]. Takes over `message`. */
static JSValue new_grpc_status(uint32_t code, JSValue message) {
  JSValue items[] = {JS_NewUint32(vm.context, code), message};
  return JS_IsException(message) ? JS_EXCEPTION : JS_NewArrayFrom(vm.context, countof(items), items);
}

/* Settles a call's promise and frees the call. Takes over `outcome`: the answer's bytes or a status; an exception
   rejects. */
static void settle_grpc_call(GrpcCall *call, JSValue outcome) {
  bool failed = JS_IsException(outcome);
  settle_promise(js_dup(call->target), failed ? JS_GetException(vm.context) : outcome, failed);
  free_grpc_call(call);
}

/* Calls a method of a stream's receiver, which may end the stream. Takes over `argv`. False: an argument could not be
   made. */
static bool tell_grpc_stream(const GrpcCall *call, const char *method, int argc, JSValue *argv) {
  JSContext *context = vm.context;
  bool complete = true;
  for (int i = 0; i < argc; i++)
    complete = complete && !JS_IsException(argv[i]);
  if (!complete) {
    log_exception("an event of a gRPC stream is lost:");
  } else if (JS_IsObject(call->target)) {
    JSValue receiver = js_dup(call->target), function = JS_GetPropertyStr(context, receiver, method);
    JSValue result = JS_IsException(function) ? function : JS_Call(context, function, receiver, argc, argv);
    if (JS_IsException(result))
      log_exception("uncaught error in the receiver of a gRPC stream:");
    JS_FreeValue(context, result);
    JS_FreeValue(context, function);
    JS_FreeValue(context, receiver);
  }
  for (int i = 0; i < argc; i++)
    JS_FreeValue(context, argv[i]);
  return complete;
}

/* The same for what comes before a stream's end. What is lost makes the rest worthless. */
static void tell_grpc_event(uint32_t id, const char *method, JSValue value) {
  const GrpcCall *call = find_grpc_call(id);
  if (tell_grpc_stream(call, method, 1, &value))
    return;
  GrpcCall *same = find_grpc_call(id);
  if (!same)
    return;
  same->incomplete = true; /* its end says so, too, should the receiver not get to know it now */
  tell_grpc_stream(same, "onLost", 0, NULL);
}

/* The end of a call or stream, which is no longer in the table. Takes over `message` and frees the call. */
static void close_grpc_call(GrpcCall *call, uint32_t code, JSValue message) {
  if (!call->stream) {
    settle_grpc_call(call, new_grpc_status(code, message));
    return;
  }
  if (call->incomplete) {
    code = GRPC_RESOURCE_EXHAUSTED;
    JS_FreeValue(vm.context, message);
    message = JS_NewString(vm.context, "a part of the stream was lost: the filter has no memory left");
  }
  if (JS_IsException(message)) {
    JS_FreeValue(vm.context, JS_GetException(vm.context));
    message = JS_UNDEFINED;
  }
  JSValue argv[] = {JS_NewUint32(vm.context, code), message};
  tell_grpc_stream(call, "onClose", countof(argv), argv);
  free_grpc_call(call);
}

/* The first one of the plugin that the host refused, or NULL. */
static GrpcCall *take_refused_grpc_call(uint32_t plugin_id) {
  for (GrpcCall **at = &refused_grpc_calls; *at; at = &(*at)->next_refused) {
    GrpcCall *call = *at;
    if (call->plugin_id == plugin_id) {
      *at = call->next_refused;
      vm.refused_grpc_calls--;
      return call;
    }
  }
  return NULL;
}

/* Takes over `call`. False: the host will not say why, and a HostError was thrown. */
static bool keep_refused_grpc_call(JSContext *context, GrpcCall *call, const char *host_call, uint32_t status) {
  /* A host where the plugin may make no gRPC calls at all refuses this one in the same way. */
  if (vm.building || status != PROXY_STATUS_INTERNAL_FAILURE || proxy_grpc_cancel(0) == PROXY_STATUS_INTERNAL_FAILURE) {
    free_grpc_call(call);
    throw_host_error(context, host_call, status);
    return false;
  }
  GrpcCall **last = &refused_grpc_calls;
  while (*last)
    last = &(*last)->next_refused;
  *last = call;
  vm.refused_grpc_calls++;
  return true;
}

/* Puts what the host has taken into the table. Takes over `call`. False: an exception was thrown. */
static bool keep_grpc_call(JSContext *context, GrpcCall *call, uint32_t id) {
  GrpcCall *older = id_table_take(&vm.grpc_calls, id);
  if (older) /* a host that gives an id out twice says nothing more of the first one */
    close_grpc_call(older, GRPC_UNKNOWN, JS_UNDEFINED);
  if (id_table_put(&vm.grpc_calls, id, call))
    return true;
  proxy_grpc_cancel(id);
  free_grpc_call(call);
  JS_ThrowOutOfMemory(context);
  return false;
}
