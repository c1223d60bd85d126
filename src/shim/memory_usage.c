/* How much memory the VM has: the host tells nobody how large a module's memory is. */

/* Linear memory only grows. A native program has none. */
static double linear_memory_size(void) {
#ifdef __wasm__
  return 65536.0 * (double)__builtin_wasm_memory_size(0);
#else
  return 0;
#endif
}

/* get_memory_usage(): [bytes of linear memory, bytes of JavaScript's heap]; the second ones are what `heapBytes`
 * limits. */
static JSValue js_get_memory_usage(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  return new_tuple(context, JS_NewFloat64(context, linear_memory_size()),
                   JS_NewFloat64(context, (double)vm.runtime->malloc_state.malloc_size));
}
