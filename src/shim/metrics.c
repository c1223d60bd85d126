/* Metrics. Numbers of JavaScript are exact up to 2^53; a bigint may stand for each of them. */

static JSValue js_proxy_define_metric(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t type, id = 0;
  Bytes name;
  if (JS_ToUint32(context, &type, argv[0]) < 0 || !borrow_body(context, argv[1], &name))
    return JS_EXCEPTION;
  uint32_t status = proxy_define_metric(type, name.data, name.size, &id);
  release_bytes(context, &name);
  return status == PROXY_STATUS_OK ? JS_NewUint32(context, id)
                                   : throw_host_error(context, "proxy_define_metric", status);
}

static bool to_metric(JSContext *context, JSValueConst *argv, uint32_t *id, int64_t *number) {
  return JS_ToUint32(context, id, argv[0]) == 0 && JS_ToInt64Ext(context, number, argv[1]) == 0;
}

static JSValue js_proxy_increment_metric(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t id;
  int64_t offset;
  if (!to_metric(context, argv, &id, &offset))
    return JS_EXCEPTION;
  return call_outcome(context, "proxy_increment_metric", proxy_increment_metric(id, offset));
}

static JSValue js_proxy_record_metric(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t id;
  int64_t value;
  if (!to_metric(context, argv, &id, &value))
    return JS_EXCEPTION;
  return call_outcome(context, "proxy_record_metric", proxy_record_metric(id, (uint64_t)value));
}

/* As a signed number: a gauge that was decremented below zero is negative, while the host shows 2^64 less that. */
static JSValue js_proxy_get_metric(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t id;
  if (JS_ToUint32(context, &id, argv[0]) < 0)
    return JS_EXCEPTION;
  uint64_t value = 0;
  uint32_t status = proxy_get_metric(id, &value);
  return status == PROXY_STATUS_OK ? JS_NewInt64(context, (int64_t)value)
                                   : throw_host_error(context, "proxy_get_metric", status);
}
