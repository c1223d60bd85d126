import type { Edit } from "./edits.ts";

const why =
  "properties are looked up by one function, whose code three opcodes share: it calls getters at once and builtins' without a frame, and knows strings";

/** An opcode's own walk along the prototypes, as upstream has it. */
function walk(opcode: string, remark: string): string {
  return `                obj = sp[-1];
                if (likely(JS_VALUE_GET_TAG(obj) == JS_TAG_OBJECT)) {
                    p = JS_VALUE_GET_OBJ(obj);
                    for(;;) {
                        prs = find_own_property(&pr, p, atom);
                        if (prs) {
                            /* found */
                            if (unlikely(prs->flags & JS_PROP_TMASK))
                                goto ${opcode}_slow_path;
                            val = js_dup(pr->u.value);
                            break;
                        }
                        if (unlikely(p->is_exotic)) {
${remark}                            obj = JS_MKPTR(JS_TAG_OBJECT, p);
                            goto ${opcode}_slow_path;
                        }
                        p = p->shape->proto;
                        if (!p) {
                            val = JS_UNDEFINED;
                            break;
                        }
                    }
                } else {
                ${opcode}_slow_path:
                    sf->cur_pc = pc;
                    val = JS_GetPropertyInternal(ctx, obj, atom, sp[-1], false);
                    if (unlikely(JS_IsException(val)))
                        goto exception;
                }
`;
}

const REMARK = `                            /* XXX: should avoid the slow path for arrays
                               and typed arrays by ensuring that 'prop' is
                               not numeric */
`;

const CALL = `                sf->cur_pc = pc;
                val = js_get_field(ctx, sp[-1], atom);
                if (unlikely(JS_IsException(val)))
                    goto exception;
`;

const INTERPRETER =
  "/* argv[] is modified if (flags & JS_CALL_FLAG_COPY_ARGV) = 0. */\nstatic JSValue JS_CallInternal(JSContext *caller_ctx,";

/** A string's `concat`, which each template literal asks for, is its prototype's. */
const LOOK_UP = `/* Whether the object has no such property when its shape has none. The elements of an array are indexed by integers; the length of a
   typed array is a getter that its prototypes have. */
static inline bool js_has_fields_only(const JSObject *p, JSAtom atom)
{
    return !p->is_exotic ||
        (p->fast_array && !p->has_removed_builtins &&
         (atom == JS_ATOM_length || (p->class_id == JS_CLASS_ARRAY && !__JS_AtomIsTaggedInt(atom))));
}

/* A builtin's has no frame of its own: in the stack of an error that it throws, it is the caller that stands first. */
static inline JSValue js_call_getter(JSContext *ctx, JSObject *getter, JSValueConst value)
{
    if (likely(getter->class_id == JS_CLASS_C_FUNCTION)) {
        JSCFunctionType function = getter->u.cfunc.c_function;
        if (getter->u.cfunc.cproto == JS_CFUNC_getter_magic)
            return function.getter_magic(getter->u.cfunc.realm, value, getter->u.cfunc.magic);
        if (getter->u.cfunc.cproto == JS_CFUNC_getter)
            return function.getter(getter->u.cfunc.realm, value);
    }
    return JS_CallFree(ctx, js_dup(JS_MKPTR(JS_TAG_OBJECT, getter)), value, 0, NULL);
}

static no_inline JSValue js_get_field(JSContext *ctx, JSValueConst value, JSAtom atom)
{
    JSValueConst obj = value;
    JSObject *p;
    JSProperty *pr;
    JSShapeProperty *prs;

    if (likely(JS_IsObject(value))) {
        p = JS_VALUE_GET_OBJ(value);
    } else if (JS_VALUE_GET_TAG(value) == JS_TAG_STRING && !__JS_AtomIsTaggedInt(atom)) {
        if (atom == JS_ATOM_length)
            return js_int32(JS_VALUE_GET_STRING(value)->len);
        p = JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_STRING]);
    } else {
        goto slow_path;
    }
    for (; p; p = p->shape->proto) {
        prs = find_own_property(&pr, p, atom);
        if (prs) {
            if (likely(!(prs->flags & JS_PROP_TMASK)))
                return js_dup(pr->u.value);
            if ((prs->flags & JS_PROP_TMASK) == JS_PROP_GETSET && pr->u.getset.getter)
                return js_call_getter(ctx, pr->u.getset.getter, value);
        } else if (likely(js_has_fields_only(p, atom))) {
            continue;
        }
        obj = JS_MKPTR(JS_TAG_OBJECT, p);
        goto slow_path;
    }
    return JS_UNDEFINED;
 slow_path:
    return JS_GetPropertyInternal(ctx, obj, atom, value, false);
}

`;

const OPCODES = [
  ["get_length", ""],
  ["get_field", REMARK],
  ["get_field2", REMARK],
] as const;

/** How the interpreter reads `object.name`. */
export const FIELD_EDITS: readonly Edit[] = [
  ...OPCODES.map(([opcode, remark]) => ({ file: "quickjs.c", why, find: walk(opcode, remark), replace: CALL })),
  { file: "quickjs.c", why, find: INTERPRETER, replace: LOOK_UP + INTERPRETER },
];
