/* Properties, and the functions that a host offers beyond the ABI. */

/* A property's path is its segments with a zero byte between them. */
static JSValue js_proxy_get_property(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Bytes path;
  if (!borrow_body(context, argv[0], &path))
    return JS_EXCEPTION;
  char *data = NULL;
  size_t size = 0;
  uint32_t status = host_result(proxy_get_property(path.data, path.size, &data, &size), &data, &size);
  release_bytes(context, &path);
  if (status == PROXY_STATUS_OK)
    return take_host_bytes(context, data, size);
  return status == PROXY_STATUS_NOT_FOUND ? JS_UNDEFINED : throw_host_error(context, "proxy_get_property", status);
}

static JSValue js_proxy_set_property(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Bytes path, value;
  if (!borrow_body(context, argv[0], &path))
    return JS_EXCEPTION;
  bool ok = borrow_body(context, argv[1], &value);
  uint32_t status = ok ? proxy_set_property(path.data, path.size, value.data, value.size) : PROXY_STATUS_OK;
  release_bytes(context, &path);
  if (!ok)
    return JS_EXCEPTION;
  release_bytes(context, &value);
  return call_outcome(context, "proxy_set_property", status);
}

/* decode_pairs(bytes): [[name, value], ...] of a map as the host serializes it. */
static JSValue js_decode_pairs(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Bytes bytes;
  PairReader reader;
  if (!borrow_body(context, argv[0], &bytes))
    return JS_EXCEPTION;
  JSValue list = read_pairs(&reader, bytes.data, bytes.size) ? new_pairs(context, &reader, NULL, 0)
                                                             : JS_ThrowTypeError(context, "not a serialized map");
  release_bytes(context, &bytes);
  return list;
}

/* Undefined: the function has no result. */
static JSValue js_proxy_call_foreign_function(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Bytes name, argument;
  if (!borrow_body(context, argv[0], &name))
    return JS_EXCEPTION;
  if (!borrow_body(context, argv[1], &argument)) {
    release_bytes(context, &name);
    return JS_EXCEPTION;
  }
  char *data = NULL;
  size_t size = 0;
  uint32_t status = host_result(
      proxy_call_foreign_function(name.data, name.size, argument.data, argument.size, &data, &size), &data, &size);
  release_bytes(context, &name);
  release_bytes(context, &argument);
  if (status == PROXY_STATUS_OK)
    return data ? take_host_bytes(context, data, size) : JS_UNDEFINED;
  return throw_host_error(context, "proxy_call_foreign_function", status);
}
