/*
 * fetch(path, init): what nearly every filter that calls a service does. What is out of the ordinary, and its errors,
 * are left to the SDK's own function (src/sdk/fetch.ts).
 */

enum {
  FETCH_CLUSTER,
  FETCH_METHOD,
  FETCH_AUTHORITY,
  FETCH_TIMEOUT,
  FETCH_HEADERS,
  FETCH_BODY,
  FETCH_TRAILERS,
  FETCH_SIGNAL,
  FETCH_OPTION_COUNT
};

static const char *const fetch_option_names[FETCH_OPTION_COUNT] = {"cluster", "method", "authority", "timeoutMs",
                                                                   "headers", "body",   "trailers",  "signal"};

enum { DEFAULT_TIMEOUT_MS = 5000 };

static PER_REQUEST JSAtom fetch_options[FETCH_OPTION_COUNT];
static PER_REQUEST JSValue fetch_get; /* "GET" */

/* At build time: the names are there when a request comes. */
static void start_fetch(JSContext *context) {
  for (int i = 0; i < FETCH_OPTION_COUNT; i++)
    fetch_options[i] = JS_NewAtom(context, fetch_option_names[i]);
  fetch_get = JS_NewString(context, "GET");
}

/* A promise that rejects with the exception. What ends a callback that is late is no rejection. */
static JSValue reject_exception(JSContext *context) {
  if (JS_IsUncatchableError(context->rt->current_exception))
    return JS_EXCEPTION;
  JSValue error = JS_GetException(context);
  if (!JS_IsError(error)) {
    const char *text = JS_ToCString(context, error);
    JS_FreeValue(context, error);
    if (!text)
      return JS_EXCEPTION;
    JS_ThrowTypeError(context, "%s", text);
    JS_FreeCString(context, text);
    error = JS_GetException(context);
  }
  JSValue promise = JS_NewSettledPromise(context, true, error);
  JS_FreeValue(context, error);
  return promise;
}

/* False: the SDK's function says what is wrong, or does it. */
static bool is_ordinary(JSValueConst path, const JSValue *options) {
  JSValue cluster = options[FETCH_CLUSTER], timeout = options[FETCH_TIMEOUT];
  if (JS_VALUE_GET_TAG(path) != JS_TAG_STRING || JS_VALUE_GET_TAG(cluster) != JS_TAG_STRING)
    return false;
  const JSString *text = JS_VALUE_GET_STRING(path);
  return text->len && string_get((JSString *)text, 0) == '/' && JS_VALUE_GET_STRING(cluster)->len &&
         (JS_IsUndefined(timeout) || (JS_VALUE_GET_TAG(timeout) == JS_TAG_INT && JS_VALUE_GET_INT(timeout) >= 1)) &&
         JS_IsUndefined(options[FETCH_SIGNAL]);
}

static JSValueConst option_or(JSValueConst value, JSValueConst otherwise) {
  return JS_IsUndefined(value) ? otherwise : value;
}

/* The options of an object literal, without a look-up for each that it does not have. False: it is no such object. */
static bool read_own_options(JSContext *context, const JSObject *init, JSValue *options) {
  if (init->class_id != JS_CLASS_OBJECT ||
      init->shape->proto != JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_OBJECT]))
    return false;
  const JSShapeProperty *properties = get_shape_prop(init->shape);
  for (uint32_t i = 0; i < init->shape->prop_count; i++)
    if (properties[i].flags & JS_PROP_TMASK)
      return false;
  for (int i = 0; i < FETCH_OPTION_COUNT; i++)
    options[i] = JS_UNDEFINED;
  for (uint32_t i = 0; i < init->shape->prop_count; i++)
    for (int option = 0; option < FETCH_OPTION_COUNT; option++)
      if (properties[i].atom == fetch_options[option]) {
        options[option] = js_dup(init->prop[i].u.value);
        break;
      }
  return true;
}

static JSValue js_fetch(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JSValue options[FETCH_OPTION_COUNT], result = JS_UNDEFINED;
  int count = 0;
  if (JS_IsObject(argv[1]) && read_own_options(context, JS_VALUE_GET_OBJ(argv[1]), options))
    count = FETCH_OPTION_COUNT;
  while (JS_IsObject(argv[1]) && count < FETCH_OPTION_COUNT && !JS_IsException(result)) {
    options[count] = JS_GetProperty(context, argv[1], fetch_options[count]);
    result = options[count++];
  }
  if (!JS_IsException(result)) {
    if (count && is_ordinary(argv[0], options)) {
      JSValueConst call[] = {options[FETCH_CLUSTER],
                             option_or(options[FETCH_METHOD], fetch_get),
                             argv[0],
                             option_or(options[FETCH_AUTHORITY], options[FETCH_CLUSTER]),
                             options[FETCH_HEADERS],
                             options[FETCH_BODY],
                             options[FETCH_TRAILERS],
                             option_or(options[FETCH_TIMEOUT], JS_NewInt32(context, DEFAULT_TIMEOUT_MS))};
      result = js_http_call(context, JS_UNDEFINED, countof(call), call);
    } else {
      result = JS_Call(context, vm.sdk.fetch, JS_UNDEFINED, 2, argv);
    }
  }
  while (count)
    JS_FreeValue(context, options[--count]);
  return JS_IsException(result) ? reject_exception(context) : result;
}
