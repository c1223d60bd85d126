import type { Edit } from "./edits.ts";

/**
 * JSON, whose texts filters read and write: a string without escapes is taken from the text, and written to it, as it is; a short
 * number is computed and not approached. See docs/RATIONALE.md.
 */
export const JSON_EDITS: readonly Edit[] = [
  ...readStrings(),
  ...readNumbers(),
  ...writeStrings(),
  ...writeNumbers(),
  {
    file: "quickjs.c",
    why: "an element's index is made a string only for who is told it: toJSON, which objects and BigInts may have, and a replacer",
    find: "                prop = JS_ToStringFree(ctx, js_int64(i));\n                if (JS_IsException(prop))\n                    goto exception;\n                v = js_json_check(",
    replace:
      "                if (JS_IsObject(v) || JS_IsBigInt(v) || !JS_IsUndefined(jsc->replacer_func)) {\n" +
      "                    prop = JS_ToStringFree(ctx, js_int64(i));\n" +
      "                    if (JS_IsException(prop)) {\n                        JS_FreeValue(ctx, v);\n                        goto exception;\n                    }\n" +
      "                }\n                v = js_json_check(",
  },
];

function readStrings(): Edit[] {
  return [
    {
      file: "quickjs.c",
      why: "a string without escapes is copied once",
      find: "    if (string_buffer_init(s->ctx, b, 48))\n        goto fail;\n\n    p = *pp;\n",
      replace:
        "    for (p = *pp; p < s->buf_end && *p != '\"' && *p != '\\\\' && *p >= 0x20 && *p < 0x80;)\n        p++;\n" +
        "    if (p < s->buf_end && *p == '\"') {\n" +
        "        JSValue text = js_new_string8_len(s->ctx, (const char *)*pp, p - *pp);\n" +
        "        if (JS_IsException(text))\n            return -1;\n" +
        "        s->token.val = TOK_STRING;\n        s->token.u.str.sep = '\"';\n        s->token.u.str.str = text;\n" +
        "        *pp = p + 1;\n        return 0;\n    }\n\n" +
        "    if (string_buffer_init(s->ctx, b, 48))\n        goto fail;\n\n    p = *pp;\n",
    },
  ];
}

/** Integers below 2^53 and powers of ten up to 10^22 are doubles, so that one division of them is rounded as the number itself is. */
function readNumbers(): Edit[] {
  return [
    {
      file: "quickjs.c",
      why: "a number of few digits is an integer, or one divided by a power of ten",
      find: "static int json_parse_number(JSParseState *s, const uint8_t **pp)\n{\n",
      replace:
        "static bool shim_read_number(const uint8_t *p, const uint8_t *end, JSValue *value)\n{\n" +
        "    bool negative = *p == '-';\n    int64_t digits = 0;\n    double divisor = 0;\n" +
        "    p += negative;\n    if (end - p > 15)\n        return false;\n" +
        "    for (; p < end; p++) {\n" +
        "        if (is_digit(*p)) {\n            digits = digits * 10 + (*p - '0');\n            divisor *= 10;\n" +
        "        } else if (*p == '.') {\n            divisor = 1;\n        } else {\n            return false;\n        }\n    }\n" +
        "    if (divisor != 0)\n        *value = js_float64((negative ? -(double)digits : (double)digits) / divisor);\n" +
        "    else if (digits <= INT32_MAX && (digits != 0 || !negative))\n        *value = js_int32((int32_t)(negative ? -digits : digits));\n" +
        "    else\n        *value = js_float64(negative ? -(double)digits : (double)digits);\n" +
        "    return true;\n}\n\n" +
        "static int json_parse_number(JSParseState *s, const uint8_t **pp)\n{\n",
    },
    {
      file: "quickjs.c",
      why: "the same",
      find: "    s->token.u.num.val = js_float64(strtod((const char *)p_start, NULL));\n    *pp = p;\n    return 0;\n}\n\n/* 'c' is the first character. Return JS_ATOM_NULL in case of error */\n",
      replace:
        "    if (!shim_read_number(p_start, p, &s->token.u.num.val))\n" +
        "        s->token.u.num.val = js_float64(strtod((const char *)p_start, NULL));\n    *pp = p;\n    return 0;\n}\n\n" +
        "/* 'c' is the first character. Return JS_ATOM_NULL in case of error */\n",
    },
  ];
}

function writeStrings(): Edit[] {
  const why = "a string that needs no escape is written to the text as it is";
  return [
    {
      file: "quickjs.c",
      why,
      find: "static JSValue js_json_check(JSContext *ctx, JSONStringifyContext *jsc,\n",
      replace:
        "/* -1: an exception was thrown. */\n" +
        "static int shim_write_quoted(JSContext *ctx, StringBuffer *b, JSValueConst text)\n{\n" +
        "    if (JS_VALUE_GET_TAG(text) == JS_TAG_STRING && !JS_VALUE_GET_STRING(text)->is_wide_char) {\n" +
        "        JSString *p = JS_VALUE_GET_STRING(text);\n        const uint8_t *bytes = str8(p);\n        uint32_t i = 0;\n" +
        "        while (i < p->len && bytes[i] >= 0x20 && bytes[i] != '\"' && bytes[i] != '\\\\')\n            i++;\n" +
        "        if (i == p->len)\n" +
        "            return string_buffer_putc8(b, '\"') || string_buffer_write8(b, bytes, p->len) || string_buffer_putc8(b, '\"') ? -1 : 0;\n" +
        "    }\n" +
        "    JSValue quoted = JS_ToQuotedString(ctx, text);\n" +
        "    return JS_IsException(quoted) ? -1 : string_buffer_concat_value_free(b, quoted);\n}\n\n" +
        "static JSValue js_json_check(JSContext *ctx, JSONStringifyContext *jsc,\n",
    },
    {
      file: "quickjs.c",
      why,
      find:
        "                    prop = JS_ToQuotedStringFree(ctx, prop);\n                    if (JS_IsException(prop)) {\n" +
        "                        JS_FreeValue(ctx, v);\n                        goto exception;\n                    }\n" +
        "                    string_buffer_concat_value(jsc->b, sep);\n                    string_buffer_concat_value(jsc->b, prop);\n",
      replace:
        "                    string_buffer_concat_value(jsc->b, sep);\n" +
        "                    if (shim_write_quoted(ctx, jsc->b, prop)) {\n" +
        "                        JS_FreeValue(ctx, v);\n                        goto exception;\n                    }\n",
    },
    {
      file: "quickjs.c",
      why,
      find: "        val = JS_ToQuotedStringFree(ctx, val);\n        if (JS_IsException(val))\n            goto exception;\n        goto concat_value;\n",
      replace:
        "        ret = shim_write_quoted(ctx, jsc->b, val);\n        JS_FreeValue(ctx, val);\n        return ret;\n",
    },
  ];
}

/** Of the decimals with at most 15 digits, two are never the same double: the one that is this double has the digits to show. */
function writeNumbers(): Edit[] {
  const why = "a number with few decimals is an integer divided by a power of ten";
  return [
    {
      file: "quickjs.c",
      why,
      find: "static JSValue js_dtoa2(JSContext *ctx,\n                        double d, int radix, int n_digits, int flags)\n{\n",
      replace:
        "/* Writes it as JavaScript shows it. 0: it needs more decimals than six, or more digits than 15. */\n" +
        "static size_t shim_write_number(char *buf, double d)\n{\n" +
        "    double size = fabs(d), power = 1;\n    int decimals = 0;\n    uint64_t digits = 0;\n    char *p = buf;\n" +
        "    for (;; power *= 10, decimals++) {\n" +
        "        if (decimals > 6 || !(size * power < 1e15))\n            return 0;\n" +
        "        digits = (uint64_t)(size * power + 0.5);\n        if ((double)digits / power == size)\n            break;\n    }\n" +
        "    if (d < 0)\n        *p++ = '-';\n" +
        "    uint64_t divisor = (uint64_t)power;\n    p += u64toa(p, digits / divisor);\n" +
        "    if (decimals > 0) {\n        uint64_t fraction = digits % divisor;\n        *p++ = '.';\n" +
        "        for (int i = decimals; i-- > 0; fraction /= 10)\n            p[i] = (char)('0' + fraction % 10);\n" +
        "        p += decimals;\n    }\n    return p - buf;\n}\n\n" +
        "static JSValue js_dtoa2(JSContext *ctx,\n                        double d, int radix, int n_digits, int flags)\n{\n",
    },
    {
      file: "quickjs.c",
      why,
      find: "    case JS_TAG_FLOAT64:\n        return js_dtoa2(ctx, JS_VALUE_GET_FLOAT64(val), 10, 0,\n",
      replace:
        "    case JS_TAG_FLOAT64:\n        len = shim_write_number(buf, JS_VALUE_GET_FLOAT64(val));\n" +
        "        if (len > 0)\n            return js_new_string8_len(ctx, buf, len);\n" +
        "        return js_dtoa2(ctx, JS_VALUE_GET_FLOAT64(val), 10, 0,\n",
    },
  ];
}
