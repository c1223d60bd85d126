/* Takes classes out of a program's heap of which it will never have an object. Runs in a build only. */

/* Classes whose objects only their own constructor makes. `id` 0: Proxy's has no prototype. */
static const struct {
  const char *constructor;
  JSClassID id;
} optional_classes[] = {
    {"DataView", JS_CLASS_DATAVIEW},
    {"Date", JS_CLASS_DATE},
    {"DisposableStack", JS_CLASS_DISPOSABLE_STACK},
    {"AsyncDisposableStack", JS_CLASS_ASYNC_DISPOSABLE_STACK},
    {"DOMException", JS_CLASS_DOM_EXCEPTION},
    {"Map", JS_CLASS_MAP},
    {"Set", JS_CLASS_SET},
    {"WeakMap", JS_CLASS_WEAKMAP},
    {"WeakSet", JS_CLASS_WEAKSET},
    {"Proxy", JS_CLASS_PROXY},
    {"SharedArrayBuffer", JS_CLASS_SHARED_ARRAY_BUFFER},
};

/* The classes of bytes. The shim makes objects of the first two, too: a build looks whether it can, and then names
   Uint8Array (build/steps/snapshot.ts). */
static const struct {
  const char *constructor;
  JSClassID id;
} byte_classes[] = {
    {"Uint8Array", JS_CLASS_UINT8_ARRAY},         {"ArrayBuffer", JS_CLASS_ARRAY_BUFFER},
    {"Uint8ClampedArray", JS_CLASS_UINT8C_ARRAY}, {"Int8Array", JS_CLASS_INT8_ARRAY},
    {"Int16Array", JS_CLASS_INT16_ARRAY},         {"Uint16Array", JS_CLASS_UINT16_ARRAY},
    {"Int32Array", JS_CLASS_INT32_ARRAY},         {"Uint32Array", JS_CLASS_UINT32_ARRAY},
    {"BigInt64Array", JS_CLASS_BIG_INT64_ARRAY},  {"BigUint64Array", JS_CLASS_BIG_UINT64_ARRAY},
    {"Float16Array", JS_CLASS_FLOAT16_ARRAY},     {"Float32Array", JS_CLASS_FLOAT32_ARRAY},
    {"Float64Array", JS_CLASS_FLOAT64_ARRAY},
};

static bool has_instance(JSContext *context, JSClassID id) {
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    const JSObject *object = object_of(el);
    if (object && object->class_id == id)
      return true;
  }
  return false;
}

/* A class of which there will never be an object: nothing finalizes, marks or calls one, or reads its prototype. */
static void remove_class(JSContext *context, JSClassID id) {
  JSClass *class = &context->rt->class_array[id];
  class->finalizer = NULL;
  class->gc_mark = NULL;
  class->call = NULL;
  class->exotic = NULL;
  JS_FreeValue(context, context->class_proto[id]);
  context->class_proto[id] = JS_NULL;
}

/* Proxy's has no prototype; all that are listed as impossible have a finalizer or a prototype. */
static bool is_class_removed(JSContext *context, JSClassID id) {
  return JS_IsNull(context->class_proto[id]) && !context->rt->class_array[id].finalizer;
}

static void remove_property(JSContext *context, JSObject *object, JSAtom name) {
  JSProperty *property;
  if (find_own_property(&property, object, name))
    remove_builtin(context, object, (uint32_t)(property - object->prop));
}

static void remove_global(JSContext *context, const char *text) {
  JSAtom name = JS_NewAtom(context, text);
  remove_property(context, JS_VALUE_GET_OBJ(context->global_obj), name);
  JS_FreeAtom(context, name);
}

/* Any of them can make the first two: a view's buffer, or a view of the same kind. */
static void prune_bytes(JSContext *context) {
  bool used = has_global(context, "DataView") || has_global(context, "SharedArrayBuffer");
  bool removable[countof(byte_classes)];
  for (size_t i = 0; i < countof(byte_classes); i++) {
    removable[i] = !has_global(context, byte_classes[i].constructor) && !has_instance(context, byte_classes[i].id);
    used |= !removable[i];
  }
  for (size_t i = 0; i < countof(byte_classes); i++) {
    if (!removable[i] || (used && i < 2))
      continue;
    remove_global(context, byte_classes[i].constructor);
    remove_class(context, byte_classes[i].id);
  }
}

/* What objects of a class begin with has their prototype, and with it all methods. */
static void drop_shape(JSContext *context, JSShape **shape) {
  js_free_shape_null(context->rt, *shape);
  *shape = NULL;
}

/* Regular expressions are made by literals, by their constructor, and by methods that take a pattern as text. */
static void prune_regexps(JSContext *context, const bool used[256]) {
  bool compiles =
      has_global(context, "RegExp") || calls_pattern_method || (used[OP_regexp] && is_word(context, "compile"));
  if (!compiles)
    regexp_compiler = NULL;
  if (!names_member(context, "matchAll"))
    remove_class(context, JS_CLASS_REGEXP_STRING_ITERATOR);
  if (compiles || used[OP_regexp] || has_instance(context, JS_CLASS_REGEXP) || names_member(context, "match") ||
      names_member(context, "matchAll") || names_member(context, "search"))
    return;
  remove_global(context, "RegExp");
  remove_class(context, JS_CLASS_REGEXP);
  drop_value(context, &context->regexp_ctor);
  drop_shape(context, &context->regexp_shape);
  drop_shape(context, &context->regexp_result_shape);
}

/* Whether code can hold an iterator. One that a loop or a spread makes is nobody's. */
static bool code_holds_iterators(JSContext *context) {
  static const char *const names[] = {"Iterator", "values", "keys", "entries"};
  for (size_t i = 0; i < countof(names); i++)
    if (is_word(context, names[i]))
      return true;
  if (names_member(context, "iterator") || names_member(context, "matchAll"))
    return true;
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    const JSFunctionBytecode *function = function_of(el);
    if (function && function->func_kind == JS_FUNC_GENERATOR)
      return true;
  }
  return false;
}

/* The methods of Iterator.prototype, many of whose names arrays have, too. */
static void prune_iterators(JSContext *context) {
  static const JSClassID classes[] = {JS_CLASS_ITERATOR_HELPER, JS_CLASS_ITERATOR_CONCAT, JS_CLASS_ITERATOR_WRAP};
  if (code_holds_iterators(context))
    return;
  JSObject *prototype = JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_ITERATOR]);
  for (uint32_t i = 0; i < prototype->shape->prop_count; i++) {
    const JSShapeProperty *property = &get_shape_prop(prototype->shape)[i];
    if (property->atom != JS_ATOM_NULL && is_string_name(context, property->atom) &&
        is_builtin(&prototype->prop[i], property->flags))
      remove_builtin(context, prototype, i);
  }
  for (size_t i = 0; i < countof(classes); i++)
    remove_class(context, classes[i]);
}

static bool has_bigint_constant(JSContext *context) {
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    const JSFunctionBytecode *function = function_of(el);
    for (int i = 0; function && i < function->cpool_count; i++)
      if (JS_IsBigInt(function->cpool[i]))
        return true;
  }
  return false;
}

/* Whether the program's code can make a BigInt. The shim may, too: a build looks whether it can, and then names it. */
static bool code_makes_bigints(JSContext *context, const bool used[256]) {
  static const char *const makers[] = {"BigInt", "BigInt64Array", "BigUint64Array", "DataView"};
  for (size_t i = 0; i < countof(makers); i++)
    if (has_global(context, makers[i]))
      return true;
  return used[OP_push_bigint_i32] || has_bigint_constant(context);
}

/* What Error.prepareStackTrace is called with. */
static void prune_call_sites(JSContext *context) {
  if (!is_word(context, "prepareStackTrace"))
    remove_class(context, JS_CLASS_CALL_SITE);
}

static void prune_bigints(JSContext *context, const bool used[256]) {
  if (code_makes_bigints(context, used))
    return;
  remove_global(context, "BigInt");
  remove_class(context, JS_CLASS_BIG_INT);
}

/* As JSON has it: the kinds of values that the code of a program cannot make, by the names of their constructors. The
   build takes the engine's functions for them out, when the shim makes none, either. After the pruning. */
static JSValue list_impossible(JSContext *context) {
  static const struct {
    const char *kind;
    JSClassID id, other; /* 0: no other one */
  } kinds[] = {
      {"BigInt", JS_CLASS_BIG_INT},
      {"Uint8Array", JS_CLASS_UINT8_ARRAY},
      {"Uint8ClampedArray", JS_CLASS_UINT8C_ARRAY},
      {"Float16Array", JS_CLASS_FLOAT16_ARRAY},
      {"Proxy", JS_CLASS_PROXY},
      {"WeakMap", JS_CLASS_WEAKMAP, JS_CLASS_WEAKSET},
  };
  JSValue list = JS_NewArray(context);
  for (uint32_t i = 0, count = 0; i < countof(kinds); i++)
    if (is_class_removed(context, kinds[i].id) && (!kinds[i].other || is_class_removed(context, kinds[i].other)))
      JS_SetPropertyUint32(context, list, count++, JS_NewString(context, kinds[i].kind));
  return list;
}

/* The opcodes of all functions of the program: nothing makes another function any more. */
static void find_opcodes(JSContext *context, bool used[256]) {
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    const JSFunctionBytecode *function = function_of(el);
    for (int at = 0; function && at < function->byte_code_len;
         at += short_opcode_info(function->byte_code_buf[at]).size)
      used[function->byte_code_buf[at]] = true;
  }
}

/* `arguments` whose elements are the parameters themselves: only functions that are not strict have them. */
static bool has_mapped_arguments(JSContext *context) {
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    const JSFunctionBytecode *function = function_of(el);
    if (function && !function->is_strict_mode)
      return true;
  }
  return false;
}

static JSValue removed_arguments(JSContext *context, int argc, JSValueConst *argv, JSStackFrame *frame, int count) {
  return removed(context);
}

/* Kinds of functions that nothing makes, and what only calls of functions need. */
static void prune_functions(JSContext *context, const bool used[256]) {
  remove_class(context, JS_CLASS_C_CLOSURE); /* only a host of the engine's makes one */
  if (!names_member(context, "bind") && !has_instance(context, JS_CLASS_BOUND_FUNCTION))
    remove_class(context, JS_CLASS_BOUND_FUNCTION);
  if (!used[OP_eval] && !used[OP_apply_eval])
    drop_value(context, &context->eval_obj);
  if (!has_mapped_arguments(context) && !has_instance(context, JS_CLASS_MAPPED_ARGUMENTS)) {
    mapped_arguments = removed_arguments;
    remove_class(context, JS_CLASS_MAPPED_ARGUMENTS);
    drop_shape(context, &context->mapped_arguments_shape);
  }
}

/* Generators are what calls of the program's own generator functions make. */
static void prune_generators(JSContext *context, const bool used[256]) {
  bool kinds[4] = {false};
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    const JSFunctionBytecode *function = function_of(el);
    if (function)
      kinds[function->func_kind] = true;
  }
  if (!kinds[JS_FUNC_GENERATOR]) {
    remove_class(context, JS_CLASS_GENERATOR);
    remove_class(context, JS_CLASS_GENERATOR_FUNCTION);
  }
  if (!kinds[JS_FUNC_ASYNC_GENERATOR]) {
    remove_class(context, JS_CLASS_ASYNC_GENERATOR);
    remove_class(context, JS_CLASS_ASYNC_GENERATOR_FUNCTION);
    if (!used[OP_for_await_of_start])
      remove_class(context, JS_CLASS_ASYNC_FROM_SYNC_ITERATOR);
  }
  if (!used[OP_for_in_start])
    remove_class(context, JS_CLASS_FOR_IN_ITERATOR);
}
