import type { Edit } from "./edits.ts";

const why = "a frame that another loop has begun goes on in the engine's: see src/shim/run_code.c";

/** The interpreter, as hooks' code comes to it. */
export const RUN_EDITS: readonly Edit[] = [
  {
    file: "quickjs.c",
    why,
    find: "#define JS_CALL_FLAG_GENERATOR   (1 << 2)\n",
    replace:
      "#define JS_CALL_FLAG_GENERATOR   (1 << 2)\n" +
      "#define SHIM_CALL_CONTINUES      (1 << 3) /* the function is a pointer to a JSStackFrame */\n" +
      "#define SHIM_CALL_FAILED         (1 << 4) /* and has thrown */\n" +
      "#define SHIM_CALL_HOOK           (1 << 5) /* see src/shim/async.c */\n",
  },
  {
    file: "quickjs.c",
    why,
    find: "    if (js_poll_interrupts(caller_ctx))\n        return JS_EXCEPTION;\n    if (unlikely(JS_VALUE_GET_TAG(func_obj) != JS_TAG_OBJECT)) {\n",
    replace: `    if (unlikely(flags & SHIM_CALL_CONTINUES)) {
        sf = JS_VALUE_GET_PTR(func_obj);
        p = JS_VALUE_GET_OBJ(sf->cur_func);
        b = p->u.func.function_bytecode;
        ctx = b->realm;
        var_refs = p->u.func.var_refs;
        arg_buf = sf->arg_buf;
        local_buf = var_buf = sf->var_buf; /* of an async function nothing is freed here */
        stack_buf = var_buf + b->var_count;
        sp = sf->cur_sp;
        sf->cur_sp = NULL;
        pc = sf->cur_pc;
        if (flags & SHIM_CALL_FAILED)
            goto exception;
        goto restart;
    }
    if (js_poll_interrupts(caller_ctx))
        return JS_EXCEPTION;
    if (unlikely(JS_VALUE_GET_TAG(func_obj) != JS_TAG_OBJECT)) {
`,
  },
  {
    file: "quickjs.c",
    why: "async functions run there, too",
    find: "    /* the tag does not matter provided it is not an object */\n    func_obj = JS_MKPTR(JS_TAG_INT, s);\n    return JS_CallInternal(ctx, func_obj, s->this_val, JS_UNDEFINED,\n                           s->argc, vc(s->frame.arg_buf),\n                           JS_CALL_FLAG_GENERATOR);\n",
    replace: "    return shim_resume_code(ctx, s);\n",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "static JSValue async_func_resume(JSContext *ctx, JSAsyncFunctionState *s)\n{\n    JSValue func_obj;\n\n",
    replace:
      "static JSValue shim_resume_code(JSContext *ctx, JSAsyncFunctionState *s);\n\n" +
      "static JSValue async_func_resume(JSContext *ctx, JSAsyncFunctionState *s)\n{\n",
  },
  {
    file: "quickjs.h",
    why: "builtins that src/shim/run_code.c calls without a frame: the SDK's own, so that a hook's call of one is no more than that of a C function",
    find: "    JS_CFUNC_iterator_next,\n} JSCFunctionEnum;\n",
    replace: "    JS_CFUNC_iterator_next,\n    JS_CFUNC_plain,\n    JS_CFUNC_plain_magic,\n} JSCFunctionEnum;\n",
  },
  {
    file: "quickjs.c",
    why: "the same: others call them as they call all builtins",
    find: "    case JS_CFUNC_generic:\n        ret_val = func.generic(",
    replace: "    case JS_CFUNC_generic:\n    case JS_CFUNC_plain:\n        ret_val = func.generic(",
  },
  {
    file: "quickjs.c",
    why: "the same",
    find: "    case JS_CFUNC_generic_magic:\n        ret_val = func.generic_magic(",
    replace: "    case JS_CFUNC_generic_magic:\n    case JS_CFUNC_plain_magic:\n        ret_val = func.generic_magic(",
  },
];
