/* What a module gets of WASI: environment variables, random bytes, and a clock that only goes forwards. */

#ifdef __wasm__
#define WASI_IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
#else
#define WASI_IMPORT(name)
#endif

/* Each returns a WASI errno. */
WASI_IMPORT(environ_sizes_get) uint32_t wasi_environ_sizes_get(uint32_t *count, uint32_t *size);
WASI_IMPORT(environ_get) uint32_t wasi_environ_get(char **list, char *text);
WASI_IMPORT(random_get) uint32_t wasi_random_get(void *data, size_t size);

static JSValue throw_wasi_error(JSContext *context, const char *call, uint32_t error) {
  if (vm.building)
    return throw_host_error(context, call, PROXY_STATUS_UNIMPLEMENTED);
  return JS_ThrowInternalError(context,
                               "%s: the host refused it (WASI errno %u); where it restricts what a plugin may call, it "
                               "has to allow wasi_snapshot_preview1.%s",
                               call, error, call);
}

/* The variables as they are in `text`: "NAME=value", each followed by a zero byte. */
static JSValue new_variables(JSContext *context, const char *text, uint32_t size, uint32_t count) {
  JSValue list = JS_NewArray(context);
  const char *end = text + size;
  for (uint32_t i = 0; i < count && text < end && !JS_IsException(list); i++) {
    size_t length = strnlen(text, (size_t)(end - text));
    if (JS_SetPropertyUint32(context, list, i, new_text(context, text, length)) < 0) {
      JS_FreeValue(context, list);
      list = JS_EXCEPTION;
    }
    text += length + 1;
  }
  return list;
}

/* get_environment(): ["NAME=value", ...] */
static JSValue js_get_environment(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t count = 0, size = 0, error = wasi_environ_sizes_get(&count, &size);
  if (error)
    return throw_wasi_error(context, "environ_sizes_get", error);
  if (!count)
    return JS_NewArray(context);
  if (count > size) /* each takes a zero byte at least */
    return JS_ThrowRangeError(context, "environ_sizes_get: %u variables in %u bytes", count, size);
  char **list = js_malloc(context, count * sizeof *list + size);
  if (!list)
    return JS_EXCEPTION;
  char *text = (char *)(list + count);
  memset(text, 0, size);
  error = wasi_environ_get(list, text);
  JSValue variables =
      error ? throw_wasi_error(context, "environ_get", error) : new_variables(context, text, size, count);
  js_free(context, list);
  return variables;
}

/* fill_random(bytes) */
static JSValue js_fill_random(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  size_t size;
  uint8_t *data = JS_GetUint8Array(context, &size, argv[0]);
  if (!data && JS_HasException(context))
    return JS_EXCEPTION;
  uint32_t error = size ? wasi_random_get(data, size) : 0;
  return error ? throw_wasi_error(context, "random_get", error) : JS_UNDEFINED;
}

/* get_monotonic_time(): in milliseconds, with fractions. */
static JSValue js_get_monotonic_time(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  return JS_NewFloat64(context, (double)js__hrtime_ns() / 1e6);
}
