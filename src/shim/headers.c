/*
 * Header maps. Each function takes either a map type, which means the current context's map (the raw ABI), an
 * HttpHeaders, which means that stream's, or an HttpRequest or HttpResponse, which means its headers.
 */

/* The last one is a response's. */
enum { PSEUDO_METHOD, PSEUDO_PATH, PSEUDO_AUTHORITY, PSEUDO_STATUS };

static const struct {
  const char *text;
  size_t size;
} pseudo_names[] = {{":method", 7}, {":path", 5}, {":authority", 10}, {":status", 7}};

static bool enter_map(JSContext *context, JSValueConst map, uint32_t *map_type) {
  if (!JS_IsObject(map))
    return JS_ToUint32(context, map_type, map) == 0;
  Part *part;
  if (JS_GetClassID(map) == message_class) {
    Message *message = enter_message(context, map);
    part = message ? &message->headers : NULL;
  } else {
    part = enter_part(context, map, headers_class, "headers");
  }
  if (part)
    *map_type = part->type;
  return part != NULL;
}

/* Gets a map and opens it for reading. The caller frees `data` with host_free, whatever the status. */
static uint32_t load_pairs(uint32_t map_type, char **data, PairReader *reader) {
  size_t size = 0;
  *data = NULL;
  uint32_t status = host_result(proxy_get_header_map_pairs(map_type, data, &size), data, &size);
  return status == PROXY_STATUS_OK && !read_pairs(reader, *data, size) ? PROXY_STATUS_PARSE_FAILURE : status;
}

/* All pairs, or with `patterns` those that one of them picks. */
static JSValue get_pairs(JSContext *context, uint32_t map_type, const Bytes *patterns, int64_t count) {
  char *data;
  PairReader reader;
  uint32_t status = load_pairs(map_type, &data, &reader);
  JSValue list = status == PROXY_STATUS_OK ? new_pairs(context, &reader, patterns, count)
                                           : throw_host_error(context, "proxy_get_header_map_pairs", status);
  host_free(data);
  return list;
}

static JSValue js_proxy_get_header_map_pairs(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t map_type;
  return enter_map(context, argv[0], &map_type) ? get_pairs(context, map_type, NULL, 0) : JS_EXCEPTION;
}

static JSValue js_proxy_set_header_map_pairs(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t map_type;
  PairWriter pairs;
  if (!enter_map(context, argv[0], &map_type) || !serialize_pairs(context, argv[1], &pairs))
    return JS_EXCEPTION;
  uint32_t status = proxy_set_header_map_pairs(map_type, pairs.data, pairs.size);
  release_pairs(context, &pairs);
  return call_outcome(context, "proxy_set_header_map_pairs", status);
}

static JSValue get_first_value(JSContext *context, uint32_t map_type, const Bytes *name) {
  char *data = NULL;
  size_t size = 0;
  uint32_t status =
      host_result(proxy_get_header_map_value(map_type, name->data, name->size, &data, &size), &data, &size);
  if (status == PROXY_STATUS_NOT_FOUND)
    return JS_UNDEFINED;
  if (status != PROXY_STATUS_OK)
    return throw_host_error(context, "proxy_get_header_map_value", status);
  JSValue value = new_byte_string(context, data, size);
  host_free(data);
  return value;
}

static JSValue js_proxy_get_header_map_value(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t map_type;
  Bytes name;
  if (!enter_map(context, argv[0], &map_type) || !borrow_header_name(context, argv[1], &name))
    return JS_EXCEPTION;
  JSValue value = get_first_value(context, map_type, &name);
  release_bytes(context, &name);
  return value;
}

static bool same_name(const Bytes *name, const Pair *pair) {
  return pair->name_size == name->size && strncasecmp(pair->name, name->data, name->size) == 0;
}

static JSValue get_joined_values(JSContext *context, uint32_t map_type, const Bytes *name) {
  char *data;
  PairReader reader;
  Pair pair;
  uint32_t status = load_pairs(map_type, &data, &reader), found = 0;
  StringBuffer values;
  string_buffer_init(context, &values, 0);
  while (status == PROXY_STATUS_OK) {
    int more = next_pair(&reader, &pair);
    if (more < 0)
      status = PROXY_STATUS_PARSE_FAILURE;
    if (more <= 0)
      break;
    if (!same_name(name, &pair))
      continue;
    if (found++)
      string_buffer_write8(&values, (const uint8_t *)", ", 2);
    if (pair.value_size) /* nothing must not be written to a buffer that there was no memory for */
      string_buffer_write8(&values, (const uint8_t *)pair.value, (int)pair.value_size);
  }
  host_free(data);
  JSValue joined = string_buffer_end(&values);
  if (status == PROXY_STATUS_OK && found)
    return joined;
  JS_FreeValue(context, joined);
  return call_outcome(context, "proxy_get_header_map_pairs", status);
}

/* An array of the values of a name, in order. */
static JSValue get_all_values(JSContext *context, uint32_t map_type, const Bytes *name) {
  char *data;
  PairReader reader;
  Pair pair;
  uint32_t status = load_pairs(map_type, &data, &reader), count = 0;
  JSValue list = JS_NewArray(context);
  int more = 0;
  while (status == PROXY_STATUS_OK && !JS_IsException(list) && (more = next_pair(&reader, &pair)) > 0) {
    if (!same_name(name, &pair))
      continue;
    JSValue value = new_byte_string(context, pair.value, pair.value_size);
    if (JS_IsException(value) || JS_SetPropertyUint32(context, list, count++, value) < 0) {
      JS_FreeValue(context, list);
      list = JS_EXCEPTION;
    }
  }
  host_free(data);
  if (more < 0)
    status = PROXY_STATUS_PARSE_FAILURE;
  if (status == PROXY_STATUS_OK)
    return list;
  JS_FreeValue(context, list);
  return throw_host_error(context, "proxy_get_header_map_pairs", status);
}

/* pick_headers(map, patterns): [[name, value], ...] of the headers whose name is one of the patterns. */
static JSValue js_pick_headers(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t map_type;
  int64_t count, borrowed = 0;
  if (!enter_map(context, argv[0], &map_type) || JS_GetLength(context, argv[1], &count) < 0)
    return JS_EXCEPTION;
  if (count < 0 || count > MAX_PAIRS)
    return JS_ThrowTypeError(context, "not a list of header names");
  Bytes *patterns = js_malloc(context, ((size_t)count + 1) * sizeof *patterns);
  JSValue list = JS_EXCEPTION;
  bool ok = patterns != NULL;
  while (ok && borrowed < count) {
    JSValue item = JS_GetPropertyInt64(context, argv[1], borrowed);
    ok = !JS_IsException(item) && borrow_byte_string(context, item, &patterns[borrowed]);
    borrowed += ok;
    JS_FreeValue(context, item);
  }
  if (ok)
    list = get_pairs(context, map_type, patterns, count);
  while (borrowed)
    release_bytes(context, &patterns[--borrowed]);
  js_free(context, patterns);
  return list;
}

/* get_header(map, name): all values of a name joined with ", ", as the Web's Headers; undefined when there is none.
   The host's own lookup gives the first value only, which hides what the upstream will see. */
static JSValue js_get_header(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t map_type;
  Bytes name;
  if (!enter_map(context, argv[0], &map_type) || !borrow_header_name(context, argv[1], &name))
    return JS_EXCEPTION;
  JSValue result = JS_UNDEFINED;
  if (name.data[0] == ':') /* a pseudo header occurs once */
    result = get_first_value(context, map_type, &name);
  else
    result = get_joined_values(context, map_type, &name);
  release_bytes(context, &name);
  return result;
}

static JSValue change_header(JSContext *context, JSValueConst *argv, const char *call,
                             uint32_t (*host_call)(uint32_t, const char *, size_t, const char *, size_t)) {
  uint32_t map_type;
  Bytes name, value;
  if (!enter_map(context, argv[0], &map_type) || !borrow_header_name(context, argv[1], &name))
    return JS_EXCEPTION;
  if (!borrow_header_value(context, argv[2], &value)) {
    release_bytes(context, &name);
    return JS_EXCEPTION;
  }
  uint32_t status = host_call(map_type, name.data, name.size, value.data, value.size);
  release_bytes(context, &name);
  release_bytes(context, &value);
  return call_outcome(context, call, status);
}

static JSValue js_proxy_add_header_map_value(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  return change_header(context, argv, "proxy_add_header_map_value", proxy_add_header_map_value);
}

static JSValue js_proxy_replace_header_map_value(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  return change_header(context, argv, "proxy_replace_header_map_value", proxy_replace_header_map_value);
}

static JSValue js_proxy_remove_header_map_value(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t map_type;
  Bytes name;
  if (!enter_map(context, argv[0], &map_type) || !borrow_header_name(context, argv[1], &name))
    return JS_EXCEPTION;
  uint32_t status = proxy_remove_header_map_value(map_type, name.data, name.size);
  release_bytes(context, &name);
  if (status != PROXY_STATUS_OK && status != PROXY_STATUS_NOT_FOUND)
    return throw_host_error(context, "proxy_remove_header_map_value", status);
  return JS_UNDEFINED;
}

/* request.headers, request.trailers */
static JSValue js_get_headers(JSContext *context, JSValueConst this, int trailers) {
  Message *message = get_message(context, this);
  if (!message)
    return JS_EXCEPTION;
  return js_dup(part_view(trailers ? &message->trailers : &message->headers, &headers_views));
}
