/*
 * The shim under libFuzzer (test/fuzz/shim.test.ts). What an input is, the environment's TARGET says:
 *
 * events: what a host does, with arguments, results and data of its choosing, also within its own host calls.
 * data: the same, and each result is the input's: bytes, and lies about their size, their place and the outcome.
 * pairs: a serialized list of headers.
 * functions: a path and a body, for fields of JSON, queries and hashes; they are compared with JavaScript's.
 *
 * Whatever it is, nothing crashes, and the next ordinary request is served.
 */
#include "shim.c"

#include "stub-host.h"

#include "program.h"

typedef struct Input {
  const uint8_t *data;
  size_t left;
} Input;

static uint8_t take_byte(Input *input) { return input->left ? input->left--, *input->data++ : 0; }

/* Small numbers mostly, and those at the edges. */
static uint32_t take_number(Input *input) {
  uint8_t kind = take_byte(input);
  if (kind < 0xf0)
    return kind % 16;
  uint32_t number = 0;
  for (size_t i = 0; i < 4; i++)
    number = number << 8 | take_byte(input);
  return kind == 0xff ? UINT32_MAX : number;
}

/* A text that lives until the next input. */
static const char *take_text(Input *input) {
  static char texts[16][64];
  static uint32_t next;
  char *text = texts[next++ % countof(texts)];
  size_t size = take_byte(input) % sizeof texts[0];
  for (size_t i = 0; i < size; i++)
    text[i] = (char)take_byte(input);
  text[size] = '\0';
  return text;
}

static const char *const paths[] = {
    "/headers",     "/iterate",      "/bytes",    "/bad-value",   "/call",         "/close",
    "/close-later", "/keep",         "/use-kept", "/fails",       "/parallel",     "/state",
    "/wasi",        "/receive",      "/grpc",     "/grpc-stream", "/grpc-send",    "/grpc-cancel",
    "/reply",       "/wrong-result", "/throw",    "/throw-odd",   "/reject-later", "/reject-handled",
    "/body",        "/body-waits",   "/longer",   "/detach",      "/odd",          "/recursion"};

/* Of fuzz-program.ts: which filter, and something for it. */
static const char *const configurations[] = {"", "r", "w", "w1", "p", "d", "c", "{\"a\": 1}", "\"refused\"", "{"};

/* Ids of streams are few, so that events meet. */
static uint32_t stream_id(Input *input) { return 1000 + take_byte(input) % 8; }

/* Those of this input, and a few that it has made up. */
static uint32_t plugins[64];
static size_t plugin_count;

static uint32_t plugin_id(Input *input) {
  uint8_t byte = take_byte(input);
  if (byte < 0x60)
    return ROOT;
  if (byte < 0xf0)
    return 2 + byte % 3;
  uint32_t id = take_number(input);
  if (plugin_count == countof(plugins))
    return ROOT;
  return id == ROOT ? ROOT : (plugins[plugin_count++] = id);
}

static Input *current_input;
static uint32_t nested_events;
static bool lies;

static void run_event(Input *input) {
  uint32_t id = stream_id(input);
  switch (take_byte(input) % 40) {
  case 0:
  case 1:
  case 2: {
    uint8_t path = take_byte(input);
    host_new_headers();
    host_add_header(":path", path < countof(paths) ? paths[path] : take_text(input));
    host_add_header("x-latin", take_text(input));
    proxy_on_context_create(id, plugin_id(input));
    proxy_on_request_headers(id, take_number(input), take_number(input));
    break;
  }
  case 3:
    proxy_on_request_headers(id, take_number(input), take_number(input));
    break;
  case 4:
    proxy_on_request_body(id, take_number(input), take_number(input));
    break;
  case 5:
    proxy_on_request_trailers(id, take_number(input));
    break;
  case 6:
    proxy_on_response_headers(id, take_number(input), take_number(input));
    break;
  case 7:
    proxy_on_response_body(id, take_number(input), take_number(input));
    break;
  case 8:
    proxy_on_response_trailers(id, take_number(input));
    break;
  case 9:
  case 10:
    proxy_on_http_call_response(plugin_id(input), host.last_call - take_byte(input) % 4, take_number(input),
                                take_number(input), take_number(input));
    break;
  case 11:
    proxy_on_grpc_receive(plugin_id(input), host.last_grpc - take_byte(input) % 4, take_number(input));
    break;
  case 12:
    proxy_on_grpc_receive_initial_metadata(plugin_id(input), host.last_grpc - take_byte(input) % 4, take_number(input));
    break;
  case 13:
    proxy_on_grpc_receive_trailing_metadata(plugin_id(input), host.last_grpc - take_byte(input) % 4,
                                            take_number(input));
    break;
  case 14:
    host.grpc_message = take_text(input);
    proxy_on_grpc_close(plugin_id(input), host.last_grpc - take_byte(input) % 4, take_number(input));
    break;
  case 15:
    proxy_on_done(id);
    break;
  case 16:
    proxy_on_log(take_byte(input) < 0xf0 ? id : plugin_id(input));
    break;
  case 17:
    proxy_on_delete(id);
    break;
  case 18:
    proxy_on_tick(plugin_id(input));
    break;
  case 19:
    proxy_on_queue_ready(plugin_id(input), take_number(input));
    break;
  case 20:
    proxy_on_foreign_function(plugin_id(input), take_number(input), take_number(input));
    break;
  case 21: {
    uint8_t byte = take_byte(input);
    host.configuration = byte < 0x80 ? configurations[byte % countof(configurations)] : take_text(input);
    uint32_t plugin = plugin_id(input);
    proxy_on_context_create(plugin, 0);
    proxy_on_configure(plugin, (uint32_t)strlen(host.configuration) + (byte == 0xff ? take_number(input) : 0));
    break;
  }
  case 22:
    proxy_on_vm_start(plugin_id(input), take_number(input));
    break;
  case 23: {
    uint32_t plugin = plugin_id(input);
    proxy_on_context_create(plugin, take_byte(input) < 0xe0 ? 0 : plugin_id(input));
    break;
  }
  case 24: {
    uint32_t plugin = plugin_id(input);
    if (plugin != ROOT)
      proxy_on_delete(plugin);
    break;
  }
  case 25: /* what the host has from now on */
    host.answer_status = take_text(input);
    host.answer_body = take_text(input);
    break;
  case 26:
    host.pairs = NULL;
    if ((host.pairs_size = take_byte(input) % 64)) {
      static char block[64];
      for (size_t i = 0; i < host.pairs_size; i++)
        block[i] = (char)take_byte(input);
      host.pairs = block;
    }
    break;
  case 27:
    host.body_size = take_byte(input);
    memset(host.body, take_byte(input), sizeof host.body);
    break;
  case 28:
    host.call_status = take_byte(input) % 13;
    host.grpc_status = take_byte(input) % 13;
    break;
  case 29:
    host.null_results = take_byte(input) & 1;
    host.failing_results = take_byte(input) & 1;
    host_map.gone = take_byte(input) & 1;
    host.refuses_ticks = take_byte(input) & 1;
    break;
  case 30:
    host.delete_in_reply = take_byte(input) & 1 ? id : 0;
    host.body_arrives_in_log = take_byte(input) & 1 ? id : 0;
    host.grpc_nested = take_byte(input) & 1;
    break;
  case 31: /* within the next host calls */
    nested_events = take_byte(input) % 4;
    break;
  case 32:
  case 33:
    proxy_on_context_create(id, plugin_id(input));
    proxy_on_new_connection(id);
    break;
  case 34:
    proxy_on_downstream_data(id, take_number(input), take_number(input));
    break;
  case 35:
    proxy_on_upstream_data(id, take_number(input), take_number(input));
    break;
  case 36:
    proxy_on_downstream_connection_close(id, take_number(input));
    break;
  case 37:
    proxy_on_upstream_connection_close(id, take_number(input));
    break;
  case 38:
    shared.wasi_error = take_byte(input) & 1 ? 76 : 0;
    shared.variables = take_byte(input) % 8;
    shared.variables_size = take_byte(input) % 40;
    shared.queues = 7;
    shared.items = take_byte(input) & 1;
    shared.item_size = take_byte(input) % 100;
    break;
  default: /* the heap is nearly full */
    JS_SetMemoryLimit(vm.runtime, take_byte(input) & 1
                                      ? vm.limits.heap_bytes
                                      : vm.runtime->malloc_state.malloc_size + take_number(input) * 64);
  }
}

static void run_nested_event(void) {
  if (!nested_events || !current_input->left)
    return;
  nested_events--;
  run_event(current_input);
}

/* A result, as the input says: mostly its bytes, sometimes a lie. */
static bool lie(char **out, size_t *out_size, uint32_t *status) {
  if (!current_input->left)
    return false;
  uint8_t kind = take_byte(current_input);
  size_t size = take_byte(current_input);
  if (kind & 1)
    return false;
  *status = kind < 0xe0 ? PROXY_STATUS_OK : kind % 14;
  char *memory = kind >= 0xd0 ? NULL : proxy_on_memory_allocate(size);
  for (size_t i = 0; memory && i < size; i++)
    memory[i] = (char)take_byte(current_input);
  *out = memory;
  *out_size =
      kind >= 0xc0 && kind < 0xd0 ? 0 : size; /* never more than there is: the host writes the module's memory */
  return true;
}

static void fail(const char *what) {
  if (write(2, what, strlen(what)) < 0 || write(2, host.log, host.log_size) < 0)
    _exit(3);
  abort();
}

/* A request that needs nothing of what was before. */
static void run_ordinary_request(void) {
  host_reset();
  memset(&shared, 0, sizeof shared);
  host_add_header(":path", "/headers");
  host_add_header("x-twice", "one");
  proxy_on_context_create(77, ROOT);
  if (proxy_on_request_headers(77, 2, 1) != PROXY_ACTION_CONTINUE || !host_header("x-set") ||
      strcmp(host_header("x-set"), "one") != 0)
    fail("the next ordinary request failed\n");
  proxy_on_done(77);
  proxy_on_delete(77);
}

/* What inputs leave behind does not add up. */
static void check_heap(void) {
  enum { MOST = 8 << 20 };
  static uint32_t runs;
  if (++runs % 512)
    return;
  JS_RunGC(vm.runtime);
  if (vm.runtime->malloc_state.malloc_size > MOST)
    fail("the heap grows\n");
}

static void run_events(const uint8_t *data, size_t size) {
  Input input = {data, size};
  current_input = &input;
  nested_events = 0;
  host_reset();
  host_reenter = run_nested_event;
  host_lie = lies ? lie : NULL;
  while (input.left)
    run_event(&input);
  host_reenter = NULL;
  host_lie = NULL;
  JS_SetMemoryLimit(vm.runtime, vm.limits.heap_bytes);
  host.null_results = host.failing_results = host_map.gone = false;
  host.delete_in_reply = host.body_arrives_in_log = 0;
  shared.wasi_error = 0;
  for (uint32_t call = host.last_call; call && call + 32 > host.last_call; call--)
    for (uint32_t plugin = ROOT; plugin <= 4; plugin++)
      proxy_on_http_call_response(plugin, call, 0, 0, 0);
  for (uint32_t call = host.last_grpc; call && call + 32 > host.last_grpc; call--)
    proxy_on_grpc_close(ROOT, call, 1);
  for (uint32_t id = 1000; id < 1008; id++)
    proxy_on_delete(id);
  for (uint32_t id = 2; id <= 4; id++)
    proxy_on_delete(id);
  while (plugin_count)
    proxy_on_delete(plugins[--plugin_count]);
  host.configuration = "";
  if (vm.depth || !proxy_on_configure(ROOT, 0))
    fail("the configuration is not taken any more\n");
  run_ordinary_request();
  check_heap();
}

/* In a block of its own size, so that the sanitizer sees a byte too much. */
static void run_pairs(const uint8_t *data, size_t size) {
  char *block = malloc(size ? size : 1);
  memcpy(block, data, size);
  PairReader reader, again;
  Pair pair, same;
  PairWriter writer;
  int more = -1;
  if (read_pairs(&reader, block, size)) {
    PairReader all = reader;
    JSValue list = new_pairs(vm.context, &all, NULL, 0);
    if (!JS_IsException(list) && serialize_pairs(vm.context, list, &writer)) {
      if (!read_pairs(&again, writer.data, writer.size))
        fail("what was written cannot be read\n");
      while ((more = next_pair(&reader, &pair)) > 0)
        if (next_pair(&again, &same) <= 0 || same.name_size != pair.name_size || same.value_size != pair.value_size ||
            memcmp(same.name, pair.name, pair.name_size) || memcmp(same.value, pair.value, pair.value_size))
          fail("another pair comes back\n");
      if (more || next_pair(&again, &same))
        fail("another number of pairs comes back\n");
      release_pairs(vm.context, &writer);
    }
    JS_FreeValue(vm.context, JS_GetException(vm.context));
    JS_FreeValue(vm.context, list);
    /* Picked by patterns that the block has, too. */
    Bytes patterns[] = {{.data = block, .size = size % 7}, {.data = "*", .size = 1}};
    if (read_pairs(&reader, block, size))
      JS_FreeValue(vm.context, new_pairs(vm.context, &reader, patterns, countof(patterns)));
    JS_FreeValue(vm.context, JS_GetException(vm.context));
  }
  free(block);
}

/* The first byte says how many of the next are the path. */
static void run_functions(const uint8_t *data, size_t size) {
  enum { STREAM = 1000, PLUGIN = 2 };
  Input input = {data, size};
  host_reset();
  host.configuration = "f";
  proxy_on_context_create(PLUGIN, 0);
  if (!proxy_on_configure(PLUGIN, 1))
    fail("the functions' plugin takes no configuration\n");
  host_add_header(":path", take_text(&input));
  host.body_size = input.left < sizeof host.body ? input.left : sizeof host.body;
  memcpy(host.body, input.data, host.body_size);
  proxy_on_context_create(STREAM, PLUGIN);
  proxy_on_request_headers(STREAM, 1, 0);
  proxy_on_request_body(STREAM, (uint32_t)host.body_size, 1);
  if (host_logged("these differ") || host_logged("onRequestBody"))
    fail("a function differs from JavaScript\n");
  proxy_on_done(STREAM);
  proxy_on_delete(STREAM);
  proxy_on_delete(PLUGIN);
  run_ordinary_request();
  check_heap();
}

static void (*target)(const uint8_t *data, size_t size) = run_events;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  target(data, size);
  return 0;
}

static bool is_target(const char *name) {
  const char *chosen = getenv("TARGET");
  return chosen && strcmp(chosen, name) == 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  size_t size;
  if (is_target("pairs"))
    target = run_pairs;
  if (is_target("functions"))
    target = run_functions;
  lies = is_target("data");
  uint8_t *bytecode = read_program(getenv("PROGRAM"), &size);
  host_reset();
  if (build_run(bytecode, size, NULL) != 0 || !proxy_on_vm_start(ROOT, 0))
    fail("the program does not start\n");
  vm.limits.callback_ms = target == run_functions ? 10000 : 20;
  proxy_on_context_create(ROOT, 0);
  if (!proxy_on_configure(ROOT, 0))
    fail("the program takes no configuration\n");
  return 0;
}
