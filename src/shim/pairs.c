/*
 * Header lists as the ABI carries them: a count, then the sizes of each name and value, then their bytes, each followed
 * by a zero byte; all numbers 32-bit little-endian (spec: "Serialization").
 */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "WebAssembly is little-endian, and so are the sanitizers' hosts");

static uint32_t load_u32(const char *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static void store_u32(char *at, uint32_t value) { memcpy(at, &value, sizeof value); }

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
  *reader = (PairReader){0};
  if (size == 0)
    return true;
  reader->end = data + size;
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

/* Bytes of which each is one of the last eight, and of which all of these are; 'a' where there are none. */
static uint64_t last_bytes(const char *data, size_t size) {
  const char *end = data + size;
  uint64_t eight;
  uint32_t four[2];
  uint16_t two[2];
  if (size >= sizeof eight) {
    memcpy(&eight, end - sizeof eight, sizeof eight);
    return eight;
  }
  if (size >= sizeof four[0]) {
    memcpy(&four[0], data, sizeof four[0]);
    memcpy(&four[1], end - sizeof four[1], sizeof four[1]);
    return four[0] | (uint64_t)four[1] << 32;
  }
  if (size < sizeof two[0])
    return 0x0101010101010101u * (size ? (unsigned char)*data : 'a');
  memcpy(&two[0], data, sizeof two[0]);
  memcpy(&two[1], end - sizeof two[1], sizeof two[1]);
  return 0x100000001u * (two[0] | (uint64_t)two[1] << 16);
}

/* Whether it holds of all bytes, eight at a time. */
static inline __attribute__((always_inline)) bool holds_of_all(const Bytes *bytes, bool (*holds)(uint64_t)) {
  bool all = holds(last_bytes(bytes->data, bytes->size));
  for (size_t i = 0; all && i + 8 < bytes->size; i += 8)
    all = holds(last_bytes(bytes->data + i, 8));
  return all;
}

/* A character of a field name (RFC 9110 section 5.6.2), as a table with one bit for each ASCII character. */
static bool is_token_character(unsigned char c) {
  static const uint32_t table[4] = {0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff};
  return c < 128 && table[c / 32] >> c % 32 & 1;
}

/* In each byte the highest bit: whether it is `least` or more. To be used of bytes below 128. */
static uint64_t at_least(uint64_t bytes, unsigned char least) { return bytes + 0x0101010101010101u * (128 - least); }

/* Whether eight bytes are letters, digits and '-', as in nearly all names. */
static bool is_plain_name(uint64_t bytes) {
  const uint64_t highest = 0x8080808080808080u;
  uint64_t lower = bytes | 0x2020202020202020u, controls = ~at_least(bytes, ' ');
  uint64_t letters = at_least(lower, 'a') & ~at_least(lower, 'z' + 1);
  uint64_t digits = at_least(lower, '0') & ~at_least(lower, '9' + 1);
  uint64_t dashes = at_least(lower, '-') & ~at_least(lower, '-' + 1);
  return !(bytes & highest) && ((letters | digits | dashes) & ~controls & highest) == highest;
}

static no_inline bool check_header_name(JSContext *context, const Bytes *name) {
  size_t i = name->size > 1 && name->data[0] == ':'; /* a pseudo header */
  while (i < name->size && is_token_character((unsigned char)name->data[i]))
    i++;
  if (name->size && i == name->size)
    return true;
  JS_ThrowTypeError(context, name->size ? "invalid header name: a name holds letters, digits and -_.!#$%%&'*+^`|~ only"
                                        : "invalid header name: it is empty");
  release_bytes(context, name);
  return false;
}

/* Names that were found to be in order, by their strings. Most are the program's own, of which each is the same string
   in each request. */
static PER_REQUEST const JSString *checked_names[4];

static const JSString **checked_slot(const JSString *name) {
  return &checked_names[(uintptr_t)name / 32 % countof(checked_names)];
}

/* Only of an atom, which never changes, and whose bytes are its own. It is held for as long as it is here. */
static void remember_checked_name(JSContext *context, JSString *name) {
  const JSString **checked = checked_slot(name);
  if (name->is_wide_char || name->atom_type != JS_ATOM_TYPE_STRING || vm.building)
    return;
  if (*checked)
    JS_FreeValue(context, JS_MKPTR(JS_TAG_STRING, (void *)*checked));
  *checked = JS_VALUE_GET_STRING(js_dup(JS_MKPTR(JS_TAG_STRING, name)));
}

static no_inline bool borrow_unchecked_name(JSContext *context, JSValueConst value, Bytes *name) {
  if (!borrow_byte_string(context, value, name))
    return false;
  bool is_plain = name->size && holds_of_all(name, is_plain_name);
  if (is_plain && JS_VALUE_GET_TAG(value) == JS_TAG_STRING)
    remember_checked_name(context, JS_VALUE_GET_STRING(value));
  return is_plain || check_header_name(context, name);
}

/* Borrows a header's name. Hosts do not check names, and a line break in one would let a request be split. */
static bool borrow_header_name(JSContext *context, JSValueConst value, Bytes *name) {
  if (JS_VALUE_GET_TAG(value) == JS_TAG_STRING) {
    const JSString *string = JS_VALUE_GET_STRING(value);
    if (string == *checked_slot(string)) {
      *name = bytes_of(js_dup(value));
      return true;
    }
  }
  return borrow_unchecked_name(context, value, name);
}

/* Whether none of eight bytes is below 16, as the three are that a value must not have. */
static bool is_all_visible(uint64_t bytes) { return !((bytes - 0x1010101010101010u) & ~bytes & 0x8080808080808080u); }

static no_inline bool check_header_value(JSContext *context, const Bytes *value) {
  for (size_t i = 0; i < value->size; i++)
    if (value->data[i] == '\0' || value->data[i] == '\r' || value->data[i] == '\n') {
      JS_ThrowTypeError(context, "invalid header value: it has a line break or a zero byte at index %u", (unsigned)i);
      release_bytes(context, value);
      return false;
    }
  return true;
}

static bool borrow_header_value(JSContext *context, JSValueConst value, Bytes *bytes) {
  if (!borrow_byte_string(context, value, bytes))
    return false;
  return holds_of_all(bytes, is_all_visible) || check_header_value(context, bytes);
}

/* A serialized list under construction. Most are short, and need no memory of their own. */
typedef struct PairWriter {
  char *data;
  size_t size;
  Bytes *parts;             /* name, value, name, value, ...; NULL: the list is empty */
  uint32_t count, capacity; /* of parts */
  Bytes few_parts[16];
  char little_data[512];
} PairWriter;

enum { MAX_PAIRS = 1 << 19 };

/* A count of zero. Envoy would take no bytes at all for it, the Go SDK's emulator does not. */
static char empty_pairs[4];

static void release_pairs(JSContext *context, PairWriter *writer) {
  for (uint32_t i = 0; i < writer->count; i++)
    release_bytes(context, &writer->parts[i]);
  if (writer->parts != writer->few_parts)
    js_free(context, writer->parts);
  if (writer->data != empty_pairs && writer->data != writer->little_data)
    js_free(context, writer->data);
}

/* Adds a pair whose name is the shim's own. False, as below: an exception was thrown. */
static bool add_named(JSContext *context, PairWriter *writer, const char *name, size_t name_size, JSValueConst value) {
  Bytes *parts = &writer->parts[writer->count];
  if (!borrow_header_value(context, value, &parts[1]))
    return false;
  parts[0] = (Bytes){.data = name, .size = name_size, .owner = JS_UNDEFINED};
  writer->count += 2;
  return true;
}

/* Adds a JavaScript array [name, value]. */
static bool add_pair(JSContext *context, PairWriter *writer, JSValueConst pair) {
  if (!JS_IsObject(pair)) {
    JS_ThrowTypeError(context, "a header must be a pair: [name, value]");
    return false;
  }
  Bytes *parts = &writer->parts[writer->count];
  JSValue name = JS_GetPropertyUint32(context, pair, 0);
  JSValue value = JS_IsException(name) ? JS_UNDEFINED : JS_GetPropertyUint32(context, pair, 1);
  bool ok = !JS_IsException(name) && !JS_IsException(value) && borrow_header_name(context, name, &parts[0]);
  if (ok && !borrow_header_value(context, value, &parts[1])) {
    release_bytes(context, &parts[0]);
    ok = false;
  }
  JS_FreeValue(context, name);
  JS_FreeValue(context, value);
  writer->count += ok ? 2 : 0;
  return ok;
}

/* Begins a list that has room for `extra` pairs and those of `list`: an array, undefined, or what the SDK makes an
   array of. The array is the caller's then. */
static bool begin_pairs(JSContext *context, PairWriter *writer, uint32_t extra, JSValueConst list, JSValue *array) {
  writer->data = NULL;
  writer->size = 0;
  writer->parts = NULL;
  writer->count = writer->capacity = 0;
  *array = JS_IsUndefined(list) || JS_IsArray(list) ? js_dup(list) : call_sdk(vm.sdk.to_pairs, 1, &list);
  if (JS_IsException(*array))
    return false;
  int64_t length = 0;
  if (!JS_IsUndefined(*array) && JS_GetLength(context, *array, &length) < 0)
    return false;
  if (length > MAX_PAIRS) {
    JS_ThrowRangeError(context, "too many headers: %lld", (long long)length);
    return false;
  }
  if (extra + length == 0)
    return true;
  writer->capacity = (extra + (uint32_t)length) * 2;
  writer->parts = writer->capacity <= countof(writer->few_parts) ? writer->few_parts
                                                                 : js_malloc(context, writer->capacity * sizeof(Bytes));
  return writer->parts != NULL;
}

/* As many as there was room made for: reading an array can run a getter, which may make it longer. */
static bool add_list(JSContext *context, PairWriter *writer, JSValueConst array) {
  for (uint32_t i = 0; writer->count < writer->capacity; i++) {
    JSValue pair = JS_GetPropertyUint32(context, array, i);
    bool ok = !JS_IsException(pair) && add_pair(context, writer, pair);
    JS_FreeValue(context, pair);
    if (!ok)
      return false;
  }
  return true;
}

static bool finish_pairs(JSContext *context, PairWriter *writer) {
  if (!writer->count) {
    writer->data = empty_pairs;
    writer->size = sizeof empty_pairs;
    return true;
  }
  size_t sizes = 4 + (size_t)writer->count * 4, size = sizes;
  for (uint32_t i = 0; i < writer->count; i++)
    size += writer->parts[i].size + 1;
  char *at = size <= sizeof writer->little_data ? writer->little_data : js_malloc(context, size);
  if (!at)
    return false;
  writer->data = at;
  writer->size = size;
  store_u32(at, writer->count / 2);
  at += sizes;
  for (uint32_t i = 0; i < writer->count; i++) {
    const Bytes *part = &writer->parts[i];
    store_u32(writer->data + 4 + 4 * i, (uint32_t)part->size);
    memcpy(at, part->data, part->size);
    at += part->size;
    *at++ = '\0';
  }
  return true;
}

/* Adds `list` to a list that was begun for it, and ends that. Takes over `array`. */
static bool end_pairs(JSContext *context, PairWriter *writer, JSValue array, bool ok) {
  ok = ok && add_list(context, writer, array) && finish_pairs(context, writer);
  if (!ok)
    release_pairs(context, writer);
  JS_FreeValue(context, array);
  return ok;
}

/* Serializes a HeadersInit of the SDK, or undefined, which is an empty one. */
static bool serialize_pairs(JSContext *context, JSValueConst list, PairWriter *writer) {
  JSValue array;
  bool ok = begin_pairs(context, writer, 0, list, &array);
  return end_pairs(context, writer, array, ok);
}

/* [name, value] */
static JSValue new_pair(JSContext *context, const Pair *pair) {
  return new_tuple(context, new_byte_string(context, pair->name, pair->name_size),
                   new_byte_string(context, pair->value, pair->value_size));
}

/* Whether a header's name is one of the patterns: byte strings, of which a `*` at the end stands for any rest. */
static bool is_picked(const Bytes *patterns, int64_t count, const Pair *pair) {
  for (int64_t i = 0; i < count; i++) {
    const Bytes *pattern = &patterns[i];
    bool prefix = pattern->size && pattern->data[pattern->size - 1] == '*';
    size_t size = pattern->size - prefix;
    if ((prefix ? pair->name_size >= size : pair->name_size == size) &&
        (!size || (pair->name[0] | 32) == (pattern->data[0] | 32)) && /* mostly enough, and much cheaper */
        strncasecmp(pair->name, pattern->data, size) == 0)
      return !prefix || pair->name[0] != ':';
  }
  return false;
}

/* Makes a JavaScript array [[name, value], ...] of what is left, or with `patterns` of those that one of them picks. */
static JSValue new_pairs(JSContext *context, PairReader *reader, const Bytes *patterns, int64_t pattern_count) {
  JSValue *items = js_malloc(context, ((size_t)reader->left + 1) * sizeof *items);
  if (!items)
    return JS_EXCEPTION;
  Pair pair;
  int more, count = 0;
  bool failed = false;
  while (!failed && (more = next_pair(reader, &pair)) > 0) {
    if (patterns && !is_picked(patterns, pattern_count, &pair))
      continue;
    items[count] = new_pair(context, &pair);
    failed = JS_IsException(items[count++]);
  }
  JSValue list = JS_EXCEPTION;
  if (!failed && more == 0) {
    list = JS_NewArrayFrom(context, count, items); /* takes over the items */
  } else {
    while (count)
      JS_FreeValue(context, items[--count]);
    if (!failed)
      throw_host_error(context, "proxy_get_header_map_pairs", PROXY_STATUS_PARSE_FAILURE);
  }
  js_free(context, items);
  return list;
}
