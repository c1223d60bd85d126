/*
 * Takes the names of variables out of functions that cannot tell them. Only the error about a variable that is used
 * before its declaration tells one, of an instruction that checks for it; the names of global variables are what they
 * are looked up by. Runs in a build only.
 */

/* Whether a function has an instruction that checks the variable: `first`, or one of the two that follow it. */
static bool is_checked(const JSFunctionBytecode *function, uint8_t first, int variable) {
  for (int at = 0; at < function->byte_code_len; at += short_opcode_info(function->byte_code_buf[at]).size) {
    const uint8_t *code = function->byte_code_buf + at;
    if (*code >= first && *code <= first + 2 && get_u16(code + 1) == variable)
      return true;
  }
  return false;
}

static void drop_name(JSContext *context, JSAtom *name) {
  JS_FreeAtom(context, *name);
  *name = JS_ATOM_NULL;
}

static void prune_variables_of(JSContext *context, const JSFunctionBytecode *function) {
  for (int i = 0; i < function->arg_count + function->var_count; i++)
    if (i < function->arg_count || !is_checked(function, OP_get_loc_check, i - function->arg_count))
      drop_name(context, &function->vardefs[i].var_name);
  for (int i = 0; i < function->closure_var_count; i++)
    if (!is_global(&function->closure_var[i]) && !is_checked(function, OP_get_var_ref_check, i))
      drop_name(context, &function->closure_var[i].var_name);
}

static void prune_variables(JSContext *context) { for_each_function(context, prune_variables_of); }
