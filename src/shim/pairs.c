/*
 * Header lists as the ABI carries them: a count, then the sizes of each name and value, then their bytes, each followed
 * by a zero byte; all numbers 32-bit little-endian (spec: "Serialization").
 */

static uint32_t load_u32(const char *at) {
  const unsigned char *byte = (const unsigned char *)at;
  return byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 24;
}

static void store_u32(char *at, uint32_t value) {
  for (int i = 0; i < 4; i++)
    at[i] = (char)(value >> 8 * i);
}

/* Walks a serialized list. `sizes` and `next` stay within `end`, whatever the host wrote. */
typedef struct PairReader {
  const char *sizes, *next, *end;
  uint32_t left;
} PairReader;

typedef struct Pair {
  const char *name, *value;
  size_t name_size, value_size;
} Pair;

/* False: the data contradict themselves. An empty block is an empty list: hosts write nothing at all then. */
static bool read_pairs(PairReader *reader, const char *data, size_t size) {
  *reader = (PairReader){.sizes = data, .next = data, .end = data + size};
  if (size == 0)
    return true;
  if (size < 4)
    return false;
  reader->left = load_u32(data);
  if (reader->left > (size - 4) / 8)
    return false;
  reader->sizes = data + 4;
  reader->next = reader->sizes + 8 * (size_t)reader->left;
  return true;
}

/* 1: a pair; 0: the end; -1: the data contradict themselves. */
static int next_pair(PairReader *reader, Pair *pair) {
  if (!reader->left)
    return 0;
  size_t name_size = load_u32(reader->sizes), value_size = load_u32(reader->sizes + 4);
  size_t left = (size_t)(reader->end - reader->next);
  if (left < 2 || name_size > left - 2 || value_size > left - 2 - name_size)
    return -1;
  *pair = (Pair){
      .name = reader->next, .value = reader->next + name_size + 1, .name_size = name_size, .value_size = value_size};
  reader->sizes += 8;
  reader->next += name_size + value_size + 2;
  reader->left--;
  return 1;
}

/* A character of a field name (RFC 9110 section 5.6.2). */
static bool is_token_character(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Borrows a header's name. Hosts do not check names, and a line break in one would let a request be split. */
static bool borrow_header_name(JSContext *context, JSValueConst value, Bytes *name) {
  if (!borrow_byte_string(context, value, name))
    return false;
  size_t i = name->size > 1 && name->data[0] == ':'; /* a pseudo header */
  while (i < name->size && is_token_character((unsigned char)name->data[i]))
    i++;
  if (name->size && i == name->size)
    return true;
  JS_ThrowTypeError(context, name->size ? "invalid header name: a name holds letters, digits and -_.!#$%&'*+^`|~ only"
                                        : "invalid header name: it is empty");
  release_bytes(context, name);
  return false;
}

static bool borrow_header_value(JSContext *context, JSValueConst value, Bytes *bytes) {
  if (!borrow_byte_string(context, value, bytes))
    return false;
  for (size_t i = 0; i < bytes->size; i++)
    if (bytes->data[i] == '\0' || bytes->data[i] == '\r' || bytes->data[i] == '\n') {
      JS_ThrowTypeError(context, "invalid header value: it has a line break or a zero byte at index %u", (unsigned)i);
      release_bytes(context, bytes);
      return false;
    }
  return true;
}

/* A serialized list under construction. */
typedef struct PairWriter {
  char *data;
  size_t size;
  Bytes *parts;   /* name, value, name, value, ...; NULL: the list is empty */
  uint32_t count; /* of parts */
} PairWriter;

enum { MAX_PAIR_PARTS = 1 << 20 };

/* A count of zero. Envoy would take no bytes at all for it, the Go SDK's emulator does not. */
static char empty_pairs[4];

static void release_pairs(JSContext *context, PairWriter *writer) {
  if (!writer->parts)
    return;
  for (uint32_t i = 0; i < writer->count; i++)
    release_bytes(context, &writer->parts[i]);
  js_free(context, writer->parts);
  js_free(context, writer->data);
}

/* Serializes a flat JavaScript array [name, value, name, value, ...]. False: an exception was thrown. */
static bool serialize_pairs(JSContext *context, JSValueConst list, PairWriter *writer) {
  *writer = (PairWriter){0};
  int64_t length = 0;
  if (!JS_IsUndefined(list) && JS_GetLength(context, list, &length) < 0)
    return false;
  if (length < 0 || length > MAX_PAIR_PARTS || length % 2) {
    JS_ThrowTypeError(context, "not a flat list of names and values: its length is %lld", (long long)length);
    return false;
  }
  if (length == 0) {
    *writer = (PairWriter){.data = empty_pairs, .size = sizeof empty_pairs};
    return true;
  }
  writer->parts = js_malloc(context, (size_t)length * sizeof(Bytes));
  if (!writer->parts)
    return false;
  size_t sizes = 4 + (size_t)length * 4;
  writer->size = sizes;
  while (writer->count < length) {
    JSValue item = JS_GetPropertyUint32(context, list, writer->count);
    Bytes *part = &writer->parts[writer->count];
    bool ok = !JS_IsException(item) &&
              (writer->count % 2 ? borrow_header_value(context, item, part) : borrow_header_name(context, item, part));
    JS_FreeValue(context, item);
    if (!ok) {
      release_pairs(context, writer);
      return false;
    }
    writer->size += part->size + 1;
    writer->count++;
  }
  writer->data = js_malloc(context, writer->size);
  if (!writer->data) {
    release_pairs(context, writer);
    return false;
  }
  store_u32(writer->data, writer->count / 2);
  char *at = writer->data + sizes;
  for (uint32_t i = 0; i < writer->count; i++) {
    store_u32(writer->data + 4 + 4 * i, (uint32_t)writer->parts[i].size);
    memcpy(at, writer->parts[i].data, writer->parts[i].size);
    at += writer->parts[i].size;
    *at++ = '\0';
  }
  return true;
}

/* [name, value] */
static JSValue new_pair(JSContext *context, const Pair *pair) {
  JSValue parts[] = {new_byte_string(context, pair->name, pair->name_size),
                     new_byte_string(context, pair->value, pair->value_size)};
  if (!JS_IsException(parts[0]) && !JS_IsException(parts[1]))
    return JS_NewArrayFrom(context, countof(parts), parts);
  JS_FreeValue(context, parts[0]);
  JS_FreeValue(context, parts[1]);
  return JS_EXCEPTION;
}

enum { PAIRS_FLAT, PAIRS_GROUPED };

/* Makes a JavaScript array of a serialized list that `call` gave: [name, value, name, value, ...], or
   [[name, value], [name, value], ...]. */
static JSValue new_pairs(JSContext *context, const char *call, const char *data, size_t size, int form) {
  PairReader reader;
  if (!read_pairs(&reader, data, size))
    return throw_host_error(context, call, PROXY_STATUS_PARSE_FAILURE);
  JSValue *items = js_malloc(context, ((size_t)reader.left * 2 + 1) * sizeof *items);
  if (!items)
    return JS_EXCEPTION;
  Pair pair;
  int more, count = 0;
  bool failed = false;
  while (!failed && (more = next_pair(&reader, &pair)) > 0) {
    if (form == PAIRS_GROUPED) {
      items[count++] = new_pair(context, &pair);
    } else {
      items[count++] = new_byte_string(context, pair.name, pair.name_size);
      items[count++] = new_byte_string(context, pair.value, pair.value_size);
      failed = JS_IsException(items[count - 2]);
    }
    failed |= JS_IsException(items[count - 1]);
  }
  JSValue list = JS_EXCEPTION;
  if (!failed && more == 0) {
    list = JS_NewArrayFrom(context, count, items); /* takes over the items */
  } else {
    while (count)
      JS_FreeValue(context, items[--count]);
    if (!failed)
      throw_host_error(context, call, PROXY_STATUS_PARSE_FAILURE);
  }
  js_free(context, items);
  return list;
}
