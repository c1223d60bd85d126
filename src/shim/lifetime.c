/*
 * Which of a stream's contexts the module wants to hear of. Each callback is a transition into the module, and for a
 * filter that sets a header proxy_on_context_create and proxy_on_delete would be two of three. The specification lets a
 * module leave both out, and makes its state its own business then.
 *
 * Runs in a build only; what it decides is in `vm`.
 */

static bool any_filter_has(Hook hook) {
  for (uint32_t i = 0; i < vm.filter_count; i++)
    if (has_hook(&vm.filters[i], hook))
      return true;
  return false;
}

/* Some hooks need the callbacks of others, too: a whole body ends with its trailers, and one that is rewritten has its
   length removed when the headers arrive. */
static bool needs_callback(Hook hook) {
  if (any_filter_has(hook))
    return true;
  for (uint32_t i = 0; i < vm.filter_count; i++) {
    const Filter *filter = &vm.filters[i];
    bool request = has_hook(filter, HOOK_REQUEST_BODY), response = has_hook(filter, HOOK_RESPONSE_BODY);
    if ((hook == HOOK_REQUEST_TRAILERS && request && filter->request_body != BODY_STREAM) ||
        (hook == HOOK_RESPONSE_TRAILERS && response && filter->response_body != BODY_STREAM) ||
        (hook == HOOK_REQUEST_HEADERS && request && filter->request_body == BODY_REWRITE) ||
        (hook == HOOK_RESPONSE_HEADERS && response && filter->response_body == BODY_REWRITE))
      return true;
  }
  return false;
}

static bool has_option(JSContext *context, JSValueConst definition, const char *name) {
  JSValue value = JS_GetPropertyStr(context, definition, name);
  bool has = !JS_IsUndefined(value);
  JS_FreeValue(context, value);
  return has;
}

static bool has_any_handler(void) {
  for (size_t i = 0; i < HANDLER_COUNT; i++)
    if (!JS_IsUndefined(vm.handlers[i]))
      return true;
  return false;
}

/* The context's creation tells the stream's plugin. Where all plugins of a VM would do the same with it, it can be any
   of them: a single filter without a configuration, a setup, a timer or a queue, whose code does not ask for its
   plugin. To be called while the names of the program's code are known. */
static bool can_do_without_plugin(JSContext *context) {
  const Filter *filter = &vm.filters[0];
  return vm.filter_count == 1 && !filter->network && !has_option(context, filter->definition, "config") &&
         !has_option(context, filter->definition, "setup") && !has_any_handler() && !is_word(context, "pluginId") &&
         !is_word(context, "rootId") && !is_live_function(context, "get_plugin_id") &&
         !is_live_function(context, "proxy_grpc_call") && !is_live_function(context, "proxy_grpc_stream");
}

/* Whether a function returns undefined at once, whatever happens: never a promise, and never an answer. */
static bool returns_nothing(JSValueConst function) {
  if (JS_GetClassID(function) != JS_CLASS_BYTECODE_FUNCTION)
    return false;
  const JSFunctionBytecode *bytecode = JS_VALUE_GET_OBJ(function)->u.func.function_bytecode;
  if (bytecode->func_kind != JS_FUNC_NORMAL)
    return false;
  for (int at = 0; at < bytecode->byte_code_len; at += short_opcode_info(bytecode->byte_code_buf[at]).size) {
    uint8_t opcode = bytecode->byte_code_buf[at];
    if (opcode == OP_return || opcode == OP_tail_call || opcode == OP_tail_call_method)
      return false;
  }
  return true;
}

/* The deletion tells that a stream's promise, its state and its objects are of no use any more. A filter with one hook
   that is over when it returns has none of them after that. */
static bool ends_with_its_hook(JSContext *context) {
  const Filter *filter = &vm.filters[0];
  uint32_t hooks = 0;
  for (Hook hook = 0; hook < HOOK_COUNT; hook++)
    hooks += has_hook(filter, hook);
  static const Hook brief[] = {HOOK_REQUEST_HEADERS, HOOK_RESPONSE_HEADERS, HOOK_LOG};
  for (size_t i = 0; i < countof(brief); i++)
    if (hooks == 1 && has_hook(filter, brief[i]) && returns_nothing(filter->hooks[brief[i]]))
      return JS_IsUndefined(filter->create_state) && !is_live_function(context, "http_call");
  return false;
}

/* Which callbacks the module has for the two directions of a stream. */
static void find_directions(void) {
  static const uint8_t directions[] = {STREAM_REQUEST_OVER, STREAM_RESPONSE_OVER};
  for (size_t i = 0; i < countof(directions); i++) {
    if (needs_callback(http_arrivals[i].body) || needs_callback(http_arrivals[i].trailers))
      continue;
    vm.over_with_headers |= directions[i];
    if (!needs_callback(http_arrivals[i].headers))
      vm.over_at_start |= directions[i];
  }
}

static void decide_lifetime(JSContext *context) {
  const Filter *filter = &vm.filters[0];
  vm.streams_on_demand = can_do_without_plugin(context);
  vm.streams_are_brief = vm.streams_on_demand && ends_with_its_hook(context);
  bool sees_end = has_hook(filter, HOOK_LOG) || has_hook(filter, HOOK_DONE);
  if (vm.streams_on_demand && !sees_end)
    find_directions();
  if (vm.streams_are_brief)
    start_brief_streams();
  else if (vm.streams_on_demand && !sees_end)
    find_ends();
}
