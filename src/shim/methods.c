/*
 * The methods of the SDK's classes that nearly every request calls: here they cost one call, not a JavaScript
 * function's and the shim's. Their types and documentation are in src/sdk/message.ts, headers.ts and fetch.ts.
 */

/* request.method, request.path, request.authority: "" when there is none. */
static JSValue js_get_pseudo(JSContext *context, JSValueConst this, int index) {
  Message *message = enter_message(context, this);
  if (!message)
    return JS_EXCEPTION;
  Bytes name = {.data = pseudo_names[index].text, .size = pseudo_names[index].size, .owner = JS_UNDEFINED};
  JSValue value = get_first_value(context, message->headers.type, &name);
  return JS_IsUndefined(value) ? js_empty_string(context->rt) : value;
}

static JSValue js_set_pseudo(JSContext *context, JSValueConst this, JSValueConst value, int index) {
  JSValue name = JS_NewString(context, pseudo_names[index].text);
  JSValueConst argv[] = {this, name, value};
  JSValue result =
      JS_IsException(name) ? name : js_proxy_replace_header_map_value(context, JS_UNDEFINED, countof(argv), argv);
  JS_FreeValue(context, name);
  return result;
}

static JSValue js_get_context_id(JSContext *context, JSValueConst this) {
  Message *message = get_message(context, this);
  return message ? JS_NewUint32(context, message->stream->id) : JS_EXCEPTION;
}

/* request.state: made by the filter's `state` function when it is first asked for. */
static JSValue js_get_state(JSContext *context, JSValueConst this) {
  Message *message =
      enter_message(context, this); /* it ends with the stream, of which the host may know alone: ends.c */
  if (!message)
    return JS_EXCEPTION;
  JSValue *state = &message->stream->state;
  const Filter *filter = message->stream->plugin->filter;
  if (JS_IsUndefined(*state) && !JS_IsUndefined(filter->create_state)) {
    JSValue created = call_function(filter->create_state, filter->definition, 0, NULL);
    if (JS_IsException(created))
      return created;
    JS_FreeValue(context, *state);
    *state = created;
  }
  return js_dup(*state);
}

/* response.status: 0 when there is none. */
static JSValue js_get_response_status(JSContext *context, JSValueConst this) {
  JSValue value = js_get_pseudo(context, this, PSEUDO_STATUS);
  if (JS_IsException(value))
    return value;
  JSValue status = JS_ToNumber(context, value);
  JS_FreeValue(context, value);
  return status;
}

/* headers.get(name): null when there is none. */
static JSValue js_headers_get(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JSValueConst arguments[] = {this, argv[0]};
  JSValue value = js_get_header(context, JS_UNDEFINED, countof(arguments), arguments);
  return JS_IsUndefined(value) ? JS_NULL : value;
}

static JSValue js_headers_has(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JSValue value = js_headers_get(context, this, argc, argv);
  if (JS_IsException(value))
    return value;
  bool found = !JS_IsNull(value);
  JS_FreeValue(context, value);
  return js_bool(found);
}

static JSValue js_headers_pick(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JSValueConst arguments[] = {this, argv[0]};
  return js_pick_headers(context, JS_UNDEFINED, countof(arguments), arguments);
}

static JSValue js_headers_set(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JSValueConst arguments[] = {this, argv[0], argv[1]};
  return js_proxy_replace_header_map_value(context, JS_UNDEFINED, countof(arguments), arguments);
}

static JSValue js_headers_append(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JSValueConst arguments[] = {this, argv[0], argv[1]};
  return js_proxy_add_header_map_value(context, JS_UNDEFINED, countof(arguments), arguments);
}

static JSValue js_headers_delete(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JSValueConst arguments[] = {this, argv[0]};
  return js_proxy_remove_header_map_value(context, JS_UNDEFINED, countof(arguments), arguments);
}

/* headers.getAll(name) */
static JSValue js_headers_get_all(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t map_type;
  Bytes name;
  if (!enter_map(context, this, &map_type) || !borrow_header_name(context, argv[0], &name))
    return JS_EXCEPTION;
  JSValue list = get_all_values(context, map_type, &name);
  release_bytes(context, &name);
  return list;
}

/* headers.entries(), headers[Symbol.iterator]() */
static JSValue js_headers_entries(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t map_type;
  if (!enter_map(context, this, &map_type))
    return JS_EXCEPTION;
  JSValue pairs = get_pairs(context, map_type, NULL, 0);
  if (JS_IsException(pairs))
    return pairs;
  JSValue iterator = js_create_array_iterator(context, pairs, 0, NULL, JS_ITERATOR_KIND_VALUE);
  JS_FreeValue(context, pairs);
  return iterator;
}

static JSValue js_headers_replace_all(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JSValueConst arguments[] = {this, argv[0]};
  return js_proxy_set_header_map_pairs(context, JS_UNDEFINED, countof(arguments), arguments);
}

static JSValue js_answer_status(JSContext *context, JSValueConst this) {
  JSValueConst argv[] = {this};
  return js_get_call_status(context, JS_UNDEFINED, countof(argv), argv);
}

static JSValue js_answer_ok(JSContext *context, JSValueConst this) {
  JSValue status = js_answer_status(context, this);
  if (JS_IsException(status))
    return status;
  int number = JS_VALUE_GET_INT(status);
  return js_bool(number >= 200 && number <= 299);
}

/* Of requests and responses. */
static const JSCFunctionListEntry message_methods[] = {
    JS_CGETSET_MAGIC_DEF("headers", js_get_headers, NULL, false),
    JS_CGETSET_MAGIC_DEF("trailers", js_get_headers, NULL, true),
    JS_CGETSET_MAGIC_DEF("body", js_get_body_view, NULL, false),
    JS_CGETSET_DEF("state", js_get_state, NULL),
    JS_CGETSET_DEF("contextId", js_get_context_id, NULL),
};

static const JSCFunctionListEntry request_methods[] = {
    JS_CGETSET_MAGIC_DEF("method", js_get_pseudo, js_set_pseudo, PSEUDO_METHOD),
    JS_CGETSET_MAGIC_DEF("path", js_get_pseudo, js_set_pseudo, PSEUDO_PATH),
    JS_CGETSET_MAGIC_DEF("authority", js_get_pseudo, js_set_pseudo, PSEUDO_AUTHORITY),
};

static JSValue js_set_response_status(JSContext *context, JSValueConst this, JSValueConst value) {
  return js_set_pseudo(context, this, value, PSEUDO_STATUS);
}

static const JSCFunctionListEntry response_methods[] = {
    JS_CGETSET_DEF("status", js_get_response_status, js_set_response_status),
};

static const JSCFunctionListEntry connection_methods[] = {
    JS_CGETSET_MAGIC_DEF("downstreamData", js_get_body_view, NULL, false),
    JS_CGETSET_MAGIC_DEF("upstreamData", js_get_body_view, NULL, true),
    JS_CGETSET_DEF("state", js_get_state, NULL),
    JS_CGETSET_DEF("contextId", js_get_context_id, NULL),
};

static const JSCFunctionListEntry body_methods[] = {
    JS_CGETSET_DEF("size", js_get_body_size, NULL),
    JS_CGETSET_DEF("ended", js_is_body_ended, NULL),
    PLAIN_MAGIC_FUNCTION("bytes", 0, js_read_body, BODY_BYTES),
    PLAIN_MAGIC_FUNCTION("text", 0, js_read_body, BODY_TEXT),
    PLAIN_FUNCTION("set", 1, js_set_body, 0),
};

static const JSCFunctionListEntry headers_methods[] = {
    PLAIN_FUNCTION("get", 1, js_headers_get, 0),         PLAIN_FUNCTION("has", 1, js_headers_has, 0),
    PLAIN_FUNCTION("pick", 1, js_headers_pick, 0),       PLAIN_FUNCTION("set", 2, js_headers_set, 0),
    PLAIN_FUNCTION("append", 2, js_headers_append, 0),   PLAIN_FUNCTION("delete", 1, js_headers_delete, 0),
    PLAIN_FUNCTION("getAll", 1, js_headers_get_all, 0),  PLAIN_FUNCTION("replaceAll", 1, js_headers_replace_all, 0),
    PLAIN_FUNCTION("entries", 0, js_headers_entries, 0), JS_ALIAS_DEF("[Symbol.iterator]", "entries"),
};

static const JSCFunctionListEntry answer_methods[] = {
    JS_CGETSET_DEF("status", js_answer_status, NULL),
    JS_CGETSET_DEF("ok", js_answer_ok, NULL),
};

/* Gives the SDK's prototypes their methods. False: an exception was thrown. */
static bool add_methods(JSContext *context) {
  const struct {
    JSValueConst prototype;
    const JSCFunctionListEntry *list;
    int count;
  } all[] = {
      {vm.sdk.request_prototype, message_methods, countof(message_methods)},
      {vm.sdk.request_prototype, request_methods, countof(request_methods)},
      {vm.sdk.response_prototype, message_methods, countof(message_methods)},
      {vm.sdk.response_prototype, response_methods, countof(response_methods)},
      {vm.sdk.connection_prototype, connection_methods, countof(connection_methods)},
      {vm.sdk.headers_prototype, headers_methods, countof(headers_methods)},
      {vm.sdk.body_prototype, body_methods, countof(body_methods)},
      {vm.sdk.call_response_prototype, answer_methods, countof(answer_methods)},
  };
  for (size_t i = 0; i < countof(all); i++)
    if (JS_IsObject(all[i].prototype) && /* a module without network filters has no connections */
        JS_SetPropertyFunctionList(context, all[i].prototype, all[i].list, all[i].count) < 0)
      return false;
  return true;
}
