/*
 * Queries and percent-encoding, as the WHATWG's URL Standard has them: for URLSearchParams and URL of the SDK
 * (src/sdk/url.ts), and for what a request's path is made of.
 */

/* Borrows a string's UTF-8. It can run code. */
static bool borrow_text(JSContext *context, JSValueConst value, Bytes *bytes) {
  JSValue text = JS_ToStringCheckObject(context, value);
  if (JS_IsException(text))
    return false;
  bool ok = borrow_body(context, text, bytes);
  JS_FreeValue(context, text);
  return ok;
}

/* Parts of a query, each borrowed from it: "name=value&name&..." */
typedef struct QueryReader {
  const char *at, *end;
} QueryReader;

static bool next_parameter(QueryReader *reader, Bytes *name, Bytes *value) {
  while (reader->at < reader->end && *reader->at == '&')
    reader->at++;
  if (reader->at == reader->end)
    return false;
  const char *start = reader->at, *stop = memchr(start, '&', (size_t)(reader->end - start));
  stop = stop ? stop : reader->end;
  const char *equals = memchr(start, '=', (size_t)(stop - start));
  *name = (Bytes){.data = start, .size = (size_t)((equals ? equals : stop) - start)};
  *value = (Bytes){.data = equals ? equals + 1 : stop, .size = equals ? (size_t)(stop - equals - 1) : 0};
  reader->at = stop;
  return true;
}

static bool is_encoded(const Bytes *bytes) {
  return memchr(bytes->data, '%', bytes->size) || memchr(bytes->data, '+', bytes->size);
}

/* Decodes into as many bytes at most. Returns how many. */
static size_t decode_form(const Bytes *bytes, char *out) {
  size_t size = 0;
  for (size_t i = 0; i < bytes->size; i++) {
    uint8_t c = (uint8_t)bytes->data[i];
    if (c == '%' && bytes->size - i > 2) {
      int high = from_hex((uint8_t)bytes->data[i + 1]), low = from_hex((uint8_t)bytes->data[i + 2]);
      if (high >= 0 && low >= 0) {
        c = (uint8_t)(high << 4 | low);
        i += 2;
      }
    } else if (c == '+') {
      c = ' ';
    }
    out[size++] = (char)c;
  }
  return size;
}

static JSValue new_decoded(JSContext *context, const Bytes *bytes) {
  if (!is_encoded(bytes))
    return new_text(context, bytes->data, bytes->size);
  char *decoded = js_malloc(context, bytes->size);
  if (!decoded)
    return JS_EXCEPTION;
  JSValue text = new_text(context, decoded, decode_form(bytes, decoded));
  js_free(context, decoded);
  return text;
}

/* parse_query(text): [name, value, name, value, ...] */
static JSValue js_parse_query(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Bytes text, parts[2];
  if (!borrow_text(context, argv[0], &text))
    return JS_EXCEPTION;
  QueryReader reader = {.at = text.data, .end = text.data + text.size};
  JSValue list = JS_NewArray(context);
  for (uint32_t count = 0; !JS_IsException(list) && next_parameter(&reader, &parts[0], &parts[1]);)
    for (int i = 0; i < 2 && !JS_IsException(list); i++) {
      shim_charge(context, parts[i].size * 4);
      JSValue part = js_poll_interrupts(context) ? JS_EXCEPTION : new_decoded(context, &parts[i]);
      if (JS_IsException(part) || JS_DefinePropertyValueUint32(context, list, count++, part, JS_PROP_C_W_E) < 0) {
        JS_FreeValue(context, list);
        list = JS_EXCEPTION;
      }
    }
  release_bytes(context, &text);
  return list;
}

/* Which bytes are encoded, one bit each; all from 0x80 on are. */
typedef struct EncodeSet {
  uint32_t bits[4];
  bool space_is_plus;
} EncodeSet;

static bool is_in_set(const EncodeSet *set, uint8_t c) { return c >= 0x80 || set->bits[c / 32] >> c % 32 & 1; }

/* Everything but letters, digits and "*-._". */
static EncodeSet form_set(void) {
  EncodeSet set = {.bits = {~0u, ~0u, ~0u, ~0u}, .space_is_plus = true};
  for (const char *at = "*-._0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"; *at; at++)
    set.bits[(uint8_t)*at / 32] &= ~(1u << (uint8_t)*at % 32);
  return set;
}

/* Control characters, and those of `more` that are ASCII. */
static EncodeSet control_set(const Bytes *more) {
  EncodeSet set = {.bits = {~0u, 0, 0, 1u << 31}};
  for (size_t i = 0; i < more->size; i++)
    if ((uint8_t)more->data[i] < 0x80)
      set.bits[(uint8_t)more->data[i] / 32] |= 1u << (uint8_t)more->data[i] % 32;
  return set;
}

/* -1: an exception was thrown. */
static int put_encoded(StringBuffer *out, const Bytes *bytes, const EncodeSet *set) {
  static const char digits[] = "0123456789ABCDEF";
  const uint8_t *at = (const uint8_t *)bytes->data, *end = at + bytes->size;
  shim_charge(out->ctx, bytes->size * 4);
  if (js_poll_interrupts(out->ctx))
    return -1;
  while (at < end) {
    const uint8_t *start = at;
    while (at < end && !is_in_set(set, *at))
      at++;
    if (string_buffer_write8(out, start, (int)(at - start)))
      return -1;
    for (; at < end && is_in_set(set, *at); at++) {
      uint8_t encoded[] = {'%', (uint8_t)digits[*at >> 4], (uint8_t)digits[*at & 15]};
      bool plus = *at == ' ' && set->space_is_plus;
      if (plus ? string_buffer_putc8(out, '+') : string_buffer_write8(out, encoded, countof(encoded)))
        return -1;
    }
  }
  return 0;
}

/* serialize_query([name, value, name, value, ...]) */
static JSValue js_serialize_query(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  EncodeSet set = form_set();
  StringBuffer out;
  int64_t count;
  if (JS_GetLength(context, argv[0], &count) < 0 || string_buffer_init(context, &out, 0))
    return JS_EXCEPTION;
  for (int64_t i = 0; i < count; i++) {
    JSValue part = JS_GetPropertyInt64(context, argv[0], i);
    Bytes text;
    bool ok = !JS_IsException(part) && borrow_text(context, part, &text);
    JS_FreeValue(context, part);
    if (ok) {
      ok = (i == 0 || string_buffer_putc8(&out, i % 2 ? '=' : '&') == 0) && put_encoded(&out, &text, &set) == 0;
      release_bytes(context, &text);
    }
    if (!ok) {
      string_buffer_free(&out);
      return JS_EXCEPTION;
    }
  }
  return string_buffer_end(&out);
}

/* percent_encode(text, characters): control characters, those, and what is not ASCII. */
static JSValue js_percent_encode(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Bytes text, more;
  if (!borrow_text(context, argv[1], &more))
    return JS_EXCEPTION;
  EncodeSet set = control_set(&more);
  release_bytes(context, &more);
  StringBuffer out;
  if (!borrow_text(context, argv[0], &text))
    return JS_EXCEPTION;
  bool ok = string_buffer_init(context, &out, (int)text.size) == 0;
  if (ok && put_encoded(&out, &text, &set) < 0) {
    string_buffer_free(&out);
    ok = false;
  }
  release_bytes(context, &text);
  return ok ? string_buffer_end(&out) : JS_EXCEPTION;
}

/* The parts of a request's path, each of which may be empty: "/a", "?b=c", "#d". */
typedef struct PathParts {
  Bytes path, search, rest;
} PathParts;

/* False: an exception was thrown. The caller releases `path`. */
static bool borrow_path_parts(JSContext *context, JSValueConst request, PathParts *parts) {
  JSValue value = js_get_pseudo(context, request, 1);
  if (JS_IsException(value) || !borrow_byte_string(context, value, &parts->path)) {
    JS_FreeValue(context, value);
    return false;
  }
  JS_FreeValue(context, value);
  const char *data = parts->path.data, *end = data + parts->path.size;
  const char *rest = memchr(data, '#', parts->path.size);
  rest = rest ? rest : end;
  const char *search = memchr(data, '?', (size_t)(rest - data));
  search = search ? search : rest;
  parts->path.size = (size_t)(search - data);
  parts->search = (Bytes){.data = search, .size = (size_t)(rest - search)};
  parts->rest = (Bytes){.data = rest, .size = (size_t)(end - rest)};
  return true;
}

enum { PATH_NAME, PATH_SEARCH };

/* request.pathname, request.search */
static JSValue js_get_path_part(JSContext *context, JSValueConst this, int which) {
  PathParts parts;
  if (!borrow_path_parts(context, this, &parts))
    return JS_EXCEPTION;
  const Bytes *part = which == PATH_NAME ? &parts.path : &parts.search;
  JSValue value = part->size == 1 && which == PATH_SEARCH ? js_empty_string(context->rt)
                                                          : new_byte_string(context, part->data, part->size);
  release_bytes(context, &parts.path);
  return value;
}

/* Appends bytes, and encodes those that would begin another part of the path. */
static bool put_path_part(StringBuffer *out, const Bytes *bytes, const char *encoded) {
  for (size_t i = 0; i < bytes->size; i++) {
    char c = bytes->data[i];
    const char *code = c == '?' ? "%3F" : "%23";
    if (c && strchr(encoded, c) ? string_buffer_write8(out, (const uint8_t *)code, 3)
                                : string_buffer_putc8(out, (uint8_t)c))
      return false;
  }
  return true;
}

static bool put_new_path(StringBuffer *out, const PathParts *parts, const Bytes *value, int which) {
  if (which == PATH_NAME) {
    if ((!value->size || *value->data != '/') && string_buffer_putc8(out, '/'))
      return false;
    return put_path_part(out, value, "?#") && put_path_part(out, &parts->search, "") &&
           put_path_part(out, &parts->rest, "");
  }
  bool has_mark = value->size && *value->data == '?';
  Bytes query = {.data = value->data + has_mark, .size = value->size - has_mark};
  return put_path_part(out, &parts->path, "") && (!query.size || !string_buffer_putc8(out, '?')) &&
         put_path_part(out, &query, "#") && put_path_part(out, &parts->rest, "");
}

static JSValue js_set_path_part(JSContext *context, JSValueConst this, JSValueConst value, int which) {
  Bytes bytes;
  PathParts parts;
  StringBuffer out;
  if (!borrow_byte_string(context, value, &bytes)) /* first: it can run code */
    return JS_EXCEPTION;
  bool ok = borrow_path_parts(context, this, &parts);
  if (ok) {
    ok = string_buffer_init(context, &out, (int)(bytes.size + parts.path.size)) == 0;
    if (ok && !put_new_path(&out, &parts, &bytes, which)) {
      string_buffer_free(&out);
      ok = false;
    }
    release_bytes(context, &parts.path);
  }
  release_bytes(context, &bytes);
  JSValue path = ok ? string_buffer_end(&out) : JS_EXCEPTION;
  JSValue result = JS_IsException(path) ? path : js_set_pseudo(context, this, path, 1);
  JS_FreeValue(context, path);
  return result;
}

/* Whether a part of a query, decoded, is a name. -1: an exception was thrown. */
static int is_parameter(JSContext *context, const Bytes *part, const Bytes *name) {
  if (!is_encoded(part))
    return part->size == name->size && memcmp(part->data, name->data, name->size) == 0;
  if (part->size < name->size)
    return 0;
  char *decoded = js_malloc(context, part->size);
  if (!decoded)
    return -1;
  size_t size = decode_form(part, decoded);
  int equal = size == name->size && memcmp(decoded, name->data, size) == 0;
  js_free(context, decoded);
  return equal;
}

/* request.query(name): the first parameter of this name, decoded; null when there is none. */
static JSValue js_request_query(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Bytes name, part, value;
  PathParts parts;
  if (!borrow_text(context, argv[0], &name))
    return JS_EXCEPTION;
  JSValue found = JS_EXCEPTION;
  if (borrow_path_parts(context, this, &parts)) {
    size_t mark = parts.search.size ? 1 : 0;
    QueryReader reader = {.at = parts.search.data + mark, .end = parts.search.data + parts.search.size};
    shim_charge(context, parts.search.size * 4);
    found = JS_NULL;
    while (JS_IsNull(found) && next_parameter(&reader, &part, &value)) {
      int is_it = is_parameter(context, &part, &name);
      if (is_it)
        found = is_it < 0 ? JS_EXCEPTION : new_decoded(context, &value);
    }
    release_bytes(context, &parts.path);
  }
  release_bytes(context, &name);
  return found;
}

static const JSCFunctionListEntry path_methods[] = {
    JS_CGETSET_MAGIC_DEF("pathname", js_get_path_part, js_set_path_part, PATH_NAME),
    JS_CGETSET_MAGIC_DEF("search", js_get_path_part, js_set_path_part, PATH_SEARCH),
    JS_CFUNC_DEF("query", 1, js_request_query),
};

static const JSCFunctionListEntry body_field_methods[] = {JS_CFUNC_DEF("jsonField", 1, js_body_json_field)};
static const JSCFunctionListEntry answer_field_methods[] = {JS_CFUNC_DEF("jsonField", 1, js_answer_json_field)};

/* The methods of the SDK's classes that are here and in json_field.c. False: an exception was thrown. */
static bool add_field_methods(JSContext *context) {
  return JS_SetPropertyFunctionList(context, vm.sdk.request_prototype, path_methods, countof(path_methods)) == 0 &&
         JS_SetPropertyFunctionList(context, vm.sdk.body_prototype, body_field_methods, countof(body_field_methods)) ==
             0 &&
         JS_SetPropertyFunctionList(context, vm.sdk.call_response_prototype, answer_field_methods,
                                    countof(answer_field_methods)) == 0;
}
