/*
 * Runs the code of hooks. The engine's own loop knows some 250 opcodes; the way into it, out of it and from one opcode
 * to the next is longer than what most hooks do, and spread over forty lines of 64 bytes. This loop knows those that
 * hooks mostly consist of. Frames and values are the same in both, so that at any other opcode, and for any error, the
 * engine's loop goes on with the frame (build/engine/run-edits.ts).
 */

/* Lets the engine's loop go on. `failed`: an exception was thrown, which it may catch. */
static no_inline JSValue continue_code(JSStackFrame *frame, JSValueConst this, int argc, JSValueConst *argv,
                                       bool failed) {
  return JS_CallInternal(vm.context, JS_MKPTR(JS_TAG_INT, frame), this, JS_UNDEFINED, argc, argv,
                         SHIM_CALL_CONTINUES | (failed ? SHIM_CALL_FAILED : 0));
}

/* Takes over `value`. */
static bool take_condition(JSContext *context, JSValue value) {
  return (uint32_t)JS_VALUE_GET_TAG(value) <= JS_TAG_UNDEFINED ? JS_VALUE_GET_INT(value) != 0
                                                               : JS_ToBoolFree(context, value);
}

/*
 * Builtins that have no frame of their own when a hook calls them, as the engine's getters have none: in the stack of
 * an error that they throw, it is the caller that stands first.
 */
#define PLAIN_FUNCTION(name, length, function, magic)                                                                  \
  {                                                                                                                    \
    name, JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE, JS_DEF_CFUNC, magic,                                                \
        .u.func = {length, JS_CFUNC_plain, {.generic = function}}                                                      \
  }
#define PLAIN_MAGIC_FUNCTION(name, length, function, magic)                                                            \
  {                                                                                                                    \
    name, JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE, JS_DEF_CFUNC, magic,                                                \
        .u.func = {length, JS_CFUNC_plain_magic, {.generic_magic = function}}                                          \
  }

/* One with this magic number needs no promise for what is awaited at once: it is called with a `this` of the tag
   TAG_INTERNAL then, and what it returns may have it. */
enum { MAGIC_AWAITED = 0x6177 };

/* What has a frame, or is no function; but String(n) of an integer, as headers are set to, needs none. */
static no_inline JSValue call_other(JSContext *context, const JSObject *function, JSValueConst value, JSValueConst this,
                                    int argc, JSValueConst *argv) {
  if (function && function->class_id == JS_CLASS_C_FUNCTION &&
      function->u.cfunc.cproto == JS_CFUNC_constructor_or_func && function->u.cfunc.magic == SHIM_MAGIC_STRING &&
      argc == 1 && JS_VALUE_GET_TAG(argv[0]) == JS_TAG_INT)
    return js_poll_interrupts(context) ? JS_EXCEPTION : js_int_to_string(context, JS_VALUE_GET_INT(argv[0]));
  return js_call_any(context, value, this, argc, argv, 0);
}

static inline __attribute__((always_inline)) JSValue call_value(JSContext *context, JSValueConst function,
                                                                JSValueConst this, int argc, JSValueConst *argv,
                                                                bool is_awaited) {
  const JSObject *p = JS_IsObject(function) ? JS_VALUE_GET_OBJ(function) : NULL;
  if (!p || p->class_id != JS_CLASS_C_FUNCTION || p->u.cfunc.cproto < JS_CFUNC_plain || argc < p->u.cfunc.length)
    return call_other(context, p, function, this, argc, argv);
  if (unlikely(js_poll_interrupts(context)))
    return JS_EXCEPTION;
  JSCFunctionType called = p->u.cfunc.c_function;
  int magic = p->u.cfunc.magic;
  if (p->u.cfunc.cproto == JS_CFUNC_plain_magic)
    return called.generic_magic(p->u.cfunc.realm, this, argc, argv, magic);
  return called.generic(p->u.cfunc.realm, is_awaited && magic == MAGIC_AWAITED ? JS_MKPTR(TAG_INTERNAL, NULL) : this,
                        argc, argv);
}

/* What this loop's own frame takes of the module's stack, besides: as much as the engine's, so that the limit of that
   stack (guard.c) is reached before the end of the host's, of which both take as much. */
enum { FRAME_MARGIN = 112 };

/* From frame->cur_pc on, with frame->cur_sp as the stack's end. Frees the frame's values as the engine's loop does:
   those of an async function are its owner's. */
static no_inline JSValue run_code(JSRuntime *runtime, JSStackFrame *frame, JSValueConst this, int argc,
                                  JSValueConst *argv) {
  const JSObject *function = JS_VALUE_GET_OBJ(frame->cur_func);
  const JSFunctionBytecode *code = function->u.func.function_bytecode;
  JSContext *context = code->realm;
  const uint8_t *pc = frame->cur_pc;
  JSValue *sp = frame->cur_sp, value;
  char margin[FRAME_MARGIN];
  __asm__ volatile("" : : "r"(margin));
  frame->cur_sp = NULL; /* it runs */
  frame->prev_frame = runtime->current_stack_frame;
  runtime->current_stack_frame = frame;
  for (;;) {
    uint8_t opcode = *pc++;
    switch (opcode) {
    case OP_get_arg0:
    case OP_get_arg1:
      value = frame->arg_buf[opcode - OP_get_arg0];
      goto push_copy;
    case OP_get_loc0:
    case OP_get_loc1:
    case OP_get_loc2:
    case OP_get_loc3:
      value = frame->var_buf[opcode - OP_get_loc0];
      goto push_copy;
    case OP_get_loc8:
      value = frame->var_buf[*pc++];
      goto push_copy;
    case OP_get_var_ref0:
    case OP_get_var_ref1:
    case OP_get_var_ref2:
    case OP_get_var_ref3:
      value = *function->u.func.var_refs[opcode - OP_get_var_ref0]->pvalue;
      goto push_copy;
    case OP_get_loc_check:
      value = frame->var_buf[get_u16(pc)];
      if (unlikely(JS_IsUninitialized(value)))
        goto continues;
      pc += 2;
      goto push_copy;
    case OP_get_var_ref_check:
      value = *function->u.func.var_refs[get_u16(pc)]->pvalue;
      if (unlikely(JS_IsUninitialized(value)))
        goto continues;
      pc += 2;
      goto push_copy;
    case OP_push_atom_value:
      if (!is_string_atom(runtime, get_u32(pc)))
        goto continues;
      value = js_dup(JS_MKPTR(JS_TAG_STRING, runtime->atom_array[get_u32(pc)]));
      pc += 4;
      goto push;
    case OP_push_const8:
      value = js_dup(code->cpool[*pc++]);
      goto push;
    case OP_push_0:
    case OP_push_1:
    case OP_push_2:
    case OP_push_3:
    case OP_push_4:
    case OP_push_5:
    case OP_push_6:
    case OP_push_7:
      value = js_int32(opcode - OP_push_0);
      goto push;
    case OP_push_i8:
      value = js_int32(get_i8(pc));
      pc += 1;
      goto push;
    case OP_undefined:
      value = JS_UNDEFINED;
      goto push;
    case OP_null:
      value = JS_NULL;
      goto push;
    case OP_push_false:
      value = JS_FALSE;
      goto push;
    case OP_push_true:
      value = JS_TRUE;
      goto push;
    case OP_dup:
      value = js_dup(sp[-1]);
      goto push;
    case OP_get_var:
    case OP_get_var_undef:
      frame->cur_pc = (uint8_t *)pc + 4;
      value = js_get_global(context, pc + 4, get_u32(pc), opcode - OP_get_var_undef);
      pc += 4;
      goto push;
    case OP_object:
      value = take_literal(context, &pc);
      goto push;
    case OP_get_field2:
      frame->cur_pc = (uint8_t *)pc + 4;
      value = js_get_field(context, pc + 4, sp[-1], get_u32(pc));
      pc += 4;
      goto push;
    case OP_get_field:
      pc += 4;
      frame->cur_pc = (uint8_t *)pc;
      value = js_get_field(context, pc, sp[-1], get_u32(pc - 4));
      goto replace;
    case OP_get_length:
      frame->cur_pc = (uint8_t *)pc;
      value = js_get_field(context, pc + SHIM_LENGTH_SITES, sp[-1], JS_ATOM_length);
    replace:
      if (unlikely(JS_IsException(value)))
        goto failed;
      JS_FreeValue(context, sp[-1]);
      sp[-1] = value;
      break;
    push_copy:
      value = js_dup(value);
      if (*pc == OP_get_field) { /* it does not come onto the stack */
        JSValue object = value;
        pc += 5;
        frame->cur_pc = (uint8_t *)pc;
        value = js_get_field(context, pc, object, get_u32(pc - 4));
        JS_FreeValue(context, object);
      }
    push:
      if (unlikely(JS_IsException(value)))
        goto failed;
      *sp++ = value;
      break;
    case OP_put_loc0:
    case OP_put_loc1:
    case OP_put_loc2:
    case OP_put_loc3:
      set_value(context, &frame->var_buf[opcode - OP_put_loc0], *--sp);
      break;
    case OP_put_loc8:
      set_value(context, &frame->var_buf[*pc++], *--sp);
      break;
    case OP_set_loc_uninitialized:
      set_value(context, &frame->var_buf[get_u16(pc)], JS_UNINITIALIZED);
      pc += 2;
      break;
    case OP_drop:
      JS_FreeValue(context, *--sp);
      break;
    case OP_to_object:
      if (!JS_IsObject(sp[-1]))
        goto continues;
      break;
    case OP_lnot:
      sp[-1] = js_bool(!take_condition(context, sp[-1]));
      break;
    case OP_is_undefined_or_null: {
      bool is = JS_IsUndefined(sp[-1]) || JS_IsNull(sp[-1]);
      JS_FreeValue(context, sp[-1]);
      sp[-1] = js_bool(is);
      break;
    }
    case OP_strict_eq:
    case OP_strict_neq:
      if (js_strict_eq_slow(context, sp, opcode == OP_strict_neq))
        goto failed;
      sp--;
      break;
    case OP_if_false8:
    case OP_if_true8:
    case OP_goto8: {
      const uint8_t *target = pc + get_i8(pc);
      bool goes = opcode == OP_goto8 || take_condition(context, *--sp) == (opcode == OP_if_true8);
      pc = goes ? target : pc + 1;
      if (unlikely(js_poll_interrupts(context)))
        goto failed;
      break;
    }
    case OP_put_field: {
      JSProperty *property;
      const JSShapeProperty *shape = NULL;
      if (JS_IsObject(sp[-2]))
        shape = find_own_property(&property, JS_VALUE_GET_OBJ(sp[-2]), get_u32(pc));
      if (!shape || (shape->flags & (JS_PROP_TMASK | JS_PROP_WRITABLE | JS_PROP_LENGTH)) != JS_PROP_WRITABLE)
        goto continues;
      pc += 4;
      set_value(context, &property->u.value, sp[-1]);
      JS_FreeValue(context, sp[-2]);
      sp -= 2;
      break;
    }
    case OP_define_field: {
      int defined = define_new_field(context, pc + 4, sp[-2], get_u32(pc), sp[-1]);
      if (!defined)
        goto continues;
      pc += 4;
      sp--;
      if (unlikely(defined < 0))
        goto failed;
      break;
    }
    case OP_call0:
    case OP_call1:
    case OP_call2:
    case OP_call3:
    case OP_call_method: {
      int count = opcode - OP_call0, below = 1; /* the function, and what it is a method of */
      if (opcode == OP_call_method) {
        count = get_u16(pc);
        pc += 2;
        below = 2;
      }
      JSValue *arguments = sp - count;
      frame->cur_pc = (uint8_t *)pc;
      value = call_value(context, arguments[-1], below == 2 ? arguments[-2] : JS_UNDEFINED, count,
                         (JSValueConst *)arguments, *pc == OP_await && code->func_kind == JS_FUNC_ASYNC);
      if (unlikely(JS_IsException(value)))
        goto failed;
      for (arguments -= below; sp > arguments;)
        JS_FreeValue(context, *--sp);
      *sp++ = value;
      break;
    }
    case OP_await:
      value = js_int32(FUNC_RET_AWAIT);
      goto suspend;
    case OP_initial_yield:
    case OP_return_async:
      value = JS_UNDEFINED;
    suspend:
      frame->cur_pc = (uint8_t *)pc;
      frame->cur_sp = sp;
      goto leave;
    case OP_return:
      value = *--sp;
      goto done;
    case OP_return_undef:
      value = JS_UNDEFINED;
    done:
      if (unlikely(frame->var_ref_count != 0))
        close_var_refs(runtime, frame);
      for (JSValue *local = frame->var_buf; local < sp; local++)
        JS_FreeValue(context, *local);
    leave:
      runtime->current_stack_frame = frame->prev_frame;
      return value;
    default:
      goto continues;
    }
  }
continues:
  frame->cur_pc = (uint8_t *)pc - 1;
  frame->cur_sp = sp;
  return continue_code(frame, this, argc, argv, false);
failed:
  frame->cur_pc = (uint8_t *)pc;
  frame->cur_sp = sp;
  return continue_code(frame, this, argc, argv, true);
}

/* Calls a function with arguments that are its own. */
static no_inline JSValue call_function(JSValueConst function, JSValueConst this, int argc, JSValue *argv) {
  JSContext *context = vm.context;
  JSRuntime *runtime = vm.runtime;
  if (!JS_IsObject(function))
    return JS_ThrowTypeErrorNotAFunction(context);
  const JSObject *object = JS_VALUE_GET_OBJ(function);
  const JSFunctionBytecode *code = object->u.func.function_bytecode;
  if (object->class_id != JS_CLASS_BYTECODE_FUNCTION || argc < code->arg_count) {
    JSClassCall *call = runtime->class_array[object->class_id].call;
    if (!call) /* bytecode, or no function */
      return JS_CallInternal(context, function, this, JS_UNDEFINED, argc, (JSValueConst *)argv, 0);
    return js_poll_interrupts(context) ? JS_EXCEPTION : call(context, function, this, argc, (JSValueConst *)argv, 0);
  }
  if (js_poll_interrupts(context))
    return JS_EXCEPTION;
  int values = code->var_count + code->stack_size;
  size_t size = values * sizeof(JSValue) + code->var_ref_count * sizeof(JSVarRef *);
  if (js_check_stack_overflow(runtime, size))
    return JS_ThrowStackOverflow(context);
  JSStackFrame frame;
  frame.cur_func = (JSValue)function;
  frame.arg_buf = argv;
  frame.var_buf = alloca(size);
  frame.var_refs = (JSVarRef **)(frame.var_buf + values);
  frame.cur_pc = code->byte_code_buf;
  frame.cur_sp = frame.var_buf + code->var_count;
  frame.var_ref_count = code->var_ref_count;
  frame.arg_count = argc;
  frame.is_strict_mode = code->is_strict_mode;
  frame.is_constructor = false;
  frame.cur_gc_obj = NULL;
  for (int i = 0; i < code->var_count; i++)
    frame.var_buf[i] = JS_UNDEFINED;
  for (int i = 0; i < code->var_ref_count; i++)
    frame.var_refs[i] = NULL;
  return run_code(runtime, &frame, this, argc, (JSValueConst *)argv);
}

/* Called by the engine when an async function begins, or goes on. */
static JSValue shim_resume_code(JSContext *context, JSAsyncFunctionState *state) {
  if (state->throw_flag)
    return JS_CallInternal(context, JS_MKPTR(JS_TAG_INT, state), state->this_val, JS_UNDEFINED, state->argc,
                           vc(state->frame.arg_buf), JS_CALL_FLAG_GENERATOR);
  if (js_poll_interrupts(context))
    return JS_EXCEPTION;
  return run_code(context->rt, &state->frame, state->this_val, state->argc, vc(state->frame.arg_buf));
}
