/*
 * The shim under a fuzzer: an input is a sequence of what a host does, with arguments, results and data of its
 * choosing. Whatever it is, nothing crashes, and the next ordinary request is served.
 *
 * `LLVMFuzzerTestOneInput` is libFuzzer's interface: with clang it links to that (CC=clang npm run test:fuzz), with gcc
 * to fuzz-driver.h.
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
    "/headers",   "/iterate",      "/bytes",          "/bad-value",   "/call",       "/close",        "/close-later",
    "/keep",      "/use-kept",     "/fails",          "/parallel",    "/state",      "/wasi",         "/receive",
    "/grpc",      "/grpc-stream",  "/grpc-send",      "/grpc-cancel", "/reply",      "/wrong-result", "/throw",
    "/throw-odd", "/reject-later", "/reject-handled", "/body",        "/body-waits", "/longer",       "/detach"};

/* Ids of streams are few, so that events meet. */
static uint32_t stream_id(Input *input) { return 1000 + take_byte(input) % 8; }

static uint32_t plugin_id(Input *input) {
  uint8_t byte = take_byte(input);
  return byte < 0xc0 ? ROOT : byte < 0xf0 ? 2 : take_number(input);
}

static void run_event(Input *input) {
  uint32_t id = stream_id(input);
  switch (take_byte(input) % 32) {
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
  case 21:
    host.configuration = take_text(input);
    proxy_on_configure(plugin_id(input), take_number(input));
    break;
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
    break;
  case 30:
    host.delete_in_reply = take_byte(input) & 1 ? id : 0;
    host.body_arrives_in_log = take_byte(input) & 1 ? id : 0;
    host.grpc_nested = take_byte(input) & 1;
    break;
  default: /* the heap is nearly full */
    JS_SetMemoryLimit(vm.runtime, take_byte(input) & 1
                                      ? vm.limits.heap_bytes
                                      : vm.runtime->malloc_state.malloc_size + take_number(input) * 64);
  }
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Input input = {data, size};
  host_reset();
  while (input.left)
    run_event(&input);
  JS_SetMemoryLimit(vm.runtime, vm.limits.heap_bytes);
  host.null_results = host.failing_results = false;
  host.delete_in_reply = host.body_arrives_in_log = 0;
  for (uint32_t call = host.last_call; call && call + 8 > host.last_call; call--)
    proxy_on_http_call_response(ROOT, call, 0, 0, 0);
  for (uint32_t call = host.last_grpc; call && call + 8 > host.last_grpc; call--)
    proxy_on_grpc_close(ROOT, call, 1);
  for (uint32_t id = 1000; id < 1008; id++)
    proxy_on_delete(id);
  host.configuration = "";
  if (!proxy_on_configure(ROOT, 0))
    fail("the configuration is not taken any more\n");
  run_ordinary_request();
  return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  size_t size;
  uint8_t *bytecode = read_program(getenv("PROGRAM"), &size);
  host_reset();
  if (build_run(bytecode, size, NULL) != 0 || !proxy_on_vm_start(ROOT, 0))
    fail("the program does not start\n");
  vm.limits.callback_ms = 20;
  proxy_on_context_create(ROOT, 0);
  if (!proxy_on_configure(ROOT, 0))
    fail("the program takes no configuration\n");
  return 0;
}

#ifndef __clang__
#include "fuzz-driver.h"
#endif
