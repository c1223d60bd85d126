/*
 * Regular expressions of a program whose code has them as literals only: the build compiles those, and the compiler of
 * patterns, 30 KB of code and as much of Unicode's tables, is left out of the module (prune.c).
 */

/* NULL: left out. */
static uint8_t *(*regexp_compiler)(int *size, char *error, int error_size, const char *pattern, size_t pattern_size,
                                   int flags, void *context) = lre_compile;

/* An edit of the engine calls it in the place of lre_compile. */
static uint8_t *shim_compile_regexp(int *size, char *error, int error_size, const char *pattern, size_t pattern_size,
                                    int flags, void *context) {
  return regexp_compiler(size, error, error_size, pattern, pattern_size, flags, context);
}

/* Whether a pattern can be compiled; throws where not. */
static bool shim_has_regexp_compiler(JSContext *context) {
  if (likely(regexp_compiler != NULL))
    return true;
  JS_ThrowTypeError(context,
                    "the compiler of RegExp patterns was left out of the module, because the filter's code does "
                    "not name RegExp; build with --keep-builtins");
  return false;
}

/* Flags as RegExp takes them. -1: not all of them are known. */
static int parse_regexp_flags(const char *text) {
  static const struct {
    char letter;
    int flag;
  } known[] = {
      {'d', LRE_FLAG_INDICES}, {'g', LRE_FLAG_GLOBAL},  {'i', LRE_FLAG_IGNORECASE},   {'m', LRE_FLAG_MULTILINE},
      {'s', LRE_FLAG_DOTALL},  {'u', LRE_FLAG_UNICODE}, {'v', LRE_FLAG_UNICODE_SETS}, {'y', LRE_FLAG_STICKY},
  };
  int flags = 0;
  for (; *text; text++) {
    size_t i = 0;
    while (i < countof(known) && known[i].letter != *text)
      i++;
    if (i == countof(known) || flags & known[i].flag)
      return -1;
    flags |= known[i].flag;
  }
  return flags;
}

/* What `split` and `matchAll` make of a regular expression: the same with other flags, which are no concern of its
   pattern. Undefined: the pattern has to be compiled again. */
static JSValue shim_regexp_with_flags(JSContext *context, const JSRegExp *regexp, JSValueConst flags) {
  enum { PREFIX = 11 }; /* what lets a pattern that is not sticky begin anywhere: see lre_compile */
  const int free_flags = LRE_FLAG_INDICES | LRE_FLAG_GLOBAL | LRE_FLAG_STICKY;
  const char *text = JS_ToCString(context, flags);
  if (!text)
    return JS_EXCEPTION;
  int wanted = parse_regexp_flags(text);
  JS_FreeCString(context, text);
  const uint8_t *code = str8(regexp->bytecode);
  int has = lre_get_flags(code), named = has & LRE_FLAG_NAMED_GROUPS;
  bool becomes_sticky = !(has & LRE_FLAG_STICKY) && wanted & LRE_FLAG_STICKY;
  if (wanted < 0 || (has ^ named ^ wanted) & ~free_flags || (has & ~wanted & LRE_FLAG_STICKY))
    return JS_UNDEFINED;
  size_t size = regexp->bytecode->len, skipped = becomes_sticky ? PREFIX : 0;
  uint8_t *copy = js_malloc(context, size);
  if (!copy)
    return JS_EXCEPTION;
  memcpy(copy, code, RE_HEADER_LEN);
  memcpy(copy + RE_HEADER_LEN, code + RE_HEADER_LEN + skipped, size - RE_HEADER_LEN - skipped);
  put_u16(copy + RE_HEADER_FLAGS, (uint16_t)(wanted | named));
  put_u32(copy + RE_HEADER_BYTECODE_LEN, get_u32(code + RE_HEADER_BYTECODE_LEN) - skipped);
  JSValue result = js_new_string8_len(context, (const char *)copy, (int)(size - skipped));
  js_free(context, copy);
  return result;
}
