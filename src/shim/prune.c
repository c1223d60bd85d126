/*
 * Takes out of a program's heap the builtins that its code never names. What nothing in memory leads to after that,
 * build/steps/reach.ts finds and takes out of the module. Runs in a build only, but for `shim_removed_builtin`.
 *
 * A name counts as named when the program's bytecode has it, as a property, a global variable or a string, or when the
 * engine itself looks it up. A computed name can still reach a builtin that was taken out; that throws an error which
 * says what to do.
 */

static const char removed_message[] =
    "the builtin %s was left out of the module, because the filter's code does not name it; build with --keep-builtins";

/* Called by the engine when such a property is read. */
static JSValue shim_removed_builtin(JSContext *context, JSObject *object, JSAtom name, void *opaque) {
  char text[64];
  return JS_ThrowTypeError(context, removed_message, JS_AtomGetStr(context, text, sizeof text, name));
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

/* Clears what nobody reads again; the compiler must not see that, or it leaves it out. */
static void clear(void *memory, size_t size) {
  memset(memory, 0, size);
  __asm__ volatile("" : : "r"(memory) : "memory");
}

/* The atoms that the program's code names, by number; each is held until the pruning is over. NULL: all are named. */
static uint8_t *named_atoms;
static uint32_t named_size;
static bool calls_pattern_method; /* the program calls match, matchAll or search with something else than a literal */

/* Takes over the atom. */
static void name_atom(JSContext *context, JSAtom atom) {
  if (__JS_AtomIsTaggedInt(atom) || atom == JS_ATOM_NULL || atom >= named_size || named_atoms[atom])
    JS_FreeAtom(context, atom);
  else
    named_atoms[atom] = true;
}

static const char word_characters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$";

/* A text of the program may be a name, or a list of names; with a space in it, it is a sentence. */
static void name_words(JSContext *context, JSValueConst string) {
  const char *text = JS_ToCString(context, string);
  for (const char *at = text; text && !strchr(text, ' ') && *at;) {
    size_t length = 0;
    while (at[length] && strchr(word_characters, at[length]))
      length++;
    if (length)
      name_atom(context, JS_NewAtomLen(context, at, length));
    at += length ? length : 1;
  }
  JS_FreeCString(context, text);
}

static bool is_atom(JSContext *context, JSAtom atom, const char *name) {
  char text[16];
  return !strcmp(JS_AtomGetStr(context, text, sizeof text, atom), name);
}

static bool is_pattern_method(JSContext *context, JSAtom atom) {
  return is_atom(context, atom, "match") || is_atom(context, atom, "matchAll") || is_atom(context, atom, "search");
}

/* `.match(/a/)`: the pattern, its bytecode, and the instruction that makes an object of them. */
static bool is_regexp_literal(const uint8_t *code) {
  for (int i = 0; i < 2; i++) {
    if (*code != OP_push_const && *code != OP_push_const8 && *code != OP_push_atom_value)
      return false;
    code += short_opcode_info(*code).size;
  }
  return *code == OP_regexp;
}

/* Whether an instruction makes a property of its own object and reads none. An assignment looks at prototypes, too. */
static bool defines_name(uint8_t opcode) {
  switch (opcode) {
  case OP_define_field:
  case OP_define_method:
  case OP_define_class:
  case OP_define_class_computed:
  case OP_set_name:
  case OP_private_symbol:
  case OP_throw_error:
    return true;
  default:
    return false;
  }
}

/* The global variable that an instruction uses, or none. */
static JSAtom global_of(const JSFunctionBytecode *function, const uint8_t *code) {
  int variable;
  switch (short_opcode_info(*code).fmt) {
  case OP_FMT_var_ref:
    variable = get_u16(code + 1);
    break;
  case OP_FMT_none_var_ref:
    variable = (*code - OP_get_var_ref0) % 4;
    break;
  default:
    return *code == OP_get_var || *code == OP_get_var_undef ? get_u32(code + 1) : JS_ATOM_NULL;
  }
  const JSClosureVar *entry = &function->closure_var[variable];
  bool global = entry->closure_type >= JS_CLOSURE_GLOBAL_REF && entry->closure_type <= JS_CLOSURE_GLOBAL;
  return global ? entry->var_name : JS_ATOM_NULL;
}

/* The names of properties and global variables that a function's code reads, and its strings. */
static void name_of_code(JSContext *context, const JSFunctionBytecode *function) {
  for (int i = 0; i < function->cpool_count; i++)
    if (JS_IsString(function->cpool[i]))
      name_words(context, function->cpool[i]);
  for (int at = 0, size; at < function->byte_code_len; at += size) {
    const uint8_t *code = function->byte_code_buf + at;
    const JSOpCode *info = &short_opcode_info(*code);
    size = info->size;
    name_atom(context, JS_DupAtom(context, global_of(function, code)));
    if (info->fmt < OP_FMT_atom || info->fmt > OP_FMT_atom_label_u16 || defines_name(*code))
      continue;
    JSAtom atom = get_u32(code + 1);
    if (*code == OP_push_atom_value) {
      JSValue text = JS_AtomToValue(context, atom);
      name_words(context, text);
      JS_FreeValue(context, text);
      continue;
    }
    name_atom(context, JS_DupAtom(context, atom));
    if (*code == OP_get_field2 && is_pattern_method(context, atom) && !is_regexp_literal(code + size))
      calls_pattern_method = true;
  }
}

/* Collects what the program names, before it runs: all of its functions are there then. `names` are those that the
   engine looks up as texts, each followed by a line feed. */
static void index_names(JSContext *context, const char *names) {
  named_size = (uint32_t)context->rt->atom_size;
  named_atoms = calloc(named_size, 1);
  if (!named_atoms)
    return;
  for (size_t length; *names; names += length + 1) {
    length = strcspn(names, "\n");
    name_atom(context, JS_NewAtomLen(context, names, length));
  }
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    JSGCObjectHeader *header = list_entry(el, JSGCObjectHeader, link);
    if (JS_GC_TYPE(header) == JS_GC_OBJ_TYPE_FUNCTION_BYTECODE)
      name_of_code(context, (const JSFunctionBytecode *)header);
  }
}

static void forget_names(JSContext *context) {
  for (uint32_t atom = 0; atom < named_size; atom++)
    if (named_atoms[atom])
      JS_FreeAtom(context, atom);
  clear(named_atoms, named_size);
  free(named_atoms);
  named_atoms = NULL;
  named_size = 0;
}

static bool is_in_code(JSAtom name) { return name < named_size && named_atoms[name]; }

static bool is_word(JSContext *context, const char *text) {
  JSAtom name = JS_NewAtom(context, text);
  bool named = is_in_code(name);
  JS_FreeAtom(context, name);
  return named;
}

static bool is_string_name(JSContext *context, JSAtom name) {
  return !__JS_AtomIsTaggedInt(name) && context->rt->atom_array[name]->atom_type == JS_ATOM_TYPE_STRING;
}

/* Predefined atoms that the engine does not look up in a builtin object, unless the program calls a builtin that does,
   which has the same name. All others of the predefined atoms count as named. */
static const JSAtom not_looked_up[] = {
    JS_ATOM_delete,
    JS_ATOM_for,
    JS_ATOM_try,
    JS_ATOM_catch,
    JS_ATOM_finally,
    JS_ATOM_with,
    JS_ATOM_of,
    JS_ATOM_from,
    JS_ATOM_use,
    JS_ATOM_dispose,
    JS_ATOM_disposeAsync,
    JS_ATOM_defineProperties,
    JS_ATOM_apply,
    JS_ATOM_split,
    JS_ATOM_construct,
    JS_ATOM_getPrototypeOf,
    JS_ATOM_isExtensible,
    JS_ATOM_setPrototypeOf,
    JS_ATOM_ownKeys,
    JS_ATOM_preventExtensions,
    JS_ATOM_rawJSON,
    JS_ATOM_deleteProperty,
    JS_ATOM_raw,
    JS_ATOM_defineProperty,
    JS_ATOM_maxByteLength,
    JS_ATOM_getOwnPropertyDescriptor,
    JS_ATOM_toLocaleString,
};

/* Symbols that only methods of strings look up, which have the same names. */
static const struct {
  JSAtom symbol;
  const char *names[2];
} string_methods[] = {
    {JS_ATOM_Symbol_match, {"match", "match"}},          {JS_ATOM_Symbol_matchAll, {"matchAll", "matchAll"}},
    {JS_ATOM_Symbol_search, {"search", "search"}},       {JS_ATOM_Symbol_split, {"split", "split"}},
    {JS_ATOM_Symbol_replace, {"replace", "replaceAll"}},
};

/* The engine looks up properties by its own atoms. */
static bool is_named(JSContext *context, JSAtom name) {
  if (is_in_code(name))
    return true;
  for (size_t i = 0; i < countof(string_methods); i++)
    if (string_methods[i].symbol == name)
      return is_word(context, string_methods[i].names[0]) || is_word(context, string_methods[i].names[1]);
  if (!is_string_name(context, name))
    return true;
  for (size_t i = 0; i < countof(not_looked_up); i++)
    if (not_looked_up[i] == name)
      return false;
  return name < JS_ATOM_END;
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
      if (is_in_code(name))
        JS_FreeValue(context, JS_GetProperty(context, JS_MKPTR(JS_TAG_OBJECT, object), name));
      else
        remove_builtin(context, object, i);
    } else if (!is_named(context, name)) {
      remove_builtin(context, object, i);
    }
  }
}

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
    {"Uint8ClampedArray", JS_CLASS_UINT8C_ARRAY},
    {"Int8Array", JS_CLASS_INT8_ARRAY},
    {"Int16Array", JS_CLASS_INT16_ARRAY},
    {"Uint16Array", JS_CLASS_UINT16_ARRAY},
    {"Int32Array", JS_CLASS_INT32_ARRAY},
    {"Uint32Array", JS_CLASS_UINT32_ARRAY},
    {"BigInt64Array", JS_CLASS_BIG_INT64_ARRAY},
    {"BigUint64Array", JS_CLASS_BIG_UINT64_ARRAY},
    {"Float16Array", JS_CLASS_FLOAT16_ARRAY},
    {"Float32Array", JS_CLASS_FLOAT32_ARRAY},
    {"Float64Array", JS_CLASS_FLOAT64_ARRAY},
};

static bool has_instance(JSContext *context, JSClassID id) {
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    JSGCObjectHeader *header = list_entry(el, JSGCObjectHeader, link);
    if (JS_GC_TYPE(header) == JS_GC_OBJ_TYPE_JS_OBJECT && ((JSObject *)header)->class_id == id)
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

static void remove_global(JSContext *context, const char *text) {
  JSAtom name = JS_NewAtom(context, text);
  JSObject *global = JS_VALUE_GET_OBJ(context->global_obj);
  JSProperty *property;
  if (find_own_property(&property, global, name))
    remove_builtin(context, global, (uint32_t)(property - global->prop));
  JS_FreeAtom(context, name);
}

static void prune_constructors(JSContext *context) {
  for (size_t i = 0; i < countof(optional_classes); i++) {
    JSClassID id = optional_classes[i].id;
    /* Object.groupBy groups with a Map; what is no base64 is a DOMException. */
    if (is_word(context, optional_classes[i].constructor) || has_instance(context, id) ||
        (id == JS_CLASS_MAP && is_word(context, "groupBy")) ||
        (id == JS_CLASS_DOM_EXCEPTION && (is_word(context, "atob") || is_word(context, "btoa"))))
      continue;
    remove_global(context, optional_classes[i].constructor);
    remove_class(context, id);
    if (id == JS_CLASS_MAP)
      remove_class(context, JS_CLASS_MAP_ITERATOR);
    if (id == JS_CLASS_SET)
      remove_class(context, JS_CLASS_SET_ITERATOR);
  }
  if (!is_word(context, "matchAll"))
    remove_class(context, JS_CLASS_REGEXP_STRING_ITERATOR);
}

/* The opcodes of all functions of the program: nothing makes another function any more. */
static void find_opcodes(JSContext *context, bool used[256]) {
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    JSGCObjectHeader *header = list_entry(el, JSGCObjectHeader, link);
    if (JS_GC_TYPE(header) != JS_GC_OBJ_TYPE_FUNCTION_BYTECODE)
      continue;
    const JSFunctionBytecode *function = (const JSFunctionBytecode *)header;
    for (int at = 0; at < function->byte_code_len; at += short_opcode_info(function->byte_code_buf[at]).size)
      used[function->byte_code_buf[at]] = true;
  }
}

/* Generators are what calls of the program's own generator functions make. */
static void prune_generators(JSContext *context) {
  bool kinds[4] = {false}, used[256] = {false};
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    JSGCObjectHeader *header = list_entry(el, JSGCObjectHeader, link);
    if (JS_GC_TYPE(header) == JS_GC_OBJ_TYPE_FUNCTION_BYTECODE)
      kinds[((const JSFunctionBytecode *)header)->func_kind] = true;
  }
  find_opcodes(context, used);
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

static bool is_live_function(JSContext *context, const char *name);

/* The hash functions that the program does not name, as a text like the names of properties. */
static void prune_hash_functions(JSContext *context) {
  bool live = is_live_function(context, "hash") || is_live_function(context, "hmac");
  if (!live)
    clear(hash_functions, sizeof hash_functions);
  for (size_t i = 0; live && i < countof(hash_functions); i++)
    if (!is_word(context, hash_functions[i].name))
      hash_functions[i].digest = NULL;
}

/* Object.prototype stays whole: any object may be used as a map, with any name. */
static void prune_heap(JSContext *context) {
  prune_constructors(context);
  prune_generators(context);
  if (!is_word(context, "RegExp") && !calls_pattern_method)
    regexp_compiler = NULL;
  JS_RunGC(context->rt);
  prune_hash_functions(context);
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    JSGCObjectHeader *header = list_entry(el, JSGCObjectHeader, link);
    JSObject *object = (JSObject *)header;
    if (JS_GC_TYPE(header) == JS_GC_OBJ_TYPE_JS_OBJECT &&
        object != JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_OBJECT]))
      prune_object(context, object);
  }
  forget_names(context);
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

/* As JSON has it: the numbers of the opcodes in the program's functions. */
static JSValue list_opcodes(JSContext *context) {
  bool used[256] = {false};
  find_opcodes(context, used);
  JSValue list = JS_NewArray(context);
  for (uint32_t opcode = 0, count = 0; opcode < 256; opcode++)
    if (used[opcode])
      JS_SetPropertyUint32(context, list, count++, JS_NewUint32(context, opcode));
  return list;
}
