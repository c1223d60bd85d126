/* Takes what src/sdk/dispatcher.ts starts a module with: its filters, and the SDK's functions and classes. */

/* The fields of `Sdk` by the names that the dispatcher gives them. */
static const struct {
  const char *name;
  size_t offset;
} sdk_fields[] = {
    {"configure", offsetof(Sdk, configure)},
    {"forgetPlugin", offsetof(Sdk, forget_plugin)},
    {"waitForSetup", offsetof(Sdk, wait_for_setup)},
    {"onResult", offsetof(Sdk, on_result)},
    {"onError", offsetof(Sdk, on_error)},
    {"onUnhandledRejection", offsetof(Sdk, on_unhandled_rejection)},
    {"onJobsDropped", offsetof(Sdk, on_jobs_dropped)},
    {"toPairs", offsetof(Sdk, to_pairs)},
    {"members", offsetof(Sdk, members)},
    {"fetch", offsetof(Sdk, fetch)},
    {"requestPrototype", offsetof(Sdk, request_prototype)},
    {"responsePrototype", offsetof(Sdk, response_prototype)},
    {"connectionPrototype", offsetof(Sdk, connection_prototype)},
    {"headersPrototype", offsetof(Sdk, headers_prototype)},
    {"bodyPrototype", offsetof(Sdk, body_prototype)},
    {"callResponsePrototype", offsetof(Sdk, call_response_prototype)},
    {"HostError", offsetof(Sdk, host_error)},
    {"Response", offsetof(Sdk, response)},
    {"StreamEndedError", offsetof(Sdk, stream_ended_error)},
    {"CallError", offsetof(Sdk, call_error)},
};

static JSValue *sdk_field(size_t index) { return (JSValue *)((char *)&vm.sdk + sdk_fields[index].offset); }

/* False: an exception was thrown. */
static bool take_property(JSContext *context, JSValueConst object, const char *name, JSValue *slot) {
  JSValue value = JS_GetPropertyStr(context, object, name);
  if (JS_IsException(value))
    return false;
  JS_FreeValue(context, *slot);
  *slot = value;
  return true;
}

static bool read_body_mode(JSContext *context, JSValueConst definition, const char *name, BodyMode *mode) {
  JSValue value = JS_GetPropertyStr(context, definition, name);
  const char *text = JS_IsString(value) ? JS_ToCString(context, value) : NULL;
  *mode = !text                          ? BODY_WHOLE
          : strcmp(text, "stream") == 0  ? BODY_STREAM
          : strcmp(text, "rewrite") == 0 ? BODY_REWRITE
          : strcmp(text, "inspect") == 0 ? BODY_INSPECT
                                         : BODY_WHOLE;
  JS_FreeCString(context, text);
  JS_FreeValue(context, value);
  return !JS_IsException(value);
}

static bool read_error_policy(JSContext *context, JSValueConst definition, bool *fail_open) {
  JSValue value = JS_GetPropertyStr(context, definition, "onError");
  const char *text = JS_IsString(value) ? JS_ToCString(context, value) : NULL;
  *fail_open = text && strcmp(text, "continue") == 0;
  JS_FreeCString(context, text);
  JS_FreeValue(context, value);
  return !JS_IsException(value);
}

/* The module's limits: `src/sdk/limits.ts` has checked them. */
static bool read_limits(JSContext *context, JSValueConst registration) {
  static const struct {
    const char *name;
    size_t offset;
  } fields[] = {
      {"callbackMs", offsetof(Limits, callback_ms)}, {"heapBytes", offsetof(Limits, heap_bytes)},
      {"openCalls", offsetof(Limits, open_calls)},   {"queuedJobs", offsetof(Limits, queued_jobs)},
      {"streams", offsetof(Limits, streams)},
  };
  JSValue limits = JS_GetPropertyStr(context, registration, "limits");
  bool ok = !JS_IsException(limits);
  for (size_t i = 0; ok && i < countof(fields); i++) {
    JSValue value = JS_GetPropertyStr(context, limits, fields[i].name);
    ok = JS_ToUint32(context, (uint32_t *)((char *)&vm.limits + fields[i].offset), value) == 0;
    JS_FreeValue(context, value);
  }
  JS_FreeValue(context, limits);
  JS_SetMemoryLimit(vm.runtime, vm.limits.heap_bytes);
  return ok;
}

/* Takes over `definition`. */
static bool take_filter(JSContext *context, JSValue definition, bool network) {
  if (vm.filter_count == MAX_FILTERS) {
    JS_FreeValue(context, definition);
    JS_ThrowRangeError(context, "a module can have %d filters at most", MAX_FILTERS);
    return false;
  }
  Filter *filter = &vm.filters[vm.filter_count++];
  *filter = (Filter){.definition = definition, .create_state = JS_UNDEFINED, .network = network};
  for (size_t i = 0; i < HOOK_COUNT; i++)
    filter->hooks[i] = JS_UNDEFINED;
  for (size_t i = 0; i < HOOK_COUNT; i++)
    if (!take_property(context, definition, hook_names[i], &filter->hooks[i]))
      return false;
  if (!read_error_policy(context, definition, &filter->fail_open))
    return false;
  if (network) { /* its data comes as it is, always */
    filter->request_body = filter->response_body = BODY_STREAM;
    return take_property(context, definition, "state", &filter->create_state);
  }
  return take_property(context, definition, "state", &filter->create_state) &&
         read_body_mode(context, definition, "requestBody", &filter->request_body) &&
         read_body_mode(context, definition, "responseBody", &filter->response_body);
}

/* register({ filters: [{ definition, network }, ...], limits, configure, ... }) */
static JSValue js_register(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  for (size_t i = 0; i < countof(sdk_fields); i++)
    if (!take_property(context, argv[0], sdk_fields[i].name, sdk_field(i)))
      return JS_EXCEPTION;
  JSValue filters = JS_GetPropertyStr(context, argv[0], "filters");
  int64_t count = 0;
  bool ok = !JS_IsException(filters) && JS_GetLength(context, filters, &count) == 0;
  for (int64_t i = 0; ok && i < count; i++) {
    JSValue filter = JS_GetPropertyInt64(context, filters, i);
    JSValue network = JS_GetPropertyStr(context, filter, "network");
    ok = take_filter(context, JS_GetPropertyStr(context, filter, "definition"), JS_ToBool(context, network) > 0);
    JS_FreeValue(context, network);
    JS_FreeValue(context, filter);
  }
  JS_FreeValue(context, filters);
  ok = ok && add_methods(context) && add_field_methods(context) && read_limits(context, argv[0]);
  return ok ? JS_UNDEFINED : JS_EXCEPTION;
}
