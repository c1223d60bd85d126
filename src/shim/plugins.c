/* Plugins (root contexts): their configuration, their setup, and the events that are theirs and not a stream's. */

static const char *const handler_names[HANDLER_COUNT] = {
    [HANDLER_VM_START] = "vm_start",           [HANDLER_TICK] = "tick",
    [HANDLER_QUEUE_READY] = "queue_ready",     [HANDLER_FOREIGN_FUNCTION] = "foreign_function",
    [HANDLER_LIMIT_REACHED] = "limit_reached",
};

/* handle(event, function): a part of the SDK that the filter uses wants the event. At the top level only. */
static JSValue js_handle(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  const char *name = JS_ToCString(context, argv[0]);
  for (size_t i = 0; name && i < countof(handler_names); i++) {
    if (strcmp(handler_names[i], name) != 0)
      continue;
    JS_FreeValue(context, vm.handlers[i]);
    vm.handlers[i] = js_dup(argv[1]);
  }
  JS_FreeCString(context, name);
  return name ? JS_UNDEFINED : JS_EXCEPTION;
}

/* get_plugin_id(): the plugin that this callback is for. */
static JSValue js_get_plugin_id(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  return JS_NewUint32(context, vm.plugin_id);
}

/* set_plugin_ready(id): the plugin's setup is over. */
static JSValue js_set_plugin_ready(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t id;
  if (JS_ToUint32(context, &id, argv[0]) < 0)
    return JS_EXCEPTION;
  Plugin *plugin = find_plugin(id);
  if (plugin)
    plugin->setting_up = false;
  return JS_UNDEFINED;
}

/* step_aside(plugin, ms, denies): the filter is not asked for streams that begin within this time. */
static JSValue js_step_aside(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t id, ms;
  if (JS_ToUint32(context, &id, argv[0]) < 0 || JS_ToUint32(context, &ms, argv[1]) < 0)
    return JS_EXCEPTION;
  Plugin *plugin = find_plugin(id);
  if (plugin) {
    plugin->aside_until = js__hrtime_ns() + ms * 1000000ull;
    plugin->aside_denies = JS_ToBool(context, argv[2]) > 0;
  }
  return JS_UNDEFINED;
}

/* Calls an event's handler, if there is one. True unless it threw or returned false. */
static bool call_handler(Handler handler, uint32_t plugin_id, int argc, JSValueConst *argv) {
  if (JS_IsUndefined(vm.handlers[handler]))
    return true;
  Interruption interrupted = enter_callback(plugin_id, plugin_id);
  JSValue result = call_sdk(vm.handlers[handler], argc, argv);
  bool accepted = !JS_IsException(result) && !(JS_IsBool(result) && !JS_VALUE_GET_BOOL(result));
  if (JS_IsException(result))
    report_uncaught(handler_names[handler], JS_GetException(vm.context));
  JS_FreeValue(vm.context, result);
  leave_callback(interrupted);
  return accepted;
}

static JSValue load_buffer_text(uint32_t buffer_type, uint32_t size) {
  char *data = NULL;
  size_t loaded = 0;
  if (size) /* some hosts answer NotFound for an empty one */
    host_result(proxy_get_buffer_bytes(buffer_type, 0, size, &data, &loaded), &data, &loaded);
  JSValue text = new_text(vm.context, data ? data : "", loaded);
  host_free(data);
  return text;
}

/* Takes what the SDK's `configure` returned: [context, index of the filter, whether its setup goes on]. */
static bool accept_configuration(Plugin *plugin, JSValueConst accepted) {
  JSContext *context = vm.context;
  uint32_t index = 0;
  JSValue filter = JS_GetPropertyUint32(context, accepted, 1), waits = JS_GetPropertyUint32(context, accepted, 2);
  if (JS_ToUint32(context, &index, filter) < 0 || index >= vm.filter_count)
    return false;
  JS_FreeValue(context, plugin->context);
  plugin->context = JS_GetPropertyUint32(context, accepted, 0);
  plugin->filter = &vm.filters[index];
  plugin->setting_up = JS_ToBool(context, waits) > 0;
  vm.newest_plugin = plugin;
  JS_FreeValue(context, waits);
  return true;
}

/* False, which refuses the configuration, after the SDK has logged why. */
static bool configure_plugin(Plugin *plugin, uint32_t configuration_size) {
  JSContext *context = vm.context;
  Interruption interrupted = enter_callback(plugin->id, plugin->id);
  JSValue configuration = load_buffer_text(PROXY_BUFFER_TYPE_PLUGIN_CONFIGURATION, configuration_size);
  JSValueConst argv[] = {configuration, JS_NewUint32(context, plugin->id)};
  JSValue result = call_sdk(vm.sdk.configure, countof(argv), argv);
  JS_FreeValue(context, configuration);
  if (JS_IsException(result))
    log_exception("the plugin configuration could not be read:");
  bool accepted = JS_IsObject(result) && accept_configuration(plugin, result);
  JS_FreeValue(context, result);
  leave_callback(interrupted);
  return accepted;
}

/* Any of those that are left, or NULL. */
static Plugin *some_plugin(void) {
  for (uint32_t i = 0; vm.plugins.slots && i <= vm.plugins.mask; i++) {
    Plugin *plugin = vm.plugins.slots[i].value;
    if (plugin && plugin->filter)
      return plugin;
  }
  return NULL;
}

static void end_plugin(Plugin *plugin) {
  if (vm.newest_plugin == plugin)
    vm.newest_plugin = some_plugin();
  for (uint32_t i = 0; vm.streams.slots && i <= vm.streams.mask; i++) {
    Stream *stream = vm.streams.slots[i].value;
    if (!stream || stream->plugin != plugin)
      continue;
    if (vm.streams_on_demand && vm.newest_plugin) { /* it may be another plugin's */
      stream->plugin = vm.newest_plugin;
      continue;
    }
    end_stream(id_table_take(&vm.streams, stream->id)); /* a host that ends a plugin before its streams */
    i = UINT32_MAX;                                     /* taking one out moves others */
  }
  JSValueConst argv[] = {JS_NewUint32(vm.context, plugin->id)};
  Interruption interrupted = enter_callback(plugin->id, plugin->id);
  JSValue result = call_sdk(vm.sdk.forget_plugin, countof(argv), argv);
  if (JS_IsException(result))
    log_exception("what belonged to a plugin could not be forgotten:");
  JS_FreeValue(vm.context, result);
  leave_callback(interrupted);
  JS_FreeValue(vm.context, plugin->context);
  js_free_rt(vm.runtime, plugin);
}
