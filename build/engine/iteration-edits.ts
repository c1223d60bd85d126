import type { Edit } from "./edits.ts";

const why =
  "an array that is iterated as all are needs no iterator: on the stack are the array and, where the iterator's `next` would be, an index";

const START =
  "static __exception int js_for_of_start(JSContext *ctx, JSValue *sp,\n                                       bool is_async)\n{\n";

const FUNCTIONS = `static JSValue js_create_array_iterator(JSContext *ctx, JSValueConst this_val,
                                        int argc, JSValueConst *argv, int magic);
static JSValue js_array_iterator_next(JSContext *ctx, JSValueConst this_val,
                                      int argc, JSValueConst *argv,
                                      int *pdone, int magic);
static void js_set_array_iterator(JSValueConst iterator, uint32_t index);

/* The next index stands where the iterator's method would be. It has a tag that no method has, whatever a program calls "next". */
static inline JSValue js_next_index(uint32_t at)
{
    return JS_MKVAL(JS_TAG_UNINITIALIZED, at);
}

static inline bool js_is_next_index(JSValueConst method)
{
    return JS_VALUE_GET_TAG(method) == JS_TAG_UNINITIALIZED;
}

/* Whether nobody has changed how arrays are iterated. */
static bool js_iterates_plainly(JSContext *ctx, JSValueConst value)
{
    JSObject *p, *proto;
    JSProperty *pr;
    JSShapeProperty *prs;
    JSCFunctionType values = { .generic_magic = js_create_array_iterator };
    JSCFunctionType next = { .iterator_next = js_array_iterator_next };

    if (!JS_IsObject(value) || !JS_IsObject(ctx->class_proto[JS_CLASS_ARRAY_ITERATOR]))
        return false;
    p = JS_VALUE_GET_OBJ(value);
    proto = JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_ARRAY]);
    if (p->class_id != JS_CLASS_ARRAY || !p->fast_array || p->shape->prop_count != 1 || p->shape->proto != proto)
        return false;
    prs = find_own_property(&pr, proto, JS_ATOM_Symbol_iterator);
    if (!prs || (prs->flags & JS_PROP_TMASK) ||
        !JS_IsCFunction(ctx, pr->u.value, values.generic, JS_ITERATOR_KIND_VALUE))
        return false;
    prs = find_own_property(&pr, JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_ARRAY_ITERATOR]), JS_ATOM_next);
    return prs && !(prs->flags & JS_PROP_TMASK) && JS_IsCFunction(ctx, pr->u.value, next.generic, 0);
}

static JSValue js_make_array_iterator(JSContext *ctx, JSValueConst array, JSValueConst index)
{
    JSValue iterator = js_create_array_iterator(ctx, array, 0, NULL, JS_ITERATOR_KIND_VALUE);
    if (!JS_IsException(iterator))
        js_set_array_iterator(iterator, JS_VALUE_GET_INT(index));
    return iterator;
}

/* For what wants to call the method itself. sp: the array and the index, which become the iterator and its method. */
static __exception int js_make_iterator(JSContext *ctx, JSValue *sp)
{
    JSValue iterator = js_make_array_iterator(ctx, sp[0], sp[1]);
    if (JS_IsException(iterator))
        return -1;
    JS_FreeValue(ctx, sp[0]);
    sp[0] = iterator;
    sp[1] = JS_GetProperty(ctx, iterator, JS_ATOM_next);
    return JS_IsException(sp[1]) ? -1 : 0;
}

/* What js_array_iterator_next does for an array. */
static JSValue js_next_element(JSContext *ctx, JSValueConst array, JSValue *index, int *pdone)
{
    const JSObject *p = JS_VALUE_GET_OBJ(array);
    uint32_t at = JS_VALUE_GET_INT(*index), length;

    *pdone = false;
    if (likely(p->fast_array && at < p->u.array.count)) {
        *index = js_next_index(at + 1);
        return js_dup(p->u.array.u.values[at]);
    }
    if (js_get_length32(ctx, &length, array))
        return JS_EXCEPTION;
    if (at >= length) {
        *pdone = true;
        return JS_UNDEFINED;
    }
    *index = js_next_index(at + 1);
    return JS_GetPropertyInt64(ctx, array, at);
}

/* Ends an iteration that is not over. Arrays' iterators have no method for it, unless somebody has given them one. */
static int js_end_iteration(JSContext *ctx, JSValueConst object, JSValueConst method, bool is_exception_pending)
{
    JSObject *p;
    JSValue iterator;
    int ret;

    if (!js_is_next_index(method))
        return JS_IteratorClose(ctx, object, is_exception_pending);
    if (JS_IsUndefined(object)) /* it is over */
        return 0;
    /* of builtins that were left out none has this name: see shim_restore_removed */
    for (p = JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_ARRAY_ITERATOR]);
         p && (!p->is_exotic || p->has_removed_builtins) && !find_own_property1(p, JS_ATOM_return);
         p = p->shape->proto)
        continue;
    if (likely(!p))
        return 0;
    iterator = js_make_array_iterator(ctx, object, method);
    if (JS_IsException(iterator))
        return -1;
    ret = JS_IteratorClose(ctx, iterator, is_exception_pending);
    JS_FreeValue(ctx, iterator);
    return ret;
}

`;

/** How the interpreter iterates: `for` ... `of`, and `const [name, value] = pair`. */
export const ITERATION_EDITS: readonly Edit[] = [
  {
    file: "quickjs.c",
    why,
    find: START,
    replace: FUNCTIONS + START,
  },
  {
    file: "quickjs.c",
    why: "the same: what the engine iterates itself (Array.from) has an iterator",
    find: "            if (js_for_of_start(ctx, sp, false))\n                goto exception;\n",
    replace: `            if (js_iterates_plainly(ctx, sp[-1]))
                sp[0] = js_next_index(0);
            else if (js_for_of_start(ctx, sp, false))
                goto exception;
`,
  },
  {
    file: "quickjs.c",
    why,
    find: "        value = JS_IteratorNext(ctx, sp[offset], sp[offset + 1], 0, NULL, &done);\n",
    replace: `        value = likely(js_is_next_index(sp[offset + 1]))
            ? js_next_element(ctx, sp[offset], &sp[offset + 1], &done)
            : JS_IteratorNext(ctx, sp[offset], sp[offset + 1], 0, NULL, &done);
`,
  },
  {
    file: "quickjs.c",
    why,
    find: "                if (JS_IteratorClose(ctx, sp[-1], false))\n                    goto exception;\n",
    replace: "                if (js_end_iteration(ctx, sp[-1], sp[0], false))\n                    goto exception;\n",
  },
  {
    file: "quickjs.c",
    why,
    find: "                    sp--;\n                    JS_IteratorClose(ctx, sp[-1], true);\n",
    replace: "                    sp--;\n                    js_end_iteration(ctx, sp[-1], sp[0], true);\n",
  },
  {
    file: "quickjs.c",
    why: "the same: yield* calls the method itself",
    find: "                ret = JS_Call(ctx, sp[-3], sp[-4], 1, vc(sp - 1));\n",
    replace: `                if (js_is_next_index(sp[-3]) && js_make_iterator(ctx, sp - 4))
                    goto exception;
                ret = JS_Call(ctx, sp[-3], sp[-4], 1, vc(sp - 1));
`,
  },
  {
    file: "quickjs.c",
    why: "the same: where an iterator is",
    find: "} JSArrayIteratorData;\n",
    replace: `} JSArrayIteratorData;

static void js_set_array_iterator(JSValueConst iterator, uint32_t index)
{
    ((JSArrayIteratorData *)JS_GetOpaque(iterator, JS_CLASS_ARRAY_ITERATOR))->idx = index;
}
`,
  },
  {
    file: "quickjs.c",
    why: "an iterator over an array reads its elements where they are; the last one's length is asked for",
    find: `    p = JS_VALUE_GET_OBJ(it->obj);
    if (is_typed_array(p->class_id)) {
        if (typed_array_is_oob(p)) {
`,
    replace: `    p = JS_VALUE_GET_OBJ(it->obj);
    if (likely(p->class_id == JS_CLASS_ARRAY && p->fast_array && it->idx < p->u.array.count &&
               it->kind == JS_ITERATOR_KIND_VALUE)) {
        *pdone = false;
        return js_dup(p->u.array.u.values[it->idx++]);
    }
    if (is_typed_array(p->class_id)) {
        if (typed_array_is_oob(p)) {
`,
  },
];
