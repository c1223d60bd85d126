/* What the host says of itself and of its current context. */

static JSValue js_proxy_get_log_level(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t level = 0, status = proxy_get_log_level(&level);
  return status == PROXY_STATUS_OK ? JS_NewUint32(context, level)
                                   : throw_host_error(context, "proxy_get_log_level", status);
}

/* A bigint: nanoseconds since 1970 are more than a number can hold exactly. */
static JSValue js_proxy_get_current_time(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint64_t time = 0;
  uint32_t status = proxy_get_current_time_nanoseconds(&time);
  return status == PROXY_STATUS_OK ? JS_NewBigUint64(context, time)
                                   : throw_host_error(context, "proxy_get_current_time_nanoseconds", status);
}

/* [code, message] */
static JSValue js_proxy_get_status(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  char *data = NULL;
  size_t size = 0;
  uint32_t code = 0, status = host_result(proxy_get_status(&code, &data, &size), &data, &size);
  if (status != PROXY_STATUS_OK)
    return throw_host_error(context, "proxy_get_status", status);
  JSValue message = new_text(context, data ? data : "", size);
  host_free(data);
  return new_tuple(context, JS_NewUint32(context, code), message);
}

static JSValue js_proxy_done(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  return call_outcome(context, "proxy_done", proxy_done());
}

/* [length, flags] */
static JSValue js_proxy_get_buffer_status(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t type, length = 0, flags = 0;
  if (JS_ToUint32(context, &type, argv[0]) < 0)
    return JS_EXCEPTION;
  uint32_t status = proxy_get_buffer_status(type, &length, &flags);
  return status == PROXY_STATUS_OK ? new_tuple(context, JS_NewUint32(context, length), JS_NewUint32(context, flags))
                                   : throw_host_error(context, "proxy_get_buffer_status", status);
}

static JSValue js_proxy_set_buffer_bytes(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t type, offset, size;
  Bytes value;
  if (JS_ToUint32(context, &type, argv[0]) < 0 || JS_ToUint32(context, &offset, argv[1]) < 0 ||
      JS_ToUint32(context, &size, argv[2]) < 0 || !borrow_body(context, argv[3], &value))
    return JS_EXCEPTION;
  uint32_t status = proxy_set_buffer_bytes(type, offset, size, value.data, value.size);
  release_bytes(context, &value);
  return call_outcome(context, "proxy_set_buffer_bytes", status);
}

static JSValue js_proxy_get_header_map_size(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t map_type, size = 0;
  if (!enter_map(context, argv[0], &map_type))
    return JS_EXCEPTION;
  uint32_t status = proxy_get_header_map_size(map_type, &size);
  return status == PROXY_STATUS_OK ? JS_NewUint32(context, size)
                                   : throw_host_error(context, "proxy_get_header_map_size", status);
}
