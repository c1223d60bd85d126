/* Plugins (root contexts) and HTTP streams, by the host's context ids. */

static JSClassID message_class; /* opaque: Message *, NULL once the stream has ended */
static JSClassID headers_class; /* opaque: Part *, likewise */
static JSClassID body_class;    /* the same */

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

static Plugin *find_plugin(uint32_t id) { return id_table_get(&vm.plugins, id); }

static Part new_part(Message *message, uint32_t type) {
  return (Part){.message = message, .type = type, .object = JS_UNDEFINED};
}

/* What tells the two directions of a stream apart, for HTTP streams and for connections. */
typedef struct Direction {
  uint32_t stream_type, headers, trailers, body;
} Direction;

static const Direction directions[2][2] = {
    {{PROXY_STREAM_TYPE_HTTP_REQUEST, PROXY_MAP_TYPE_HTTP_REQUEST_HEADERS, PROXY_MAP_TYPE_HTTP_REQUEST_TRAILERS,
      PROXY_BUFFER_TYPE_HTTP_REQUEST_BODY},
     {PROXY_STREAM_TYPE_HTTP_RESPONSE, PROXY_MAP_TYPE_HTTP_RESPONSE_HEADERS, PROXY_MAP_TYPE_HTTP_RESPONSE_TRAILERS,
      PROXY_BUFFER_TYPE_HTTP_RESPONSE_BODY}},
    {{.stream_type = PROXY_STREAM_TYPE_DOWNSTREAM, .body = PROXY_BUFFER_TYPE_DOWNSTREAM_DATA},
     {.stream_type = PROXY_STREAM_TYPE_UPSTREAM, .body = PROXY_BUFFER_TYPE_UPSTREAM_DATA}},
};

static void init_message(Message *message, Stream *stream, const Direction *direction) {
  *message = (Message){
      .stream = stream,
      .stream_type = direction->stream_type,
      .starting = JS_UNDEFINED,
      .object = JS_UNDEFINED,
      .headers = new_part(message, direction->headers),
      .trailers = new_part(message, direction->trailers),
      .body = new_part(message, direction->body),
      .paused = {.message = message, .promise = JS_UNDEFINED},
  };
}

/* NULL: no memory. */
static Stream *new_stream(uint32_t id, Plugin *plugin) {
  Stream *stream = js_malloc_rt(vm.runtime, sizeof *stream);
  if (!stream)
    return NULL;
  bool network = plugin->filter && plugin->filter->network;
  stream->id = id;
  stream->plugin = plugin;
  stream->state = JS_UNDEFINED;
  stream->closed = stream->job_lost = false;
  stream->fate = STREAM_SEEN;
  init_message(&stream->request, stream, &directions[network][0]);
  init_message(&stream->response, stream, &directions[network][1]);
  return stream;
}

/* The plugin has stepped aside (src/sdk/step-aside.ts). False also when the time is over. */
static bool is_aside(Plugin *plugin) {
  if (!plugin->aside_until)
    return false;
  if (js__hrtime_ns() < plugin->aside_until)
    return true;
  plugin->aside_until = 0;
  guard.hits |= GUARD_BACK;
  return false;
}

static void create_stream(uint32_t id, Plugin *plugin) {
  bool aside = is_aside(plugin);
  if (aside && !plugin->aside_denies)
    return;
  size_t limit = open_reserve();
  Stream *stream = new_stream(id, plugin);
  close_reserve(limit);
  if (!stream || !id_table_put(&vm.streams, id, stream)) {
    js_free_rt(vm.runtime, stream);
    vm.lost_streams++;
  } else if (aside) {
    stream->fate = STREAM_DENIED;
  } else if (vm.streams.count > vm.limits.streams) {
    stream->fate = STREAM_TOO_MANY;
  }
}

static bool is_request(const Message *message) { return message == &message->stream->request; }

static BodyMode body_mode(const Message *message) {
  const Filter *filter = message->stream->plugin->filter;
  return is_request(message) ? filter->request_body : filter->response_body;
}

static Stream *find_stream(uint32_t id) { return id_table_get(&vm.streams, id); }

/* proxy_close_stream for the context that has the turn, once: Envoy 1.40 crashes when it is told twice. `stream`: the
   context's; NULL: it has none. Returns a proxy_status_t. */
static uint32_t close_stream(Stream *stream, uint32_t type) {
  if (!stream)
    return proxy_close_stream(type);
  if (stream->closed)
    return PROXY_STATUS_OK;
  stream->closed = true;
  return proxy_close_stream(type);
}

/* The Message or Part behind an object of one of these classes. NULL: an exception was thrown. */
static void *get_view(JSContext *context, JSValueConst object, JSClassID class_id, const char *what) {
  if (JS_GetClassID(object) != class_id) {
    JS_ThrowTypeError(context, "not %s", what);
    return NULL;
  }
  void *view = JS_GetOpaque(object, class_id);
  if (!view)
    throw_stream_ended(context);
  return view;
}

static Message *get_message(JSContext *context, JSValueConst object) {
  return get_view(context, object, message_class, "a request, a response or a connection");
}

/* Tells the host that the next calls are for this stream. False: an exception was thrown. */
static bool enter_stream(JSContext *context, const Stream *stream) {
  if (use_context(stream->id))
    return true;
  throw_stream_ended(context);
  return false;
}

static Message *enter_message(JSContext *context, JSValueConst object) {
  Message *message = get_message(context, object);
  return message && enter_stream(context, message->stream) ? message : NULL;
}

static Part *enter_part(JSContext *context, JSValueConst object, JSClassID class_id, const char *what) {
  Part *part = get_view(context, object, class_id, what);
  return part && enter_stream(context, part->message->stream) ? part : NULL;
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
static ViewKind connection_views = {&vm.sdk.connection_prototype, &message_class};
static ViewKind headers_views = {&vm.sdk.headers_prototype, &headers_class};
static ViewKind body_views = {&vm.sdk.body_prototype, &body_class};

/* Makes an object the first time that it is asked for; later the same one. Borrowed. */
static JSValueConst view_of(JSValue *slot, ViewKind *kind, void *opaque) {
  if (JS_IsUndefined(*slot)) {
    JSValue object = kind->spares ? kind->spare[--kind->spares]
                                  : JS_NewObjectProtoClass(vm.context, *kind->prototype, *kind->class_id);
    if (JS_IsException(object))
      return object;
    JS_SetOpaque(object, opaque);
    *slot = object;
  }
  return *slot;
}

static ViewKind *message_views(const Message *message) {
  switch (message->stream_type) {
  case PROXY_STREAM_TYPE_HTTP_REQUEST:
    return &request_views;
  case PROXY_STREAM_TYPE_HTTP_RESPONSE:
    return &response_views;
  default:
    return &connection_views;
  }
}

/* Both directions of a connection are one object. */
static JSValueConst message_view(Message *message) {
  ViewKind *kind = message_views(message);
  Message *owner = kind == &connection_views ? &message->stream->request : message;
  return view_of(&owner->object, kind, owner);
}

static JSValueConst part_view(Part *part, ViewKind *kind) { return view_of(&part->object, kind, part); }

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

static void end_message(Message *message) {
  end_view(message->object, message_views(message));
  end_view(message->headers.object, &headers_views);
  end_view(message->trailers.object, &headers_views);
  end_view(message->body.object, &body_views);
}
