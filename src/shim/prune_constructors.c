/* Takes constructors out of a program's heap that its code does not call. Runs in a build only. */

/* Of a constructor only its own methods are called. Its prototype is none of them, unless the code names it. */
static void disable_constructor(JSContext *context, const char *text) {
  JSObject *object = global_builtin(context, text);
  if (!is_c_function(object))
    return;
  object->u.cfunc.c_function.generic = removed_generic;
  if (!is_static_member(object, JS_ATOM_prototype))
    remove_property(context, object, JS_ATOM_prototype);
}

static void prune_constructors(JSContext *context) {
  for (size_t i = 0; i < countof(optional_classes); i++) {
    JSClassID id = optional_classes[i].id;
    bool named = is_word(context, optional_classes[i].constructor);
    /* Of Date, the functions that are its own make no object: `Date.now`. */
    bool makes_objects = is_used_as_value(context, optional_classes[i].constructor) || (named && id != JS_CLASS_DATE);
    /* Object.groupBy groups with a Map; what is no base64 is a DOMException. */
    if (makes_objects || is_held(context, optional_classes[i].constructor) || has_instance(context, id) ||
        (id == JS_CLASS_MAP && names_member(context, "groupBy")) ||
        (id == JS_CLASS_DOM_EXCEPTION && (is_word(context, "atob") || is_word(context, "btoa"))))
      continue;
    if (named)
      disable_constructor(context, optional_classes[i].constructor);
    else
      remove_global(context, optional_classes[i].constructor);
    remove_class(context, id);
    if (id == JS_CLASS_MAP)
      remove_class(context, JS_CLASS_MAP_ITERATOR);
    if (id == JS_CLASS_SET)
      remove_class(context, JS_CLASS_SET_ITERATOR);
  }
}

/* Whether the engine looks up which constructor an object of a class has, to make another object of that kind. */
static bool has_species(JSClassID id) {
  return id == JS_CLASS_ARRAY || id == JS_CLASS_PROMISE || id == JS_CLASS_REGEXP || id == JS_CLASS_ARRAY_BUFFER ||
         id == JS_CLASS_SHARED_ARRAY_BUFFER || (id >= JS_CLASS_UINT8C_ARRAY && id <= JS_CLASS_DATAVIEW);
}

static void remove_constructor_of(JSContext *context, JSValueConst prototype) {
  if (JS_IsObject(prototype))
    remove_property(context, JS_VALUE_GET_OBJ(prototype), JS_ATOM_constructor);
}

/* A prototype leads to its constructor, which code reads by the name `constructor` alone. Object.prototype stays whole:
   any object may be used as a map, with any name. */
static void prune_constructor_properties(JSContext *context) {
  if (is_in_code(JS_ATOM_constructor))
    return;
  for (JSClassID id = JS_CLASS_OBJECT + 1; id < JS_CLASS_INIT_COUNT; id++)
    if (!has_species(id))
      remove_constructor_of(context, context->class_proto[id]);
  for (int i = 0; i < JS_NATIVE_ERROR_COUNT; i++)
    remove_constructor_of(context, context->native_error_proto[i]);
  remove_constructor_of(context, context->function_proto);
  drop_value(context, &context->function_ctor); /* these two were only needed to define others */
  drop_value(context, &context->iterator_ctor_getset);
  if (!is_word(context, "Iterator"))
    drop_value(context, &context->iterator_ctor);
}
