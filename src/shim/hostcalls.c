/*
 * The shim's functions for src/sdk: host calls under their spec names, and what the shim adds to them.
 * The types are in src/sdk/shim.ts. Nothing but src/sdk sees the object that holds them.
 */

/* log_info(message) and its neighbours */
static JSValue js_log(JSContext *context, JSValueConst this, int argc, JSValueConst *argv, int level) {
  Bytes message;
  if (!borrow_body(context, argv[0], &message))
    return JS_EXCEPTION;
  uint32_t status = proxy_log(level, message.data, message.size);
  release_bytes(context, &message);
  return call_outcome(context, "proxy_log", status);
}

static JSValue js_proxy_log(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t level;
  if (JS_ToUint32(context, &level, argv[0]) < 0)
    return JS_EXCEPTION;
  return js_log(context, this, 1, argv + 1, (int)level);
}

static JSValue js_proxy_set_effective_context(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t id;
  if (JS_IsObject(argv[0]))
    return enter_message(context, argv[0]) ? JS_UNDEFINED : JS_EXCEPTION;
  if (JS_ToUint32(context, &id, argv[0]) < 0)
    return JS_EXCEPTION;
  return use_context(id) ? JS_UNDEFINED
                         : throw_host_error(context, "proxy_set_effective_context", PROXY_STATUS_BAD_ARGUMENT);
}

static JSValue js_proxy_get_buffer_bytes(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t type, offset, max_size;
  if (JS_ToUint32(context, &type, argv[0]) < 0 || JS_ToUint32(context, &offset, argv[1]) < 0 ||
      JS_ToUint32(context, &max_size, argv[2]) < 0)
    return JS_EXCEPTION;
  char *data = NULL;
  size_t size = 0;
  uint32_t status = host_result(proxy_get_buffer_bytes(type, offset, max_size, &data, &size), &data, &size);
  if (status != PROXY_STATUS_OK)
    return throw_host_error(context, "proxy_get_buffer_bytes", status);
  return take_host_bytes(context, data, size);
}

static JSValue js_proxy_send_local_response(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t code, status = PROXY_STATUS_OK;
  int32_t grpc_status = -1;
  Bytes details, body;
  PairWriter headers;
  if (JS_ToUint32(context, &code, argv[0]) < 0 ||
      (!JS_IsUndefined(argv[4]) && JS_ToInt32(context, &grpc_status, argv[4]) < 0) ||
      !serialize_pairs(context, argv[3], &headers)) /* before the bytes: it can run code */
    return JS_EXCEPTION;
  bool ok = borrow_body(context, argv[1], &details);
  if (ok) {
    if ((ok = borrow_body(context, argv[2], &body))) {
      status = proxy_send_local_response(code, details.data, details.size, body.data, body.size, headers.data,
                                         headers.size, grpc_status);
      release_bytes(context, &body);
    }
    release_bytes(context, &details);
  }
  release_pairs(context, &headers);
  if (!ok)
    return JS_EXCEPTION;
  return call_outcome(context, "proxy_send_local_response", status);
}

/* get_request(response): the HttpRequest of the same stream. */
static JSValue js_get_request(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Message *message = get_message(context, argv[0]);
  return message ? js_dup(message_view(&message->stream->request)) : JS_EXCEPTION;
}

static JSValue js_decode_utf8(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Bytes bytes;
  if (!(JS_IsObject(argv[0]) ? borrow_body(context, argv[0], &bytes) : borrow_byte_string(context, argv[0], &bytes)))
    return JS_EXCEPTION;
  JSValue text = new_text(context, bytes.data, bytes.size);
  release_bytes(context, &bytes);
  return text;
}

static JSValue js_encode_utf8(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Bytes bytes;
  if (!borrow_body(context, argv[0], &bytes))
    return JS_EXCEPTION;
  JSValue array = JS_NewUint8ArrayCopy(context, (const uint8_t *)bytes.data, bytes.size);
  release_bytes(context, &bytes);
  return array;
}

static JSValue js_is_iterable(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JSValue method = JS_IsObject(argv[0]) ? JS_GetProperty(context, argv[0], JS_ATOM_Symbol_iterator) : JS_UNDEFINED;
  if (JS_IsException(method))
    return method;
  bool iterable = !JS_IsUndefined(method) && !JS_IsNull(method);
  JS_FreeValue(context, method);
  return js_bool(iterable);
}

static JSValue js_iterate(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  return js_create_array_iterator(context, argv[0], 0, NULL, JS_ITERATOR_KIND_VALUE);
}

/* kind_of(object): see src/sdk/shim.ts. */
static JSValue js_kind_of(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  switch (JS_GetClassID(argv[0])) {
  case JS_CLASS_MAP:
    return JS_NewInt32(context, 1);
  case JS_CLASS_SET:
    return JS_NewInt32(context, 2);
  case JS_CLASS_UINT8_ARRAY:
    return JS_NewInt32(context, 3);
  default:
    return JS_NewInt32(context, 0);
  }
}

/* quote(text): as JSON has it. */
static JSValue js_quote(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  return JS_ToQuotedString(context, argv[0]);
}

/* get_root_id(): of the plugin that is being configured; "" where the host tells none. */
static JSValue js_get_root_id(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  static const char name[] = "plugin_root_id";
  char *data = NULL;
  size_t size = 0;
  uint32_t status = host_result(proxy_get_property(name, strlen(name), &data, &size), &data, &size);
  JSValue id = status == PROXY_STATUS_OK ? new_text(context, data ? data : "", size) : js_empty_string(context->rt);
  host_free(data);
  return id;
}

/* continue_stream and close_stream of the raw ABI: a stream type, or a message, which means its stream. */
static bool enter_stream_type(JSContext *context, JSValueConst value, uint32_t *type, Message **message) {
  *message = NULL;
  if (!JS_IsObject(value))
    return JS_ToUint32(context, type, value) == 0;
  *message = enter_message(context, value);
  if (*message)
    *type = (*message)->stream_type;
  return *message != NULL;
}

static JSValue js_proxy_continue_stream(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t type;
  Message *message;
  if (!enter_stream_type(context, argv[0], &type, &message))
    return JS_EXCEPTION;
  uint32_t status = proxy_continue_stream(type);
  return call_outcome(context, "proxy_continue_stream", status);
}

static JSValue js_proxy_close_stream(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t type;
  Message *message;
  if (!enter_stream_type(context, argv[0], &type, &message))
    return JS_EXCEPTION;
  uint32_t status = close_stream(message ? message->stream : find_stream(vm.effective_context), type);
  return call_outcome(context, "proxy_close_stream", status);
}

static JSValue js_proxy_set_tick_period(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t period;
  if (JS_ToUint32(context, &period, argv[0]) < 0)
    return JS_EXCEPTION;
  uint32_t status = set_tick_period(period);
  return call_outcome(context, "proxy_set_tick_period_milliseconds", status);
}

static const JSCFunctionListEntry shim_functions[] = {
    JS_CFUNC_DEF("register", 1, js_register),
    JS_CFUNC_DEF("handle", 2, js_handle),
    JS_CFUNC_DEF("get_plugin_id", 0, js_get_plugin_id),
    JS_CFUNC_DEF("set_plugin_ready", 1, js_set_plugin_ready),
    JS_CFUNC_DEF("step_aside", 3, js_step_aside),
    JS_CFUNC_DEF("proxy_set_tick_period_milliseconds", 1, js_proxy_set_tick_period),
    JS_CFUNC_DEF("proxy_continue_stream", 1, js_proxy_continue_stream),
    JS_CFUNC_DEF("proxy_close_stream", 1, js_proxy_close_stream),
    JS_CFUNC_DEF("proxy_log", 2, js_proxy_log),
    PLAIN_MAGIC_FUNCTION("log_trace", 1, js_log, PROXY_LOG_LEVEL_TRACE),
    PLAIN_MAGIC_FUNCTION("log_debug", 1, js_log, PROXY_LOG_LEVEL_DEBUG),
    PLAIN_MAGIC_FUNCTION("log_info", 1, js_log, PROXY_LOG_LEVEL_INFO),
    PLAIN_MAGIC_FUNCTION("log_warn", 1, js_log, PROXY_LOG_LEVEL_WARN),
    PLAIN_MAGIC_FUNCTION("log_error", 1, js_log, PROXY_LOG_LEVEL_ERROR),
    PLAIN_MAGIC_FUNCTION("log_critical", 1, js_log, PROXY_LOG_LEVEL_CRITICAL),
    JS_CFUNC_DEF("proxy_set_effective_context", 1, js_proxy_set_effective_context),
    JS_CFUNC_DEF("proxy_get_buffer_bytes", 3, js_proxy_get_buffer_bytes),
    JS_CFUNC_DEF("proxy_get_header_map_pairs", 1, js_proxy_get_header_map_pairs),
    JS_CFUNC_DEF("proxy_set_header_map_pairs", 2, js_proxy_set_header_map_pairs),
    JS_CFUNC_DEF("proxy_get_header_map_value", 2, js_proxy_get_header_map_value),
    JS_CFUNC_DEF("proxy_add_header_map_value", 3, js_proxy_add_header_map_value),
    JS_CFUNC_DEF("proxy_replace_header_map_value", 3, js_proxy_replace_header_map_value),
    JS_CFUNC_DEF("proxy_remove_header_map_value", 2, js_proxy_remove_header_map_value),
    JS_CFUNC_DEF("proxy_get_property", 1, js_proxy_get_property),
    JS_CFUNC_DEF("proxy_send_local_response", 5, js_proxy_send_local_response),
    PLAIN_FUNCTION("fetch", 2, js_fetch, MAGIC_AWAITED),
    JS_CFUNC_DEF("http_call", 8, js_http_call),
    JS_CFUNC_DEF("proxy_grpc_call", 6, js_proxy_grpc_call),
    JS_CFUNC_DEF("proxy_grpc_stream", 5, js_proxy_grpc_stream),
    JS_CFUNC_DEF("proxy_grpc_send", 3, js_proxy_grpc_send),
    JS_CFUNC_DEF("proxy_grpc_close", 1, js_proxy_grpc_close),
    JS_CFUNC_DEF("proxy_grpc_cancel", 1, js_proxy_grpc_cancel),
    JS_CFUNC_DEF("forget_grpc_stream", 1, js_forget_grpc_stream),
    JS_CFUNC_DEF("cancel_grpc_streams", 1, js_cancel_grpc_streams),
    JS_CFUNC_DEF("get_request", 1, js_get_request),
    JS_CFUNC_MAGIC_DEF("get_call_headers", 1, js_get_call_headers, false),
    JS_CFUNC_MAGIC_DEF("get_call_trailers", 1, js_get_call_headers, true),
    JS_CFUNC_MAGIC_DEF("get_call_bytes", 1, js_get_call_body, CALL_BODY_BYTES),
    JS_CFUNC_MAGIC_DEF("get_call_text", 1, js_get_call_body, CALL_BODY_TEXT),
    JS_CFUNC_DEF("proxy_set_property", 2, js_proxy_set_property),
    JS_CFUNC_DEF("decode_pairs", 1, js_decode_pairs),
    JS_CFUNC_DEF("proxy_call_foreign_function", 2, js_proxy_call_foreign_function),
    JS_CFUNC_DEF("proxy_get_shared_data", 1, js_proxy_get_shared_data),
    JS_CFUNC_DEF("proxy_set_shared_data", 3, js_proxy_set_shared_data),
    JS_CFUNC_DEF("proxy_register_shared_queue", 1, js_proxy_register_shared_queue),
    JS_CFUNC_DEF("proxy_resolve_shared_queue", 2, js_proxy_resolve_shared_queue),
    JS_CFUNC_DEF("proxy_enqueue_shared_queue", 2, js_proxy_enqueue_shared_queue),
    JS_CFUNC_DEF("proxy_dequeue_shared_queue", 1, js_proxy_dequeue_shared_queue),
    JS_CFUNC_DEF("proxy_define_metric", 2, js_proxy_define_metric),
    JS_CFUNC_DEF("proxy_increment_metric", 2, js_proxy_increment_metric),
    JS_CFUNC_DEF("proxy_record_metric", 2, js_proxy_record_metric),
    JS_CFUNC_DEF("proxy_get_metric", 1, js_proxy_get_metric),
    JS_CFUNC_DEF("proxy_get_log_level", 0, js_proxy_get_log_level),
    JS_CFUNC_DEF("proxy_get_current_time_nanoseconds", 0, js_proxy_get_current_time),
    JS_CFUNC_DEF("proxy_get_status", 0, js_proxy_get_status),
    JS_CFUNC_DEF("proxy_done", 0, js_proxy_done),
    JS_CFUNC_DEF("proxy_get_buffer_status", 1, js_proxy_get_buffer_status),
    JS_CFUNC_DEF("proxy_set_buffer_bytes", 4, js_proxy_set_buffer_bytes),
    JS_CFUNC_DEF("proxy_get_header_map_size", 1, js_proxy_get_header_map_size),
    JS_CFUNC_DEF("get_environment", 0, js_get_environment),
    JS_CFUNC_DEF("fill_random", 1, js_fill_random),
    JS_CFUNC_DEF("get_monotonic_time", 0, js_get_monotonic_time),
    JS_CFUNC_DEF("get_memory_usage", 0, js_get_memory_usage),
    JS_CFUNC_DEF("decode_utf8", 1, js_decode_utf8),
    JS_CFUNC_DEF("encode_utf8", 1, js_encode_utf8),
    JS_CFUNC_DEF("is_iterable", 1, js_is_iterable),
    JS_CFUNC_DEF("iterate", 1, js_iterate),
    JS_CFUNC_DEF("kind_of", 1, js_kind_of),
    JS_CFUNC_DEF("quote", 1, js_quote),
    JS_CFUNC_DEF("get_root_id", 0, js_get_root_id),
    JS_CFUNC_DEF("hash", 2, js_hash),
    JS_CFUNC_DEF("hmac", 3, js_hmac),
    JS_CFUNC_DEF("timing_safe_equal", 2, js_timing_safe_equal),
    JS_CFUNC_DEF("json_field", 2, js_json_field),
    JS_CFUNC_DEF("parse_query", 1, js_parse_query),
    JS_CFUNC_DEF("serialize_query", 1, js_serialize_query),
    JS_CFUNC_DEF("percent_encode", 2, js_percent_encode),
};
