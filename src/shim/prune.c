/*
 * Takes out of a program's heap the builtins that its code never names. What nothing in memory leads to after that,
 * build/steps/reach.ts finds and takes out of the module. Runs in a build only.
 *
 * A computed name can still reach a builtin that was taken out; that throws an error which says what to do: removed.c.
 */

/* What takes a removed function's place in the table of functions, one for each signature. Nothing calls them, but for
   those of constructors and of Object.prototype. */
static JSValue removed(JSContext *context) {
  const char *name = get_func_name(context, context->rt->current_stack_frame->cur_func);
  JS_ThrowTypeError(context, removed_message, name ? name : "that is called here");
  JS_FreeCString(context, name);
  return JS_EXCEPTION;
}

BUILD_EXPORT(removed_generic)
JSValue removed_generic(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  return removed(context);
}

BUILD_EXPORT(removed_generic_magic)
JSValue removed_generic_magic(JSContext *context, JSValueConst this, int argc, JSValueConst *argv, int magic) {
  return removed(context);
}

BUILD_EXPORT(removed_iterator_next)
JSValue removed_iterator_next(JSContext *context, JSValueConst this, int argc, JSValueConst *argv, int *done,
                              int magic) {
  return removed(context);
}

BUILD_EXPORT(removed_getter) JSValue removed_getter(JSContext *context, JSValueConst this) { return removed(context); }

BUILD_EXPORT(removed_getter_magic) JSValue removed_getter_magic(JSContext *context, JSValueConst this, int magic) {
  return removed(context);
}

BUILD_EXPORT(removed_setter) JSValue removed_setter(JSContext *context, JSValueConst this, JSValueConst value) {
  return removed(context);
}

BUILD_EXPORT(removed_setter_magic)
JSValue removed_setter_magic(JSContext *context, JSValueConst this, JSValueConst value, int magic) {
  return removed(context);
}

BUILD_EXPORT(removed_f_f) double removed_f_f(double a) { return NAN; }
BUILD_EXPORT(removed_f_f_f) double removed_f_f_f(double a, double b) { return NAN; }

/* Of a property whose value is made when it is first read. NULL: it is there, or made of something else. */
static const JSCFunctionListEntry *lazy_entry(const JSProperty *property, int flags) {
  bool is_lazy = (flags & JS_PROP_TMASK) == JS_PROP_AUTOINIT;
  return is_lazy && js_autoinit_get_id((JSProperty *)property) == JS_AUTOINIT_ID_PROP ? property->u.init.opaque : NULL;
}

/* An object that is made when it is first read. */
static bool is_lazy_object(const JSProperty *property, int flags) {
  const JSCFunctionListEntry *entry = lazy_entry(property, flags);
  return entry && entry->def_type == JS_DEF_OBJECT;
}

static bool is_c_function(JSObject *object) { return object && object->class_id == JS_CLASS_C_FUNCTION; }

/* Whether a property holds functions of the engine, and nothing of the program's. */
static bool is_builtin(const JSProperty *property, int flags) {
  switch (flags & JS_PROP_TMASK) {
  case JS_PROP_AUTOINIT: {
    const JSCFunctionListEntry *entry = lazy_entry(property, flags);
    return entry && (entry->def_type == JS_DEF_CFUNC || entry->def_type == JS_DEF_OBJECT);
  }
  case JS_PROP_GETSET:
    return is_c_function(property->u.getset.getter) || is_c_function(property->u.getset.setter);
  case JS_PROP_NORMAL:
    return JS_IsObject(property->u.value) && is_c_function(JS_VALUE_GET_OBJ(property->u.value));
  default:
    return false;
  }
}

/* Takes a property's value away. Returns the property, whose new value is of another kind; NULL: no memory. */
static JSProperty *clear_property(JSContext *context, JSObject *object, uint32_t index, int kind) {
  JSShapeProperty *shape_property = &get_shape_prop(object->shape)[index];
  if (js_shape_prepare_update(context, object, &shape_property) < 0)
    return NULL;
  JSProperty *property = &object->prop[index];
  free_property(context->rt, property, shape_property->flags);
  shape_property->flags = (shape_property->flags & ~JS_PROP_TMASK) | kind;
  return property;
}

static void remove_builtin(JSContext *context, JSObject *object, uint32_t index) {
  JSProperty *property = clear_property(context, object, index, JS_PROP_AUTOINIT);
  if (property)
    set_removed(context, property);
}

/* Others than `match` look whether Symbol.match is there: split, matchAll, replaceAll, includes and RegExp ask so
   whether something is a regular expression. */
static void remove_symbol_match(JSContext *context, JSObject *object, uint32_t index) {
  JSProperty *property = clear_property(context, object, index, JS_PROP_NORMAL);
  if (property)
    property->u.value = JS_TRUE;
}

/* The object that a property holds. NULL: none, or none yet. */
static JSObject *property_object(JSObject *object, JSAtom name) {
  JSProperty *property;
  const JSShapeProperty *found = find_own_property(&property, object, name);
  bool plain = found && (found->flags & JS_PROP_TMASK) == JS_PROP_NORMAL && JS_IsObject(property->u.value);
  return plain ? JS_VALUE_GET_OBJ(property->u.value) : NULL;
}

static JSObject *member_builtin(JSContext *context, JSObject *object, const char *text) {
  JSAtom name = JS_NewAtom(context, text);
  JSObject *member = property_object(object, name);
  JS_FreeAtom(context, name);
  return member;
}

static JSObject *global_builtin(JSContext *context, const char *text) {
  return member_builtin(context, JS_VALUE_GET_OBJ(context->global_obj), text);
}

/* Whether the program has taken a global builtin to somewhere else: more leads to it than the global object, its
   prototype and the engine. After garbage was collected. */
static bool is_held(JSContext *context, const char *text) {
  JSObject *object = global_builtin(context, text);
  if (!object)
    return false;
  JSObject *prototype = property_object(object, JS_ATOM_prototype);
  int expected = prototype && property_object(prototype, JS_ATOM_constructor) == object ? 2 : 1;
  const JSValueConst slots[] = {context->array_ctor, context->promise_ctor,  context->regexp_ctor,
                                context->error_ctor, context->function_ctor, context->iterator_ctor};
  for (size_t i = 0; i < countof(slots); i++)
    expected += JS_IsObject(slots[i]) && JS_VALUE_GET_OBJ(slots[i]) == object;
  return JS_REF_COUNT(object) > expected;
}

/* Whether code that is left can come to a global builtin: by its name, or from where the top level has put it. */
static bool has_global(JSContext *context, const char *text) {
  return is_word(context, text) || is_held(context, text);
}

static void drop_value(JSContext *context, JSValue *slot) {
  JS_FreeValue(context, *slot);
  *slot = JS_UNDEFINED;
}

/* Whether the code reads a namespace for nothing but properties that it names with it: `Math.max`. */
static bool is_only_read_statically(JSContext *context, const JSObject *object) {
  static const char *const namespaces[] = {"Math", "JSON", "Reflect", "Atomics"};
  for (size_t i = 0; i < countof(namespaces); i++)
    if (global_builtin(context, namespaces[i]) == object)
      return !is_used_as_value(context, namespaces[i]) && !is_held(context, namespaces[i]);
  return false;
}

/* The engine looks up properties by its own atoms, but none of the global object or of a namespace. */
static bool is_needed(JSContext *context, const JSObject *object, JSAtom name, bool only_read_statically) {
  if (object == JS_VALUE_GET_OBJ(context->global_obj) && is_string_name(context, name))
    return is_in_code(name);
  if (only_read_statically && is_string_name(context, name))
    return is_static_member(object, name);
  return is_named(context, name) || is_static_member(object, name);
}

static void prune_object(JSContext *context, JSObject *object) {
  bool only_read_statically = is_only_read_statically(context, object);
  for (uint32_t i = 0; i < object->shape->prop_count; i++) {
    JSShapeProperty *shape_property = &get_shape_prop(object->shape)[i];
    JSAtom name = shape_property->atom;
    if (name == JS_ATOM_NULL || !is_builtin(&object->prop[i], shape_property->flags))
      continue;
    if (is_lazy_object(&object->prop[i], shape_property->flags) &&
        is_string_name(context, name)) { /* a namespace, like Math: its own builtins come next */
      if (is_in_code(name))
        JS_FreeValue(context, JS_GetProperty(context, JS_MKPTR(JS_TAG_OBJECT, object), name));
      else
        remove_builtin(context, object, i);
    } else if (!is_needed(context, object, name, only_read_statically)) {
      if (name == JS_ATOM_Symbol_match)
        remove_symbol_match(context, object, i);
      else
        remove_builtin(context, object, i);
    }
  }
}

static bool has_lazy_object(JSContext *context) {
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    const JSObject *object = object_of(el);
    for (uint32_t i = 0; object && i < object->shape->prop_count; i++)
      if (is_lazy_object(&object->prop[i], get_shape_prop(object->shape)[i].flags))
        return true;
  }
  return false;
}

static JSValue removed_object(JSContext *context, JSValueConst prototype, const JSCFunctionListEntry *list, int count) {
  return removed(context);
}

/* After all objects. */
static void prune_lazy_objects(JSContext *context) {
  if (!has_lazy_object(context))
    lazy_object = removed_object;
}
