/*
 * What a program's code names. Runs in a build only.
 *
 * A name counts as named when the code of a function that is left after the top level has it, as a property or a global
 * variable; when a string of any of the program's functions has it; or when the engine itself looks it up.
 */

/* What an entry of the collector's list is. NULL: something else. */
static JSObject *object_of(struct list_head *el) {
  JSGCObjectHeader *header = list_entry(el, JSGCObjectHeader, link);
  return JS_GC_TYPE(header) == JS_GC_OBJ_TYPE_JS_OBJECT ? (JSObject *)header : NULL;
}

static const JSFunctionBytecode *function_of(struct list_head *el) {
  const JSGCObjectHeader *header = list_entry(el, JSGCObjectHeader, link);
  return JS_GC_TYPE(header) == JS_GC_OBJ_TYPE_FUNCTION_BYTECODE ? (const JSFunctionBytecode *)header : NULL;
}

/* Clears what nobody reads again; the compiler must not see that, or it leaves it out. */
static void clear(void *memory, size_t size) {
  memset(memory, 0, size);
  __asm__ volatile("" : : "r"(memory) : "memory");
}

/* The atoms that the program's code names, by number; each is held until the pruning is over. NULL: all are named. */
static uint8_t *named_atoms;
static uint32_t named_size;
enum { NAMED = 1, USED_AS_VALUE = 2 }; /* a global variable is more than what the next instruction takes a member of */

/* Takes over the atom. */
static void name_atom(JSContext *context, JSAtom atom) {
  if (__JS_AtomIsTaggedInt(atom) || atom == JS_ATOM_NULL || atom >= named_size || named_atoms[atom])
    JS_FreeAtom(context, atom);
  else
    named_atoms[atom] = NAMED;
}

static const char word_characters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$";

/* A text of the program may be a name, or a list of names; with a space in it, it is a sentence, with a slash a path
   or a media type, with a parenthesis what a value looks like. */
static void name_words(JSContext *context, JSValueConst string) {
  const char *text = JS_ToCString(context, string);
  for (const char *at = text; text && !strpbrk(text, " /(") && *at;) {
    size_t length = 0;
    while (at[length] && strchr(word_characters, at[length]))
      length++;
    if (length)
      name_atom(context, JS_NewAtomLen(context, at, length));
    at += length ? length : 1;
  }
  JS_FreeCString(context, text);
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

static bool is_global(const JSClosureVar *variable) {
  return variable->closure_type >= JS_CLOSURE_GLOBAL_REF && variable->closure_type <= JS_CLOSURE_GLOBAL;
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
  return is_global(entry) ? entry->var_name : JS_ATOM_NULL;
}

/* The strings of a function: the top level may put them into tables of names. */
static void name_strings(JSContext *context, const JSFunctionBytecode *function) {
  for (int i = 0; i < function->cpool_count; i++)
    if (JS_IsString(function->cpool[i]))
      name_words(context, function->cpool[i]);
  for (int at = 0, size; at < function->byte_code_len; at += size) {
    const uint8_t *code = function->byte_code_buf + at;
    size = short_opcode_info(*code).size;
    if (*code != OP_push_atom_value)
      continue;
    JSValue text = JS_AtomToValue(context, get_u32(code + 1));
    name_words(context, text);
    JS_FreeValue(context, text);
  }
}

static bool is_in_code(JSAtom name) { return name < named_size && named_atoms[name]; }

static bool is_word(JSContext *context, const char *text) {
  JSAtom name = JS_NewAtom(context, text);
  bool named = is_in_code(name);
  JS_FreeAtom(context, name);
  return named;
}

/* `Object.keys`: a property of a builtin object that the code names with it. The property is needed, and not all others
   of its name. */
typedef struct StaticMember {
  const JSObject *object;
  JSAtom name; /* owned */
} StaticMember;

static struct {
  StaticMember members[256];
  size_t count;
} static_members;

static bool is_static_member(const JSObject *object, JSAtom name) {
  for (size_t i = 0; i < static_members.count; i++)
    if (static_members.members[i].object == object && static_members.members[i].name == name)
      return true;
  return false;
}

/* Whether the code names a member so, of anything or of a builtin object alone: `Object.groupBy`, `Symbol.match`. */
static bool names_member(JSContext *context, const char *name) {
  for (size_t i = 0; i < static_members.count; i++)
    if (is_atom(context, static_members.members[i].name, name))
      return true;
  return is_word(context, name);
}

/* Marks the instructions that jumps lead to. */
static void find_targets(const JSFunctionBytecode *function, uint8_t *targets) {
  for (int at = 0, size; at < function->byte_code_len; at += size) {
    size = short_opcode_info(function->byte_code_buf[at]).size;
    int target = jump_target(function, at);
    if (target >= 0 && target < function->byte_code_len)
      targets[target] = true;
  }
}

/* The object in a global variable of the engine's. NULL: none. */
static JSObject *global_object_of(JSContext *context, JSAtom global) {
  JSProperty *property;
  if (global == JS_ATOM_NULL || !find_own_property(&property, JS_VALUE_GET_OBJ(context->global_obj), global))
    return NULL;
  JSValue value = JS_GetProperty(context, context->global_obj, global);
  JS_FreeValue(context, value); /* the global object holds it */
  return JS_IsObject(value) ? JS_VALUE_GET_OBJ(value) : NULL;
}

/* Whether the object has such a property of its own. A constructor's name stands for those of all prototypes. */
static bool name_static_member(JSContext *context, JSObject *object, JSAtom name) {
  JSProperty *property;
  if (!object || name == JS_ATOM_constructor || !find_own_property(&property, object, name) ||
      static_members.count == countof(static_members.members))
    return false;
  if (!is_static_member(object, name))
    static_members.members[static_members.count++] = (StaticMember){object, JS_DupAtom(context, name)};
  return true;
}

/* Whether an instruction reads a property of what `former`, the one before it, has pushed: of the builtin in a global
   variable, or of a text, as in every template. */
static bool names_static_member(JSContext *context, const JSFunctionBytecode *function, const uint8_t *code,
                                const uint8_t *former, JSAtom global) {
  if (!former || (*code != OP_get_field && *code != OP_get_field2))
    return false;
  JSObject *receiver = is_text(function, former) ? JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_STRING])
                                                 : global_object_of(context, global);
  return name_static_member(context, receiver, get_u32(code + 1));
}

static void use_as_value(JSAtom global) {
  if (global != JS_ATOM_NULL && global < named_size)
    named_atoms[global] |= USED_AS_VALUE;
}

/* Whether the code reads a global variable for more than its own properties. */
static bool is_used_as_value(JSContext *context, const char *text) {
  JSAtom name = JS_NewAtom(context, text);
  bool used = name < named_size && named_atoms[name] & USED_AS_VALUE;
  JS_FreeAtom(context, name);
  return used;
}

/* The names of properties and global variables that a function's code reads. */
static void name_of_code(JSContext *context, const JSFunctionBytecode *function) {
  uint8_t *targets = calloc((size_t)function->byte_code_len + 1, 1);
  if (targets)
    find_targets(function, targets);
  const uint8_t *before = NULL; /* the instruction before this one */
  JSAtom base = JS_ATOM_NULL;   /* the global variable that it has read */
  for (int at = 0, size; at < function->byte_code_len; at += size) {
    const uint8_t *code = function->byte_code_buf + at;
    const JSOpCode *info = &short_opcode_info(*code);
    const uint8_t *former = targets && !targets[at] ? before : NULL;
    JSAtom former_base = base;
    size = info->size;
    before = code;
    base = global_of(function, code);
    name_atom(context, JS_DupAtom(context, base));
    if (*code == OP_get_field2 && is_pattern_method(context, get_u32(code + 1)) && !is_regexp_literal(code + size))
      calls_pattern_method = true;
    if (names_static_member(context, function, code, former, former_base)) {
      if (is_atom(context, former_base, "JSON"))
        find_reviver(context, function, targets, at);
      continue;
    }
    use_as_value(former_base);
    if (*code == OP_using_check) { /* the engine looks them up */
      name_atom(context, JS_ATOM_Symbol_dispose);
      name_atom(context, JS_ATOM_Symbol_asyncDispose);
    }
    if (info->fmt < OP_FMT_atom || info->fmt > OP_FMT_atom_label_u16 || defines_name(*code) ||
        *code == OP_push_atom_value)
      continue;
    name_atom(context, JS_DupAtom(context, get_u32(code + 1)));
  }
  use_as_value(base);
  if (targets)
    clear(targets, (size_t)function->byte_code_len + 1);
  free(targets);
}

static void for_each_function(JSContext *context, void visit(JSContext *, const JSFunctionBytecode *)) {
  struct list_head *el, *next;
  list_for_each_safe(el, next, &context->rt->gc_obj_list) {
    const JSFunctionBytecode *function = function_of(el);
    if (function)
      visit(context, function);
  }
}

/* Collects the program's strings before it runs: all of its functions are there then. `names` are those that the engine
   looks up as texts, each followed by a line feed. */
static void index_names(JSContext *context, const char *names) {
  named_size = (uint32_t)context->rt->atom_size;
  named_atoms = calloc(named_size, 1);
  if (!named_atoms)
    return;
  for (size_t length; *names; names += length + 1) {
    length = strcspn(names, "\n");
    name_atom(context, JS_NewAtomLen(context, names, length));
  }
  for_each_function(context, name_strings);
}

/* Adds what the functions read that are left after the top level has run. The others will never run again. After
   garbage was collected. */
static void name_live_code(JSContext *context) { for_each_function(context, name_of_code); }

static void forget_names(JSContext *context) {
  for (uint32_t atom = 0; atom < named_size; atom++)
    if (named_atoms[atom])
      JS_FreeAtom(context, atom);
  while (static_members.count)
    JS_FreeAtom(context, static_members.members[--static_members.count].name);
  clear(static_members.members, sizeof static_members.members);
  clear(named_atoms, named_size);
  free(named_atoms);
  named_atoms = NULL;
  named_size = 0;
}

static bool is_string_name(JSContext *context, JSAtom name) {
  return !__JS_AtomIsTaggedInt(name) && context->rt->atom_array[name]->atom_type == JS_ATOM_TYPE_STRING;
}

/* Predefined atoms that the engine does not look up in a builtin object, unless the program calls a builtin that does,
   which has the same name. All others of the predefined atoms count as named. */
static const JSAtom not_looked_up[] = {
    JS_ATOM_with,
    JS_ATOM_apply,
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
    JS_ATOM_values,
};

/* Those that only methods of Set look up, in another set. */
static const JSAtom looked_up_in_sets[] = {JS_ATOM_has, JS_ATOM_keys, JS_ATOM_size};

static bool calls_set_method(JSContext *context) {
  static const char *const methods[] = {"union",      "intersection", "difference",    "symmetricDifference",
                                        "isSubsetOf", "isSupersetOf", "isDisjointFrom"};
  for (size_t i = 0; i < countof(methods); i++)
    if (is_word(context, methods[i]))
      return true;
  return false;
}

/* Symbols that only what has one of the names looks up, beside code that has the symbol itself: methods of strings, and
   stacks of what is to be disposed of. `with`, which looks up the last one, is not strict. */
static const struct {
  JSAtom symbol;
  const char *names[2];
} looked_up_symbols[] = {
    {JS_ATOM_Symbol_match, {"match", "match"}},
    {JS_ATOM_Symbol_matchAll, {"matchAll", "matchAll"}},
    {JS_ATOM_Symbol_search, {"search", "search"}},
    {JS_ATOM_Symbol_split, {"split", "split"}},
    {JS_ATOM_Symbol_replace, {"replace", "replaceAll"}},
    {JS_ATOM_Symbol_dispose, {"dispose", "DisposableStack"}},
    {JS_ATOM_Symbol_asyncDispose, {"asyncDispose", "AsyncDisposableStack"}},
    {JS_ATOM_Symbol_unscopables, {"unscopables", "unscopables"}},
};

/* The engine looks up properties by its own atoms. */
static bool is_named(JSContext *context, JSAtom name) {
  if (is_in_code(name))
    return true;
  for (size_t i = 0; i < countof(looked_up_symbols); i++)
    if (looked_up_symbols[i].symbol == name)
      return names_member(context, looked_up_symbols[i].names[0]) ||
             names_member(context, looked_up_symbols[i].names[1]);
  if (!is_string_name(context, name))
    return true;
  for (size_t i = 0; i < countof(not_looked_up); i++)
    if (not_looked_up[i] == name)
      return false;
  for (size_t i = 0; i < countof(looked_up_in_sets); i++)
    if (looked_up_in_sets[i] == name)
      return calls_set_method(context);
  return name < JS_ATOM_END;
}
