/* The callbacks of gRPC. A module exports those that its filter needs; build.c says which. */

/* The message of the status, inside proxy_on_grpc_close. */
static JSValue load_grpc_status_text(void) {
  uint32_t code = 0;
  char *data = NULL;
  size_t size = 0;
  uint32_t status = host_result(proxy_get_status(&code, &data, &size), &data, &size);
  JSValue text = status == PROXY_STATUS_OK && data ? new_text(vm.context, data, size) : JS_UNDEFINED;
  host_free(data);
  return text;
}

static JSValue load_grpc_message(uint32_t announced) {
  char *data = NULL;
  size_t size = 0;
  uint32_t status = PROXY_STATUS_OK;
  if (announced) /* an empty message has no buffer in some hosts */
    status = host_result(proxy_get_buffer_bytes(PROXY_BUFFER_TYPE_GRPC_CALL_MESSAGE, 0, announced, &data, &size), &data,
                         &size);
  return status == PROXY_STATUS_OK ? take_host_bytes(vm.context, data, size)
                                   : throw_host_error(vm.context, "proxy_get_buffer_bytes", status);
}

static JSValue load_grpc_metadata(uint32_t map_type, uint32_t count) {
  return count ? get_pairs(vm.context, map_type, NULL, 0) : JS_NewArray(vm.context);
}

static bool has_grpc_receiver(uint32_t id) {
  const GrpcCall *call = find_grpc_call(id);
  return call && call->stream && !call->incomplete && JS_IsObject(call->target);
}

EXPORT(proxy_on_grpc_receive_initial_metadata)
void proxy_on_grpc_receive_initial_metadata(uint32_t plugin_id, uint32_t call_id, uint32_t num_elements) {
  if (!has_grpc_receiver(call_id))
    return;
  Interruption interrupted = enter_callback(plugin_id, plugin_id);
  tell_grpc_event(call_id, "onInitialMetadata",
                  load_grpc_metadata(PROXY_MAP_TYPE_GRPC_CALL_INITIAL_METADATA, num_elements));
  leave_callback(interrupted);
}

EXPORT(proxy_on_grpc_receive)
void proxy_on_grpc_receive(uint32_t plugin_id, uint32_t call_id, uint32_t message_size) {
  GrpcCall *call = find_grpc_call(call_id);
  if (!call || (call->stream && !has_grpc_receiver(call_id)))
    return;
  Interruption interrupted = enter_callback(plugin_id, plugin_id);
  JSValue message = load_grpc_message(message_size);
  if (call->stream)
    tell_grpc_event(call_id, "onMessage", message);
  else
    settle_grpc_call(id_table_take(&vm.grpc_calls, call_id), message);
  leave_callback(interrupted);
}

EXPORT(proxy_on_grpc_receive_trailing_metadata)
void proxy_on_grpc_receive_trailing_metadata(uint32_t plugin_id, uint32_t call_id, uint32_t num_elements) {
  if (!has_grpc_receiver(call_id))
    return;
  Interruption interrupted = enter_callback(plugin_id, plugin_id);
  tell_grpc_event(call_id, "onTrailingMetadata",
                  load_grpc_metadata(PROXY_MAP_TYPE_GRPC_CALL_TRAILING_METADATA, num_elements));
  leave_callback(interrupted);
}

EXPORT(proxy_on_grpc_close)
void proxy_on_grpc_close(uint32_t plugin_id, uint32_t call_id, uint32_t status_code) {
  GrpcCall *call = id_table_take(&vm.grpc_calls, call_id);
  bool refused = !call;
  if (refused && !(call = take_refused_grpc_call(plugin_id)))
    return;
  Interruption interrupted = enter_callback(plugin_id, plugin_id);
  JSValue message = load_grpc_status_text();
  if (call->stream && !refused && !call->half_closed)
    run_grpc_operation(GRPC_CANCEL, call_id, plugin_id, NULL, false);
  close_grpc_call(call, status_code, message);
  leave_callback(interrupted);
}
