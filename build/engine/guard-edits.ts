import type { Edit } from "./edits.ts";

/**
 * Edits that let the guards (src/shim/guard.c) reach everything that takes time or memory. The engine asks its interrupt handler at
 * calls, at jumps and in some loops; what these edits add asks in the loops that upstream leaves out, and makes the next question
 * come earlier after work whose cost grows with its operands ("charge").
 */
export const GUARD_EDITS: readonly Edit[] = [
  {
    file: "cutils.h",
    why: "declares what the sorts call",
    find: "/* pointer based version with local stack and insertion sort threshhold */\n",
    replace:
      "static bool shim_is_late_after(size_t work);\n\n" +
      "/* pointer based version with local stack and insertion sort threshhold */\n",
  },
  {
    file: "cutils.h",
    why: "a sort of millions of numbers asks; what called it asks again, and throws",
    find: "        while (nmemb > 6) {\n            if (++depth > 50) {\n",
    replace:
      "        while (nmemb > 6) {\n            if (unlikely(shim_is_late_after(nmemb)))\n                return;\n" +
      "            if (++depth > 50) {\n",
  },
  {
    file: "quickjs.c",
    why: "declares what the other edits call, and whose turn it is: see src/shim/promises.c",
    find: "static bool js_string_eq(JSString *p1, JSString *p2);\n",
    replace:
      "static void shim_charge(JSContext *ctx, size_t work);\n" +
      "static void shim_charge_allocation(size_t size);\n" +
      "static bool shim_is_late(JSContext *ctx);\n" +
      "static void *shim_heap_is_full(JSRuntime *rt, size_t size);\n" +
      "static void shim_collect_garbage(JSRuntime *rt);\n" +
      "static void shim_stack_is_full(void);\n" +
      "static void shim_throw_interrupted(JSContext *ctx);\n" +
      "static struct JSJobEntry *shim_new_job(JSContext *ctx, size_t size);\n" +
      "static PER_REQUEST uint32_t shim_turn, shim_job_count;\n" +
      "struct JSPromiseReactionData;\n" +
      "static void shim_queue_reaction(JSContext *ctx, const struct JSPromiseReactionData *reaction, JSValueConst *args);\n" +
      "static bool js_string_eq(JSString *p1, JSString *p2);\n",
  },
  // Memory.
  {
    file: "quickjs.c",
    why: "a large block takes time to fill",
    find: "    JSMallocBlockHeader *b;\n    b = rt->mf.js_malloc(rt->malloc_state.opaque,\n",
    replace:
      "    JSMallocBlockHeader *b;\n    shim_charge_allocation(size);\n    b = rt->mf.js_malloc(rt->malloc_state.opaque,\n",
  },
  {
    file: "quickjs.c",
    why: "the same, when it grows",
    find: "            JSMallocBlockHeader *nb;\n            nb = rt->mf.js_realloc(rt->malloc_state.opaque, b,\n",
    replace:
      "            JSMallocBlockHeader *nb;\n            shim_charge_allocation(size);\n" +
      "            nb = rt->mf.js_realloc(rt->malloc_state.opaque, b,\n",
  },
  {
    file: "quickjs.c",
    why: "the same, when it is cleared",
    find: "static no_inline void *arena_calloc_large(JSRuntime *rt, size_t size)\n{\n",
    replace:
      "static no_inline void *arena_calloc_large(JSRuntime *rt, size_t size)\n{\n    shim_charge_allocation(size);\n",
  },
  {
    file: "quickjs.c",
    why: "a full heap is collected at the next chance",
    find: "    if (unlikely(s->malloc_size + (count * size) > s->malloc_limit - 1))\n        return NULL;\n",
    replace:
      "    if (unlikely(s->malloc_size + (count * size) > s->malloc_limit - 1))\n        return shim_heap_is_full(rt, count * size);\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "    if (unlikely(s->malloc_size + size > s->malloc_limit - 1))\n        return NULL;\n",
    replace:
      "    if (unlikely(s->malloc_size + size > s->malloc_limit - 1))\n        return shim_heap_is_full(rt, size);\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "    if (s->malloc_size + size - old_size > s->malloc_limit - 1)\n        return NULL;\n",
    replace:
      "    if (s->malloc_size + size - old_size > s->malloc_limit - 1)\n        return shim_heap_is_full(rt, size);\n",
  },
  {
    file: "quickjs.c",
    why: "upstream's next threshold may be above the limit, so that nothing would be collected before the heap is full",
    find:
      "        JS_RunGC(rt);\n        rt->malloc_gc_threshold = rt->malloc_state.malloc_size +\n" +
      "            (rt->malloc_state.malloc_size >> 1);\n    }\n}\n",
    replace: "        shim_collect_garbage(rt);\n    }\n}\n",
  },
  {
    file: "quickjs.c",
    why: "an exception has a value, also when there is no memory",
    find: "    js_free(ctx, buf);\n    if (out_len < 0)\n        return JS_EXCEPTION;\n    val = JS_NewUTF32String(ctx, out_buf, out_len);\n    js_free(ctx, out_buf);\n",
    replace:
      "    js_free(ctx, buf);\n    if (out_len < 0)\n        return JS_ThrowOutOfMemory(ctx);\n" +
      "    val = JS_NewUTF32String(ctx, out_buf, out_len);\n    js_free(ctx, out_buf);\n" +
      "    if (js_poll_interrupts(ctx)) {\n        JS_FreeValue(ctx, val);\n        return JS_EXCEPTION;\n    }\n",
  },
  {
    file: "quickjs.c",
    why: "says which limit it was, and what to do",
    find: '    JS_ThrowInternalError(ctx, "interrupted");\n',
    replace: "    shim_throw_interrupted(ctx);\n",
  },
  {
    file: "quickjs.c",
    why: "it can fail, for an array of a class of the filter's own, and that must not write to address 0",
    find: "                    pr = add_property(ctx, p, JS_ATOM_length,\n                                      JS_PROP_WRITABLE | JS_PROP_LENGTH);\n",
    replace:
      "                    pr = add_property(ctx, p, JS_ATOM_length,\n                                      JS_PROP_WRITABLE | JS_PROP_LENGTH);\n" +
      "                    if (unlikely(!pr)) {\n                        sh = p->shape;\n                        js_free(ctx, p->prop);\n" +
      "                        js_free(ctx, p);\n                        goto fail;\n                    }\n",
  },
  // Stack.
  {
    file: "quickjs.c",
    why: "the shim counts what reached a limit",
    find: '    return JS_ThrowRangeError(ctx, "Maximum call stack size exceeded");\n',
    replace: '    shim_stack_is_full();\n    return JS_ThrowRangeError(ctx, "Maximum call stack size exceeded");\n',
  },
  {
    file: "quickjs.c",
    why:
      "the host's own stack is not in linear memory, where the engine measures: a function that calls itself without variables there would " +
      "use it up unseen, and that is a trap. Its frame stands for the host's",
    find: "static inline bool js_check_stack_overflow(JSRuntime *rt, size_t alloca_size)\n",
    replace:
      '#define SHIM_FRAME(size) char shim_frame[size]; __asm__ volatile("" : : "r"(shim_frame) : "memory")\n\n' +
      "static inline bool js_check_stack_overflow(JSRuntime *rt, size_t alloca_size)\n",
  },
  {
    file: "quickjs.c",
    why: "the same: a proxy of a proxy",
    find: "static JSValue js_proxy_getPrototypeOf(JSContext *ctx, JSValueConst obj)\n{\n",
    replace:
      "#define get_proxy_method(...) ({ SHIM_FRAME(512); get_proxy_method(__VA_ARGS__); })\n\n" +
      "static JSValue js_proxy_getPrototypeOf(JSContext *ctx, JSValueConst obj)\n{\n",
  },
  {
    file: "quickjs.c",
    why: "the same: an array of arrays that is made flat",
    find: "    JSValue element;\n    int64_t sourceIndex, elementLen;\n    int present, is_array;\n",
    replace:
      "    JSValue element;\n    int64_t sourceIndex, elementLen;\n    int present, is_array;\n    SHIM_FRAME(256);\n",
  },
  {
    file: "quickjs.c",
    why: "the same: what a reviver goes through",
    find: "    JSAtom prop;\n    JSPropertyEnum *atoms = NULL;\n\n    if (js_check_stack_overflow(ctx->rt, 0)) {\n",
    replace:
      "    JSAtom prop;\n    JSPropertyEnum *atoms = NULL;\n    SHIM_FRAME(256);\n\n    if (js_check_stack_overflow(ctx->rt, 0)) {\n",
  },
  {
    file: "quickjs.c",
    why: "the same: instanceof a bound function of a bound function",
    find: "        JSBoundFunction *s = p->u.bound_function;\n        return JS_IsInstanceOf(ctx, val, s->func_obj);\n",
    replace:
      "        JSBoundFunction *s = p->u.bound_function;\n        SHIM_FRAME(256);\n" +
      "        if (js_check_stack_overflow(ctx->rt, 0)) {\n            JS_ThrowStackOverflow(ctx);\n            return -1;\n        }\n" +
      '        ret = JS_IsInstanceOf(ctx, val, s->func_obj);\n        __asm__ volatile("" : : "r"(shim_frame) : "memory"); /* no tail call */\n        return ret;\n',
  },
  {
    file: "libregexp.c",
    why: "the same: groups in groups of a pattern",
    find: "    int start, len, pos;\n\n    if (lre_check_stack_overflow(s->opaque, 0))\n",
    replace: "    int start, len, pos;\n    SHIM_FRAME(512);\n\n    if (lre_check_stack_overflow(s->opaque, 0))\n",
  },
  {
    file: "libregexp.c",
    why: "the same: classes in classes",
    find: "    bool invert, is_first;\n\n    if (lre_check_stack_overflow(s->opaque, 0))\n",
    replace: "    bool invert, is_first;\n    SHIM_FRAME(512);\n\n    if (lre_check_stack_overflow(s->opaque, 0))\n",
  },
  // Builtins over any object that has a length.
  {
    file: "quickjs.c",
    why: "loops over a length of up to 2^53 ask at each element",
    find: "    JSValue val;\n    JSAtom prop;\n    int present;\n\n    if (likely(JS_VALUE_GET_TAG(obj) == JS_TAG_OBJECT &&\n",
    replace:
      "    JSValue val;\n    JSAtom prop;\n    int present;\n\n" +
      "    if (unlikely(js_poll_interrupts(ctx))) {\n        *pval = JS_EXCEPTION;\n        return -1;\n    }\n" +
      "    if (likely(JS_VALUE_GET_TAG(obj) == JS_TAG_OBJECT &&\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "    JSAtom prop;\n    JSValue val;\n\n    if (likely(JS_VALUE_GET_TAG(obj) == JS_TAG_OBJECT &&\n",
    replace:
      "    JSAtom prop;\n    JSValue val;\n\n    if (unlikely(js_poll_interrupts(ctx)))\n        return JS_EXCEPTION;\n" +
      "    if (likely(JS_VALUE_GET_TAG(obj) == JS_TAG_OBJECT &&\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "    JSAtom prop;\n    int res;\n\n    if ((uint64_t)idx <= INT32_MAX) {\n",
    replace:
      "    JSAtom prop;\n    int res;\n\n    if (unlikely(js_poll_interrupts(ctx))) {\n        JS_FreeValue(ctx, val);\n        return -1;\n    }\n" +
      "    if ((uint64_t)idx <= INT32_MAX) {\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "    JSAtom prop;\n    int res;\n\n    if ((uint64_t)idx <= JS_ATOM_MAX_INT) {\n",
    replace:
      "    JSAtom prop;\n    int res;\n\n    if (unlikely(js_poll_interrupts(ctx)))\n        return -1;\n" +
      "    if ((uint64_t)idx <= JS_ATOM_MAX_INT) {\n",
  },
  {
    file: "quickjs.c",
    why: "the same, for what makes a list: split, match, keys",
    find: "                                       int64_t idx, JSValue val, int flags)\n{\n    return JS_DefinePropertyValueValue(",
    replace:
      "                                       int64_t idx, JSValue val, int flags)\n{\n" +
      "    if (unlikely(js_poll_interrupts(ctx))) {\n        JS_FreeValue(ctx, val);\n        return -1;\n    }\n" +
      "    return JS_DefinePropertyValueValue(",
  },
  {
    file: "quickjs.c",
    why: "the same, for spreading",
    find: "                                 uint32_t idx, JSValue val, int flags)\n{\n    return JS_DefinePropertyValueValue(",
    replace:
      "                                 uint32_t idx, JSValue val, int flags)\n{\n" +
      "    if (unlikely(js_poll_interrupts(ctx))) {\n        JS_FreeValue(ctx, val);\n        return -1;\n    }\n" +
      "    return JS_DefinePropertyValueValue(",
  },
  {
    file: "quickjs.c",
    why: "find and its kin: an element that was freed is not freed again when the time is over; upstream does, at its own poll",
    find:
      "        JS_FreeValue(ctx, val);\n        JS_FreeValue(ctx, index_val);\n    }\n    JS_FreeValue(ctx, obj);\n" +
      "    if (mode == ArrayFindIndex",
    replace:
      "        JS_FreeValue(ctx, val);\n        val = JS_UNDEFINED;\n        JS_FreeValue(ctx, index_val);\n    }\n" +
      "    JS_FreeValue(ctx, obj);\n    if (mode == ArrayFindIndex",
  },
  // Strings.
  {
    file: "quickjs.c",
    why: "comparing long strings takes time",
    find: "static int js_string_memcmp(JSString *p1, JSString *p2, int len)\n{\n    int res;\n",
    replace:
      "static int js_string_memcmp(JSString *p1, JSString *p2, int len)\n{\n    int res;\n\n    shim_charge_allocation(len);\n",
  },
  {
    file: "quickjs.c",
    why: "a sort of strings asks at each comparison",
    find: "        cmp = js_string_compare(ap->str, bp->str);\n    }\n    if (cmp != 0)\n        return cmp;\n",
    replace:
      "        cmp = js_string_compare(ap->str, bp->str);\n        if (unlikely(js_poll_interrupts(ctx)))\n            goto exception;\n" +
      "    }\n    if (cmp != 0)\n        return cmp;\n",
  },
  {
    file: "quickjs.c",
    why: "a search for a long string in a long one takes their product",
    find: "        if ((c1 = string_get(p1, x1 + i)) != (c2 = string_get(p2, x2 + i)))\n            return c1 - c2;\n    }\n    return 0;\n",
    replace:
      "        if ((c1 = string_get(p1, x1 + i)) != (c2 = string_get(p2, x2 + i))) {\n" +
      "            shim_charge_allocation((size_t)i << 2);\n            return c1 - c2;\n        }\n    }\n    return 0;\n",
  },
  {
    file: "quickjs.c",
    why: "the same: includes, startsWith, endsWith",
    find: "        for (i = start;; i++) {\n            if (!string_cmp(p, p1, i, 0, v_len)) {\n                ret = 1;\n",
    replace:
      "        shim_charge(ctx, stop - start);\n        for (i = start;; i++) {\n            if (unlikely(ctx->interrupt_counter <= 0) && __js_poll_interrupts(ctx))\n                goto fail;\n" +
      "            if (!string_cmp(p, p1, i, 0, v_len)) {\n                ret = 1;\n",
  },
  {
    file: "quickjs.c",
    why: "the same: indexOf, lastIndexOf",
    find: "        for (i = start;; i += inc) {\n            if (!string_cmp(p, p1, i, 0, v_len)) {\n",
    replace:
      "        shim_charge(ctx, len);\n        for (i = start;; i += inc) {\n            if (unlikely(ctx->interrupt_counter <= 0) && __js_poll_interrupts(ctx))\n                goto fail;\n" +
      "            if (!string_cmp(p, p1, i, 0, v_len)) {\n",
  },
  {
    file: "quickjs.c",
    why: "the same: split and replace; -2 is too late, and what called it throws",
    find:
      "    for (i = from, c = string_get(p2, 0); i + len2 <= len1; i = j + 1) {\n" +
      "        j = string_indexof_char(p1, c, i);\n",
    replace:
      "    for (i = from, c = string_get(p2, 0); i + len2 <= len1; i = j + 1) {\n" +
      "        if (unlikely(shim_is_late_after(1)))\n            return -2;\n" +
      "        j = string_indexof_char(p1, c, i);\n        if (j > i)\n            shim_charge_allocation(j - i);\n",
  },
  {
    file: "quickjs.c",
    why: "the same: replace",
    find: "            pos = string_indexof(sp, searchp, endOfLastMatch);\n        }\n        if (pos < 0) {\n",
    replace:
      "            pos = string_indexof(sp, searchp, endOfLastMatch);\n        }\n" +
      "        if (unlikely(js_poll_interrupts(ctx)))\n            goto exception;\n        if (pos < 0) {\n",
  },
  {
    file: "quickjs.c",
    why: "the same: split",
    find: "        e = string_indexof(sp, rp, q);\n        if (e < 0)\n            break;\n",
    replace:
      "        e = string_indexof(sp, rp, q);\n        if (unlikely(js_poll_interrupts(ctx)))\n            goto exception;\n" +
      "        if (e < 0)\n            break;\n",
  },
  {
    file: "quickjs.c",
    why: "looking over a long string takes time",
    find: "    p = JS_VALUE_GET_STRING(str);\n    a = 0;\n    b = len = p->len;\n",
    replace: "    p = JS_VALUE_GET_STRING(str);\n    a = 0;\n    b = len = p->len;\n    shim_charge(ctx, len);\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "    for (i = 0, n = p->len; i < n; i++) {\n        c = str16(p)[i];\n        if (!is_surrogate(c))\n            continue;\n        if (is_lo_surrogate(c) || i + 1 == n)\n            break;\n",
    replace:
      "    shim_charge(ctx, p->len);\n    for (i = 0, n = p->len; i < n; i++) {\n        c = str16(p)[i];\n        if (!is_surrogate(c))\n            continue;\n        if (is_lo_surrogate(c) || i + 1 == n)\n            break;\n",
  },
  {
    file: "quickjs.c",
    why: "the same: the hash of a key",
    find: "static uint32_t hash_string(JSString *str, uint32_t h)\n{\n",
    replace: "static uint32_t hash_string(JSString *str, uint32_t h)\n{\n    shim_charge_allocation(str->len);\n",
  },
  {
    file: "libunicode.c",
    why: "sorting a long run of combining characters takes its square; what called it asks again, and throws",
    find: "                buf[k + 1] = ch1;\n                j++;\n",
    replace:
      "                if (unlikely(shim_is_late_after((j - k) * 16)))\n                    return;\n" +
      "                buf[k + 1] = ch1;\n                j++;\n",
  },
  {
    file: "libunicode.c",
    why: "the same, when it is composed",
    find: "            last_cc = 256;\n            starter_pos--;\n",
    replace:
      "            last_cc = 256;\n            starter_pos--;\n            if (unlikely(shim_is_late_after(64))) {\n" +
      "                *pdst = (uint32_t *)buf;\n                return out_len;\n            }\n",
  },
  {
    file: "quickjs.c",
    why: "the same: localeCompare",
    find: "    ret = js_int32(cmp);\n",
    replace: "    ret = js_poll_interrupts(ctx) ? JS_EXCEPTION : js_int32(cmp);\n",
  },
  {
    file: "quickjs.c",
    why: "a character at a time, upstream needs a tenth of a second for 16 million",
    find: "    while (count-- > 0) {\n        if (string_buffer_putc16(s, c))\n            return -1;\n    }\n    return 0;\n",
    replace:
      "    if (count <= 0)\n        return 0;\n    if (string_buffer_putc16(s, c)) /* makes it wide */\n        return -1;\n" +
      "    if (!s->is_wide_char) {\n        memset(str8(s->str) + s->len, c, count - 1);\n        s->len += count - 1;\n        return 0;\n    }\n" +
      "    while (--count > 0)\n        str16(s->str)[s->len++] = c;\n    return 0;\n",
  },
  {
    file: "quickjs.c",
    why: "the same: repeat, which doubles what it has",
    find: "        while (n-- > 0) {\n            string_buffer_concat(b, p, 0, len);\n        }\n",
    replace:
      "        size_t unit = (size_t)len << p->is_wide_char, size = unit * n, done = unit;\n" +
      "        uint8_t *data = p->is_wide_char ? (uint8_t *)str16(b->str) : str8(b->str);\n" +
      "        for (memcpy(data, p->is_wide_char ? (uint8_t *)str16(p) : str8(p), unit); done < size;) {\n" +
      "            size_t more = done < size - done ? done : size - done;\n            memcpy(data + done, data, more);\n            done += more;\n        }\n" +
      "        b->len = n * len;\n",
  },
  {
    file: "quickjs.c",
    why: "padding with a text asks at each of its copies",
    find: "            int chunk = min_int(n, p1->len);\n            if (string_buffer_concat(b, p1, 0, chunk))\n",
    replace:
      "            int chunk = min_int(n, p1->len);\n            if (js_poll_interrupts(ctx) || string_buffer_concat(b, p1, 0, chunk))\n",
  },
  {
    file: "quickjs.c",
    why: "changing the case asks at each character",
    find: "        c = string_getc(p, &i);\n        if (c == 0x3a3 && to_lower",
    replace:
      "        if (unlikely(js_poll_interrupts(ctx)))\n            goto fail;\n        c = string_getc(p, &i);\n        if (c == 0x3a3 && to_lower",
  },
  {
    file: "quickjs.c",
    why: "encoding asks at each character",
    find: "        c = string_get(p, k);\n        k++;\n        if (isURIUnescaped(c, isComponent)) {\n",
    replace:
      "        if (unlikely(js_poll_interrupts(ctx)))\n            goto fail;\n        c = string_get(p, k);\n        k++;\n        if (isURIUnescaped(c, isComponent)) {\n",
  },
  {
    file: "quickjs.c",
    why: "decoding asks at each character",
    find: "        c = string_get(p, k);\n        if (c == '%') {\n            c = hex_decode(ctx, p, k);\n",
    replace:
      "        if (unlikely(js_poll_interrupts(ctx)))\n            goto fail;\n        c = string_get(p, k);\n        if (c == '%') {\n            c = hex_decode(ctx, p, k);\n",
  },
  // JSON.
  {
    file: "quickjs.c",
    why: "JSON.parse asks at each value",
    find: "    if (js_check_stack_overflow(ctx->rt, 0)) {\n        return JS_ThrowStackOverflow(ctx);\n    }\n\n    if (pr) {\n",
    replace:
      "    SHIM_FRAME(256);\n    if (js_check_stack_overflow(ctx->rt, 0)) {\n        return JS_ThrowStackOverflow(ctx);\n    }\n" +
      "    if (unlikely(js_poll_interrupts(ctx)))\n        return JS_EXCEPTION;\n\n    if (pr) {\n",
  },
  {
    file: "quickjs.c",
    why: "JSON.stringify asks at each value",
    find:
      "    prop = JS_UNDEFINED;\n\n    if (js_check_stack_overflow(ctx->rt, 0)) {\n        JS_ThrowStackOverflow(ctx);\n" +
      "        goto exception;\n    }\n\n    if (JS_IsObject(val)) {\n",
    replace:
      "    prop = JS_UNDEFINED;\n    SHIM_FRAME(256);\n\n    if (js_check_stack_overflow(ctx->rt, 0)) {\n        JS_ThrowStackOverflow(ctx);\n" +
      "        goto exception;\n    }\n    if (unlikely(js_poll_interrupts(ctx)))\n        goto exception;\n\n    if (JS_IsObject(val)) {\n",
  },
  // Numbers.
  {
    file: "quickjs.c",
    why: "arithmetic of n digits takes n * n: at upstream's limit of 2^20 bits one multiplication is a second",
    find: "#define JS_BIGINT_MAX_SIZE ((1024 * 1024) / JS_LIMB_BITS) /* in limbs */\n",
    replace: "#define JS_BIGINT_MAX_SIZE ((128 * 1024) / JS_LIMB_BITS) /* in limbs */\n",
  },
  {
    file: "quickjs.c",
    why: "the same: such a number is the sign of such work",
    find: '        JS_ThrowRangeError(ctx, "BigInt is too large to allocate");\n        return NULL;\n    }\n    r = js_malloc(ctx, sizeof(JSBigInt) + len * sizeof(js_limb_t));\n',
    replace:
      '        JS_ThrowRangeError(ctx, "BigInt is too large to allocate");\n        return NULL;\n    }\n' +
      "    shim_charge(ctx, (size_t)len * len);\n    r = js_malloc(ctx, sizeof(JSBigInt) + len * sizeof(js_limb_t));\n",
  },
  // Typed arrays.
  {
    file: "quickjs.c",
    why: "filling takes time",
    find: "    // RAB may have been resized by evil .valueOf method\n    final = min_int(final, p->u.array.count);\n",
    replace:
      "    // RAB may have been resized by evil .valueOf method\n    final = min_int(final, p->u.array.count);\n" +
      "    if (final > k)\n        shim_charge(ctx, final - k);\n",
  },
  {
    file: "quickjs.c",
    why: "moving takes time",
    find: "    count = min_int(count, space);\n    if (count > 0) {\n",
    replace: "    count = min_int(count, space);\n    if (count > 0) {\n        shim_charge(ctx, count);\n",
  },
  {
    file: "quickjs.c",
    why: "searching takes time",
    find: "    stop = min_int(stop, len);\n\n    is_bigint = 0;\n",
    replace: "    stop = min_int(stop, len);\n    shim_charge(ctx, len);\n\n    is_bigint = 0;\n",
  },
  {
    file: "quickjs.c",
    why: "turning round takes time",
    find: "        return JS_ThrowTypeErrorImmutableArrayBuffer(ctx);\n    if (len > 0) {\n        switch (typed_array_size_log2(p->class_id)) {\n",
    replace:
      "        return JS_ThrowTypeErrorImmutableArrayBuffer(ctx);\n    shim_charge(ctx, len);\n    if (len > 0) {\n        switch (typed_array_size_log2(p->class_id)) {\n",
  },
  {
    file: "quickjs.c",
    why: "copying takes time",
    find: "            /* same type, use memmove */\n",
    replace: "            /* same type, use memmove */\n            shim_charge(ctx, src_len << shift);\n",
  },
  {
    file: "quickjs.c",
    why: "a sort that has stopped too early throws",
    find: "            rqsort(p->u.array.u.ptr, len, elt_size, cmpfun, &tsc);\n            if (tsc.exception)\n",
    replace:
      "            rqsort(p->u.array.u.ptr, len, elt_size, cmpfun, &tsc);\n            if (tsc.exception || js_poll_interrupts(ctx))\n",
  },
  {
    file: "quickjs.c",
    why: "the same, with a function that compares",
    find: "                   js_TA_cmp_generic, &tsc);\n            if (tsc.exception)\n",
    replace:
      "                   js_TA_cmp_generic, &tsc);\n            if (tsc.exception || js_poll_interrupts(ctx))\n",
  },
  {
    file: "quickjs.c",
    why: "the same, of an array",
    find: "    rqsort(array, pos, sizeof(*array), js_array_cmp_generic, &asc);\n    if (asc.exception)\n",
    replace:
      "    rqsort(array, pos, sizeof(*array), js_array_cmp_generic, &asc);\n    if (asc.exception || js_poll_interrupts(ctx))\n",
  },
  // Arrays whose elements are in one block: the loops of upstream's fast paths.
  {
    file: "quickjs.c",
    why: "turning round takes time",
    find: "        if (count32 > 1) {\n            for (ll = 0, hh = count32 - 1; ll < hh; ll++, hh--) {\n",
    replace:
      "        shim_charge(ctx, count32);\n        if (count32 > 1) {\n            for (ll = 0, hh = count32 - 1; ll < hh; ll++, hh--) {\n",
  },
  {
    file: "quickjs.c",
    why: "comparing long strings takes time: includes",
    find: "                if (js_strict_eq2(ctx, argv[0], arrp[n],\n                                  JS_EQ_SAME_VALUE_ZERO)) {\n",
    replace:
      "                if (unlikely(--ctx->interrupt_counter <= 0) && __js_poll_interrupts(ctx))\n                    goto exception;\n" +
      "                if (js_strict_eq2(ctx, argv[0], arrp[n],\n                                  JS_EQ_SAME_VALUE_ZERO)) {\n",
  },
  {
    file: "quickjs.c",
    why: "comparing long strings takes time: indexOf",
    find: "                if (js_strict_eq2(ctx, argv[0], arrp[n], JS_EQ_STRICT)) {\n",
    replace:
      "                if (unlikely(--ctx->interrupt_counter <= 0) && __js_poll_interrupts(ctx))\n                    goto exception;\n" +
      "                if (js_strict_eq2(ctx, argv[0], arrp[n], JS_EQ_STRICT)) {\n",
  },
  {
    file: "quickjs.c",
    why: "comparing long strings takes time: lastIndexOf",
    find: "                if (js_strict_eq2(ctx, argv[0], arrp[n],\n                                  JS_EQ_STRICT)) {\n",
    replace:
      "                if (unlikely(--ctx->interrupt_counter <= 0) && __js_poll_interrupts(ctx))\n                    goto exception;\n" +
      "                if (js_strict_eq2(ctx, argv[0], arrp[n],\n                                  JS_EQ_STRICT)) {\n",
  },
  // Regular expressions.
  {
    file: "libregexp.c",
    why: "each execution would count anew, so that many short ones were never asked",
    find:
      "    if (unlikely(--s->interrupt_counter <= 0)) {\n        s->interrupt_counter = INTERRUPT_COUNTER_INIT;\n" +
      "        if (lre_check_timeout(s->opaque))\n            return LRE_RET_TIMEOUT;\n    }\n",
    replace:
      "    JSContext *ctx = s->opaque;\n    if (unlikely(--ctx->interrupt_counter <= 0) && shim_is_late(ctx))\n        return LRE_RET_TIMEOUT;\n",
  },
  // Promise jobs.
  {
    file: "quickjs.c",
    why: "a job belongs to the stream or plugin in whose turn it was queued",
    find: "typedef struct JSJobEntry {\n    struct list_head link;\n",
    replace: "typedef struct JSJobEntry {\n    struct list_head link;\n    uint32_t owner;\n",
  },
  {
    file: "quickjs.c",
    why: "the same; and there is a limit, and a reserve",
    find: "    e = js_malloc(ctx, sizeof(*e) + argc * sizeof(JSValue));\n    if (!e)\n        return -1;\n    e->ctx = ctx;\n    e->job_func = job_func;\n",
    replace:
      "    e = shim_new_job(ctx, sizeof(*e) + argc * sizeof(JSValue));\n    if (!e)\n        return -1;\n" +
      "    e->owner = shim_turn;\n    shim_job_count++;\n    e->ctx = ctx;\n    e->job_func = job_func;\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "    list_del(&e->link);\n    ctx = e->ctx;\n    res = e->job_func(",
    replace:
      "    list_del(&e->link);\n    shim_turn = e->owner;\n    shim_job_count--;\n    ctx = e->ctx;\n    res = e->job_func(",
  },
  {
    file: "quickjs.c",
    why: "the same: what waits for a promise belongs to whoever has begun to wait",
    find: "    JSAsyncFunctionData *awaiter; /* instead of the three above; owned */\n",
    replace: "    JSAsyncFunctionData *awaiter; /* instead of the three above; owned */\n    uint32_t owner;\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "        rd->handler = js_dup(handler);\n        rd_array[i] = rd;\n",
    replace: "        rd->handler = js_dup(handler);\n        rd->owner = shim_turn;\n        rd_array[i] = rd;\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find:
      "        if (rd->awaiter)\n            shim_resume_later(ctx, rd->awaiter, value, is_reject);\n        else\n" +
      "            JS_EnqueueJob(ctx, promise_reaction_job, 5, args);\n",
    replace: "        shim_queue_reaction(ctx, rd, args);\n",
  },
  {
    file: "quickjs.c",
    why: "a handler that cannot be queued is an error of `then`",
    find:
      "        args[4] = s->promise_result;\n        JS_EnqueueJob(ctx, promise_reaction_job, 5, args);\n" +
      "        for(i = 0; i < 2; i++)\n            promise_reaction_data_free(ctx->rt, rd_array[i]);\n    }\n",
    replace:
      "        args[4] = s->promise_result;\n        j = JS_EnqueueJob(ctx, promise_reaction_job, 5, args);\n" +
      "        for(i = 0; i < 2; i++)\n            promise_reaction_data_free(ctx->rt, rd_array[i]);\n        if (j < 0)\n            return -1;\n    }\n",
  },
  {
    file: "quickjs.c",
    why: "a thenable that cannot be asked rejects",
    find: "        JS_EnqueueJob(ctx, js_promise_resolve_thenable_job, 3, args);\n        JS_FreeValue(ctx, then);\n",
    replace:
      "        bool queued = JS_EnqueueJob(ctx, js_promise_resolve_thenable_job, 3, args) == 0;\n        JS_FreeValue(ctx, then);\n" +
      "        if (!queued)\n            goto fail_reject;\n",
  },
];
