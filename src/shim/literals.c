/*
 * Object literals of constants, such as a call's options. While nobody but the shim has seen such an object it is what
 * the literal would make again: it is kept, and the loop of run_code.c takes it the next time, with its properties.
 */

static bool is_string_atom(const JSRuntime *runtime, JSAtom atom) {
  return !__JS_AtomIsTaggedInt(atom) && runtime->atom_array[atom]->atom_type == JS_ATOM_TYPE_STRING;
}

typedef struct Literal {
  const uint8_t *start, *end; /* its code, behind the opcode that makes an object; NULL: it is a free place */
  JSObject *object;           /* owned; NULL: it is in use */
} Literal;

static PER_REQUEST Literal literals[4];
static PER_REQUEST const uint8_t *newest_literal; /* the code of the one that was evaluated last */

/* Makes the object of the literal whose code this is. Moves `pc` to where its code goes on. */
static inline __attribute__((always_inline)) JSValue take_literal(JSContext *context, const uint8_t **pc) {
  newest_literal = *pc;
  for (Literal *literal = literals; literal < literals + countof(literals) && literal->start; literal++) {
    if (literal->start != *pc || !literal->object)
      continue;
    JSValue object = JS_MKPTR(JS_TAG_OBJECT, literal->object);
    literal->object = NULL;
    *pc = literal->end;
    return object;
  }
  return new_plain_object(context);
}

/* A constant that code pushes, or an exception. Moves `pc` behind it. */
static JSValue read_constant(const JSRuntime *runtime, const uint8_t **pc) {
  const uint8_t *at = *pc + 1;
  switch (**pc) {
  case OP_push_atom_value:
    *pc += 5;
    return is_string_atom(runtime, get_u32(at)) ? JS_MKPTR(JS_TAG_STRING, runtime->atom_array[get_u32(at)])
                                                : JS_EXCEPTION;
  case OP_push_i16:
    *pc += 3;
    return js_int32(get_i16(at));
  default:
    return JS_EXCEPTION;
  }
}

static bool is_same(JSValueConst value, JSValueConst other) {
  return JS_VALUE_GET_TAG(value) == JS_VALUE_GET_TAG(other) &&
         (JS_VALUE_GET_TAG(value) == JS_TAG_INT ? JS_VALUE_GET_INT(value) == JS_VALUE_GET_INT(other)
                                                : JS_VALUE_GET_PTR(value) == JS_VALUE_GET_PTR(other));
}

/* Whether an ordinary object is what the code makes, and where that code ends. */
static const uint8_t *find_end_of_literal(const JSRuntime *runtime, const uint8_t *pc, const JSObject *object) {
  const JSShape *shape = object->shape;
  const JSShapeProperty *properties = get_shape_prop((JSShape *)shape);
  int count = 0;
  for (const uint8_t *end = pc;; pc = end, count++) {
    JSValue value = read_constant(runtime, &end);
    if (JS_IsException(value) || *end != OP_define_field)
      return count && count == shape->prop_count ? pc : NULL;
    if (count == shape->prop_count || properties[count].flags != JS_PROP_C_W_E ||
        properties[count].atom != get_u32(end + 1) || !is_same(value, object->prop[count].u.value))
      return NULL;
    end += 5;
  }
}

/* After a call with an object of which the shim knows that it is an ordinary one, and equal to all that were given with
   this place. */
static inline void keep_literal(const JSRuntime *runtime, Literal *literal, JSObject *object) {
  if (literal->object || JS_REF_COUNT(object) != 1 || !object->extensible || object->is_prototype ||
      object->first_weak_ref)
    return;
  if (unlikely(!literal->start)) {
    if (!newest_literal || !(literal->end = find_end_of_literal(runtime, newest_literal, object)))
      return;
    literal->start = newest_literal;
  }
  JS_REF_COUNT(object)++;
  literal->object = object;
}

static void forget_literal(JSContext *context, Literal *literal) {
  if (literal->object)
    JS_FreeValue(context, JS_MKPTR(JS_TAG_OBJECT, literal->object));
  *literal = (Literal){0};
}
