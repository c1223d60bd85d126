/*
 * The value of one field of a JSON text: what JSON.parse and a walk along the path would give, the errors of what is no
 * JSON included, but objects are made of that value only. The whole text is read, since of a name that comes twice the
 * last counts.
 */

enum { JSON_MAX_DEPTH = 1024, JSON_MAX_PATH = 32, JSON_NO_ELEMENT = UINT32_MAX };

typedef struct JsonName {
  const char *data; /* UTF-8 */
  size_t size;
  uint32_t element; /* its number as an array's index, or JSON_NO_ELEMENT */
} JsonName;

typedef struct JsonPath {
  uint32_t count, owned_count;
  JsonName names[JSON_MAX_PATH];
  const char *owned[JSON_MAX_PATH];
} JsonPath;

static void free_json_path(JSContext *context, JsonPath *path) {
  for (uint32_t i = 0; i < path->owned_count; i++)
    JS_FreeCString(context, path->owned[i]);
}

static uint32_t to_element(const char *data, size_t size) {
  uint64_t number = 0;
  if (!size || size > 10 || (size > 1 && *data == '0'))
    return JSON_NO_ELEMENT;
  for (size_t i = 0; i < size; i++) {
    if (data[i] < '0' || data[i] > '9')
      return JSON_NO_ELEMENT;
    number = number * 10 + (uint64_t)(data[i] - '0');
  }
  return number < JSON_NO_ELEMENT ? (uint32_t)number : JSON_NO_ELEMENT;
}

static bool add_json_name(JSContext *context, JsonPath *path, const char *data, size_t size) {
  if (path->count == JSON_MAX_PATH) {
    JS_ThrowRangeError(context, "jsonField: a path has %u names at most", JSON_MAX_PATH);
    return false;
  }
  path->names[path->count++] = (JsonName){.data = data, .size = size, .element = to_element(data, size)};
  return true;
}

/* The UTF-8 of a part of the path. NULL: an exception was thrown. */
static const char *own_json_text(JSContext *context, JsonPath *path, JSValueConst value, size_t *size) {
  const char *text = JS_ToCStringLen(context, size, value);
  if (text)
    path->owned[path->owned_count++] = text;
  return text;
}

static bool add_json_names(JSContext *context, JsonPath *path, JSValueConst list) {
  int64_t count;
  if (JS_GetLength(context, list, &count) < 0)
    return false;
  for (int64_t i = 0; i < count; i++) {
    JSValue name = i < JSON_MAX_PATH ? JS_GetPropertyInt64(context, list, i) : JS_UNDEFINED;
    if (JS_IsException(name))
      return false;
    size_t size = 0;
    const char *text = i < JSON_MAX_PATH ? own_json_text(context, path, name, &size) : "";
    JS_FreeValue(context, name);
    if (!text || !add_json_name(context, path, text, size))
      return false;
  }
  return true;
}

/* A dotted string, or an array of names. It can run code. False: an exception was thrown, and nothing is to be freed.
 */
static bool read_json_path(JSContext *context, JSValueConst value, JsonPath *path) {
  path->count = path->owned_count = 0;
  bool ok = false;
  size_t size;
  if (JS_IsString(value)) {
    const char *at = own_json_text(context, path, value, &size), *end = at + size, *dot;
    for (ok = at != NULL; ok && (dot = memchr(at, '.', (size_t)(end - at))); at = dot + 1)
      ok = add_json_name(context, path, at, (size_t)(dot - at));
    ok = ok && add_json_name(context, path, at, (size_t)(end - at));
  } else if (JS_IsArray(value)) {
    ok = add_json_names(context, path, value);
  } else {
    JS_ThrowTypeError(context, "jsonField: the path must be a string or an array of names");
  }
  if (!ok)
    free_json_path(context, path);
  return ok;
}

typedef struct JsonScan {
  JSContext *context;
  const JsonPath *path;
  const char *start, *at, *end;
  bool well_formed;                 /* its UTF-8 was made from a string */
  bool plain;                       /* the last string had neither escapes nor anything but ASCII */
  const char *found, *found_end;    /* NULL: not there so far */
  uint32_t depth;                   /* open objects and arrays */
  uint32_t open;                    /* so many of them, the outermost, are those along the path */
  uint32_t elements[JSON_MAX_PATH]; /* of those that are arrays: elements so far */
  uint8_t objects[JSON_MAX_DEPTH / 8];
} JsonScan;

static bool fail_json(JsonScan *scan) {
  if (scan->at >= scan->end)
    JS_ThrowSyntaxError(scan->context, "Unexpected end of JSON input");
  else
    JS_ThrowSyntaxError(scan->context, "Unexpected token in JSON at byte %u", (unsigned)(scan->at - scan->start));
  return false;
}

static void skip_json_space(JsonScan *scan) {
  while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
    scan->at++;
}

static bool skip_json_escape(JsonScan *scan) {
  if (++scan->at == scan->end)
    return fail_json(scan);
  if (*scan->at == 'u') {
    for (int i = 0; i < 4; i++)
      if (++scan->at == scan->end || from_hex((uint8_t)*scan->at) < 0)
        return fail_json(scan);
  } else if (!memchr("\"\\/bfnrt", *scan->at, 8)) {
    return fail_json(scan);
  }
  scan->at++;
  return true;
}

/* Passes over bytes of a string, eight at a time, while none of them is special: a quote, a backslash, a control
   character, or no ASCII. Stops up to seven bytes early. */
static const char *skip_plain_json(const char *at, const char *end) {
  const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
  for (uint64_t eight; (size_t)(end - at) >= sizeof eight; at += sizeof eight) {
    memcpy(&eight, at, sizeof eight);
    uint64_t quotes = (eight ^ ones * '"') - ones, backslashes = (eight ^ ones * '\\') - ones;
    if ((eight | (eight - ones * ' ') | quotes | backslashes) & tops)
      break;
  }
  return at;
}

/* From its first quote to behind its last one. */
static bool skip_json_string(JsonScan *scan) {
  const char *start = scan->at++, *end = scan->end;
  scan->plain = true;
  for (;;) {
    const char *at = skip_plain_json(scan->at, end);
    while (at < end && *at != '"' && *at != '\\' && (signed char)*at >= 0x20)
      at++;
    scan->at = at;
    if (at == end)
      return fail_json(scan);
    if (*at == '"')
      break;
    scan->plain = false;
    if (*at == '\\') {
      if (!skip_json_escape(scan))
        return false;
    } else if ((signed char)*at < 0) {
      scan->at++;
    } else {
      return fail_json(scan);
    }
  }
  scan->at++;
  shim_charge(scan->context, (size_t)(scan->at - start));
  return true;
}

static bool skip_json_digits(JsonScan *scan) {
  const char *start = scan->at;
  while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
    scan->at++;
  return scan->at > start || fail_json(scan);
}

static bool next_json_char_is(JsonScan *scan, char one, char other) {
  if (scan->at == scan->end || (*scan->at != one && *scan->at != other))
    return false;
  scan->at++;
  return true;
}

static bool skip_json_number(JsonScan *scan) {
  next_json_char_is(scan, '-', '-');
  if (!next_json_char_is(scan, '0', '0') && !skip_json_digits(scan))
    return false;
  if (next_json_char_is(scan, '.', '.') && !skip_json_digits(scan))
    return false;
  if (!next_json_char_is(scan, 'e', 'E'))
    return true;
  next_json_char_is(scan, '+', '-');
  return skip_json_digits(scan);
}

/* A string, a number, true, false or null. */
static bool skip_json_scalar(JsonScan *scan) {
  static const char *const words[] = {"true", "false", "null"};
  if (*scan->at == '"')
    return skip_json_string(scan);
  for (size_t i = 0; i < countof(words); i++)
    if (*scan->at == *words[i]) {
      size_t size = strlen(words[i]);
      if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, words[i], size) != 0)
        return fail_json(scan);
      scan->at += size;
      return true;
    }
  return skip_json_number(scan);
}

/* The value of a part of the text. */
static JSValue parse_json_part(const JsonScan *scan, const char *data, size_t size) {
  JSContext *context = scan->context;
  if (!scan->well_formed && !is_ascii(data, size)) { /* as text() makes text of it */
    JSValue text = new_text(context, data, size);
    const char *utf8 = JS_IsException(text) ? NULL : JS_ToCStringLen(context, &size, text);
    JSValue value = utf8 ? JS_ParseJSON(context, utf8, size, "<input>") : JS_EXCEPTION;
    JS_FreeCString(context, utf8);
    JS_FreeValue(context, text);
    return value;
  }
  char *copy = js_malloc(context, size + 1); /* the parser wants a zero byte at the end */
  if (!copy)
    return JS_EXCEPTION;
  memcpy(copy, data, size);
  copy[size] = '\0';
  JSValue value = JS_ParseJSON(context, copy, size, "<input>");
  js_free(context, copy);
  return value;
}

/* Whether a string of the text, quotes included, is a name. -1: an exception was thrown. */
static int is_json_name(const JsonScan *scan, const char *data, size_t size, const JsonName *name) {
  if (scan->plain)
    return size - 2 == name->size && memcmp(data + 1, name->data, name->size) == 0;
  JSValue text = parse_json_part(scan, data, size);
  const char *utf8 = JS_IsException(text) ? NULL : JS_ToCStringLen(scan->context, &size, text);
  int equal = !utf8 ? -1 : size == name->size && memcmp(utf8, name->data, size) == 0;
  JS_FreeCString(scan->context, utf8);
  JS_FreeValue(scan->context, text);
  return equal;
}

static bool in_object(const JsonScan *scan) {
  uint32_t level = scan->depth - 1;
  return scan->objects[level / 8] >> level % 8 & 1;
}

static bool open_json(JsonScan *scan, bool is_object) {
  uint32_t level = scan->depth++;
  if (level == JSON_MAX_DEPTH) {
    JS_ThrowRangeError(scan->context, "jsonField: the JSON text is nested deeper than %u levels", JSON_MAX_DEPTH);
    return false;
  }
  uint8_t bit = (uint8_t)(1 << level % 8);
  scan->objects[level / 8] = is_object ? scan->objects[level / 8] | bit : scan->objects[level / 8] & ~bit;
  scan->at++;
  return true;
}

/* An object's next name and colon. 1: the path's next name. -1: an exception was thrown. */
static int read_json_key(JsonScan *scan) {
  skip_json_space(scan);
  if (scan->at == scan->end || *scan->at != '"')
    return fail_json(scan), -1;
  const char *key = scan->at;
  if (!skip_json_string(scan))
    return -1;
  int on_path = 0;
  if (scan->depth == scan->open) {
    on_path = is_json_name(scan, key, (size_t)(scan->at - key), &scan->path->names[scan->open - 1]);
    if (on_path > 0)
      scan->found = NULL; /* what an earlier one of this name has led to */
  }
  skip_json_space(scan);
  if (!next_json_char_is(scan, ':', ':'))
    return fail_json(scan), -1;
  return on_path;
}

/* Reads the whole text. False: an exception was thrown. */
static bool scan_json(JsonScan *scan) {
  uint32_t target_level = UINT32_MAX; /* of the object or array that is the value looked for, while it is open */
  int on_path = 1;                    /* the next value is on the path */
  for (;;) {
    skip_json_space(scan);
    if (scan->at == scan->end)
      return fail_json(scan);
    if (js_poll_interrupts(scan->context))
      return false;
    bool is_target = on_path && scan->open == scan->path->count, closed = false;
    if (is_target)
      scan->found = scan->at;
    if (*scan->at == '{' || *scan->at == '[') {
      bool is_object = *scan->at == '{';
      if (is_target)
        target_level = scan->depth;
      else if (on_path)
        scan->elements[scan->open++] = 0;
      if (!open_json(scan, is_object))
        return false;
      skip_json_space(scan);
      closed = is_object ? next_json_char_is(scan, '}', '}') : next_json_char_is(scan, ']', ']');
      if (!closed)
        goto next_value;
    } else {
      if (!skip_json_scalar(scan))
        return false;
      if (is_target)
        scan->found_end = scan->at;
    }
    for (;;) { /* after a value, or what closes an object or array */
      if (closed) {
        if (scan->depth == scan->open)
          scan->open--;
        if (--scan->depth == target_level) {
          scan->found_end = scan->at;
          target_level = UINT32_MAX;
        }
      }
      skip_json_space(scan);
      if (!scan->depth)
        return scan->at == scan->end || fail_json(scan);
      if (next_json_char_is(scan, ',', ','))
        break;
      closed = in_object(scan) ? next_json_char_is(scan, '}', '}') : next_json_char_is(scan, ']', ']');
      if (!closed)
        return fail_json(scan);
    }
  next_value:
    if (in_object(scan)) {
      if ((on_path = read_json_key(scan)) < 0)
        return false;
    } else {
      on_path =
          scan->depth == scan->open && scan->elements[scan->open - 1]++ == scan->path->names[scan->open - 1].element;
    }
  }
}

static JSValue get_json_field(JSContext *context, const char *data, size_t size, bool well_formed,
                              const JsonPath *path) {
  JsonScan scan = {
      .context = context,
      .path = path,
      .start = data,
      .at = data,
      .end = data + size,
      .well_formed = well_formed,
  };
  if (!scan_json(&scan))
    return JS_EXCEPTION;
  return scan.found ? parse_json_part(&scan, scan.found, (size_t)(scan.found_end - scan.found)) : JS_UNDEFINED;
}

/* json_field(json, path) */
static JSValue js_json_field(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JsonPath path;
  Bytes bytes;
  if (!read_json_path(context, argv[1], &path)) /* before the bytes: it can run code */
    return JS_EXCEPTION;
  JSValue value = JS_EXCEPTION;
  bool is_text = JS_IsString(argv[0]);
  if (is_text ? borrow_string(context, argv[0], true, &bytes)
              : borrow_data(context, argv[0], "jsonField: the JSON", &bytes)) {
    value = get_json_field(context, bytes.data, bytes.size, is_text, &path);
    release_bytes(context, &bytes);
  }
  free_json_path(context, &path);
  return value;
}

/* body.jsonField(path): straight from what the host has written. */
static JSValue js_body_json_field(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JsonPath path;
  if (!read_json_path(context, argv[0], &path))
    return JS_EXCEPTION;
  JSValue value = JS_EXCEPTION;
  const Message *message = enter_body(context, this);
  if (message) {
    char *data;
    size_t size;
    uint32_t status = load_body(message, message->body_start, message->body_end, &data, &size);
    value = status == PROXY_STATUS_OK ? get_json_field(context, data ? data : "", size, false, &path)
                                      : throw_host_error(context, "proxy_get_buffer_bytes", status);
    host_free(data);
  }
  free_json_path(context, &path);
  return value;
}

/* answer.jsonField(path) */
static JSValue js_answer_json_field(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  JsonPath path;
  if (!read_json_path(context, argv[0], &path))
    return JS_EXCEPTION;
  JSValue value = JS_EXCEPTION;
  CallResponse *response = get_call_response(context, this);
  if (response) {
    uint32_t status = load_call_body(response);
    value = status == PROXY_STATUS_OK
                ? get_json_field(context, response->body ? response->body : "", response->body_size, false, &path)
                : throw_host_error(context, "proxy_get_buffer_bytes", status);
  }
  free_json_path(context, &path);
  return value;
}
