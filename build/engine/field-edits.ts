import type { Edit } from "./edits.ts";

const why =
  "properties are looked up by one function, whose code three opcodes share: it remembers where they lie, calls getters at once and builtins' without a frame, and knows strings";

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

/** @param site - which tells the opcode's place from others */
function call(site: string): string {
  return `                sf->cur_pc = pc;
                val = js_get_field(ctx, ${site}, sp[-1], atom);
                if (unlikely(JS_IsException(val)))
                    goto exception;
`;
}

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

/* What a look-up has found: the property of that name, of objects with that shape. */
typedef struct ShimField {
    uintptr_t shape;
    JSAtom atom;
    uint16_t epoch; /* of shapes, when it was found */
    int16_t magic;
    uintptr_t place; /* flags, and the property's index (SHIM_FIELD_OWN), a builtin getter (SHIM_FIELD_BUILTIN), or the property's address */
} ShimField;

enum {
    SHIM_FIELD_OWN = 1,
    SHIM_FIELD_GETTER = 2,
    SHIM_FIELD_BUILTIN = 4,
    SHIM_FIELD_HAS_MAGIC = 1, /* with SHIM_FIELD_BUILTIN: it takes its magic number */
    SHIM_FIELD_SHIFT = 3
};

/* Each set is one line of a cache. */
enum { SHIM_FIELD_SETS = 64, SHIM_FIELD_WAYS = 4 };

static ShimField shim_fields[SHIM_FIELD_SETS][SHIM_FIELD_WAYS] __attribute__((aligned(64)));

/* What was found last at a place in the code: of opcodes that lie side by side it does, too, in few lines of a cache. Two of five bytes
   never share a place by being neighbours. The opcode for 'length' has one byte, and so its places apart. */
enum { SHIM_FIELD_SITES = 512, SHIM_SITE_SIZE = 4, SHIM_LENGTH_SITES = SHIM_FIELD_SITES / 2 * SHIM_SITE_SIZE };

static ShimField shim_field_sites[SHIM_FIELD_SITES] __attribute__((aligned(64)));

static void shim_forget_fields(void)
{
    memset(shim_fields, 0, sizeof shim_fields);
    memset(shim_field_sites, 0, sizeof shim_field_sites);
}

static inline ShimField *shim_field_set(uintptr_t shape, JSAtom atom)
{
    return shim_fields[(uint32_t)((shape + atom * 40u) * 2654435769u) >> 26];
}

static no_inline const ShimField *shim_find_field_elsewhere(ShimField *site, uintptr_t shape, JSAtom atom)
{
    const ShimField *field = shim_field_set(shape, atom), *end = field + SHIM_FIELD_WAYS;

    for (; field != end; field++) {
        if (field->shape == shape && field->atom == atom) {
            if (field->epoch != shim_shape_epoch)
                return NULL;
            *site = *field;
            return site;
        }
    }
    return NULL;
}

/* 'pc' tells the places apart, no more. NULL: it is not remembered. */
static inline const ShimField *shim_find_field(const uint8_t *pc, uintptr_t shape, JSAtom atom)
{
    ShimField *site = &shim_field_sites[(uintptr_t)pc / SHIM_SITE_SIZE % SHIM_FIELD_SITES];
    if (likely(site->shape == shape && site->atom == atom && site->epoch == shim_shape_epoch))
        return site;
    return shim_find_field_elsewhere(site, shape, atom);
}

/* Not in a build: what is found then may lie elsewhere in the module. */
static void shim_remember_field(uintptr_t shape, JSAtom atom, uintptr_t place, int magic)
{
    ShimField *set = shim_field_set(shape, atom);
    int i = 0;
    if (shim_build_memory)
        return;
    while (i < SHIM_FIELD_WAYS - 1 && (set[i].shape != shape || set[i].atom != atom))
        i++;
    memmove(set + 1, set, i * sizeof *set);
    *set = (ShimField){shape, atom, shim_shape_epoch, magic, place};
}

static void shim_remember_getter(JSContext *ctx, uintptr_t shape, JSAtom atom, uintptr_t place, const JSObject *getter)
{
    int kind = getter->class_id == JS_CLASS_C_FUNCTION ? getter->u.cfunc.cproto : -1;

    if (place & SHIM_FIELD_OWN || (kind != JS_CFUNC_getter && kind != JS_CFUNC_getter_magic) || getter->u.cfunc.realm != ctx)
        shim_remember_field(shape, atom, place | SHIM_FIELD_GETTER, 0);
    else
        shim_remember_field(shape, atom,
                            (uintptr_t)getter->u.cfunc.c_function.generic << SHIM_FIELD_SHIFT | SHIM_FIELD_BUILTIN |
                                (kind == JS_CFUNC_getter_magic ? SHIM_FIELD_HAS_MAGIC : 0),
                            getter->u.cfunc.magic);
}

/* Looks along the prototypes of 'start', from the object that has the properties of the value. */
static no_inline JSValue js_look_up_field(JSContext *ctx, JSObject *start, JSAtom atom, JSValueConst value)
{
    JSObject *p;
    JSProperty *pr;
    JSShapeProperty *prs;

    for (p = start; p; p = p->shape->proto) {
        prs = find_own_property(&pr, p, atom);
        if (prs) {
            int kind = prs->flags & JS_PROP_TMASK;
            uintptr_t place = p == start ? (uintptr_t)(pr - p->prop) << SHIM_FIELD_SHIFT | SHIM_FIELD_OWN : (uintptr_t)pr;
            if (kind == JS_PROP_GETSET && pr->u.getset.getter) {
                shim_remember_getter(ctx, (uintptr_t)start->shape, atom, place, pr->u.getset.getter);
                return js_call_getter(ctx, pr->u.getset.getter, value);
            }
            if (likely(!kind)) {
                shim_remember_field((uintptr_t)start->shape, atom, place, 0);
                return js_dup(pr->u.value);
            }
        } else if (likely(js_has_fields_only(p, atom))) {
            continue;
        }
        return JS_GetPropertyInternal(ctx, JS_MKPTR(JS_TAG_OBJECT, p), atom, value, false);
    }
    return JS_UNDEFINED;
}

static no_inline JSValue js_get_field(JSContext *ctx, const uint8_t *pc, JSValueConst value, JSAtom atom)
{
    JSObject *p;
    JSProperty *pr;
    const ShimField *field;
    uintptr_t place;

    if (likely(JS_IsObject(value))) {
        p = JS_VALUE_GET_OBJ(value);
    } else if (JS_VALUE_GET_TAG(value) == JS_TAG_STRING && !__JS_AtomIsTaggedInt(atom)) {
        if (atom == JS_ATOM_length)
            return js_int32(JS_VALUE_GET_STRING(value)->len);
        p = JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_STRING]);
    } else {
        return JS_GetPropertyInternal(ctx, value, atom, value, false);
    }
    field = shim_find_field(pc, (uintptr_t)p->shape, atom);
    if (unlikely(!field))
        return js_look_up_field(ctx, p, atom, value);
    place = field->place;
    if ((place & (SHIM_FIELD_OWN | SHIM_FIELD_BUILTIN)) == SHIM_FIELD_OWN) {
        pr = &p->prop[place >> SHIM_FIELD_SHIFT];
    } else if (unlikely(!js_has_fields_only(p, atom))) { /* objects of other classes have the same shape */
        return js_look_up_field(ctx, p, atom, value);
    } else if (place & SHIM_FIELD_BUILTIN) {
        JSCFunctionType getter;
        getter.generic = (JSCFunction *)(place >> SHIM_FIELD_SHIFT);
        return place & SHIM_FIELD_HAS_MAGIC ? getter.getter_magic(ctx, value, field->magic) : getter.getter(ctx, value);
    } else {
        pr = (JSProperty *)(place & ~(uintptr_t)SHIM_FIELD_GETTER);
    }
    if (!(place & SHIM_FIELD_GETTER))
        return js_dup(pr->u.value);
    return pr->u.getset.getter ? js_call_getter(ctx, pr->u.getset.getter, value) : JS_UNDEFINED;
}

`;

/** An object literal's fields: the shape that an object gets by a new one is remembered, too, with the old shape's address and 2. */
const DEFINE = `static no_inline int define_first_field(JSContext *ctx, JSObject *p, JSAtom name, JSValue value)
{
    JSShape *sh = p->shape;
    bool is_shared = JS_REF_COUNT(sh) > 1; /* it is still there afterwards */
    uint32_t size = sh->prop_size;
    JSProperty *property;

    if (p->class_id != JS_CLASS_OBJECT || !p->extensible || find_own_property1(p, name))
        return 0;
    property = add_property(ctx, p, name, JS_PROP_C_W_E);
    if (unlikely(!property)) {
        JS_FreeValue(ctx, value);
        return -1;
    }
    property->u.value = value;
    if (is_shared && !p->is_prototype && p->shape->is_hashed && p->shape->prop_size == size)
        shim_remember_field((uintptr_t)sh | 2, name, (uintptr_t)p->shape, 0);
    return 1;
}

/* 1: done; 0: another kind of object or property; -1: an exception. Takes over the value unless it is 0. */
static inline int define_new_field(JSContext *ctx, const uint8_t *pc, JSValueConst object, JSAtom name, JSValue value)
{
    JSObject *p = JS_VALUE_GET_OBJ(object);
    JSShape *sh, *next;
    const ShimField *field;

    if (!JS_IsObject(object))
        return 0;
    sh = p->shape;
    field = shim_find_field(pc, (uintptr_t)sh | 2, name);
    if (unlikely(!field || p->class_id != JS_CLASS_OBJECT || !p->extensible || p->is_prototype))
        return define_first_field(ctx, p, name, value);
    next = (JSShape *)field->place;
    p->shape = js_dup_shape(next);
    js_free_shape(ctx->rt, sh);
    p->prop[next->prop_count - 1].u.value = value;
    return 1;
}

`;

const GLOBALS = `/* A property of the global object that no global variable hides: it is remembered with an odd shape. */
static no_inline JSValue js_get_global(JSContext *ctx, const uint8_t *pc, JSAtom atom, bool throw_ref_error)
{
    JSObject *p = JS_VALUE_GET_OBJ(ctx->global_obj);
    uintptr_t shape = (uintptr_t)p->shape | 1;
    const ShimField *field = shim_find_field(pc, shape, atom);
    JSProperty *pr;
    JSShapeProperty *prs;

    if (likely(field != NULL))
        return js_dup(p->prop[field->place].u.value);
    if (!find_own_property1(JS_VALUE_GET_OBJ(ctx->global_var_obj), atom)) {
        prs = find_own_property(&pr, p, atom);
        if (prs && !(prs->flags & JS_PROP_TMASK))
            shim_remember_field(shape, atom, pr - p->prop, 0);
    }
    return JS_GetGlobalVar(ctx, atom, throw_ref_error);
}

`;

const OPCODES = [
  ["get_length", "", "pc + SHIM_LENGTH_SITES"],
  ["get_field", REMARK, "pc"],
  ["get_field2", REMARK, "pc"],
] as const;

const EPOCH =
  "what look-ups have found is forgotten when a shape changes in place, is freed, or when a prototype gets another one";

/**
 * Where a property lies is looked for once: most look-ups are of the same few names in objects of the same few shapes, and a walk along
 * the prototypes reads two to four lines of memory for each. An object's shape says what its prototype is, but not which shape that has.
 */
const EPOCH_EDITS: readonly Edit[] = [
  {
    file: "quickjs.c",
    why: EPOCH,
    find: "/* create a new empty shape with prototype 'proto'. It is not hashed */\n",
    replace:
      "/* How often what a shape says has become another thing: the properties of the objects that have it, or of their prototypes. */\n" +
      "static PER_REQUEST uint16_t shim_shape_epoch;\n\nstatic void shim_forget_fields(void);\n\n" +
      "static inline void shim_shapes_change(void)\n{\n    if (unlikely(++shim_shape_epoch == 0))\n        shim_forget_fields();\n}\n\n" +
      "/* create a new empty shape with prototype 'proto'. It is not hashed */\n",
  },
  {
    file: "quickjs.c",
    why: EPOCH,
    find: "    if (proto)\n        js_dup(JS_MKPTR(JS_TAG_OBJECT, proto));\n    sh->proto = proto;\n",
    replace:
      "    if (proto) {\n        js_dup(JS_MKPTR(JS_TAG_OBJECT, proto));\n        proto->is_prototype = true;\n    }\n    sh->proto = proto;\n",
  },
  {
    file: "quickjs.c",
    why: EPOCH,
    find: "    assert(JS_REF_COUNT(sh) == 0);\n    if (sh->is_hashed)\n",
    replace: "    assert(JS_REF_COUNT(sh) == 0);\n    shim_shapes_change();\n    if (sh->is_hashed)\n",
  },
  {
    file: "quickjs.c",
    why: EPOCH,
    find: "    /* update the shape hash */\n    if (sh->is_hashed) {\n        js_shape_hash_unlink(rt, sh);\n",
    replace:
      "    shim_shapes_change();\n    /* update the shape hash */\n    if (sh->is_hashed) {\n        js_shape_hash_unlink(rt, sh);\n",
  },
  {
    file: "quickjs.c",
    why: EPOCH,
    find: "    if (unlikely(p->is_prototype)) {\n        /* track addition of small integer properties to\n",
    replace:
      "    if (unlikely(p->is_prototype)) {\n        shim_shapes_change();\n        /* track addition of small integer properties to\n",
  },
  {
    file: "quickjs.c",
    why: EPOCH,
    find: "    uint32_t idx = 0;    /* prevent warning */\n\n    sh = p->shape;\n    if (sh->is_hashed) {\n        if (JS_REF_COUNT(sh) != 1) {\n",
    replace:
      "    uint32_t idx = 0;    /* prevent warning */\n\n    shim_shapes_change();\n    sh = p->shape;\n    if (sh->is_hashed) {\n        if (JS_REF_COUNT(sh) != 1) {\n",
  },
  {
    file: "quickjs.c",
    why: EPOCH + "; or when a getter becomes another one",
    find: "                if (flags & JS_PROP_HAS_GET) {\n                    if (pr->u.getset.getter)\n",
    replace:
      "                if (flags & JS_PROP_HAS_GET) {\n                    shim_shapes_change();\n                    if (pr->u.getset.getter)\n",
  },
];

/** How the interpreter reads `object.name`. */
export const FIELD_EDITS: readonly Edit[] = [
  ...EPOCH_EDITS,
  ...OPCODES.map(([opcode, remark, site]) => ({
    file: "quickjs.c",
    why,
    find: walk(opcode, remark),
    replace: call(site),
  })),
  { file: "quickjs.c", why, find: INTERPRETER, replace: LOOK_UP + DEFINE + GLOBALS + INTERPRETER },
  {
    file: "quickjs.c",
    why: "global variables, too",
    find: "                val = JS_GetGlobalVar(ctx, atom, opcode - OP_get_var_undef);\n",
    replace: "                val = js_get_global(ctx, pc, atom, opcode - OP_get_var_undef);\n",
  },
  {
    file: "quickjs.c",
    why: "a global variable that a script declares hides the global object's property",
    find: "    if (JS_IsException(ctx->global_var_obj))\n        return -1;\n",
    replace:
      "    if (JS_IsException(ctx->global_var_obj))\n        return -1;\n    JS_VALUE_GET_OBJ(ctx->global_var_obj)->is_prototype = true;\n",
  },
];
