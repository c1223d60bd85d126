/* HTTP calls of the filter: a promise for each, settled by proxy_on_http_call_response. */

typedef struct Call {
  JSValue promise;                /* undefined: the call has an awaiter instead */
  JSAsyncFunctionData *awaiter;   /* owned; NULL: there is none, or not yet */
  uint32_t awaiter_owner;         /* see promises.c */
  JSValue upstream, method, path; /* as they were given, for the call's error */
  uint32_t timeout;
} Call;

/*
 * The answer to a call. The host keeps it only until its callback returns, and most filters read the status at most. So
 * each part is fetched when it is first asked for, and the rest at the end of the callback if somebody still holds the
 * answer.
 */
typedef struct CallResponse {
  uint32_t plugin_id;
  bool host_has_it;
  uint32_t status; /* 0: not fetched yet */
  bool has_headers, has_trailers, has_body;
  char *headers, *trailers, *body; /* from the host's allocations */
  size_t headers_size, trailers_size, body_size;
  uint32_t body_announced, trailers_announced;
} CallResponse;

static PER_REQUEST JSClassID call_response_class; /* opaque: CallResponse *, owned */

static void free_parts(JSRuntime *runtime, CallResponse *response) {
  runtime->malloc_state.malloc_size -= response->headers_size + response->trailers_size + response->body_size;
  host_free(response->headers);
  host_free(response->trailers);
  host_free(response->body);
}

static void finalize_call_response(JSRuntime *runtime, JSValueConst object) {
  CallResponse *response = JS_GetOpaque(object, call_response_class);
  if (!response)
    return;
  free_parts(runtime, response);
  js_free_rt(runtime, response);
}

/* What an answer holds counts as the heap's. False: it does not fit. */
static bool hold_host_bytes(size_t size) {
  JSMallocState *heap = &vm.runtime->malloc_state;
  if (size > heap->malloc_limit || heap->malloc_size > heap->malloc_limit - size) {
    shim_heap_is_full(vm.runtime, size);
    return false;
  }
  heap->malloc_size += size;
  return true;
}

static const JSClassDef call_response_class_def = {"FetchResponse", .finalizer = finalize_call_response};

/* Each of the three returns a proxy_status_t. */
static uint32_t load_call_status(CallResponse *response) {
  if (response->status >= 100)
    return PROXY_STATUS_OK;
  if (!response->host_has_it || !use_context(response->plugin_id))
    return PROXY_STATUS_BAD_ARGUMENT;
  char *data = NULL;
  size_t size = 0;
  uint32_t status =
      proxy_get_header_map_value(PROXY_MAP_TYPE_HTTP_CALL_RESPONSE_HEADERS, pseudo_names[PSEUDO_STATUS].text,
                                 pseudo_names[PSEUDO_STATUS].size, &data, &size);
  status = host_result(status, &data, &size);
  uint32_t number = size >= 3 && is_digit(data[0]) && is_digit(data[1]) && is_digit(data[2])
                        ? (uint32_t)((data[0] - '0') * 100 + (data[1] - '0') * 10 + data[2] - '0')
                        : 0;
  host_free(data);
  response->status = number;
  return status == PROXY_STATUS_OK && number < 100 ? PROXY_STATUS_PARSE_FAILURE : status;
}

static uint32_t keep_part(char *data, size_t size, bool *has, char **part, size_t *part_size) {
  if (!hold_host_bytes(size)) {
    host_free(data);
    return NO_MEMORY;
  }
  *part = host_keep(data, size);
  if (!*part && data) {
    vm.runtime->malloc_state.malloc_size -= size;
    return NO_MEMORY;
  }
  *part_size = *part ? size : 0;
  *has = true;
  return PROXY_STATUS_OK;
}

static uint32_t load_call_pairs(CallResponse *response, uint32_t map_type, bool *has, char **pairs,
                                size_t *pairs_size) {
  if (*has)
    return PROXY_STATUS_OK;
  if (!response->host_has_it || !use_context(response->plugin_id))
    return PROXY_STATUS_BAD_ARGUMENT;
  char *data = NULL;
  size_t size = 0;
  uint32_t status = host_result(proxy_get_header_map_pairs(map_type, &data, &size), &data, &size);
  return status == PROXY_STATUS_OK ? keep_part(data, size, has, pairs, pairs_size) : status;
}

static uint32_t load_call_headers(CallResponse *response) {
  return load_call_pairs(response, PROXY_MAP_TYPE_HTTP_CALL_RESPONSE_HEADERS, &response->has_headers,
                         &response->headers, &response->headers_size);
}

static uint32_t load_call_trailers(CallResponse *response) {
  if (!response->trailers_announced)
    return PROXY_STATUS_OK;
  return load_call_pairs(response, PROXY_MAP_TYPE_HTTP_CALL_RESPONSE_TRAILERS, &response->has_trailers,
                         &response->trailers, &response->trailers_size);
}

static uint32_t load_call_body(CallResponse *response) {
  if (response->has_body)
    return PROXY_STATUS_OK;
  if (!response->host_has_it || !use_context(response->plugin_id))
    return PROXY_STATUS_BAD_ARGUMENT;
  char *data = NULL;
  size_t size = 0;
  uint32_t status = PROXY_STATUS_OK;
  if (response->body_announced) /* some hosts answer NotFound for an empty body */
    status =
        proxy_get_buffer_bytes(PROXY_BUFFER_TYPE_HTTP_CALL_RESPONSE_BODY, 0, response->body_announced, &data, &size);
  status = host_result(status, &data, &size);
  return status == PROXY_STATUS_OK ? keep_part(data, size, &response->has_body, &response->body, &response->body_size)
                                   : status;
}

static CallResponse *get_call_response(JSContext *context, JSValueConst object) {
  return JS_GetOpaque2(context, object, call_response_class);
}

static JSValue js_get_call_status(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  CallResponse *response = get_call_response(context, argv[0]);
  if (!response)
    return JS_EXCEPTION;
  uint32_t status = load_call_status(response);
  return status == PROXY_STATUS_OK ? JS_NewUint32(context, response->status)
                                   : throw_host_error(context, "proxy_get_header_map_value", status);
}

/* get_call_headers(response), get_call_trailers(response) */
static JSValue js_get_call_headers(JSContext *context, JSValueConst this, int argc, JSValueConst *argv, int trailers) {
  CallResponse *response = get_call_response(context, argv[0]);
  if (!response)
    return JS_EXCEPTION;
  PairReader reader;
  uint32_t status = trailers ? load_call_trailers(response) : load_call_headers(response);
  if (status == PROXY_STATUS_OK && !read_pairs(&reader, trailers ? response->trailers : response->headers,
                                               trailers ? response->trailers_size : response->headers_size))
    status = PROXY_STATUS_PARSE_FAILURE;
  return status == PROXY_STATUS_OK ? new_pairs(context, &reader, NULL, 0)
                                   : throw_host_error(context, "proxy_get_header_map_pairs", status);
}

enum { CALL_BODY_BYTES, CALL_BODY_TEXT };

static JSValue js_get_call_body(JSContext *context, JSValueConst this, int argc, JSValueConst *argv, int form) {
  CallResponse *response = get_call_response(context, argv[0]);
  if (!response)
    return JS_EXCEPTION;
  uint32_t status = load_call_body(response);
  if (status != PROXY_STATUS_OK)
    return throw_host_error(context, "proxy_get_buffer_bytes", status);
  const char *body = response->body ? response->body : "";
  return form == CALL_BODY_TEXT ? new_text(context, body, response->body_size)
                                : JS_NewUint8ArrayCopy(context, (const uint8_t *)body, response->body_size);
}

/* The SDK's error of a call. `status`: what the host returned for it; undefined: it was started. `text`: what the host
   says of its failure, or undefined. */
static JSValue new_call_error(const Call *call, JSValueConst status, JSValueConst text) {
  JSValueConst argv[] = {call->upstream, call->method, call->path, JS_NewUint32(vm.context, call->timeout),
                         status,         text};
  return JS_CallConstructor(vm.context, vm.sdk.call_error, countof(argv), argv);
}

/* The promise of a call that the host refused at once. */
static JSValue refused_call(JSContext *context, const Call *call, uint32_t status) {
  if (vm.building)
    return throw_host_error(context, "proxy_http_call", status);
  JSValue error = new_call_error(call, JS_NewUint32(context, status), JS_UNDEFINED);
  if (JS_IsException(error))
    return error;
  JSValue promise = JS_NewSettledPromise(context, true, error);
  JS_FreeValue(context, error);
  return promise;
}

static void free_call(JSContext *context, Call *call) {
  JS_FreeValue(context, call->promise);
  if (call->awaiter)
    js_async_function_free(context->rt, call->awaiter);
  JS_FreeValue(context, call->upstream);
  JS_FreeValue(context, call->method);
  JS_FreeValue(context, call->path);
  js_free(context, call);
}

static void answer_call(Call *call, JSValue value, bool failed) {
  if (call->awaiter) {
    resume_awaiter(vm.context, call->awaiter_owner, call->awaiter, value, failed);
    JS_FreeValue(vm.context, value);
  } else {
    settle_promise(js_dup(call->promise), value, failed);
  }
  free_call(vm.context, call);
}

static void await_call(JSValueConst value, JSAsyncFunctionData *function) {
  Call *call = JS_VALUE_GET_PTR(value);
  JS_REF_COUNT(function)++;
  call->awaiter = function;
  call->awaiter_owner = shim_turn;
}

/* The call failed after it was started. */
static void fail_call(Call *call, JSValueConst text) {
  JSValue error = new_call_error(call, JS_UNDEFINED, text);
  if (JS_IsException(error))
    error = JS_GetException(vm.context);
  answer_call(call, error, true);
}

/* The call's headers: pseudo headers for those of `argv` that are not undefined, then the list. */
static bool serialize_call_headers(JSContext *context, JSValueConst *argv, PairWriter *writer) {
  JSValue array;
  bool ok = begin_pairs(context, writer, PSEUDO_STATUS, argv[4], &array);
  for (size_t i = 0; ok && i < PSEUDO_STATUS; i++) {
    if (JS_IsUndefined(argv[1 + i]))
      writer->capacity -= 2;
    else
      ok = add_named(context, writer, pseudo_names[i].text, pseudo_names[i].size, argv[1 + i]);
  }
  return end_pairs(context, writer, array, ok);
}

/* False: an exception was thrown. HTTP calls, gRPC calls and gRPC streams count together. */
static bool may_call(JSContext *context) {
  uint32_t open = vm.calls.count + vm.grpc_calls.count + vm.refused_grpc_calls;
  if (vm.building || open < vm.limits.open_calls) /* the host refuses it then, and says why */
    return true;
  JS_ThrowRangeError(context,
                     "%u calls are open, which is the limit (limits.openCalls): await some of them before more are "
                     "started",
                     open);
  return false;
}

static bool to_timeout(JSContext *context, JSValueConst value, uint32_t *timeout) {
  if (JS_VALUE_GET_TAG(value) != JS_TAG_INT)
    return JS_ToUint32(context, timeout, value) == 0;
  *timeout = (uint32_t)JS_VALUE_GET_INT(value);
  return true;
}

/* `is_awaited`: without a promise. NULL: an exception was thrown. */
static Call *new_call(JSContext *context, JSValueConst upstream, JSValueConst method, JSValueConst path,
                      uint32_t timeout, bool is_awaited) {
  Call *call = may_call(context) ? js_malloc(context, sizeof *call) : NULL;
  if (!call)
    return NULL;
  JSValue promise = is_awaited ? JS_UNDEFINED : new_pending_promise(context);
  if (JS_IsException(promise)) {
    js_free(context, call);
    return NULL;
  }
  *call = (Call){.promise = promise,
                 .upstream = js_dup(upstream),
                 .method = js_dup(method),
                 .path = js_dup(path),
                 .timeout = timeout};
  return call;
}

/* Serialized headers or trailers. */
typedef struct PairList {
  const char *data;
  size_t size;
} PairList;

/* Takes over the call. Returns its promise, or the call as what its caller awaits. */
static JSValue start_call(JSContext *context, Call *call, const Bytes *upstream, PairList headers, const Bytes *body,
                          PairList trailers) {
  uint32_t id = 0;
  JSValue result = JS_EXCEPTION;
  uint32_t status = proxy_http_call(upstream->data, upstream->size, headers.data, headers.size, body->data, body->size,
                                    trailers.data, trailers.size, call->timeout, &id);
  if (likely(status == PROXY_STATUS_OK)) {
    Call *older = id_table_take(&vm.calls, id);
    if (older) /* a host that gives an id out twice can never answer the first call */
      fail_call(older, JS_UNDEFINED);
    if (likely(id_table_put(&vm.calls, id, call)))
      return JS_IsUndefined(call->promise) ? JS_MKPTR(TAG_INTERNAL, call) : js_dup(call->promise);
    JS_ThrowOutOfMemory(context);
  } else {
    result = refused_call(context, call, status);
  }
  free_call(context, call);
  return result;
}

/* http_call(upstream, method, path, authority, headers, body, trailers, timeout): a promise of its answer. */
static JSValue js_http_call(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JSValue result = JS_EXCEPTION;
  Bytes upstream, body;
  PairWriter headers, trailers;
  uint32_t timeout;
  if (!to_timeout(context, argv[7], &timeout))
    return JS_EXCEPTION;
  Call *call = new_call(context, argv[0], argv[1], argv[2], timeout, false);
  if (!call)
    return JS_EXCEPTION;
  /* The lists first: reading them can run code, which could take the bytes of an array away. */
  if (!serialize_call_headers(context, argv, &headers))
    goto no_headers;
  if (!serialize_pairs(context, argv[6], &trailers))
    goto no_trailers;
  if (!borrow_body(context, argv[0], &upstream)) /* a cluster's name is text */
    goto no_upstream;
  if (!borrow_body(context, argv[5], &body))
    goto no_body;
  result = start_call(context, call, &upstream, (PairList){headers.data, headers.size}, &body,
                      (PairList){trailers.data, trailers.size});
  call = NULL;
  release_bytes(context, &body);
no_body:
  release_bytes(context, &upstream);
no_upstream:
  release_pairs(context, &trailers);
no_trailers:
  release_pairs(context, &headers);
no_headers:
  if (call)
    free_call(context, call);
  return result;
}

static bool starts_with(const CallResponse *response, const char *text) {
  size_t size = strlen(text);
  return response->body_size >= size && memcmp(response->body, text, size) == 0;
}

/*
 * Envoy tells a call's failure by an answer of its own: 502 to 504, a text, and without the header that it puts on
 * every answer of an upstream. Measured: docs/RATIONALE.md.
 */
static bool is_failure_of_host(CallResponse *response) {
  if (load_call_status(response) != PROXY_STATUS_OK || response->status < 502 || response->status > 504 ||
      load_call_body(response) != PROXY_STATUS_OK ||
      !(starts_with(response, "upstream ") || starts_with(response, "no healthy upstream")))
    return false;
  static const char mark[] = "x-envoy-upstream-service-time";
  char *data = NULL;
  size_t size = 0;
  uint32_t status =
      proxy_get_header_map_value(PROXY_MAP_TYPE_HTTP_CALL_RESPONSE_HEADERS, mark, strlen(mark), &data, &size);
  status = host_result(status, &data, &size);
  host_free(data);
  return status == PROXY_STATUS_NOT_FOUND || size == 0; /* other hosts: Ok and nothing */
}

/* Most filters look at an answer and forget it before its callback returns: it is the next one's object then. */
static PER_REQUEST JSObject *spare_response;

/* With nothing in its opaque. */
static JSValue new_call_response(void) {
  JSValue object = JS_MKPTR(JS_TAG_OBJECT, spare_response);
  if (spare_response) {
    spare_response = NULL;
    return object;
  }
  CallResponse *response = js_malloc(vm.context, sizeof *response);
  if (!response)
    return JS_EXCEPTION;
  *response = (CallResponse){0};
  object = JS_NewObjectProtoClass(vm.context, vm.sdk.call_response_prototype, call_response_class);
  if (JS_IsException(object))
    js_free_rt(vm.runtime, response);
  else
    JS_SetOpaque(object, response);
  return object;
}

/* Takes over the object. */
static void discard_call_response(JSValue object) {
  if (spare_response || !is_untouched(JS_VALUE_GET_OBJ(object), vm.sdk.call_response_prototype)) {
    JS_FreeValue(vm.context, object);
    return;
  }
  CallResponse *response = JS_GetOpaque(object, call_response_class);
  free_parts(vm.runtime, response);
  *response = (CallResponse){0};
  spare_response = JS_VALUE_GET_OBJ(object);
}

/* Settles the promise of a call. The object that is returned is for `close_call_response`; undefined: there is none. */
static JSValue open_call_response(uint32_t plugin_id, uint32_t call_id, uint32_t num_headers, uint32_t body_size,
                                  uint32_t num_trailers) {
  Call *call = id_table_take(&vm.calls, call_id);
  if (!call)
    return JS_UNDEFINED;
  if (num_headers == 0) { /* the ABI's sign of a failed call */
    fail_call(call, JS_UNDEFINED);
    return JS_UNDEFINED;
  }
  JSValue object = new_call_response();
  if (JS_IsException(object)) {
    answer_call(call, JS_GetException(vm.context), true);
    return JS_UNDEFINED;
  }
  CallResponse *response = JS_GetOpaque(object, call_response_class);
  response->plugin_id = plugin_id;
  response->host_has_it = true;
  response->body_announced = body_size;
  response->trailers_announced = num_trailers;
  if (is_failure_of_host(response)) {
    JSValue text = new_text(vm.context, response->body, response->body_size);
    fail_call(call, text);
    JS_FreeValue(vm.context, text);
    discard_call_response(object);
    return JS_UNDEFINED;
  }
  answer_call(call, js_dup(object), false);
  return object;
}

static void close_call_response(JSValue object) {
  if (!JS_IsObject(object))
    return;
  CallResponse *response = JS_GetOpaque(object, call_response_class);
  if (JS_REF_COUNT(JS_VALUE_GET_OBJ(object)) > 1) {
    load_call_status(response);
    load_call_headers(response);
    load_call_trailers(response);
    load_call_body(response);
  }
  response->host_has_it = false;
  discard_call_response(object);
}
