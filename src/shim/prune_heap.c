/* The pruning of a program's heap, step by step. Runs in a build only. */

/* Whether the program can still call one of the shim's functions. After garbage was collected. By its name: a function
   whose address is taken elsewhere than in a list stays in every module. */
static bool is_live_function(JSContext *context, const char *name) {
  const JSCFunctionListEntry *entry = shim_functions;
  while (strcmp(entry->name, name) != 0)
    entry++;
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    const JSObject *object = object_of(el);
    if (object && object->class_id == JS_CLASS_C_FUNCTION &&
        object->u.cfunc.c_function.generic == entry->u.func.cfunc.generic)
      return true;
  }
  return false;
}

static struct {
  JSAtom name;
  bool found;
} sought;

static void seek_name(JSContext *context, const JSFunctionBytecode *function) {
  for (int at = 0; at < function->byte_code_len; at += short_opcode_info(function->byte_code_buf[at]).size) {
    const uint8_t *code = function->byte_code_buf + at;
    uint8_t format = short_opcode_info(*code).fmt;
    if (format >= OP_FMT_atom && format <= OP_FMT_atom_label_u16 && !defines_name(*code) &&
        get_u32(code + 1) == sought.name)
      sought.found = true;
  }
}

static bool is_read(JSContext *context, JSAtom name) {
  sought.name = name;
  sought.found = is_in_code(name);
  for_each_function(context, seek_name);
  return sought.found;
}

static void drop_sdk_value(JSContext *context, JSValue *slot) {
  drop_value(context, slot);
  JS_RunGC(context->rt);
}

/* What the dispatcher would give each plugin's context, and no code asks for. */
static void prune_members(JSContext *context) {
  JS_RunGC(context->rt);
  const JSObject *members = JS_VALUE_GET_OBJ(vm.sdk.members);
  for (uint32_t i = members->shape->prop_count; i-- > 0;) {
    JSAtom name = get_shape_prop(members->shape)[i].atom;
    if (name != JS_ATOM_NULL && !is_read(context, name))
      JS_DeleteProperty(context, vm.sdk.members, name, 0);
  }
  JS_RunGC(context->rt);
  if (!is_live_function(context, "fetch"))
    drop_sdk_value(context, &vm.sdk.fetch);
  if (!is_live_function(context, "http_call")) {
    drop_sdk_value(context, &vm.sdk.call_error);
    drop_sdk_value(context, &vm.sdk.call_response_prototype);
  }
}

/* The same for what the SDK's classes have: prototypes, and `Response`. True: something was taken out. */
static bool prune_class(JSContext *context, JSValueConst prototype) {
  bool changed = false;
  for (JSObject *object = JS_IsObject(prototype) ? JS_VALUE_GET_OBJ(prototype) : NULL;
       object && object != JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_OBJECT]) &&
       object != JS_VALUE_GET_OBJ(context->function_proto);
       object = object->shape->proto)
    for (uint32_t i = 0; i < object->shape->prop_count; i++) {
      const JSShapeProperty *property = &get_shape_prop(object->shape)[i];
      bool is_lazy = (property->flags & JS_PROP_TMASK) == JS_PROP_AUTOINIT; /* it was taken out before */
      bool of_each = property->atom == JS_ATOM_constructor || property->atom == JS_ATOM_prototype ||
                     property->atom == JS_ATOM_name || property->atom == JS_ATOM_length;
      if (property->atom == JS_ATOM_NULL || of_each || is_lazy || !is_string_name(context, property->atom) ||
          is_read(context, property->atom))
        continue;
      remove_builtin(context, object, i);
      changed = true;
    }
  return changed;
}

/* A method may be what names another one. */
/* Where no filter has a state, the getter has nothing to give. */
static void prune_state(JSContext *context) {
  for (uint32_t i = 0; i < vm.filter_count; i++)
    if (!JS_IsUndefined(vm.filters[i].create_state))
      return;
  const JSValue *prototypes[] = {&vm.sdk.request_prototype, &vm.sdk.response_prototype, &vm.sdk.connection_prototype};
  for (size_t i = 0; i < countof(prototypes); i++)
    if (JS_IsObject(*prototypes[i]))
      JS_DefinePropertyValueStr(context, *prototypes[i], "state", JS_UNDEFINED, JS_PROP_CONFIGURABLE);
}

static void prune_sdk_classes(JSContext *context) {
  prune_state(context);
  const JSValue *prototypes[] = {&vm.sdk.request_prototype, &vm.sdk.response_prototype, &vm.sdk.connection_prototype,
                                 &vm.sdk.headers_prototype, &vm.sdk.body_prototype,     &vm.sdk.call_response_prototype,
                                 &vm.sdk.response};
  for (bool changed = true; changed;) {
    changed = false;
    JS_RunGC(context->rt);
    for (size_t i = 0; i < countof(prototypes); i++)
      changed |= prune_class(context, *prototypes[i]);
  }
}

/* The hash functions that the program does not name, as a text like the names of properties. */
static void prune_hash_functions(JSContext *context) {
  bool live = is_live_function(context, "hash") || is_live_function(context, "hmac");
  if (!live)
    clear(hash_functions, sizeof hash_functions);
  for (size_t i = 0; live && i < countof(hash_functions); i++)
    if (!is_word(context, hash_functions[i].name))
      hash_functions[i].digest = NULL;
}

/* Operators that are functions of their own. */
static void prune_operators(const bool used[256]) {
  if (!used[OP_pow])
    operator_pow = removed_f_f_f;
  if (!used[OP_mod])
    operator_mod = removed_f_f_f;
}

static void prune_heap(JSContext *context) {
  bool used[256] = {false};
  find_opcodes(context, used);
  prune_constructors(context);
  prune_bytes(context);
  prune_bigints(context, used);
  prune_call_sites(context);
  prune_regexps(context, used);
  prune_iterators(context);
  prune_generators(context, used);
  prune_functions(context, used);
  prune_constructor_properties(context);
  prune_regexp_constructor(context);
  prune_object_prototype(context);
  prune_operators(used);
  JS_RunGC(context->rt);
  prune_hash_functions(context);
  prune_reviver(context);
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    JSObject *object = object_of(el);
    if (object && object != JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_OBJECT]))
      prune_object(context, object);
  }
  prune_lazy_objects(context);
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
