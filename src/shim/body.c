/*
 * Bodies of HTTP streams, and the data of connections: what the host holds back while a hook looks at it.
 *
 * A hook is given the bytes that arrived since its last call. While its promise is pending more can arrive, in the same
 * buffer of the host: that is what `body_start` and `body_end` tell apart.
 */

static uint32_t given_size(const Message *message) { return message->body_end - message->body_start; }

/* NULL: an exception was thrown. */
static Message *enter_body(JSContext *context, JSValueConst object) {
  Part *part = enter_part(context, object, body_class, "a body");
  if (part && part->message->body_open)
    return part->message;
  if (part)
    JS_ThrowTypeError(context, "the body is there in its own hook only, until that returns or its promise settles");
  return NULL;
}

enum { BODY_BYTES, BODY_TEXT };

/* Bytes `from` to `to` of the host's buffer. The caller frees them with host_free, whatever the status. */
static uint32_t load_body(const Message *message, uint32_t from, uint32_t to, char **data, size_t *size) {
  *data = NULL;
  *size = 0;
  uint32_t status = PROXY_STATUS_OK;
  if (from != to)
    status = proxy_get_buffer_bytes(message->body.type, from, to - from, data, size);
  return host_result(status, data, size);
}

/* An offset or a length, which may be undefined. False: an exception was thrown. */
static bool to_size(JSContext *context, JSValueConst value, uint32_t otherwise, uint32_t *size) {
  int64_t number = otherwise;
  if (!JS_IsUndefined(value) && JS_ToInt64Clamp(context, &number, value, 0, UINT32_MAX, 0) < 0)
    return false;
  *size = (uint32_t)number;
  return true;
}

/* As many bytes are worth a large block of their own, which the host writes to and the array then has. */
enum { LEAST_KEPT = 256 };

/* body.bytes(offset, length), body.text(): of what the hook was given. */
static JSValue js_read_body(JSContext *context, JSValueConst this, int argc, JSValueConst *argv, int form) {
  Message *message = enter_body(context, this);
  uint32_t offset = 0, length = UINT32_MAX;
  if (!message ||
      (form == BODY_BYTES && argc > 0 &&
       (!to_size(context, argv[0], 0, &offset) || (argc > 1 && !to_size(context, argv[1], UINT32_MAX, &length)))))
    return JS_EXCEPTION;
  uint32_t given = given_size(message), from = offset < given ? offset : given;
  uint32_t to = length < given - from ? from + length : given;
  char *data;
  size_t size;
  bool keeps = form == BODY_BYTES && to - from >= LEAST_KEPT, taken = host_block_taken;
  if (keeps)
    host_block_taken = true;
  uint32_t status = load_body(message, message->body_start + from, message->body_start + to, &data, &size);
  if (keeps)
    host_block_taken = taken;
  if (status == PROXY_STATUS_OK && form == BODY_BYTES) {
    uint8_t *block = take_host_block(context, data, size);
    return block ? new_body_bytes(context, block, size) : JS_EXCEPTION;
  }
  JSValue result = status == PROXY_STATUS_OK ? new_text(context, data ? data : "", size)
                                             : throw_host_error(context, "proxy_get_buffer_bytes", status);
  host_free(data);
  return result;
}

static JSValue js_get_body_size(JSContext *context, JSValueConst this) {
  Message *message = enter_body(context, this);
  return message ? JS_NewUint32(context, given_size(message)) : JS_EXCEPTION;
}

/* body.ended: whether this is the last of it. */
static JSValue js_is_body_ended(JSContext *context, JSValueConst this) {
  Message *message = enter_body(context, this);
  if (!message)
    return JS_EXCEPTION;
  return js_bool(message->body_ended && message->body_end == message->body_size);
}

/* The whole buffer anew: what is before and after the hook's part stays. Hosts replace all or nothing. */
static uint32_t replace_part(JSContext *context, Message *message, const char *data, size_t size) {
  size_t after = message->body_size - message->body_end;
  if (!message->body_start && !after)
    return proxy_set_buffer_bytes(message->body.type, 0, message->body_size, data, size);
  char *old;
  size_t old_size;
  uint32_t status = load_body(message, 0, message->body_size, &old, &old_size);
  /* A host may announce more than it gives. */
  bool is_there = status == PROXY_STATUS_OK && old_size == message->body_size;
  char *whole = is_there ? malloc(message->body_start + size + after + 1) : NULL;
  if (whole) {
    memcpy(whole, old, message->body_start);
    memcpy(whole + message->body_start, data, size);
    memcpy(whole + message->body_start + size, old + message->body_end, after);
    status =
        proxy_set_buffer_bytes(message->body.type, 0, message->body_size, whole, message->body_start + size + after);
  } else if (status == PROXY_STATUS_OK) {
    status = PROXY_STATUS_INTERNAL_FAILURE;
  }
  free(whole);
  host_free(old);
  return status;
}

static bool length_is_fixed(const Message *message) {
  BodyMode mode = body_mode(message);
  return mode == BODY_WHOLE || mode == BODY_INSPECT;
}

/* body.set(bytes): replaces what the hook was given. */
static JSValue js_set_body(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Message *message = enter_body(context, this);
  Bytes bytes;
  if (!message || !borrow_body(context, argv[0], &bytes))
    return JS_EXCEPTION;
  if (bytes.size != given_size(message) && length_is_fixed(message)) {
    release_bytes(context, &bytes);
    return JS_ThrowTypeError(context,
                             "a body of another length needs the filter's option %s: \"rewrite\", which removes "
                             "content-length before the headers go on",
                             is_request(message) ? "requestBody" : "responseBody");
  }
  uint32_t status = replace_part(context, message, bytes.data, bytes.size);
  if (status == PROXY_STATUS_OK) {
    message->body_size += (uint32_t)bytes.size - given_size(message);
    message->body_end = message->body_start + (uint32_t)bytes.size;
  }
  release_bytes(context, &bytes);
  return call_outcome(context, "proxy_set_buffer_bytes", status);
}

/* request.body, connection.downstreamData, connection.upstreamData */
static JSValue js_get_body_view(JSContext *context, JSValueConst this, int upstream) {
  Message *message = get_message(context, this);
  if (!message)
    return JS_EXCEPTION;
  return js_dup(part_view(upstream ? &message->stream->response.body : &message->body, &body_views));
}
