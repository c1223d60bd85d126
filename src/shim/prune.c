/*
 * Takes out of a program's heap the builtins that its code never names, and says which C functions are left there. What
 * is not left, build/steps/prune.ts takes out of the module. Runs in a build only, but for `shim_removed_builtin`.
 *
 * A name counts as named when it occurs anywhere in the bundle's text, or in the engine's own lookups. A
 * computed name can still reach a builtin that was taken out; that throws an error which says what to do.
 */

/* Called by the engine when such a property is read. */
static JSValue shim_removed_builtin(JSContext *context, JSObject *object, JSAtom name, void *opaque) {
  char text[64];
  return JS_ThrowTypeError(context,
                           "the builtin %s was left out of the module, because the filter's code does not name it; "
                           "build with --keep-builtins",
                           JS_AtomGetStr(context, text, sizeof text, name));
}

/* What takes a removed function's place in the table of functions, one for each signature. Nothing calls them. */
static JSValue removed(JSContext *context) { return JS_ThrowInternalError(context, "a removed builtin was called"); }

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

/* The words of the bundle, sorted: "\nword\nword\n". NULL: everything counts as named. */
static const char *named_words;
static const char **named_index;
static size_t named_count;

static size_t word_length(const char *word) { return (size_t)(strchr(word, '\n') - word); }

static int compare_word(const void *name, const void *entry) {
  const char *word = *(const char *const *)entry;
  size_t length = word_length(word);
  int order = strncmp(name, word, length);
  return order ? order : ((const char *)name)[length] != '\0';
}

static void index_words(const char *words) {
  named_words = words;
  for (const char *at = words; *at; at++)
    named_count += *at == '\n';
  named_index = malloc((named_count + 1) * sizeof *named_index);
  named_count = 0;
  for (const char *at = words + 1; *at; at += word_length(at) + 1)
    named_index[named_count++] = at;
}

static bool occurs_in_bundle(JSContext *context, JSAtom name) {
  char text[64];
  JS_AtomGetStr(context, text, sizeof text, name);
  return bsearch(text, named_index, named_count, sizeof *named_index, compare_word) != NULL;
}

static bool is_string_name(JSContext *context, JSAtom name) {
  return !__JS_AtomIsTaggedInt(name) && context->rt->atom_array[name]->atom_type == JS_ATOM_TYPE_STRING;
}

/* The engine looks up properties by its own atoms. */
static bool is_named(JSContext *context, JSAtom name) {
  return !is_string_name(context, name) || name < JS_ATOM_END || occurs_in_bundle(context, name);
}

static const JSCFunctionListEntry *lazy_entry(const JSProperty *property) {
  return js_autoinit_get_id((JSProperty *)property) == JS_AUTOINIT_ID_PROP ? property->u.init.opaque : NULL;
}

static bool is_c_function(JSObject *object) { return object && object->class_id == JS_CLASS_C_FUNCTION; }

/* Whether a property holds functions of the engine, and nothing of the program's. */
static bool is_builtin(const JSProperty *property, int flags) {
  switch (flags & JS_PROP_TMASK) {
  case JS_PROP_AUTOINIT: {
    const JSCFunctionListEntry *entry = lazy_entry(property);
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

/* Makes `shim_removed_builtin` what reading the property calls. */
static void remove_builtin(JSContext *context, JSObject *object, uint32_t index) {
  JSShapeProperty *shape_property = &get_shape_prop(object->shape)[index];
  if (js_shape_prepare_update(context, object, &shape_property) < 0)
    return;
  JSProperty *property = &object->prop[index];
  free_property(context->rt, property, shape_property->flags);
  shape_property->flags = (shape_property->flags & ~JS_PROP_TMASK) | JS_PROP_AUTOINIT;
  property->u.init.realm_and_id = (uintptr_t)JS_DupContext(context) | JS_AUTOINIT_ID_BYTECODE;
  property->u.init.opaque = NULL;
}

static void prune_object(JSContext *context, JSObject *object) {
  for (uint32_t i = 0; i < object->shape->prop_count; i++) {
    JSShapeProperty *shape_property = &get_shape_prop(object->shape)[i];
    JSAtom name = shape_property->atom;
    if (name == JS_ATOM_NULL || !is_builtin(&object->prop[i], shape_property->flags))
      continue;
    bool lazy_object = (shape_property->flags & JS_PROP_TMASK) == JS_PROP_AUTOINIT &&
                       lazy_entry(&object->prop[i])->def_type == JS_DEF_OBJECT;
    if (lazy_object && is_string_name(context, name)) { /* a namespace, like Math: its own builtins come next */
      if (occurs_in_bundle(context, name))
        JS_FreeValue(context, JS_GetProperty(context, JS_MKPTR(JS_TAG_OBJECT, object), name));
      else
        remove_builtin(context, object, i);
    } else if (!is_named(context, name)) {
      remove_builtin(context, object, i);
    }
  }
}

/* Object.prototype stays whole: any object may be used as a map, with any name. */
static void prune_heap(JSContext *context, const char *words) {
  index_words(words);
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    JSGCObjectHeader *header = list_entry(el, JSGCObjectHeader, link);
    JSObject *object = (JSObject *)header;
    if (JS_GC_TYPE(header) == JS_GC_OBJ_TYPE_JS_OBJECT &&
        object != JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_OBJECT]))
      prune_object(context, object);
  }
  memset(named_index, 0, named_count * sizeof *named_index);
  free(named_index);
}

/* Whether the program can still call one of the shim's functions. After garbage was collected. By its name: a function
   whose address is taken elsewhere than in a list stays in every module. */
static bool is_live_function(JSContext *context, const char *name) {
  const JSCFunctionListEntry *entry = shim_functions;
  while (strcmp(entry->name, name) != 0)
    entry++;
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    JSGCObjectHeader *header = list_entry(el, JSGCObjectHeader, link);
    const JSObject *object = (const JSObject *)header;
    if (JS_GC_TYPE(header) == JS_GC_OBJ_TYPE_JS_OBJECT && object->class_id == JS_CLASS_C_FUNCTION &&
        object->u.cfunc.c_function.generic == entry->u.func.cfunc.generic)
      return true;
  }
  return false;
}

static uint32_t live_count;

static void add_live(JSContext *context, JSValueConst list, const void *function) {
  JS_SetPropertyUint32(context, list, live_count++, JS_NewUint32(context, (uint32_t)(uintptr_t)function));
}

static void add_live_entry(JSContext *context, JSValueConst list, const JSCFunctionListEntry *entry) {
  switch (entry->def_type) {
  case JS_DEF_CFUNC:
    add_live(context, list, entry->u.func.cfunc.generic);
    break;
  case JS_DEF_CGETSET:
  case JS_DEF_CGETSET_MAGIC:
    add_live(context, list, entry->u.getset.get.generic);
    add_live(context, list, entry->u.getset.set.generic);
    break;
  case JS_DEF_OBJECT:
    for (int i = 0; i < entry->u.prop_list.len; i++)
      add_live_entry(context, list, &entry->u.prop_list.tab[i]);
    break;
  }
}

/* The C functions that objects of the heap are, or will be when they are first read: their places in the table. */
static JSValue list_live_functions(JSContext *context) {
  JS_RunGC(context->rt);
  JSValue list = JS_NewArray(context);
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    JSGCObjectHeader *header = list_entry(el, JSGCObjectHeader, link);
    if (JS_GC_TYPE(header) != JS_GC_OBJ_TYPE_JS_OBJECT)
      continue;
    JSObject *object = (JSObject *)header;
    if (object->class_id == JS_CLASS_C_FUNCTION)
      add_live(context, list, object->u.cfunc.c_function.generic);
    for (uint32_t i = 0; i < object->shape->prop_count; i++) {
      bool lazy = (get_shape_prop(object->shape)[i].flags & JS_PROP_TMASK) == JS_PROP_AUTOINIT;
      const JSCFunctionListEntry *entry = lazy ? lazy_entry(&object->prop[i]) : NULL;
      if (entry)
        add_live_entry(context, list, entry);
    }
  }
  return list;
}
