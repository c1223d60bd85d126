/*
 * The module's exports (spec: "Functions exposed by the module"). Only those that the filter implements stay in the
 * final module; build.c says which. A stream that no hook looks at never enters JavaScript.
 */

EXPORT(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1(void) {}

EXPORT(proxy_on_memory_allocate) void *proxy_on_memory_allocate(size_t size) { return host_allocate(size); }

/* Hosts look for one name or the other; Envoy prefers this one. */
#ifdef __wasm__
EXPORT(malloc) void *malloc_for_host(size_t size) { return host_allocate(size); }
#endif

EXPORT(proxy_on_vm_start) uint32_t proxy_on_vm_start(uint32_t plugin_id, uint32_t configuration_size) {
  /* The state that the snapshot froze is the same in every instance of the module. */
  uint64_t seed;
  if (getentropy(&seed, sizeof seed) != 0)
    seed = (uint64_t)js__gettimeofday_us() * 2654435769u ^ js__hrtime_ns();
  vm.context->random_state = seed ? seed : 1;
  return true;
}

/* False, which refuses the configuration, after the SDK has logged why. */
EXPORT(proxy_on_configure) uint32_t proxy_on_configure(uint32_t plugin_id, uint32_t configuration_size) {
  Plugin *plugin = id_table_get(&vm.plugins, plugin_id);
  if (!plugin && !(plugin = create_plugin(plugin_id)))
    return false;
  enter_callback(plugin_id);
  char *data = NULL;
  size_t size = 0;
  if (configuration_size)
    proxy_get_buffer_bytes(PROXY_BUFFER_TYPE_PLUGIN_CONFIGURATION, 0, configuration_size, &data, &size);
  JSValue configuration = JS_NewStringLen(vm.context, data ? data : "", size);
  host_free(data);
  JSValueConst argv[] = {configuration, JS_NewUint32(vm.context, plugin_id)};
  JSValue context = JS_Call(vm.context, vm.sdk.configure, JS_UNDEFINED, countof(argv), argv);
  JS_FreeValue(vm.context, configuration);
  if (JS_IsException(context))
    log_exception("the plugin configuration could not be read:");
  bool accepted = JS_IsObject(context);
  if (accepted) {
    JS_FreeValue(vm.context, plugin->context);
    plugin->context = context;
  }
  leave_callback();
  return accepted;
}

EXPORT(proxy_on_context_create) void proxy_on_context_create(uint32_t id, uint32_t parent_id) {
  if (parent_id == 0) {
    if (!id_table_get(&vm.plugins, id))
      create_plugin(id);
    return;
  }
  Plugin *plugin = id_table_get(&vm.plugins, parent_id);
  Stream *older = id_table_take(&vm.streams, id);
  if (older) /* a host that gives an id out again has forgotten the first stream */
    end_stream(older);
  if (plugin)
    create_stream(id, plugin);
}

/* The stream to call a hook for, or NULL: without a configured plugin there is nothing that the filter could be asked.
 */
static Stream *stream_to_hook(uint32_t id, JSValueConst hook) {
  Stream *stream = JS_IsUndefined(hook) ? NULL : find_stream(id);
  return stream && JS_IsObject(stream->plugin->context) ? stream : NULL;
}

EXPORT(proxy_on_request_headers)
uint32_t proxy_on_request_headers(uint32_t id, uint32_t num_headers, uint32_t end_of_stream) {
  Stream *stream = stream_to_hook(id, vm.sdk.on_request_headers);
  return stream ? run_headers_hook(&stream->request, vm.sdk.on_request_headers) : PROXY_ACTION_CONTINUE;
}

EXPORT(proxy_on_response_headers)
uint32_t proxy_on_response_headers(uint32_t id, uint32_t num_headers, uint32_t end_of_stream) {
  Stream *stream = stream_to_hook(id, vm.sdk.on_response_headers);
  return stream ? run_headers_hook(&stream->response, vm.sdk.on_response_headers) : PROXY_ACTION_CONTINUE;
}

EXPORT(proxy_on_http_call_response)
void proxy_on_http_call_response(uint32_t plugin_id, uint32_t call_id, uint32_t num_headers, uint32_t body_size,
                                 uint32_t num_trailers) {
  enter_callback(plugin_id);
  JSValue response = open_call_response(plugin_id, call_id, num_headers, body_size);
  leave_callback();
  close_call_response(response);
}

EXPORT(proxy_on_log) void proxy_on_log(uint32_t id) {
  Stream *stream = stream_to_hook(id, vm.sdk.on_log);
  if (stream)
    run_observer(stream, vm.sdk.on_log, "onLog");
}

EXPORT(proxy_on_done) uint32_t proxy_on_done(uint32_t id) {
  Stream *stream = stream_to_hook(id, vm.sdk.on_done);
  if (stream)
    run_observer(stream, vm.sdk.on_done, "onDone");
  return true;
}

EXPORT(proxy_on_delete) void proxy_on_delete(uint32_t id) {
  Stream *stream = id_table_take(&vm.streams, id);
  if (stream) {
    end_stream(stream);
    return;
  }
  Plugin *plugin = id_table_take(&vm.plugins, id);
  if (plugin) {
    JS_FreeValue(vm.context, plugin->context);
    js_free_rt(vm.runtime, plugin);
  }
}
