/* Plugins (root contexts) and HTTP streams, by the host's context ids. */

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

/* Another plugin takes the place of one of whose end the host does not tell: see lifetime.c. NULL: no memory. */
static Plugin *rename_plugin(Plugin *plugin, uint32_t id) {
  if (!id_table_put(&vm.plugins, id, plugin))
    return NULL;
  id_table_take(&vm.plugins, plugin->id);
  plugin->id = id;
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

/* What a stream leaves behind in one of its messages, and the next one must not find. */
static void reset_message(Message *message) {
  message->action = message->hook = 0;
  message->arrived = message->replay = 0;
  message->in_callback = message->body_open = message->body_ended = message->body_complete = false;
  message->length_goes = message->delayed = false;
  message->body_size = message->body_start = message->body_end = 0;
}

static void init_message(Message *message, Stream *stream, const Direction *direction) {
  *message = (Message){
      .stream = stream,
      .stream_type = direction->stream_type,
      .object = JS_UNDEFINED,
      .headers = new_part(message, direction->headers),
      .trailers = new_part(message, direction->trailers),
      .body = new_part(message, direction->body),
      .async = {.message = message, .promise = JS_UNDEFINED, .result = JS_UNDEFINED},
  };
  reset_message(message);
}

/* Streams that have ended, with those of their objects that nobody holds: the next streams take them as they are. */
static PER_REQUEST struct {
  Stream *streams[16];
  uint32_t count;
} spare_streams;

static void init_stream(Stream *stream, bool network) {
  stream->network = network;
  init_message(&stream->request, stream, &directions[network][0]);
  init_message(&stream->response, stream, &directions[network][1]);
}

static void start_stream(Stream *stream, uint32_t id, Plugin *plugin) {
  stream->id = id;
  stream->plugin = plugin;
  stream->state = JS_UNDEFINED;
  stream->closed = stream->job_lost = false;
  stream->fate = STREAM_SEEN;
  stream->over = vm.over_at_start;
}

/* NULL: no memory. */
static Stream *new_stream(uint32_t id, Plugin *plugin) {
  bool network = plugin->filter && plugin->filter->network;
  Stream *stream = spare_streams.count ? spare_streams.streams[--spare_streams.count] : NULL;
  bool used_before = stream != NULL;
  if (!stream && !(stream = js_malloc_rt(vm.runtime, sizeof *stream)))
    return NULL;
  start_stream(stream, id, plugin);
  if (used_before && stream->network == network)
    return stream;
  if (used_before) {
    free_views(&stream->request);
    free_views(&stream->response);
  }
  init_stream(stream, network);
  return stream;
}

/* Leaves nothing in a stream that has ended which the next one must not find. */
static no_inline void reset_stream(Stream *stream) {
  disown_views(&stream->request); /* a response tells its request, too */
  reset_message(&stream->request);
  if (vm.over_at_start & STREAM_RESPONSE_OVER) /* nobody has ever asked for it */
    return;
  disown_views(&stream->response);
  reset_message(&stream->response);
}

/* Puts an ended stream, which nothing refers to any more, where the next one finds it. */
static void discard_stream(Stream *stream) {
  if (spare_streams.count == countof(spare_streams.streams)) {
    free_views(&stream->request);
    free_views(&stream->response);
    js_free_rt(vm.runtime, stream);
    return;
  }
  reset_stream(stream);
  spare_streams.streams[spare_streams.count++] = stream;
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

/* NULL: the filter is not to see it, or there is no memory for it. */
static Stream *create_stream(uint32_t id, Plugin *plugin) {
  bool aside = is_aside(plugin);
  if (aside && !plugin->aside_denies)
    return NULL;
  size_t limit = open_reserve();
  Stream *stream = new_stream(id, plugin);
  close_reserve(limit);
  if (!stream || !id_table_put(&vm.streams, id, stream)) {
    if (stream)
      discard_stream(stream);
    vm.lost_streams++;
    return NULL;
  }
  if (aside)
    stream->fate = STREAM_DENIED;
  else if (vm.streams.count > vm.limits.streams)
    stream->fate = STREAM_TOO_MANY;
  return stream;
}

static bool is_request(const Message *message) { return message == &message->stream->request; }

static uint8_t direction_bit(const Message *message) {
  return is_request(message) ? STREAM_REQUEST_OVER : STREAM_RESPONSE_OVER;
}

static BodyMode body_mode(const Message *message) {
  const Filter *filter = message->stream->plugin->filter;
  return is_request(message) ? filter->request_body : filter->response_body;
}

static Stream *find_stream(uint32_t id) {
  return vm.brief_stream && vm.brief_stream->id == id ? vm.brief_stream : id_table_get(&vm.streams, id);
}

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
