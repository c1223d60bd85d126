/*
 * With what a program's code calls builtins that do more for some arguments than for others. Runs in a build only.
 */

static bool calls_pattern_method; /* match, matchAll or search, with something else than a literal */
static bool gives_reviver;        /* JSON.parse, or nobody knows whether */

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

/* Whether an instruction pushes a text. */
static bool is_text(const JSFunctionBytecode *function, const uint8_t *code) {
  switch (*code) {
  case OP_push_atom_value:
  case OP_push_empty_string:
    return true;
  case OP_push_const:
    return JS_IsString(function->cpool[get_u32(code + 1)]);
  case OP_push_const8:
    return JS_IsString(function->cpool[code[1]]);
  default:
    return false;
  }
}

/* Where the instruction at `at` may jump to. -1: nowhere. */
static int jump_target(const JSFunctionBytecode *function, int at) {
  const uint8_t *code = function->byte_code_buf + at;
  switch (short_opcode_info(*code).fmt) {
  case OP_FMT_label8:
    return at + 1 + (int8_t)code[1];
  case OP_FMT_label16:
    return at + 1 + (int16_t)get_u16(code + 1);
  case OP_FMT_label:
  case OP_FMT_label_u16:
    return at + 1 + (int32_t)get_u32(code + 1);
  case OP_FMT_atom_label_u8:
  case OP_FMT_atom_label_u16:
    return at + 5 + (int32_t)get_u32(code + 5);
  default:
    return -1;
  }
}

/* Those of a call are not counted in what its opcode pops. */
static int arguments_of(const uint8_t *code, const JSOpCode *info) {
  switch (info->fmt) {
  case OP_FMT_npop:
  case OP_FMT_npop_u16:
    return get_u16(code + 1);
  case OP_FMT_npopx:
    return *code - OP_call0;
  default:
    return 0;
  }
}

/* How many arguments the method gets that the instruction at `at` reads. -1: nobody knows, as where a condition chooses
   one, or where the method is not called at once. */
static int argument_count(const JSFunctionBytecode *function, const uint8_t *targets, int at) {
  if (!targets || function->byte_code_buf[at] != OP_get_field2)
    return -1;
  const uint8_t *code = function->byte_code_buf + at;
  const JSOpCode *info = &short_opcode_info(*code);
  for (int depth = 0; depth >= 0; depth += info->n_push) { /* of the stack, above the method and its object */
    at += info->size;
    if (at >= function->byte_code_len || targets[at])
      return -1;
    code = function->byte_code_buf + at;
    info = &short_opcode_info(*code);
    int arguments = arguments_of(code, info);
    if ((*code == OP_call_method || *code == OP_tail_call_method) && arguments == depth)
      return depth;
    if (jump_target(function, at) >= 0 || info->n_pop + arguments > depth)
      return -1;
    depth -= info->n_pop + arguments;
  }
  return -1;
}

/* Looks at code that reads a property of JSON. */
static void find_reviver(JSContext *context, const JSFunctionBytecode *function, const uint8_t *targets, int at) {
  if (!is_atom(context, get_u32(function->byte_code_buf + at + 1), "parse"))
    return;
  int count = argument_count(function, targets, at);
  gives_reviver |= count < 0 || count > 1;
}
