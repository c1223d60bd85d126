/*
 * gRPC calls and streams of the filter, by the host's ids: a call settles its promise, a stream tells its receiver.
 *
 * The host is asked only about ids that are in the table. By its source, Envoy keeps a stream that its server has
 * ended, together with a pointer to freed memory, until the filter cancels it; inside the callback of the end that is
 * still safe, and done there.
 *
 * Envoy calls the metadata callbacks also from within the host calls below: then they run inside the filter's code, and
 * neither begin a callback nor run microtasks.
 */

/* Status codes that the shim gives itself. */
enum { GRPC_CANCELLED = 1, GRPC_UNKNOWN = 2, GRPC_RESOURCE_EXHAUSTED = 8 };

typedef struct GrpcCall {
  uint32_t plugin_id;
  bool stream;
  bool half_closed; /* proxy_grpc_close was called: the host forgets the stream by itself when the server ends it */
  bool incomplete;  /* something that arrived could not be handed over */
  JSValue target;   /* a call's promise, a stream's receiver; undefined: nobody listens any more */
  struct GrpcCall *next_refused;
} GrpcCall;

/*
 * Envoy answers InternalFailure for a cluster that it does not know or cannot reach, and says which in a
 * proxy_on_grpc_close right after the callback, with an id that the filter never got. Until then they are here.
 */
static GrpcCall *refused_grpc_calls;

static uint32_t grpc_host_calls; /* how many of them are under way */

static GrpcCall *find_grpc_call(uint32_t id) { return id_table_get(&vm.grpc_calls, id); }

static void free_grpc_call(GrpcCall *call) {
  JS_FreeValue(vm.context, call->target);
  js_free_rt(vm.runtime, call);
}

/* Takes over `target`. NULL: an exception was thrown. */
static GrpcCall *new_grpc_call(JSContext *context, bool stream, JSValue target) {
  GrpcCall *call = JS_IsException(target) ? NULL : js_malloc(context, sizeof *call);
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

/* What a call and a stream are started with. */
typedef struct GrpcRequest {
  PairWriter metadata;
  Bytes parts[4]; /* upstream, service, method, message */
} GrpcRequest;

static void release_grpc_request(JSContext *context, GrpcRequest *request) {
  for (size_t i = 0; i < countof(request->parts); i++)
    release_bytes(context, &request->parts[i]);
  release_pairs(context, &request->metadata);
}

/* `argv`: upstream, service, method, metadata. The metadata first: reading them can run code, which could take the
   bytes of an array away. */
static bool borrow_grpc_request(JSContext *context, JSValueConst *argv, JSValueConst message, GrpcRequest *request) {
  JSValueConst values[] = {argv[0], argv[1], argv[2], message};
  if (!serialize_pairs(context, argv[3], &request->metadata))
    return false;
  for (size_t i = 0; i < countof(values); i++) {
    if (borrow_body(context, values[i], &request->parts[i]))
      continue;
    while (i)
      release_bytes(context, &request->parts[--i]);
    release_pairs(context, &request->metadata);
    return false;
  }
  return true;
}

/* proxy_grpc_call(upstream, service, method, metadata, message, timeout): [id, promise of the answer or a status] */
static JSValue js_proxy_grpc_call(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  GrpcRequest request;
  uint32_t timeout, id = 0;
  if (JS_ToUint32(context, &timeout, argv[5]) < 0 || !borrow_grpc_request(context, argv, argv[4], &request))
    return JS_EXCEPTION;
  JSValue promise = new_pending_promise(context), result = JS_EXCEPTION;
  GrpcCall *call = new_grpc_call(context, false, js_dup(promise));
  if (call) {
    const Bytes *parts = request.parts;
    grpc_host_calls++;
    uint32_t status =
        proxy_grpc_call(parts[0].data, parts[0].size, parts[1].data, parts[1].size, parts[2].data, parts[2].size,
                        request.metadata.data, request.metadata.size, parts[3].data, parts[3].size, timeout, &id);
    grpc_host_calls--;
    bool kept = status == PROXY_STATUS_OK ? keep_grpc_call(context, call, id)
                                          : keep_refused_grpc_call(context, call, "proxy_grpc_call", status);
    if (kept) {
      JSValue items[] = {JS_NewUint32(context, status == PROXY_STATUS_OK ? id : 0), js_dup(promise)};
      result = JS_NewArrayFrom(context, countof(items), items);
    }
  }
  JS_FreeValue(context, promise);
  release_grpc_request(context, &request);
  return result;
}

/* proxy_grpc_stream(upstream, service, method, metadata, receiver): its id; 0: the host refused it, and the receiver
   will be told why */
static JSValue js_proxy_grpc_stream(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  GrpcRequest request;
  uint32_t id = 0;
  if (!JS_IsObject(argv[4]))
    return JS_ThrowTypeError(context, "proxy_grpc_stream: the receiver must be an object");
  if (!borrow_grpc_request(context, argv, JS_UNDEFINED, &request))
    return JS_EXCEPTION;
  JSValue result = JS_EXCEPTION;
  GrpcCall *stream = new_grpc_call(context, true, js_dup(argv[4]));
  if (stream) {
    const Bytes *parts = request.parts;
    grpc_host_calls++;
    uint32_t status = proxy_grpc_stream(parts[0].data, parts[0].size, parts[1].data, parts[1].size, parts[2].data,
                                        parts[2].size, request.metadata.data, request.metadata.size, &id);
    grpc_host_calls--;
    bool kept = status == PROXY_STATUS_OK ? keep_grpc_call(context, stream, id)
                                          : keep_refused_grpc_call(context, stream, "proxy_grpc_stream", status);
    if (kept)
      result = JS_NewUint32(context, status == PROXY_STATUS_OK ? id : 0);
  }
  release_grpc_request(context, &request);
  return result;
}

typedef enum GrpcOperation { GRPC_SEND, GRPC_CLOSE, GRPC_CANCEL } GrpcOperation;

/* Asks the host of the call's plugin, whoever has the turn. */
static uint32_t run_grpc_operation(GrpcOperation operation, uint32_t id, uint32_t plugin_id, const Bytes *message,
                                   bool end) {
  uint32_t effective_context = vm.effective_context, status;
  if (plugin_id != vm.plugin_id && !use_context(plugin_id))
    return PROXY_STATUS_NOT_FOUND;
  grpc_host_calls++;
  switch (operation) {
  case GRPC_SEND:
    status = proxy_grpc_send(id, message->data, message->size, end);
    break;
  case GRPC_CLOSE:
    status = proxy_grpc_close(id);
    break;
  default:
    status = proxy_grpc_cancel(id);
  }
  grpc_host_calls--;
  use_context(effective_context);
  return status;
}

/* Takes a call or stream out of the table and cancels it. NULL: there is none of this id. */
static GrpcCall *cancel_grpc_call(uint32_t id, uint32_t *status) {
  GrpcCall *call = id_table_take(&vm.grpc_calls, id);
  *status = call ? run_grpc_operation(GRPC_CANCEL, id, call->plugin_id, NULL, false) : PROXY_STATUS_NOT_FOUND;
  return call;
}

/* proxy_grpc_send(id, message, end) */
static JSValue js_proxy_grpc_send(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t id, status = PROXY_STATUS_NOT_FOUND;
  Bytes message;
  if (JS_ToUint32(context, &id, argv[0]) < 0 || !borrow_body(context, argv[1], &message))
    return JS_EXCEPTION;
  const GrpcCall *stream = find_grpc_call(id);
  if (stream)
    status = run_grpc_operation(GRPC_SEND, id, stream->plugin_id, &message, JS_ToBool(context, argv[2]) > 0);
  release_bytes(context, &message);
  return status == PROXY_STATUS_OK ? JS_UNDEFINED : throw_host_error(context, "proxy_grpc_send", status);
}

/* proxy_grpc_cancel(id): nothing more is heard of a stream; a call's promise settles with the status CANCELLED. */
static JSValue js_proxy_grpc_cancel(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t id, status;
  if (JS_ToUint32(context, &id, argv[0]) < 0)
    return JS_EXCEPTION;
  GrpcCall *call = cancel_grpc_call(id, &status);
  if (call && call->stream)
    free_grpc_call(call);
  else if (call)
    close_grpc_call(call, GRPC_CANCELLED, JS_UNDEFINED);
  return status == PROXY_STATUS_OK ? JS_UNDEFINED : throw_host_error(context, "proxy_grpc_cancel", status);
}

/* proxy_grpc_close(id): ends the filter's side of a stream; of a call, it is the same as cancelling. */
static JSValue js_proxy_grpc_close(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t id, status = PROXY_STATUS_NOT_FOUND;
  if (JS_ToUint32(context, &id, argv[0]) < 0)
    return JS_EXCEPTION;
  const GrpcCall *call = find_grpc_call(id);
  if (call && !call->stream)
    return js_proxy_grpc_cancel(context, this, argc, argv);
  if (call)
    status = run_grpc_operation(GRPC_CLOSE, id, call->plugin_id, NULL, false);
  GrpcCall *same = find_grpc_call(id); /* the host may have told its end already */
  if (same && status == PROXY_STATUS_OK)
    same->half_closed = true;
  return status == PROXY_STATUS_OK ? JS_UNDEFINED : throw_host_error(context, "proxy_grpc_close", status);
}

/* forget_grpc_stream(id): its receiver is told nothing more. */
static JSValue js_forget_grpc_stream(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t id;
  if (JS_ToUint32(context, &id, argv[0]) < 0)
    return JS_EXCEPTION;
  GrpcCall *stream = find_grpc_call(id);
  if (stream && stream->stream) {
    JS_FreeValue(context, stream->target);
    stream->target = JS_UNDEFINED;
  }
  return JS_UNDEFINED;
}

/* cancel_grpc_streams(plugin): those that its old configuration has started. */
static JSValue js_cancel_grpc_streams(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t plugin_id, status;
  if (JS_ToUint32(context, &plugin_id, argv[0]) < 0)
    return JS_EXCEPTION;
  const IdTable *table = &vm.grpc_calls;
  for (uint32_t i = 0; table->slots && i <= table->mask; i++) {
    const GrpcCall *call = table->slots[i].value;
    if (!call || !call->stream || call->plugin_id != plugin_id)
      continue;
    GrpcCall *stream = cancel_grpc_call(table->slots[i].id, &status);
    close_grpc_call(stream, GRPC_CANCELLED, JS_NewString(context, "its plugin has ended or was configured again"));
    i = UINT32_MAX; /* taking one out moves others, and its receiver may have started new ones */
  }
  return JS_UNDEFINED;
}

/* The message of the status, inside proxy_on_grpc_close. */
static JSValue load_grpc_status_text(void) {
  uint32_t code = 0;
  char *data = NULL;
  size_t size = 0;
  uint32_t status = proxy_get_status(&code, &data, &size);
  JSValue text = status == PROXY_STATUS_OK && data ? JS_NewStringLen(vm.context, data, size) : JS_UNDEFINED;
  host_free(data);
  return text;
}

static JSValue load_grpc_message(uint32_t announced) {
  char *data = NULL;
  size_t size = 0;
  uint32_t status = PROXY_STATUS_OK;
  if (announced) /* an empty message has no buffer in some hosts */
    status = proxy_get_buffer_bytes(PROXY_BUFFER_TYPE_GRPC_CALL_MESSAGE, 0, announced, &data, &size);
  JSValue bytes = status == PROXY_STATUS_OK
                      ? JS_NewUint8ArrayCopy(vm.context, (const uint8_t *)(data ? data : ""), size)
                      : throw_host_error(vm.context, "proxy_get_buffer_bytes", status);
  host_free(data);
  return bytes;
}

static JSValue load_grpc_metadata(uint32_t map_type, uint32_t count) {
  return count ? get_pairs(vm.context, map_type, NULL, 0) : JS_NewArray(vm.context);
}

/* What the callback of an event interrupts when it comes from within a host call. */
typedef struct GrpcInterruption {
  uint32_t effective_context, plugin_id;
} GrpcInterruption;

static GrpcInterruption enter_grpc_callback(uint32_t plugin_id) {
  GrpcInterruption interrupted = {vm.effective_context, vm.plugin_id};
  if (grpc_host_calls) {
    vm.effective_context = plugin_id;
    vm.plugin_id = plugin_id;
  } else {
    enter_callback(plugin_id, plugin_id);
  }
  return interrupted;
}

static void leave_grpc_callback(GrpcInterruption interrupted) {
  if (!grpc_host_calls) {
    leave_callback();
    return;
  }
  vm.effective_context = interrupted.effective_context;
  vm.plugin_id = interrupted.plugin_id;
}

static bool has_grpc_receiver(uint32_t id) {
  const GrpcCall *call = find_grpc_call(id);
  return call && call->stream && !call->incomplete && JS_IsObject(call->target);
}

EXPORT(proxy_on_grpc_receive_initial_metadata)
void proxy_on_grpc_receive_initial_metadata(uint32_t plugin_id, uint32_t call_id, uint32_t num_elements) {
  if (!has_grpc_receiver(call_id))
    return;
  GrpcInterruption interrupted = enter_grpc_callback(plugin_id);
  tell_grpc_event(call_id, "onInitialMetadata",
                  load_grpc_metadata(PROXY_MAP_TYPE_GRPC_CALL_INITIAL_METADATA, num_elements));
  leave_grpc_callback(interrupted);
}

EXPORT(proxy_on_grpc_receive)
void proxy_on_grpc_receive(uint32_t plugin_id, uint32_t call_id, uint32_t message_size) {
  GrpcCall *call = find_grpc_call(call_id);
  if (!call || (call->stream && !has_grpc_receiver(call_id)))
    return;
  GrpcInterruption interrupted = enter_grpc_callback(plugin_id);
  JSValue message = load_grpc_message(message_size);
  if (call->stream)
    tell_grpc_event(call_id, "onMessage", message);
  else
    settle_grpc_call(id_table_take(&vm.grpc_calls, call_id), message);
  leave_grpc_callback(interrupted);
}

EXPORT(proxy_on_grpc_receive_trailing_metadata)
void proxy_on_grpc_receive_trailing_metadata(uint32_t plugin_id, uint32_t call_id, uint32_t num_elements) {
  if (!has_grpc_receiver(call_id))
    return;
  GrpcInterruption interrupted = enter_grpc_callback(plugin_id);
  tell_grpc_event(call_id, "onTrailingMetadata",
                  load_grpc_metadata(PROXY_MAP_TYPE_GRPC_CALL_TRAILING_METADATA, num_elements));
  leave_grpc_callback(interrupted);
}

EXPORT(proxy_on_grpc_close)
void proxy_on_grpc_close(uint32_t plugin_id, uint32_t call_id, uint32_t status_code) {
  GrpcCall *call = id_table_take(&vm.grpc_calls, call_id);
  bool refused = !call;
  if (refused && !(call = take_refused_grpc_call(plugin_id)))
    return;
  GrpcInterruption interrupted = enter_grpc_callback(plugin_id);
  JSValue message = load_grpc_status_text();
  if (call->stream && !refused && !call->half_closed)
    run_grpc_operation(GRPC_CANCEL, call_id, plugin_id, NULL, false);
  close_grpc_call(call, status_code, message);
  leave_grpc_callback(interrupted);
}
