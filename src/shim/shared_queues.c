/* Queues that the host keeps for all VMs. An id is the host's; it is the same in each VM and worker. */

static JSValue js_proxy_register_shared_queue(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Bytes name;
  if (!borrow_body(context, argv[0], &name))
    return JS_EXCEPTION;
  uint32_t id = 0, status = proxy_register_shared_queue(name.data, name.size, &id);
  release_bytes(context, &name);
  return status == PROXY_STATUS_OK ? JS_NewUint32(context, id)
                                   : throw_host_error(context, "proxy_register_shared_queue", status);
}

/* proxy_resolve_shared_queue(vmId, name): undefined when nobody has registered it. */
static JSValue js_proxy_resolve_shared_queue(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Bytes vm_id, name;
  if (!borrow_body(context, argv[0], &vm_id))
    return JS_EXCEPTION;
  bool ok = borrow_body(context, argv[1], &name);
  uint32_t id = 0, status = PROXY_STATUS_OK;
  if (ok)
    status = proxy_resolve_shared_queue(vm_id.data, vm_id.size, name.data, name.size, &id);
  release_bytes(context, &vm_id);
  if (!ok)
    return JS_EXCEPTION;
  release_bytes(context, &name);
  if (status == PROXY_STATUS_NOT_FOUND)
    return JS_UNDEFINED;
  return status == PROXY_STATUS_OK ? JS_NewUint32(context, id)
                                   : throw_host_error(context, "proxy_resolve_shared_queue", status);
}

static JSValue js_proxy_enqueue_shared_queue(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t id;
  Bytes value;
  if (JS_ToUint32(context, &id, argv[0]) < 0 || !borrow_body(context, argv[1], &value))
    return JS_EXCEPTION;
  uint32_t status = proxy_enqueue_shared_queue(id, value.data, value.size);
  release_bytes(context, &value);
  return call_outcome(context, "proxy_enqueue_shared_queue", status);
}

/* Undefined: it is empty. */
static JSValue js_proxy_dequeue_shared_queue(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t id;
  if (JS_ToUint32(context, &id, argv[0]) < 0)
    return JS_EXCEPTION;
  char *data = NULL;
  size_t size = 0;
  uint32_t status = host_result(proxy_dequeue_shared_queue(id, &data, &size), &data, &size);
  if (status == PROXY_STATUS_OK)
    return take_host_bytes(context, data, size);
  return status == PROXY_STATUS_EMPTY ? JS_UNDEFINED : throw_host_error(context, "proxy_dequeue_shared_queue", status);
}
