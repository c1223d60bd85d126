/*
 * A stream that is over with its only hook (lifetime.c) lives for one callback alone. So there is one of it at a time,
 * which has no place among the streams, and what they are asked whenever something arrives has one answer here.
 */

static PER_REQUEST Stream brief_stream;

/* The callback that each hook needs: apart from the names, since only a build asks. */
static const char *const hook_callbacks[HOOK_COUNT] = {
    [HOOK_REQUEST_HEADERS] = "proxy_on_request_headers",
    [HOOK_REQUEST_BODY] = "proxy_on_request_body",
    [HOOK_REQUEST_TRAILERS] = "proxy_on_request_trailers",
    [HOOK_RESPONSE_HEADERS] = "proxy_on_response_headers",
    [HOOK_RESPONSE_BODY] = "proxy_on_response_body",
    [HOOK_RESPONSE_TRAILERS] = "proxy_on_response_trailers",
    [HOOK_LOG] = "proxy_on_log",
    [HOOK_DONE] = "proxy_on_done",
    [HOOK_NEW_CONNECTION] = "proxy_on_new_connection",
    [HOOK_DOWNSTREAM_DATA] = "proxy_on_downstream_data",
    [HOOK_UPSTREAM_DATA] = "proxy_on_upstream_data",
    [HOOK_DOWNSTREAM_CLOSE] = "proxy_on_downstream_connection_close",
    [HOOK_UPSTREAM_CLOSE] = "proxy_on_upstream_connection_close",
};

/* The export for the hook's callback: in a module of brief streams another one may have its place, and gets its name
   (build/wasm/exports.ts). */
static const char *callback_export(Hook hook) {
  if (vm.streams_are_brief && hook == HOOK_REQUEST_HEADERS)
    return "brief_proxy_on_request_headers";
  if (vm.streams_are_brief && hook == HOOK_RESPONSE_HEADERS)
    return "brief_proxy_on_response_headers";
  return hook_callbacks[hook];
}

/* At build time. */
static void start_brief_streams(void) { init_stream(&brief_stream, false); }

/* False: the stream may need its own memory, or may not be the filter's to see. */
static bool is_brief(void) { return !vm.depth && vm.newest_plugin && !vm.newest_plugin->aside_until; }

/* The whole life of a stream. Returns the action for the host. A module has one of the two that call it, or none. */
static inline __attribute__((always_inline)) uint32_t run_brief_stream(uint32_t id, Message *message, Hook hook) {
  Plugin *plugin = vm.newest_plugin;
  start_stream(&brief_stream, id, plugin);
  vm.brief_stream = &brief_stream;
  enter_callback(id, plugin->id);
  message->in_callback = true;
  message->hook = hook;
  JSValueConst view = message_view(message);
  JSValue value = JS_IsException(view) ? JS_EXCEPTION : call_hook(plugin->filter->hooks[hook], view, plugin);
  uint32_t action = PROXY_ACTION_CONTINUE;
  if (JS_IsException(value)) /* or undefined: lifetime.c */
    action = conclude_error(message, JS_GetException(vm.context));
  if (message->arrived) /* from a host that said so within a host call */
    action = run_all(message);
  if (!is_quiet())
    finish_callback();
  if (brief_stream.closed)
    action = PROXY_ACTION_PAUSE;
  reset_stream(&brief_stream);
  vm.brief_stream = NULL;
  release_contexts();
  return action;
}
