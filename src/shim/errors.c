/* Errors: the SDK's typed ones, and the report of one that nobody caught. */

/* Logs without the engine's help, so that it works when the heap is full. */
static void log_bytes(uint32_t level, const char *data, size_t size) { proxy_log(level, data, size); }

/* Calls a function of the SDK. An argument that could not be made is the call's exception. */
static JSValue call_sdk(JSValueConst function, int argc, JSValueConst *argv) {
  for (int i = 0; i < argc; i++)
    if (JS_IsException(argv[i]))
      return JS_EXCEPTION;
  return JS_Call(vm.context, function, JS_UNDEFINED, argc, argv);
}

static JSValue throw_constructed(JSContext *context, JSValueConst constructor, int argc, JSValueConst *argv) {
  JSValue error = JS_CallConstructor(context, constructor, argc, argv);
  return JS_IsException(error) ? error : JS_Throw(context, error);
}

enum { NO_MEMORY = 0x7fffffff }; /* beside the host's statuses */

/* Throws HostError: the host refused a call. */
static JSValue throw_host_error(JSContext *context, const char *call, uint32_t status) {
  if (status == NO_MEMORY)
    return JS_ThrowOutOfMemory(context);
  if (vm.building)
    return JS_ThrowInternalError(
        context, "%s cannot be called at the top level: that runs once, at build time, when there is no host", call);
  JSValue name = JS_NewString(context, call);
  JSValueConst argv[] = {name, JS_NewUint32(context, status)};
  JSValue result = throw_constructed(context, vm.sdk.host_error, countof(argv), argv);
  JS_FreeValue(context, name);
  return result;
}

/* What a host call without a result returns: undefined, or HostError. */
static JSValue call_outcome(JSContext *context, const char *call, uint32_t status) {
  return status == PROXY_STATUS_OK ? JS_UNDEFINED : throw_host_error(context, call, status);
}

static JSValue throw_stream_ended(JSContext *context) {
  return throw_constructed(context, vm.sdk.stream_ended_error, 0, NULL);
}

/* Logs an error that has no hook of the filter around it. Takes over `error`. */
static void report_uncaught(const char *what, JSValue error) {
  JSContext *context = vm.context;
  guard_renew(); /* as in report_error */
  size_t limit = open_reserve();
  log_bytes(PROXY_LOG_LEVEL_ERROR, what, strlen(what));
  const char *text = JS_ToCString(context, error);
  if (text)
    log_bytes(PROXY_LOG_LEVEL_ERROR, text, strlen(text));
  else
    JS_FreeValue(context, JS_GetException(context)); /* its toString threw */
  JS_FreeCString(context, text);
  JS_FreeValue(context, error);
  close_reserve(limit);
}

/* The same for the pending exception. */
static void log_exception(const char *what) { report_uncaught(what, JS_GetException(vm.context)); }
