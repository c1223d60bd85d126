/* Plugins (root contexts) and HTTP streams, by the host's context ids. */

static JSClassID message_class; /* opaque: Message *, NULL once the stream has ended */
static JSClassID headers_class; /* the same */

/* Makes the host take the next host calls for this context. Host calls are made by whoever has the turn, and one drain
   of the microtasks may run code of several streams. */
static bool use_context(uint32_t id) {
  if (vm.effective_context == id)
    return true;
  if (proxy_set_effective_context(id) != PROXY_STATUS_OK)
    return false;
  vm.effective_context = id;
  return true;
}

static Plugin *create_plugin(uint32_t id) {
  Plugin *plugin = js_mallocz_rt(vm.runtime, sizeof *plugin);
  if (!plugin)
    return NULL;
  *plugin = (Plugin){.id = id, .context = JS_UNDEFINED};
  if (!id_table_put(&vm.plugins, id, plugin)) {
    js_free_rt(vm.runtime, plugin);
    return NULL;
  }
  return plugin;
}

static Message new_message(Stream *stream, uint32_t stream_type, uint32_t map_type) {
  return (Message){
      .stream = stream,
      .stream_type = stream_type,
      .map_type = map_type,
      .object = JS_UNDEFINED,
      .headers = JS_UNDEFINED,
      .paused = {.promise = JS_UNDEFINED},
  };
}

/* A stream without memory is a stream that the filter does not see: it goes on untouched. */
static void create_stream(uint32_t id, Plugin *plugin) {
  Stream *stream = js_mallocz_rt(vm.runtime, sizeof *stream);
  if (!stream)
    return;
  *stream = (Stream){
      .id = id,
      .plugin = plugin,
      .state = JS_UNDEFINED,
      .request = new_message(stream, PROXY_STREAM_TYPE_HTTP_REQUEST, PROXY_MAP_TYPE_HTTP_REQUEST_HEADERS),
      .response = new_message(stream, PROXY_STREAM_TYPE_HTTP_RESPONSE, PROXY_MAP_TYPE_HTTP_RESPONSE_HEADERS),
  };
  stream->request.paused.message = &stream->request;
  stream->response.paused.message = &stream->response;
  if (!id_table_put(&vm.streams, id, stream))
    js_free_rt(vm.runtime, stream);
}

static Stream *find_stream(uint32_t id) { return id_table_get(&vm.streams, id); }

/* The Message behind an HttpRequest, HttpResponse or HttpHeaders. NULL: an exception was thrown. */
static Message *get_message(JSContext *context, JSValueConst object) {
  JSClassID class_id = JS_GetClassID(object);
  if (class_id != message_class && class_id != headers_class) {
    JS_ThrowTypeError(context, "not a request, a response or their headers");
    return NULL;
  }
  Message *message = JS_GetOpaque(object, class_id);
  if (!message)
    throw_stream_ended(context);
  return message;
}

/* The same, with the host told that the next calls are for this stream. */
static Message *enter_message(JSContext *context, JSValueConst object) {
  Message *message = get_message(context, object);
  if (message && !use_context(message->stream->id)) {
    throw_stream_ended(context);
    return NULL;
  }
  return message;
}

/* Objects of ended streams that nobody holds or has changed: the next streams take these. */
typedef struct ViewKind {
  const JSValue *prototype;
  const JSClassID *class_id;
  JSValue spare[16];
  uint32_t spares;
} ViewKind;

static ViewKind request_views = {&vm.sdk.request_prototype, &message_class};
static ViewKind response_views = {&vm.sdk.response_prototype, &message_class};
static ViewKind headers_views = {&vm.sdk.headers_prototype, &headers_class};

/* Makes the JavaScript object of a message the first time that it is asked for; later the same one. Borrowed. */
static JSValueConst view_of(JSValue *slot, ViewKind *kind, Message *message) {
  if (JS_IsUndefined(*slot)) {
    JSValue object = kind->spares ? kind->spare[--kind->spares]
                                  : JS_NewObjectProtoClass(vm.context, *kind->prototype, *kind->class_id);
    if (JS_IsException(object))
      return object;
    JS_SetOpaque(object, message);
    *slot = object;
  }
  return *slot;
}

static ViewKind *message_views(const Message *message) {
  return message->stream_type == PROXY_STREAM_TYPE_HTTP_REQUEST ? &request_views : &response_views;
}

static JSValueConst message_view(Message *message) {
  return view_of(&message->object, message_views(message), message);
}

static JSValueConst headers_view(Message *message) { return view_of(&message->headers, &headers_views, message); }

/* JavaScript may hold it longer; using it then throws. */
static void end_view(JSValue view, ViewKind *kind) {
  if (!JS_IsObject(view))
    return;
  JS_SetOpaque(view, NULL);
  JSObject *object = JS_VALUE_GET_OBJ(view);
  bool as_made = JS_REF_COUNT(object) == 1 && object->extensible && !object->first_weak_ref &&
                 object->shape->prop_count == 0 && object->shape->proto == JS_VALUE_GET_OBJ(*kind->prototype);
  if (as_made && kind->spares < countof(kind->spare))
    kind->spare[kind->spares++] = view;
  else
    JS_FreeValueRT(vm.runtime, view);
}
