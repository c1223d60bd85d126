/* Data that the host keeps for all VMs of a vm_id. */

/* [value, cas], or undefined. */
static JSValue js_proxy_get_shared_data(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Bytes key;
  if (!borrow_body(context, argv[0], &key))
    return JS_EXCEPTION;
  char *data = NULL;
  size_t size = 0;
  uint32_t cas = 0;
  uint32_t status = host_result(proxy_get_shared_data(key.data, key.size, &data, &size, &cas), &data, &size);
  release_bytes(context, &key);
  if (status == PROXY_STATUS_OK)
    return new_tuple(context, take_host_bytes(context, data, size), JS_NewUint32(context, cas));
  return status == PROXY_STATUS_NOT_FOUND ? JS_UNDEFINED : throw_host_error(context, "proxy_get_shared_data", status);
}

/* False: the value there has another cas. */
static JSValue js_proxy_set_shared_data(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t cas = 0;
  Bytes key, value;
  if ((!JS_IsUndefined(argv[2]) && JS_ToUint32(context, &cas, argv[2]) < 0) || !borrow_body(context, argv[0], &key))
    return JS_EXCEPTION;
  bool ok = borrow_body(context, argv[1], &value);
  uint32_t status = ok ? proxy_set_shared_data(key.data, key.size, value.data, value.size, cas) : PROXY_STATUS_OK;
  release_bytes(context, &key);
  if (!ok)
    return JS_EXCEPTION;
  release_bytes(context, &value);
  if (status == PROXY_STATUS_OK || status == PROXY_STATUS_CAS_MISMATCH)
    return js_bool(status == PROXY_STATUS_OK);
  return throw_host_error(context, "proxy_set_shared_data", status);
}
