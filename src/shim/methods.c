/*
 * The methods of the SDK's classes that nearly every request calls: here they cost one call, not a JavaScript
 * function's and the shim's. Their types and documentation are in src/sdk/message.ts, headers.ts and fetch.ts.
 */

static const char *const pseudo_names[] = {":method", ":path", ":authority"};

/* request.method, request.path, request.authority: "" when there is none. */
static JSValue js_get_pseudo(JSContext *context, JSValueConst this, int index) {
  Message *message = enter_message(context, this);
  if (!message)
    return JS_EXCEPTION;
  Bytes name = {.data = pseudo_names[index], .size = strlen(pseudo_names[index]), .owner = JS_UNDEFINED};
  JSValue value = get_first_value(context, message->headers.type, &name);
  return JS_IsUndefined(value) ? js_empty_string(context->rt) : value;
}

static JSValue js_set_pseudo(JSContext *context, JSValueConst this, JSValueConst value, int index) {
  JSValue name = JS_NewString(context, pseudo_names[index]);
  JSValueConst argv[] = {this, name, value};
  JSValue result =
      JS_IsException(name) ? name : js_proxy_replace_header_map_value(context, JS_UNDEFINED, countof(argv), argv);
  JS_FreeValue(context, name);
  return result;
}

static JSValue js_get_message_headers(JSContext *context, JSValueConst this) {
  JSValueConst argv[] = {this};
  return js_get_headers(context, JS_UNDEFINED, countof(argv), argv, false);
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

static const JSCFunctionListEntry request_methods[] = {
    JS_CGETSET_DEF("headers", js_get_message_headers, NULL),
    JS_CGETSET_MAGIC_DEF("method", js_get_pseudo, js_set_pseudo, 0),
    JS_CGETSET_MAGIC_DEF("path", js_get_pseudo, js_set_pseudo, 1),
    JS_CGETSET_MAGIC_DEF("authority", js_get_pseudo, js_set_pseudo, 2),
};

static const JSCFunctionListEntry response_methods[] = {
    JS_CGETSET_DEF("headers", js_get_message_headers, NULL),
};

static const JSCFunctionListEntry headers_methods[] = {
    JS_CFUNC_DEF("get", 1, js_headers_get),       JS_CFUNC_DEF("has", 1, js_headers_has),
    JS_CFUNC_DEF("pick", 1, js_headers_pick),     JS_CFUNC_DEF("set", 2, js_headers_set),
    JS_CFUNC_DEF("append", 2, js_headers_append), JS_CFUNC_DEF("delete", 1, js_headers_delete),
};

static const JSCFunctionListEntry answer_methods[] = {
    JS_CGETSET_DEF("status", js_answer_status, NULL),
    JS_CGETSET_DEF("ok", js_answer_ok, NULL),
};

/* Gives the SDK's prototypes their methods. False: an exception was thrown. */
static bool add_methods(JSContext *context) {
  return JS_SetPropertyFunctionList(context, vm.sdk.request_prototype, request_methods, countof(request_methods)) ==
             0 &&
         JS_SetPropertyFunctionList(context, vm.sdk.response_prototype, response_methods, countof(response_methods)) ==
             0 &&
         JS_SetPropertyFunctionList(context, vm.sdk.headers_prototype, headers_methods, countof(headers_methods)) ==
             0 &&
         JS_SetPropertyFunctionList(context, vm.sdk.call_response_prototype, answer_methods, countof(answer_methods)) ==
             0;
}
