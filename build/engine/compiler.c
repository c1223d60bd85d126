/*
 * compiler.wasm: JavaScript source to QuickJS-NG bytecode, at build time. Its bytecode is read by runtime.wasm, which
 * is built from the same source and has no parser.
 */
#include "quickjs.c"

#include "libregexp.c"
#include "libunicode.c"
#include "dtoa.c"

#define EXPORT(name) __attribute__((export_name(#name)))

static char *result;
static size_t result_size;

static void set_result(const void *data, size_t size) {
  free(result);
  result = malloc(size ? size : 1);
  if (!result)
    abort(); /* build time: the toolchain reports the trap */
  memcpy(result, data, size);
  result_size = size;
}

static char *new_c_string(const char *data, size_t size) {
  char *string = calloc(size + 1, 1);
  if (!string)
    abort();
  memcpy(string, data, size);
  return string;
}

/* {"name":...,"message":...,"stack":...} of the pending exception. */
static void set_error(JSContext *context) {
  static const char *const names[] = {"name", "message", "stack"};
  JSValue error = JS_GetException(context), report = JS_NewObject(context);
  for (size_t i = 0; i < countof(names); i++)
    JS_SetPropertyStr(context, report, names[i], JS_GetPropertyStr(context, error, names[i]));
  JSValue json = JS_JSONStringify(context, report, JS_UNDEFINED, JS_UNDEFINED);
  size_t size;
  const char *text = JS_ToCStringLen(context, &size, json);
  set_result(text, size);
  JS_FreeCString(context, text);
  JS_FreeValue(context, json);
  JS_FreeValue(context, report);
  JS_FreeValue(context, error);
}

EXPORT(allocate) void *allocate(size_t size) { return calloc(size ? size : 1, 1); }

/* 0: the result is the bytecode. 1: it is the error. The source's text is not part of the bytecode; line tables are. */
EXPORT(compile) int compile(const char *source, size_t source_size, const char *name, size_t name_size) {
  JSRuntime *runtime = JS_NewRuntime();
  JSContext *context = JS_NewContext(runtime);
  char *text = new_c_string(source, source_size), *file = new_c_string(name, name_size);
  JSValue program = JS_Eval(context, text, source_size, file, JS_EVAL_FLAG_COMPILE_ONLY);
  int failed = JS_IsException(program);
  if (failed) {
    set_error(context);
  } else {
    size_t size;
    uint8_t *bytecode = JS_WriteObject(context, &size, program, JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE);
    set_result(bytecode, size);
    js_free(context, bytecode);
  }
  JS_FreeValue(context, program);
  free(text);
  free(file);
  JS_FreeContext(context);
  JS_FreeRuntime(runtime);
  return failed;
}

EXPORT(result_ptr) const char *result_ptr(void) { return result; }
EXPORT(result_len) size_t result_len(void) { return result_size; }
