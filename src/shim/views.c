/* What JavaScript has of a stream: its request and response, or its connection, and their headers, trailers and bodies.
 */

static PER_REQUEST JSClassID message_class; /* opaque: Message *, NULL once the stream has ended */
static PER_REQUEST JSClassID headers_class; /* opaque: Part *, likewise */
static PER_REQUEST JSClassID body_class;    /* the same */

typedef struct ViewKind {
  const JSValue *prototype;
  const JSClassID *class_id;
} ViewKind;

static const ViewKind request_views = {&vm.sdk.request_prototype, &message_class};
static const ViewKind response_views = {&vm.sdk.response_prototype, &message_class};
static const ViewKind connection_views = {&vm.sdk.connection_prototype, &message_class};
static const ViewKind headers_views = {&vm.sdk.headers_prototype, &headers_class};
static const ViewKind body_views = {&vm.sdk.body_prototype, &body_class};

/* Makes an object the first time that it is asked for; later the same one. Borrowed. */
static JSValueConst view_of(JSValue *slot, const ViewKind *kind, void *opaque) {
  if (JS_IsUndefined(*slot)) {
    JSValue object = JS_NewObjectProtoClass(vm.context, *kind->prototype, *kind->class_id);
    if (JS_IsException(object))
      return object;
    JS_SetOpaque(object, opaque);
    *slot = object;
  }
  return *slot;
}

static const ViewKind *message_views(const Message *message) {
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
  const ViewKind *kind = message_views(message);
  Message *owner = kind == &connection_views ? &message->stream->request : message;
  return view_of(&owner->object, kind, owner);
}

static JSValueConst part_view(Part *part, const ViewKind *kind) { return view_of(&part->object, kind, part); }

/* JavaScript may hold it longer; using it then throws. */
static void free_view(JSValue *slot) {
  if (!JS_IsObject(*slot))
    return;
  JS_SetOpaque(*slot, NULL);
  JS_FreeValueRT(vm.runtime, *slot);
  *slot = JS_UNDEFINED;
}

static void free_views(Message *message) {
  free_view(&message->object);
  free_view(&message->headers.object);
  free_view(&message->trailers.object);
  free_view(&message->body.object);
}

/* Keeps an object for the next stream. */
static void disown_view(JSValue *slot, const ViewKind *kind) {
  if (JS_IsObject(*slot) && !is_untouched(JS_VALUE_GET_OBJ(*slot), *kind->prototype))
    free_view(slot);
}

static void disown_views(Message *message) {
  if (!JS_IsObject(message->object) && !message->stream->network)
    return; /* its parts come from it, so nobody has been given one */
  disown_view(&message->object, message_views(message));
  disown_view(&message->headers.object, &headers_views);
  disown_view(&message->trailers.object, &headers_views);
  disown_view(&message->body.object, &body_views);
}
