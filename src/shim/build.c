/*
 * The runtime's part of a build (build/steps/snapshot.ts): makes the VM, runs the program's top level once, and leaves
 * memory as it should be found at run time. The exports here are not in the final module.
 */

static char *build_result; /* JSON */
static size_t build_result_size;

/* Whether each block of one of the engine's pages of small blocks is free. */
static void find_free_blocks(const JSArena *arena, size_t size, bool free_blocks[JS_ARENA_SIZE / 16]) {
  uint16_t block = arena->first_free_block;
  for (int count = arena->n_blocks - arena->n_used_blocks; count > 0; count--) {
    const JSMallocBlockHeader *header = arena_get_block((JSArena *)arena, block, size);
    free_blocks[block] = true;
    block = (uint16_t)(header->u.free_next + block + 1);
  }
}

/* Puts the free blocks of a page into the order of their addresses, and leaves zeros in them. */
static void clear_free_blocks_of(JSArena *arena) {
  size_t size = arena_block_sizes[arena->block_size_idx];
  bool free_blocks[JS_ARENA_SIZE / 16] = {false};
  find_free_blocks(arena, size, free_blocks);
  JSMallocBlockHeader *previous = NULL;
  int previous_block = 0;
  for (int block = 0; block < arena->n_blocks; block++) {
    if (!free_blocks[block])
      continue;
    JSMallocBlockHeader *header = arena_get_block(arena, (unsigned)block, size);
    clear(header, size);
    if (previous)
      previous->u.free_next = (uint16_t)(block - previous_block - 1);
    else
      arena->first_free_block = (uint16_t)block;
    previous = header;
    previous_block = block;
  }
}

/* The engine keeps free blocks of its small-object pages on lists of their own; clears them as well. */
static void clear_free_blocks(JSRuntime *runtime) {
  for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++) {
    struct list_head *el;
    list_for_each(el, &runtime->arena_state.arena_list[i]) clear_free_blocks_of(list_entry(el, JSArena, link));
  }
}

static const JSClassDef message_class_def = {"HttpMessage"};
static const JSClassDef headers_class_def = {"HttpHeaders"};
static const JSClassDef body_class_def = {"HttpBody"};

static void define_class(JSClassID *id, const JSClassDef *definition) {
  JS_NewClassID(vm.runtime, id);
  JS_NewClass(vm.runtime, *id, definition);
}

/* What JS_NewContext adds, but for `performance`, whose origin would be the build's, and WeakRef with
   FinalizationRegistry, for which a request is too short. */
static JSContext *new_context(JSRuntime *runtime) {
  JSContext *context = JS_NewContextRaw(runtime);
  JS_AddIntrinsicBaseObjects(context);
  JS_AddIntrinsicDate(context);
  JS_AddIntrinsicEval(context);
  JS_AddIntrinsicRegExp(context);
  JS_AddIntrinsicJSON(context);
  JS_AddIntrinsicProxy(context);
  JS_AddIntrinsicMapSet(context);
  JS_AddIntrinsicTypedArrays(context);
  JS_AddIntrinsicPromise(context);
  JS_AddIntrinsicAToB(context);
  return context;
}

static void start_vm(void) {
  vm.runtime = JS_NewRuntime2(&build_malloc_functions, NULL);
  vm.context = new_context(vm.runtime);
  guard_start(vm.runtime);
  JS_SetHostPromiseRejectionTracker(vm.runtime, track_rejection, NULL);
  define_class(&message_class, &message_class_def);
  define_class(&headers_class, &headers_class_def);
  define_class(&call_response_class, &call_response_class_def);
  define_class(&body_class, &body_class_def);
  start_fetch(vm.context);
  for (size_t i = 0; i < countof(sdk_fields); i++)
    *sdk_field(i) = JS_UNDEFINED;
  for (size_t i = 0; i < countof(vm.handlers); i++)
    vm.handlers[i] = JS_UNDEFINED;
}

static JSValue run_program(const uint8_t *bytecode, size_t size, const char *names) {
  JSContext *context = vm.context;
  JSValue program = JS_ReadObject(context, bytecode, size, JS_READ_OBJ_BYTECODE);
  if (names)
    index_names(context, names);
  JSValue result = JS_IsException(program) ? program : JS_EvalFunction(context, program);
  if (JS_IsException(result))
    return result;
  JS_FreeValue(context, result);
  run_jobs();
  if (rejections.count) {
    JS_Throw(context, js_dup(rejections.entries[0][1]));
    return JS_EXCEPTION;
  }
  if (!vm.filter_count)
    return JS_ThrowInternalError(context, "the program did not start a filter");
  return JS_UNDEFINED;
}

static void set_result(JSValue value) {
  JSValue json = JS_JSONStringify(vm.context, value, JS_UNDEFINED, JS_UNDEFINED);
  const char *text = JS_ToCStringLen(vm.context, &build_result_size, json);
  build_result = text ? malloc(build_result_size) : NULL;
  if (build_result)
    memcpy(build_result, text, build_result_size);
  else
    build_result_size = 0;
  JS_FreeCString(vm.context, text);
  JS_FreeValue(vm.context, json);
  JS_FreeValue(vm.context, value);
}

static void set_error(void) {
  static const char *const names[] = {"name", "message", "stack"};
  JSContext *context = vm.context;
  JSValue error = JS_GetException(context), report = JS_NewObject(context);
  for (size_t i = 0; i < countof(names); i++) {
    JSValue value = JS_IsObject(error) ? JS_GetPropertyStr(context, error, names[i]) : JS_UNDEFINED;
    if (JS_IsUndefined(value) && i == 1) /* something that is not an Error was thrown */
      value = JS_ToString(context, error);
    if (JS_IsException(value)) {
      JS_FreeValue(context, JS_GetException(context));
      value = JS_UNDEFINED;
    }
    JS_SetPropertyStr(context, report, names[i], value);
  }
  JS_FreeValue(context, error);
  set_result(report);
}

/* See delayed.c: a message may have to wait for a tick whose headers' hook may wait, and whose body is held. */
static bool needs_tick(void) {
  for (uint32_t i = 0; i < vm.filter_count; i++)
    for (size_t j = 0; j < countof(http_arrivals); j++) {
      const Filter *filter = &vm.filters[i];
      BodyMode mode = j == 0 ? filter->request_body : filter->response_body;
      if (has_hook(filter, http_arrivals[j].headers) && has_hook(filter, http_arrivals[j].body) && mode != BODY_STREAM)
        return true;
    }
  return !JS_IsUndefined(vm.handlers[HANDLER_TICK]);
}

/* Every module exports proxy_on_vm_start. */
static const char *const handler_callbacks[HANDLER_COUNT] = {
    [HANDLER_TICK] = "proxy_on_tick",
    [HANDLER_QUEUE_READY] = "proxy_on_queue_ready",
    [HANDLER_FOREIGN_FUNCTION] = "proxy_on_foreign_function",
};

static void append_name(JSValueConst list, const char *name) {
  int64_t length = 0;
  JS_GetLength(vm.context, list, &length);
  JS_SetPropertyUint32(vm.context, list, (uint32_t)length, JS_NewString(vm.context, name));
}

/* Of a call the host says less than of a stream. */
static void append_grpc_callbacks(JSValueConst list) {
  bool calls = is_live_function(vm.context, "proxy_grpc_call");
  bool streams = is_live_function(vm.context, "proxy_grpc_stream");
  if (calls || streams) {
    append_name(list, "proxy_on_grpc_receive");
    append_name(list, "proxy_on_grpc_close");
  }
  if (streams) {
    append_name(list, "proxy_on_grpc_receive_initial_metadata");
    append_name(list, "proxy_on_grpc_receive_trailing_metadata");
  }
}

/* What the final module needs: the exports that every host calls and those of the hooks that the filters have, and the
   opcodes of its functions. */
static void set_outcome(void) {
  static const char *const always[] = {
      "memory",
      "malloc",
      "proxy_abi_version_0_2_1",
      "proxy_on_memory_allocate",
      "proxy_on_vm_start",
      "proxy_on_configure",
  };
  JSContext *context = vm.context;
  JSValue list = JS_NewArray(context), result = JS_NewObject(context);
  JS_RunGC(vm.runtime); /* what is garbage asks for no callback */
  for (size_t i = 0; i < countof(always); i++)
    append_name(list, always[i]);
  if (!vm.streams_on_demand)
    append_name(list, "proxy_on_context_create");
  if (!vm.streams_are_brief && !vm.end_gone)
    append_name(list, "proxy_on_delete");
  if (is_live_function(context, "http_call"))
    append_name(list, "proxy_on_http_call_response");
  for (Hook hook = 0; hook < HOOK_COUNT; hook++)
    if (needs_callback(hook))
      append_name(list, callback_export(hook));
  for (size_t i = 0; i < HANDLER_COUNT; i++)
    if (handler_callbacks[i] && (i == HANDLER_TICK ? needs_tick() : !JS_IsUndefined(vm.handlers[i])))
      append_name(list, handler_callbacks[i]);
  append_grpc_callbacks(list);
  JS_SetPropertyStr(context, result, "exports", list);
  JS_SetPropertyStr(context, result, "opcodes", list_opcodes(context));
  JS_SetPropertyStr(context, result, "impossible", list_impossible(context));
  set_result(result);
}

#ifdef __wasm__
extern unsigned char __stack_low;

/* Clears the part of the stack below this function's frame. */
static void clear_stack(void) {
  volatile unsigned char *top = (unsigned char *)__builtin_frame_address(0) - 64;
  for (volatile unsigned char *at = &__stack_low; at < top; at++)
    *at = 0;
}
#endif

static void trim_names(JSRuntime *runtime) {
  uint32_t before = runtime->atom_size, size = give_up_free_names(runtime, 0);
  clear(runtime->atom_array + size, (before - size) * sizeof *runtime->atom_array);
}

/* Leaves nothing in memory that only the build needed, but for the result. */
static void clear_memory(void) {
  JS_RunGC(vm.runtime);
  trim_names(vm.runtime);
  clear_free_blocks(vm.runtime);
  guard.polls = 0;
#ifdef __wasm__
  clear_stack();
#endif
}

static void drop_property(JSContext *context, JSValueConst object, const char *text) {
  JSAtom name = JS_NewAtom(context, text);
  JS_DeleteProperty(context, object, name, 0);
  JS_FreeAtom(context, name);
}

/* The SDK has kept what it needs of the shim's functions. The others are not to be reached any more, neither around the
   SDK nor through the object, which some closure may hold. */
static void empty_shim(JSContext *context, JSValue shim) {
  for (size_t i = 0; i < countof(shim_functions); i++)
    drop_property(context, shim, shim_functions[i].name);
  drop_property(context, context->global_obj, "proxyWasmShim");
  JS_FreeValue(context, shim);
}

BUILD_EXPORT(build_allocate) void *build_allocate(size_t size) {
  return plan.stays ? allocate_passing(size) : malloc(size);
}

/* 0: the VM is ready, and the result says which exports and opcodes stay. 1: the result is the error. Frees
   `bytecode` and `names`, which are those that prune.c is to keep; NULL: all builtins stay. */
BUILD_EXPORT(build_run) uint32_t build_run(uint8_t *bytecode, size_t size, char *names) {
  vm.building = true;
  const ShimBuildMemory *memory = &build_memory;
  __asm__ volatile("" : "+r"(memory)); /* or LLVM calls its functions directly, and they stay in the module */
  shim_build_memory = memory;
  start_vm();
  JSContext *context = vm.context;
  JS_SetPropertyStr(context, context->global_obj, "proxyWasmShim", JS_NewObject(context));
  JSValue shim = JS_GetPropertyStr(context, context->global_obj, "proxyWasmShim");
  JS_SetPropertyFunctionList(context, shim, shim_functions, countof(shim_functions));
  JSValue result = run_program(bytecode, size, names);
  bool failed = JS_IsException(result);
  empty_shim(context, shim);
  if (failed) {
    set_error();
  } else {
    if (named_atoms) {
      prune_members(context);
      prune_sdk_classes(context);
      name_live_code(context);
      prune_heap(context);
      decide_lifetime(context);
    }
    set_outcome();
    if (named_atoms) {
      forget_names(context);
      prune_variables(context);
      pack_removed_builtins(context);
    }
  }
  build_free(NULL, bytecode);
  build_free(NULL, names);
  clear_memory();
  vm.runtime->mf = def_malloc_funcs;
  shim_build_memory = NULL;
  open_free_blocks(); /* until here none was kept */
  vm.building = false;
  return failed;
}

BUILD_EXPORT(build_result_ptr) const char *build_result_ptr(void) { return build_result; }
BUILD_EXPORT(build_result_len) size_t build_result_len(void) { return build_result_size; }
