/*
 * Between JavaScript values and bytes.
 *
 * A byte string has one character for each byte, U+0000 to U+00FF, as in the Web's Headers: nothing is lost and nothing
 * is transcoded. Text (log messages, bodies given as a string) is UTF-8.
 */

static void release_bytes(JSContext *context, const Bytes *bytes) { JS_FreeValue(context, bytes->owner); }

static JSValue new_byte_string(JSContext *context, const char *data, size_t size) {
  if (size > JS_STRING_LEN_MAX)
    return JS_ThrowRangeError(context, "a value of %u bytes from the host is too long for a string", (unsigned)size);
  return size ? js_new_string8_len(context, data, (int)size) : js_empty_string(context->rt);
}

/* The bytes of an 8-bit string, which it takes over. */
static inline __attribute__((always_inline)) Bytes bytes_of(JSValue string) {
  JSString *p = JS_VALUE_GET_STRING(string);
  return (Bytes){.data = (const char *)str8(p), .size = p->len, .owner = string};
}

static no_inline bool borrow_as_byte_string(JSContext *context, JSValueConst value, Bytes *bytes) {
  JSValue string = JS_ToString(context, value);
  if (JS_IsException(string))
    return false;
  JSString *p = JS_VALUE_GET_STRING(string);
  if (p->is_wide_char) {
    const uint16_t *units = str16(p);
    uint32_t length = p->len, i = 0;
    while (i < length && units[i] <= 0xff)
      i++;
    if (i < length) {
      JS_ThrowTypeError(
          context,
          "a byte string cannot hold the character U+%04X at index %u: encode the text first, for example "
          "with encodeURIComponent()",
          units[i], i);
      JS_FreeValue(context, string);
      return false;
    }
    JSString *narrow = js_alloc_string(context, (int)length, 0);
    if (!narrow) {
      JS_FreeValue(context, string);
      return false;
    }
    for (i = 0; i < length; i++)
      str8(narrow)[i] = (uint8_t)units[i];
    str8(narrow)[length] = '\0';
    JS_FreeValue(context, string);
    string = JS_MKPTR(JS_TAG_STRING, narrow);
  }
  *bytes = bytes_of(string);
  return true;
}

/* Borrows the bytes of a byte string. False: an exception was thrown. */
static bool borrow_byte_string(JSContext *context, JSValueConst value, Bytes *bytes) {
  if (JS_VALUE_GET_TAG(value) != JS_TAG_STRING || JS_VALUE_GET_STRING(value)->is_wide_char)
    return borrow_as_byte_string(context, value, bytes);
  *bytes = bytes_of(js_dup(value));
  return true;
}

static bool is_ascii(const char *data, size_t size) {
  uint64_t seen = 0, eight;
  if (size < sizeof eight) {
    for (size_t i = 0; i < size; i++)
      seen |= (unsigned char)data[i];
    return !(seen & 0x80);
  }
  for (size_t i = 0; i < size - sizeof eight; i += sizeof eight) {
    memcpy(&eight, data + i, sizeof eight);
    seen |= eight;
  }
  memcpy(&eight, data + size - sizeof eight, sizeof eight); /* some of them once more */
  return !((seen | eight) & 0x8080808080808080u);
}

/* The next character of UTF-8. Where it is none, U+FFFD stands for as many bytes as the Encoding Standard says, which
   knows no surrogates: the engine's own decoder does, since its strings have them, and takes others together. */
static uint32_t next_character(const uint8_t **at, const uint8_t *end) {
  uint8_t first = *(*at)++, low = 0x80, high = 0xbf;
  int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  if (first < 0x80)
    return first;
  if (first < 0xc2 || first > 0xf4)
    return 0xfffd;
  low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : low;
  high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : high;
  for (uint32_t character = first & (0x3f >> more);; low = 0x80, high = 0xbf) {
    if (!more--)
      return character;
    if (*at == end || **at < low || **at > high)
      return 0xfffd;
    character = character << 6 | (*(*at)++ & 0x3f);
  }
}

static void put_unit(JSString *text, size_t at, uint32_t unit) {
  if (text && text->is_wide_char)
    str16(text)[at] = (uint16_t)unit;
  else if (text)
    str8(text)[at] = (uint8_t)unit;
}

/* Returns how many units of UTF-16 the text has, and whether one of them takes more than a byte. Without `text` it only
   counts. */
static no_inline size_t decode_text(const uint8_t *at, const uint8_t *end, JSString *text, bool *wide) {
  size_t length = 0;
  while (at < end) {
    uint32_t character = next_character(&at, end);
    *wide |= character > 0xff;
    if (character > 0xffff) {
      put_unit(text, length++, get_hi_surrogate(character));
      character = get_lo_surrogate(character);
    }
    put_unit(text, length++, character);
  }
  return length;
}

/* A string of UTF-8, where most text is ASCII, which needs no more than a copy. */
static JSValue new_text(JSContext *context, const char *data, size_t size) {
  if (!size)
    return js_empty_string(context->rt);
  if (size <= JS_STRING_LEN_MAX && is_ascii(data, size))
    return js_new_string8_len(context, data, (int)size);
  const uint8_t *start = (const uint8_t *)data, *end = start + size;
  bool wide = false;
  size_t length = decode_text(start, end, NULL, &wide);
  if (length > JS_STRING_LEN_MAX)
    return JS_ThrowRangeError(context, "invalid string length");
  JSString *text = js_alloc_string(context, (int)length, wide);
  if (!text)
    return JS_EXCEPTION;
  decode_text(start, end, text, &wide);
  if (!wide)
    str8(text)[length] = '\0';
  return JS_MKPTR(JS_TAG_STRING, text);
}

/* In UTF-8 that has surrogates they are three bytes, as U+FFFD is. */
static void replace_surrogates(uint8_t *data, size_t size) {
  for (size_t i = 0; i + 2 < size; i++)
    if (data[i] == 0xed && data[i + 1] >= 0xa0)
      memcpy(data + i, "\xef\xbf\xbd", 3);
}

/* Borrows a value's text as UTF-8. A surrogate that has no other half is U+FFFD, unless they are wanted as the engine's
   parsers know them. */
static bool borrow_string(JSContext *context, JSValueConst value, bool with_surrogates, Bytes *bytes) {
  JSValue string = JS_VALUE_GET_TAG(value) == JS_TAG_STRING ? js_dup(value) : JS_ToString(context, value);
  if (JS_IsException(string))
    return false;
  JSString *p = JS_VALUE_GET_STRING(string);
  if (!p->is_wide_char && is_ascii((const char *)str8(p), p->len)) {
    *bytes = bytes_of(string);
    return true;
  }
  size_t size;
  const char *data = JS_ToCStringLen(context, &size, string);
  JSValue utf8 = data ? new_byte_string(context, data, size) : JS_EXCEPTION;
  JS_FreeCString(context, data);
  JS_FreeValue(context, string);
  if (JS_IsException(utf8))
    return false;
  uint8_t *copy = str8(JS_VALUE_GET_STRING(utf8));
  if (!with_surrogates)
    replace_surrogates(copy, size);
  *bytes = (Bytes){.data = (const char *)copy, .size = size, .owner = utf8};
  return true;
}

/* Borrows a body: a string's UTF-8, a typed array's or an ArrayBuffer's bytes, nothing for undefined and null. */
static bool borrow_body(JSContext *context, JSValueConst value, Bytes *bytes) {
  if (JS_IsUndefined(value) || JS_IsNull(value)) {
    *bytes = (Bytes){.data = "", .owner = JS_UNDEFINED};
    return true;
  }
  if (JS_IsObject(value)) {
    size_t size;
    const uint8_t *data = JS_GetTypedArrayType(value) >= 0 ? JS_GetUint8Array(context, &size, value)
                                                           : JS_GetArrayBuffer(context, &size, value);
    if (!data && JS_HasException(context))
      return false;
    *bytes = (Bytes){.data = data ? (const char *)data : "", .size = data ? size : 0, .owner = js_dup(value)};
    return true;
  }
  return borrow_string(context, value, false, bytes);
}

/* Memory of the heap with what the host has allocated, which it takes over. NULL: an exception was thrown. */
static uint8_t *take_host_block(JSContext *context, char *data, size_t size) {
  if (data && data != host_block) {
    JSMallocState *heap = &context->rt->malloc_state;
    size_t counted = js_arena_usable_size(context->rt, data) + MALLOC_OVERHEAD; /* as js_free_rt does */
    if (heap->malloc_size + counted < heap->malloc_limit) {
      heap->malloc_size += counted;
      shim_charge(context, size);
      return (uint8_t *)data;
    }
    shim_heap_is_full(context->rt, size);
    JS_ThrowOutOfMemory(context);
    host_free(data);
    return NULL;
  }
  uint8_t *copy = js_malloc(context, size ? size : 1);
  if (copy && size)
    memcpy(copy, data, size);
  host_free(data);
  return copy;
}

/* A Uint8Array of a block of the heap, which it takes over: as the engine's constructors make it, in one step. A module
   that can run this has what its finalizers need (build/engine/kinds.ts). */
static no_inline JSValue new_uint8array(JSContext *context, uint8_t *block, size_t size) {
  JSValue buffer = JS_NewObjectClass(context, JS_CLASS_ARRAY_BUFFER);
  JSValue array = JS_NewObjectClass(context, JS_CLASS_UINT8_ARRAY);
  JSArrayBuffer *bytes = js_malloc(context, sizeof *bytes);
  JSTypedArray *view = js_malloc(context, sizeof *view);
  if (JS_IsException(buffer) || JS_IsException(array) || !bytes || !view) {
    js_free(context, view);
    js_free(context, bytes);
    JS_FreeValue(context, array);
    JS_FreeValue(context, buffer);
    js_free(context, block);
    return JS_EXCEPTION;
  }
  JSObject *of_buffer = JS_VALUE_GET_OBJ(buffer), *of_array = JS_VALUE_GET_OBJ(array);
  *bytes = (JSArrayBuffer){
      .byte_length = (int)size, .max_byte_length = -1, .data = block, .realloc_func = js_array_buffer_realloc};
  *view = (JSTypedArray){.obj = of_array, .buffer = of_buffer, .length = (uint32_t)size};
  init_list_head(&bytes->array_list);
  list_add_tail(&view->link, &bytes->array_list);
  of_buffer->u.array_buffer = bytes;
  of_array->u.typed_array = view;
  of_array->u.array.count = (uint32_t)size;
  of_array->u.array.u.ptr = block;
  return array;
}

/* Whether nobody but one holds the object, and it is as it was made: without properties, and with this prototype. */
static inline bool is_untouched(const JSObject *object, JSValueConst prototype) {
  return JS_REF_COUNT(object) == 1 && object->extensible && !object->first_weak_ref && object->shape->prop_count == 0 &&
         object->shape->proto == JS_VALUE_GET_OBJ(prototype);
}

/* A Uint8Array of what the host has allocated, which it takes over. */
static JSValue take_host_bytes(JSContext *context, char *data, size_t size) {
  uint8_t *block = take_host_block(context, data, size);
  return block ? new_uint8array(context, block, size) : JS_EXCEPTION;
}

/* An array of two values, which it takes over. */
static JSValue new_tuple(JSContext *context, JSValue first, JSValue second) {
  JSValue items[] = {first, second};
  if (!JS_IsException(first) && !JS_IsException(second))
    return JS_NewArrayFrom(context, countof(items), items);
  JS_FreeValue(context, first);
  JS_FreeValue(context, second);
  return JS_EXCEPTION;
}
