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
  vm.effective_context = plugin_id;
  JSValue configuration = load_buffer_text(PROXY_BUFFER_TYPE_VM_CONFIGURATION, configuration_size);
  JSValueConst argv[] = {configuration};
  bool accepted = call_handler(HANDLER_VM_START, plugin_id, countof(argv), argv);
  JS_FreeValue(vm.context, configuration);
  return accepted;
}

EXPORT(proxy_on_configure) uint32_t proxy_on_configure(uint32_t plugin_id, uint32_t configuration_size) {
  Plugin *plugin = find_plugin(plugin_id);
  if (!plugin)
    plugin = (vm.streams_are_brief || vm.end_gone) && vm.newest_plugin ? rename_plugin(vm.newest_plugin, plugin_id)
                                                                       : create_plugin(plugin_id);
  return plugin && configure_plugin(plugin, configuration_size);
}

EXPORT(proxy_on_tick) void proxy_on_tick(uint32_t plugin_id) {
  Interruption interrupted = enter_callback(plugin_id, plugin_id);
  bool early = return_tick(find_plugin(plugin_id));
  leave_callback(interrupted);
  JSValueConst argv[] = {JS_NewUint32(vm.context, plugin_id), js_bool(early)};
  call_handler(HANDLER_TICK, plugin_id, countof(argv), argv);
}

EXPORT(proxy_on_queue_ready) void proxy_on_queue_ready(uint32_t plugin_id, uint32_t queue_id) {
  JSValueConst argv[] = {JS_NewUint32(vm.context, plugin_id), JS_NewUint32(vm.context, queue_id)};
  call_handler(HANDLER_QUEUE_READY, plugin_id, countof(argv), argv);
}

EXPORT(proxy_on_foreign_function)
void proxy_on_foreign_function(uint32_t plugin_id, uint32_t function_id, uint32_t arguments_size) {
  vm.effective_context = plugin_id;
  char *data = NULL;
  size_t size = 0;
  if (arguments_size)
    host_result(proxy_get_buffer_bytes(PROXY_BUFFER_TYPE_FOREIGN_FUNCTION_ARGUMENTS, 0, arguments_size, &data, &size),
                &data, &size);
  JSValue bytes = take_host_bytes(vm.context, data, size);
  JSValueConst argv[] = {JS_NewUint32(vm.context, plugin_id), JS_NewUint32(vm.context, function_id), bytes};
  call_handler(HANDLER_FOREIGN_FUNCTION, plugin_id, countof(argv), argv);
  JS_FreeValue(vm.context, bytes);
}

EXPORT(proxy_on_context_create) void proxy_on_context_create(uint32_t id, uint32_t parent_id) {
  if (parent_id == 0) {
    if (!find_plugin(id))
      create_plugin(id);
    return;
  }
  Plugin *plugin = find_plugin(parent_id);
  Stream *older = find_stream(id);
  if (older && vm.depth)
    return;  /* it may be in use */
  if (older) /* a host that gives an id out again has forgotten the first stream */
    end_stream(id_table_take(&vm.streams, id));
  if (plugin)
    create_stream(id, plugin);
}

/* The stream that a callback is for, or NULL. See lifetime.c: the first callback may be what begins it. `direction`:
   the callback's, STREAM_*_OVER, or 0. */
static Stream *arriving_stream(uint32_t id, uint8_t direction) {
  Stream *stream = find_stream(id);
  if (vm.prepare_stream && (!stream || stream->over & direction))
    stream = vm.prepare_stream(stream, id);
  if (stream || !vm.streams_on_demand || !vm.newest_plugin || find_plugin(id))
    return stream;
  vm.lost_streams = 0;
  return create_stream(id, vm.newest_plugin);
}

/* The stream to call a hook for, or NULL: without a configured plugin there is nothing that the filter could be asked,
   and a filter of the other kind is not asked either. */
static Stream *stream_for(uint32_t id, uint8_t direction, bool network) {
  Stream *stream = arriving_stream(id, direction);
  const Filter *filter = stream ? stream->plugin->filter : NULL;
  return filter && filter->network == network ? stream : NULL;
}

static Stream *http_stream_for(uint32_t id, uint8_t direction) { return stream_for(id, direction, false); }

static Stream *connection_for(uint32_t id) { return stream_for(id, 0, true); }

/* No hook is asked. But a stream that the filter should have seen, and that there was no memory for, does not pass. */
static uint32_t pass_by(uint32_t id) {
  if (!vm.lost_streams || find_stream(id) || vm.filters[0].fail_open)
    return PROXY_ACTION_CONTINUE;
  return refuse_stream(id, 500) ? PROXY_ACTION_PAUSE : PROXY_ACTION_CONTINUE;
}

static uint32_t headers_arrive(Message *message, Hook body_hook, uint32_t end_of_stream) {
  const Filter *filter = message->stream->plugin->filter;
  message->stream->over |= direction_bit(message) & (end_of_stream ? STREAM_IS_OVER : vm.over_with_headers);
  message->length_goes = !end_of_stream && body_mode(message) == BODY_REWRITE && has_hook(filter, body_hook);
  return arrive(message, ARRIVED_HEADERS);
}

static uint32_t body_arrives(Message *message, uint32_t size, uint32_t end_of_stream) {
  message->body_size = size;
  /* A host that holds less than it did: of what a hook has been given there is no more. */
  if (message->body_end > size)
    message->body_end = size;
  if (message->body_start > size)
    message->body_start = size;
  message->body_ended = message->body_complete = end_of_stream;
  if (end_of_stream)
    message->stream->over |= direction_bit(message);
  note_body(message);
  if (!(message->arrived & ~ARRIVED_BODY) && !message->length_goes && waits_for_body(message)) {
    message->arrived |= ARRIVED_BODY;
    return message->action = PROXY_ACTION_PAUSE; /* as `arrive` would, without all that a hook needs */
  }
  return arrive(message, ARRIVED_BODY);
}

static uint32_t trailers_arrive(Message *message) {
  bool replayed = may_be_replayed(message);
  message->body_complete = true;
  uint32_t action = arrive(message, ARRIVED_TRAILERS);
  if (replayed && action == PROXY_ACTION_CONTINUE && delay(message))
    action = PROXY_ACTION_PAUSE;
  message->stream->over |= direction_bit(message); /* not before: a message that is delayed is still there */
  end_if_over(message->stream, 0);
  return action;
}

/* The end of the only callback of a stream that the filter is asked about. */
static void end_brief_stream(uint32_t id) {
  if (vm.streams_are_brief)
    proxy_on_delete(id);
}

EXPORT(proxy_on_request_headers)
uint32_t proxy_on_request_headers(uint32_t id, uint32_t num_headers, uint32_t end_of_stream) {
  Stream *stream = http_stream_for(id, STREAM_REQUEST_OVER);
  uint32_t action = stream ? headers_arrive(&stream->request, HOOK_REQUEST_BODY, end_of_stream) : pass_by(id);
  end_brief_stream(id);
  return action;
}

EXPORT(brief_proxy_on_request_headers)
uint32_t brief_proxy_on_request_headers(uint32_t id, uint32_t num_headers, uint32_t end_of_stream) {
  return is_brief() ? run_brief_stream(id, &brief_stream.request, HOOK_REQUEST_HEADERS)
                    : proxy_on_request_headers(id, num_headers, end_of_stream);
}

EXPORT(proxy_on_request_body)
uint32_t proxy_on_request_body(uint32_t id, uint32_t body_size, uint32_t end_of_stream) {
  Stream *stream = http_stream_for(id, STREAM_REQUEST_OVER);
  return stream ? body_arrives(&stream->request, body_size, end_of_stream) : PROXY_ACTION_CONTINUE;
}

EXPORT(proxy_on_request_trailers) uint32_t proxy_on_request_trailers(uint32_t id, uint32_t num_trailers) {
  Stream *stream = http_stream_for(id, STREAM_REQUEST_OVER);
  return stream ? trailers_arrive(&stream->request) : PROXY_ACTION_CONTINUE;
}

EXPORT(proxy_on_response_headers)
uint32_t proxy_on_response_headers(uint32_t id, uint32_t num_headers, uint32_t end_of_stream) {
  Stream *stream = http_stream_for(id, STREAM_RESPONSE_OVER);
  uint32_t action =
      stream ? headers_arrive(&stream->response, HOOK_RESPONSE_BODY, end_of_stream) : PROXY_ACTION_CONTINUE;
  end_brief_stream(id);
  return action;
}

EXPORT(brief_proxy_on_response_headers)
uint32_t brief_proxy_on_response_headers(uint32_t id, uint32_t num_headers, uint32_t end_of_stream) {
  return is_brief() ? run_brief_stream(id, &brief_stream.response, HOOK_RESPONSE_HEADERS)
                    : proxy_on_response_headers(id, num_headers, end_of_stream);
}

EXPORT(proxy_on_response_body)
uint32_t proxy_on_response_body(uint32_t id, uint32_t body_size, uint32_t end_of_stream) {
  Stream *stream = http_stream_for(id, STREAM_RESPONSE_OVER);
  return stream ? body_arrives(&stream->response, body_size, end_of_stream) : PROXY_ACTION_CONTINUE;
}

EXPORT(proxy_on_response_trailers) uint32_t proxy_on_response_trailers(uint32_t id, uint32_t num_trailers) {
  Stream *stream = http_stream_for(id, STREAM_RESPONSE_OVER);
  return stream ? trailers_arrive(&stream->response) : PROXY_ACTION_CONTINUE;
}

EXPORT(proxy_on_new_connection) uint32_t proxy_on_new_connection(uint32_t id) {
  Stream *stream = connection_for(id);
  return stream ? arrive(&stream->request, ARRIVED_HEADERS) : pass_by(id);
}

EXPORT(proxy_on_downstream_data)
uint32_t proxy_on_downstream_data(uint32_t id, uint32_t data_size, uint32_t end_of_stream) {
  Stream *stream = connection_for(id);
  return stream ? body_arrives(&stream->request, data_size, end_of_stream) : PROXY_ACTION_CONTINUE;
}

EXPORT(proxy_on_upstream_data)
uint32_t proxy_on_upstream_data(uint32_t id, uint32_t data_size, uint32_t end_of_stream) {
  Stream *stream = connection_for(id);
  return stream ? body_arrives(&stream->response, data_size, end_of_stream) : PROXY_ACTION_CONTINUE;
}

static void observe(Stream *stream, Hook hook, JSValueConst detail) {
  if (stream && stream->plugin->filter && has_hook(stream->plugin->filter, hook))
    run_observer(stream, hook, detail);
}

EXPORT(proxy_on_downstream_connection_close)
void proxy_on_downstream_connection_close(uint32_t id, uint32_t peer_type) {
  observe(connection_for(id), HOOK_DOWNSTREAM_CLOSE, JS_NewUint32(vm.context, peer_type));
}

EXPORT(proxy_on_upstream_connection_close)
void proxy_on_upstream_connection_close(uint32_t id, uint32_t peer_type) {
  observe(connection_for(id), HOOK_UPSTREAM_CLOSE, JS_NewUint32(vm.context, peer_type));
}

EXPORT(proxy_on_http_call_response)
void proxy_on_http_call_response(uint32_t plugin_id, uint32_t call_id, uint32_t num_headers, uint32_t body_size,
                                 uint32_t num_trailers) {
  Interruption interrupted = enter_callback(plugin_id, plugin_id);
  JSValue response = open_call_response(plugin_id, call_id, num_headers, body_size, num_trailers);
  leave_callback(interrupted);
  close_call_response(response);
}

/* An access logger of Envoy is given its plugin's context: what it sees is the stream that is being logged. */
static void log_on_plugin(Plugin *plugin) {
  Stream *stream = new_stream(plugin->id, plugin);
  if (!stream)
    return;
  observe(stream, HOOK_LOG, JS_UNDEFINED);
  end_stream(stream);
}

EXPORT(proxy_on_log) void proxy_on_log(uint32_t id) {
  Stream *stream = arriving_stream(id, 0);
  Plugin *plugin = stream ? NULL : find_plugin(id);
  if (plugin)
    log_on_plugin(plugin);
  else
    observe(stream, HOOK_LOG, JS_UNDEFINED);
  end_brief_stream(id);
}

EXPORT(proxy_on_done) uint32_t proxy_on_done(uint32_t id) {
  observe(arriving_stream(id, 0), HOOK_DONE, JS_UNDEFINED);
  return true;
}

EXPORT(proxy_on_delete) void proxy_on_delete(uint32_t id) {
  if (delete_later(id))
    return;
  Stream *stream = id_table_take(&vm.streams, id);
  if (stream) {
    end_stream(stream);
    return;
  }
  Plugin *plugin = id_table_take(&vm.plugins, id);
  if (plugin)
    end_plugin(plugin);
  else if (vm.lost_streams)
    vm.lost_streams--;
}
