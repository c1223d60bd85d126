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
  JSAtom get = JS_NewAtom(context, "GET"); /* as the program's own "GET" is */
  fetch_get = JS_AtomToString(context, get);
  JS_FreeAtom(context, get);
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

/* Where the options are among the properties of an object literal; -1: they are not. False: it is no such object. */
static bool find_options(JSContext *context, const JSObject *init, int8_t *at) {
  const JSShape *shape = init->shape;
  const JSShapeProperty *properties = get_shape_prop((JSShape *)shape);
  if (init->class_id != JS_CLASS_OBJECT || shape->proto != JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_OBJECT]) ||
      shape->prop_count > INT8_MAX)
    return false;
  memset(at, -1, FETCH_OPTION_COUNT);
  for (uint32_t i = 0; i < shape->prop_count; i++) {
    if (properties[i].flags & JS_PROP_TMASK)
      return false;
    for (int option = 0; option < FETCH_OPTION_COUNT; option++)
      if (properties[i].atom == fetch_options[option])
        at[option] = (int8_t)i;
  }
  return true;
}

/*
 * Calls of which all but the path, the body and the timeout were constants of the program, with their serialized
 * headers before and after the path's bytes: a filter makes the same few calls for each request.
 */
typedef struct UsualCall {
  JSShape *shape;                         /* of the options; NULL: it is a free place */
  const JSString *strings[FETCH_TIMEOUT]; /* the cluster, the method, the authority, or what stands for them */
  uint8_t given;                          /* how many of these the options have: */
  struct {
    uint8_t option, at; /* which, and where it is among the object's properties */
  } where[FETCH_TIMEOUT];
  int8_t timeout_at, body_at; /* -1: the options have none */
  int32_t literal_timeout;    /* of the options that are kept */
  uint16_t head_size, tail_size;
  char headers[512], tail[128];
} UsualCall;

enum { USUAL_PATH_SIZE = 4 + 4 * 3 /* where the size of the second value is */ };

static PER_REQUEST UsualCall usual_calls[countof(literals)];
static PER_REQUEST uint8_t oldest_usual_call;

static bool is_string(JSValueConst value, const JSString *string) {
  return JS_VALUE_GET_TAG(value) == JS_TAG_STRING && JS_VALUE_GET_STRING(value) == string;
}

static bool has_strings_of(const JSObject *init, const UsualCall *call) {
  if (init->shape != call->shape)
    return false;
  for (int i = 0; i < call->given; i++)
    if (!is_string(init->prop[call->where[i].at].u.value, call->strings[call->where[i].option]))
      return false;
  return true;
}

/* Whether it is an atom, which never changes, of ASCII. The strings of a program's text are atoms. */
static bool is_constant(JSValueConst value) {
  const JSString *string = JS_VALUE_GET_STRING(value);
  bool is =
      JS_VALUE_GET_TAG(value) == JS_TAG_STRING && string->atom_type == JS_ATOM_TYPE_STRING && !string->is_wide_char;
  for (uint32_t i = 0; is && i < string->len; i++)
    is = str8((JSString *)string)[i] < 0x80;
  return is;
}

static void forget_usual_call(JSContext *context, UsualCall *call) {
  if (!call->shape)
    return;
  js_free_shape(context->rt, call->shape);
  for (int i = 0; i < FETCH_TIMEOUT; i++)
    JS_FreeValue(context, JS_MKPTR(JS_TAG_STRING, (void *)call->strings[i]));
  call->shape = NULL;
  forget_literal(context, &literals[call - usual_calls]);
}

/* After a call was made with these arguments of http_call. */
static void remember_usual_call(JSContext *context, const JSObject *init, const int8_t *at, JSValueConst *argv) {
  const JSValueConst values[FETCH_TIMEOUT] = {argv[0], argv[1], argv[3]};
  bool is_usual = !vm.building && init->shape->is_hashed;
  for (int i = 0; i < FETCH_TIMEOUT; i++)
    is_usual = is_usual && is_constant(values[i]);
  for (size_t i = 0; i < countof(usual_calls); i++) /* if it is there, its path, body or timeout was not usual */
    is_usual = is_usual && !has_strings_of(init, &usual_calls[i]);
  PairWriter headers;
  if (!is_usual || !serialize_call_headers(context, argv, &headers))
    return;
  size_t method_size = JS_VALUE_GET_STRING(values[FETCH_METHOD])->len;
  size_t head = 4 + 4 * headers.count + sizeof ":method" + method_size + 1 + sizeof ":path";
  size_t end = head + JS_VALUE_GET_STRING(argv[2])->len, tail = headers.size - end;
  if (head <= sizeof usual_calls->headers / 2 && tail <= sizeof usual_calls->tail) {
    UsualCall *call = &usual_calls[oldest_usual_call++ % countof(usual_calls)];
    forget_usual_call(context, call);
    call->given = 0;
    for (uint8_t i = 0; i < FETCH_TIMEOUT; i++) {
      call->strings[i] = JS_VALUE_GET_STRING(js_dup(values[i]));
      if (at[i] >= 0) {
        call->where[call->given].option = i;
        call->where[call->given++].at = (uint8_t)at[i];
      }
    }
    call->shape = js_dup_shape(init->shape);
    call->timeout_at = at[FETCH_TIMEOUT];
    call->body_at = at[FETCH_BODY];
    call->head_size = (uint16_t)head;
    call->tail_size = (uint16_t)tail;
    memcpy(call->headers, headers.data, head);
    memcpy(call->tail, headers.data + end, tail);
  }
  release_pairs(context, &headers);
}

/* NULL: it is another call. Nothing here, and nothing that starts such a call, runs the filter's code. */
static UsualCall *find_usual_call(const JSObject *init, const Bytes *path) {
  if (!path->size || path->data[0] != '/' || init->class_id != JS_CLASS_OBJECT)
    return NULL;
  for (UsualCall *call = usual_calls; call < usual_calls + countof(usual_calls) && call->shape; call++) {
    if (!has_strings_of(init, call))
      continue;
    if (call->body_at >= 0 && !JS_IsUndefined(init->prop[call->body_at].u.value) &&
        JS_VALUE_GET_TAG(init->prop[call->body_at].u.value) != JS_TAG_STRING)
      return NULL;
    if (call->timeout_at >= 0 && (JS_VALUE_GET_TAG(init->prop[call->timeout_at].u.value) != JS_TAG_INT ||
                                  JS_VALUE_GET_INT(init->prop[call->timeout_at].u.value) < 1))
      return NULL;
    bool fits = path->size <= sizeof call->headers - call->head_size - sizeof call->tail;
    return fits && holds_of_all(path, is_all_visible) ? call : NULL;
  }
  return NULL;
}

/* Nothing that a usual call has done shows its options to anybody. */
static void keep_options(JSContext *context, UsualCall *usual, JSObject *init) {
  Literal *literal = &literals[usual - usual_calls];
  int32_t timeout = usual->timeout_at < 0 ? 0 : JS_VALUE_GET_INT(init->prop[usual->timeout_at].u.value);
  if (usual->body_at >= 0 || (literal->start && timeout != usual->literal_timeout))
    return;
  usual->literal_timeout = timeout;
  keep_literal(context->rt, literal, init);
}

static JSValue make_usual_call(JSContext *context, UsualCall *usual, const JSObject *init, const Bytes *path,
                               bool is_awaited) {
  Bytes body, cluster = bytes_of(JS_MKPTR(JS_TAG_STRING, (void *)usual->strings[FETCH_CLUSTER]));
  if (!borrow_body(context, usual->body_at < 0 ? JS_UNDEFINED : init->prop[usual->body_at].u.value, &body))
    return JS_EXCEPTION;
  uint32_t timeout = DEFAULT_TIMEOUT_MS;
  if (usual->timeout_at >= 0)
    timeout = (uint32_t)JS_VALUE_GET_INT(init->prop[usual->timeout_at].u.value);
  JSValueConst method = JS_MKPTR(JS_TAG_STRING, (void *)usual->strings[FETCH_METHOD]);
  Call *call = new_call(context, cluster.owner, method, path->owner, timeout, is_awaited);
  JSValue result = JS_EXCEPTION;
  if (call) {
    char *at = usual->headers + usual->head_size;
    store_u32(usual->headers + USUAL_PATH_SIZE, (uint32_t)path->size);
    memcpy(at, path->data, path->size);
    at += path->size;
    for (size_t i = 0; i < usual->tail_size; i += sizeof(uint64_t)) /* memcpy calls the host, for a few bytes too */
      memcpy(at + i, usual->tail + i, sizeof(uint64_t));
    PairList headers = {usual->headers, (size_t)(at - usual->headers) + usual->tail_size};
    result = start_call(context, call, &cluster, headers, &body, (PairList){empty_pairs, sizeof empty_pairs});
  }
  release_bytes(context, &body);
  return result;
}

static no_inline JSValue make_other_call(JSContext *context, JSValueConst *argv) {
  JSValue options[FETCH_OPTION_COUNT], result = JS_UNDEFINED;
  int8_t at[FETCH_OPTION_COUNT];
  int count = 0;
  JSObject *init = JS_IsObject(argv[1]) ? JS_VALUE_GET_OBJ(argv[1]) : NULL;
  JSShape *shape = init && find_options(context, init, at) ? js_dup_shape(init->shape) : NULL;
  for (; init && count < FETCH_OPTION_COUNT && !JS_IsException(result); count++) {
    if (shape)
      options[count] = at[count] < 0 ? JS_UNDEFINED : js_dup(init->prop[at[count]].u.value);
    else
      result = options[count] = JS_GetProperty(context, argv[1], fetch_options[count]);
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
      if (shape && init->shape == shape && !JS_IsException(result) && at[FETCH_HEADERS] < 0 && at[FETCH_TRAILERS] < 0 &&
          at[FETCH_SIGNAL] < 0)
        remember_usual_call(context, init, at, call);
    } else {
      result = JS_Call(context, vm.sdk.fetch, JS_UNDEFINED, 2, argv);
    }
  }
  while (count)
    JS_FreeValue(context, options[--count]);
  if (shape)
    js_free_shape(context->rt, shape);
  return result;
}

/* `this` is the sign of a function whose result is awaited at once (run_code.c), so that nobody else ever sees it: the
   usual call has no promise then. */
static JSValue js_fetch(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JSObject *init = JS_IsObject(argv[1]) ? JS_VALUE_GET_OBJ(argv[1]) : NULL;
  UsualCall *usual = NULL;
  Bytes path;
  if (init && JS_VALUE_GET_TAG(argv[0]) == JS_TAG_STRING && !JS_VALUE_GET_STRING(argv[0])->is_wide_char) {
    path = bytes_of(unsafe_unconst(argv[0])); /* the caller's, not a reference more */
    usual = find_usual_call(init, &path);
  }
  JSValue result;
  if (usual) {
    result = make_usual_call(context, usual, init, &path, JS_VALUE_GET_TAG(this) == TAG_INTERNAL);
    keep_options(context, usual, init);
  } else {
    result = make_other_call(context, argv);
  }
  return unlikely(JS_IsException(result)) ? reject_exception(context) : result;
}
