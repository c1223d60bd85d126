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

/* Where the bundle's code comes from, in its order. Lines and columns are from 1. */
typedef struct Position {
  int32_t line, column;
  int32_t file; /* -1: nobody wrote it */
  int32_t source_line, source_column;
} Position;

static struct {
  const Position *rows;
  size_t count;
  const char **files;
} positions;

/* The last row that begins at or before a place, on its line. NULL: nobody wrote what is there. */
static const Position *find_position(int line, int column) {
  size_t from = 0, to = positions.count;
  while (from < to) {
    size_t middle = from + (to - from) / 2;
    const Position *row = &positions.rows[middle];
    if (row->line < line || (row->line == line && row->column <= column))
      from = middle + 1;
    else
      to = middle;
  }
  const Position *found = from ? &positions.rows[from - 1] : NULL;
  return found && found->line == line && found->file >= 0 ? found : NULL;
}

/*
 * Called by the engine before it writes a function's line table. A table has one file: that of the function. What the
 * bundler has put there from another one has the place of what is before it. The top level, which is of all files, has
 * none of its own and keeps the bundle's places.
 */
static void map_positions(JSFunctionDef *function) {
  const Position *begin = find_position(function->line_num, function->col_num);
  if (!begin)
    return;
  function->line_num = begin->source_line;
  function->col_num = begin->source_column;
  JS_FreeAtom(function->ctx, function->filename);
  function->filename = JS_NewAtom(function->ctx, positions.files[begin->file]);
  for (int i = 0; function->source_loc_slots && i < function->source_loc_count; i++) {
    SourceLocSlot *slot = &function->source_loc_slots[i];
    const Position *found = slot->line_num < 0 ? NULL : find_position(slot->line_num, slot->col_num);
    bool own = found && found->file == begin->file;
    slot->line_num = own ? found->source_line : -1;
    slot->col_num = own ? found->source_column : -1;
  }
}

/* Both stay: `rows` as they are, and the files' names, each with a zero byte at its end. */
EXPORT(set_positions) void set_positions(const Position *rows, size_t count, const char *names, size_t file_count) {
  positions.rows = rows;
  positions.count = count;
  positions.files = calloc(file_count + 1, sizeof *positions.files);
  if (!positions.files)
    abort();
  for (size_t i = 0; i < file_count; i++, names += strlen(names) + 1)
    positions.files[i] = names;
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
