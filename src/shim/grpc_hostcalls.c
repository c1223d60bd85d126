/* The host calls of gRPC, for the SDK. */

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
    uint32_t status =
        proxy_grpc_call(parts[0].data, parts[0].size, parts[1].data, parts[1].size, parts[2].data, parts[2].size,
                        request.metadata.data, request.metadata.size, parts[3].data, parts[3].size, timeout, &id);
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
    uint32_t status = proxy_grpc_stream(parts[0].data, parts[0].size, parts[1].data, parts[1].size, parts[2].data,
                                        parts[2].size, request.metadata.data, request.metadata.size, &id);
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
  return call_outcome(context, "proxy_grpc_send", status);
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
  return call_outcome(context, "proxy_grpc_cancel", status);
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
  return call_outcome(context, "proxy_grpc_close", status);
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

/* cancel_grpc_streams(plugin): those that its old configuration has started, and none that begins meanwhile: a host may
   configure the plugin again within each cancellation. */
static JSValue js_cancel_grpc_streams(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t plugin_id, status;
  if (JS_ToUint32(context, &plugin_id, argv[0]) < 0)
    return JS_EXCEPTION;
  const IdTable *table = &vm.grpc_calls;
  for (uint32_t i = 0; table->slots && i <= table->mask; i++) {
    GrpcCall *call = table->slots[i].value;
    if (call && call->stream && call->plugin_id == plugin_id)
      call->outdated = true;
  }
  for (uint32_t i = 0; table->slots && i <= table->mask; i++) {
    const GrpcCall *call = table->slots[i].value;
    if (!call || !call->outdated || call->plugin_id != plugin_id)
      continue;
    GrpcCall *stream = cancel_grpc_call(table->slots[i].id, &status);
    close_grpc_call(stream, GRPC_CANCELLED, JS_NewString(context, "its plugin has ended or was configured again"));
    i = UINT32_MAX; /* taking one out moves others */
  }
  return JS_UNDEFINED;
}
