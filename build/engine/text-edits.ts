import type { Edit } from "./edits.ts";

/**
 * Edits for text. All but some 150 of the engine's functions are compiled to be small, and their loops over the characters of a body
 * or of a JSON string took ten to twenty instructions each.
 */
export const TEXT_EDITS: readonly Edit[] = [
  {
    file: "quickjs.c",
    why: "a string is of three kinds, which only the engine writes: no place that reads one needs a trap for a fourth",
    find:
      "    case JS_STRING_KIND_INDIRECT:\n        indirect = (void *)&p[1];\n        return *indirect;\n    }\n" +
      "    abort();\n    return NULL;\n}\n",
    replace:
      "    default: /* JS_STRING_KIND_INDIRECT */\n        indirect = (void *)&p[1];\n        return *indirect;\n    }\n}\n",
  },
  {
    file: "quickjs.c",
    why: "declares what the next edits call: src/shim/bytes.c has it",
    find: "static inline uint8_t *str8(JSString *p)\n",
    replace: "static bool is_ascii(const char *data, size_t size);\n\nstatic inline uint8_t *str8(JSString *p)\n",
  },
  {
    file: "quickjs.c",
    why: "text that is ASCII is looked over eight characters at a time",
    find:
      "        count = 0;\n        for (pos = 0; pos < len; pos++) {\n" +
      "            count += src[pos] >> 7;\n        }\n",
    replace:
      "        count = 0;\n        if (!is_ascii((const char *)src, len)) {\n            for (pos = 0; pos < len; pos++)\n" +
      "                count += src[pos] >> 7;\n        }\n",
  },
  {
    file: "quickjs.c",
    why: "libc looks for a character four at a time",
    find:
      "        if ((c & ~0xff) == 0) {\n            for (i = from; i < len; i++) {\n" +
      "                if (str8(p)[i] == (uint8_t)c)\n                    return i;\n            }\n        }\n",
    replace:
      "        if ((c & ~0xff) == 0) {\n            const uint8_t *text = str8(p), *found = memchr(text + from, c, len - from);\n" +
      "            if (found)\n                return (int)(found - text);\n        }\n",
  },
  {
    file: "quickjs.c",
    why: "JSON: characters that stand for themselves are copied together",
    find: "    for(i = 0; i < p->len; ) {\n        c = string_getc(p, &i);\n        switch(c) {\n        case '\\t':\n            c = 't';\n",
    replace:
      "    for(i = 0; i < p->len; ) {\n        int plain = count_plain_characters(p, i);\n        if (plain) {\n" +
      "            if (string_buffer_write8(b, str8(p) + i, plain))\n                goto fail;\n" +
      "            i += plain;\n            continue;\n        }\n" +
      "        c = string_getc(p, &i);\n        switch(c) {\n        case '\\t':\n            c = 't';\n",
  },
  {
    file: "quickjs.c",
    why: "the same: how many of them come next in a string of 8-bit characters",
    find: "static JSValue JS_ToQuotedString(JSContext *ctx, JSValueConst val1)\n{\n",
    replace:
      "static int count_plain_characters(JSString *p, int from)\n{\n    int i, len = p->len;\n    const uint8_t *text;\n\n" +
      "    if (p->is_wide_char)\n        return 0;\n    text = str8(p);\n" +
      "    for (i = from; i < len && text[i] >= 32 && text[i] != '\\\"' && text[i] != '\\\\'; i++)\n        ;\n" +
      "    return i - from;\n}\n\n" +
      "static JSValue JS_ToQuotedString(JSContext *ctx, JSValueConst val1)\n{\n",
  },
  {
    file: "quickjs.c",
    why: "a template literal's integers are written where they belong, and need no strings of their own",
    find:
      "    for (i = 0; i < argc; i++) {\n        if (JS_TAG_STRING != JS_VALUE_GET_TAG(argv[i]))\n            goto slow_path;\n" +
      "        p = JS_VALUE_GET_STRING(argv[i]);\n        if (p->is_wide_char ^ is_wide_char)\n",
    replace:
      "    for (i = 0; i < argc; i++) {\n        if (JS_TAG_INT == JS_VALUE_GET_TAG(argv[i]) && !is_wide_char) {\n" +
      "            len += MAX_INT32_DIGITS;\n            continue;\n        }\n" +
      "        if (JS_TAG_STRING != JS_VALUE_GET_TAG(argv[i]))\n            goto slow_path;\n" +
      "        p = JS_VALUE_GET_STRING(argv[i]);\n        if (p->is_wide_char ^ is_wide_char)\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "    for (i = 0; i < argc; i++) {\n        p = JS_VALUE_GET_STRING(argv[i]);\n        n = p->len << is_wide_char;\n",
    replace:
      "    for (i = 0; i < argc; i++) {\n        if (JS_TAG_INT == JS_VALUE_GET_TAG(argv[i])) {\n" +
      "            d += i32toa(d, JS_VALUE_GET_INT(argv[i]));\n            continue;\n        }\n" +
      "        p = JS_VALUE_GET_STRING(argv[i]);\n        n = p->len << is_wide_char;\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "static JSValue js_string_concat(JSContext *ctx, JSValueConst this_val,\n",
    replace:
      "enum { MAX_INT32_DIGITS = 11 };\n\nstatic JSValue js_string_concat(JSContext *ctx, JSValueConst this_val,\n",
  },
  {
    file: "quickjs.c",
    why: "the same: how many they are is known then",
    find: "    if (!is_wide_char)\n        *d = '\\0';\n    return JS_MKPTR(JS_TAG_STRING, q);\nslow_path:\n",
    replace:
      "    if (!is_wide_char) {\n        *d = '\\0';\n        q->len = d - (char *)strv(q);\n    }\n    return JS_MKPTR(JS_TAG_STRING, q);\nslow_path:\n",
  },
  {
    file: "dtoa.c",
    why: "digits are written where they belong, and need no copy",
    find:
      "    char buf1[10], *q;\n    size_t len;\n    \n    q = buf1 + sizeof(buf1);\n    do {\n        *--q = n % 10 + '0';\n" +
      "        n /= 10;\n    } while (n != 0);\n    len = buf1 + sizeof(buf1) - q;\n    memcpy(buf, q, len);\n    return len;\n",
    replace:
      "    char *q = buf;\n    bool more = n >= 10000; /* no loops, of which V8 makes two of each */\n\n    if (more) {\n        q += u32toa(q, n / 10000);\n        n %= 10000;\n    }\n" +
      "    if (more || n >= 1000)\n        *q++ = n / 1000 + '0';\n    if (more || n >= 100)\n        *q++ = n / 100 % 10 + '0';\n" +
      "    if (more || n >= 10)\n        *q++ = n / 10 % 10 + '0';\n    *q++ = n % 10 + '0';\n    return q - buf;\n",
  },
  {
    file: "quickjs.c",
    why: "each template literal is a call of it, which needs no frame (src/shim/run_code.c)",
    find: '    JS_CFUNC_DEF("concat", 1, js_string_concat ),\n',
    replace:
      '    { "concat", JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE, JS_DEF_CFUNC, 0, { .func = { 1, JS_CFUNC_plain, { .generic = js_string_concat } } } },\n',
  },
  {
    file: "quickjs.c",
    why: "an integer's string, which src/shim/run_code.c makes, too",
    find: "static JSValue JS_ToStringInternal(JSContext *ctx, JSValueConst val,\n                                   int flags)\n{\n    uint32_t tag;\n",
    replace:
      "static no_inline JSValue js_int_to_string(JSContext *ctx, int32_t n)\n{\n    char buf[12];\n\n" +
      "    return js_new_string8_len(ctx, buf, i32toa(buf, n));\n}\n\n" +
      "static JSValue JS_ToStringInternal(JSContext *ctx, JSValueConst val,\n                                   int flags)\n{\n    uint32_t tag;\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "        len = i32toa(buf, JS_VALUE_GET_INT(val));\n        return js_new_string8_len(ctx, buf, len);\n",
    replace: "        return js_int_to_string(ctx, JS_VALUE_GET_INT(val));\n",
  },
  {
    file: "quickjs.c",
    why: "src/shim/run_code.c knows the function String by its magic number, which nothing else of its kind has or reads",
    find: "                              js_string_constructor, 1, JS_CFUNC_constructor_or_func, 0,\n",
    replace:
      "                              js_string_constructor, 1, JS_CFUNC_constructor_or_func, SHIM_MAGIC_STRING,\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "static JSValue js_string_constructor(JSContext *ctx, JSValueConst this_val,\n                                     int argc, JSValueConst *argv);\n",
    replace:
      "enum { SHIM_MAGIC_STRING = 0x5374 };\n" +
      "static JSValue js_string_constructor(JSContext *ctx, JSValueConst this_val,\n                                     int argc, JSValueConst *argv);\n",
  },
];
