/*
 * Tests of the shim, compiled natively with the engine under the address and undefined-behaviour sanitizers, against
 * the host in stub-host.h. The program is test/shim/program.ts as bytecode, named on the command line.
 */
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* The C library's allocations, of which the next ones succeed and all others fail. */
static size_t blocks_left = SIZE_MAX;

static void *limited_malloc(size_t size) { return blocks_left && blocks_left-- ? malloc(size) : NULL; }
static void *limited_calloc(size_t count, size_t size) {
  return blocks_left && blocks_left-- ? calloc(count, size) : NULL;
}
static void *limited_realloc(void *memory, size_t size) {
  return blocks_left && blocks_left-- ? realloc(memory, size) : NULL;
}
#define malloc(size) limited_malloc(size)
#define calloc(count, size) limited_calloc(count, size)
#define realloc(memory, size) limited_realloc(memory, size)

#include "shim.c"

#include "stub-host.h"

#include "program.h"

static const char *current_case;

/* The engine's headers silence stdio; what a test says goes straight to the descriptor. */
static void say(const char *word, const char *detail) {
  char line[512];
  int size = snprintf(line, sizeof line, "%s %s%s%s\n", word, current_case, detail ? ": " : "", detail ? detail : "");
  if (write(1, line, (size_t)size) < 0)
    abort();
}

static void check(bool ok, const char *what) {
  if (ok)
    return;
  say("FAILED", what);
  if (write(1, host.log, host.log_size) < 0)
    abort();
  _exit(1);
}
#define CHECK(condition) check(condition, #condition)

static uint32_t next_stream = 100;
static bool has_body; /* the next requests */

/* Starts a stream and runs its request hook; returns its id. */
static uint32_t request(const char *path, uint32_t *action) {
  uint32_t id = next_stream++;
  if (!host_header(":path"))
    host_add_header(":path", path);
  if (!vm.streams_on_demand)
    proxy_on_context_create(id, ROOT);
  *action = proxy_on_request_headers(id, host_map.count, !has_body);
  return id;
}

static void finish(uint32_t id) {
  host_map.gone = true;
  proxy_on_done(id);
  proxy_on_log(id);
  proxy_on_delete(id);
}

static void answer(uint32_t call) { proxy_on_http_call_response(ROOT, call, 2, (uint32_t)strlen(host.answer_body), 0); }

/* A whole stream that needs no call. */
static uint32_t run(const char *path) {
  uint32_t action;
  uint32_t id = request(path, &action);
  if (action == PROXY_ACTION_CONTINUE)
    proxy_on_response_headers(id, host_map.count, 1);
  finish(id);
  return action;
}

static size_t heap_size(void) {
  JS_RunGC(vm.runtime);
  return vm.runtime->malloc_state.malloc_size;
}

static void test_headers(void) {
  host_add_header("x-twice", "one");
  host_add_header("X-Twice", "two");
  host_add_header("x-gone", "here");
  CHECK(run("/headers") == PROXY_ACTION_CONTINUE);
  CHECK(strcmp(host_header("x-set"), "one, two") == 0);
  CHECK(host_logged("getAll: one|two|three"));
  CHECK(!host_header("x-gone"));
  CHECK(strcmp(host_header("x-requests"), "1") == 0);
}

static void test_headers_as_pairs(void) {
  host_add_header(":path", "/iterate");
  host_add_header("x-a", "1");
  host_add_header("X-B-C", "2");
  host_add_header("x-bc", "3");
  host_add_header("x-a", "4");
  run("/iterate");
  CHECK(host_logged("all: :path=/iterate|x-a=1|X-B-C=2|x-bc=3|x-a=4"));
  CHECK(host_logged("picked: x-a=1|X-B-C=2|x-bc=3|x-a=4"));
  CHECK(host_logged("none: 0"));
}

static void test_header_bytes(void) {
  host_add_header("x-latin", "caf\xe9 \xff\x80");
  run("/bytes");
  CHECK(strcmp(host_header("x-bytes"), "caf\xe9 \xff\x80") == 0);
  run("/bytes");
}

static void test_header_values_that_cannot_be_sent(void) {
  run("/bad-value");
  CHECK(!host_header("x-bad"));
  CHECK(host_logged("line break or a zero byte at index 1"));
  CHECK(host_logged("U+20AC at index 0"));
}

static void test_call_pauses_and_resumes(void) {
  uint32_t action;
  uint32_t id = request("/call", &action);
  CHECK(action == PROXY_ACTION_PAUSE && host.calls == 1 && host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 0);
  CHECK(strcmp(host.call_body, "h\xc3\xa4llo") == 0);
  CHECK(host.call_trailers_size == 4); /* a count of zero: not all hosts take nothing for an empty list */
  answer(host.last_call);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1 && host.context == id);
  CHECK(host_logged("answer 200 other hello") && strcmp(host_header("x-called"), "200") == 0);
  answer(host.last_call); /* a second time: nothing waits for it */
  finish(id);
}

static void test_closed_stream_does_not_go_on(void) {
  uint32_t action;
  uint32_t id = request("/close", &action);
  CHECK(action == PROXY_ACTION_PAUSE);
  finish(id);
  host_reset();
  id = request("/close-later", &action);
  answer(host.last_call);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 0 && host.closed == 1);
  finish(id);
}

static void set_body(const char *text) {
  host.body_size = strlen(text);
  memcpy(host.body, text, host.body_size);
}

static bool body_is(const char *text) {
  return host.body_size == strlen(text) && memcmp(host.body, text, host.body_size) == 0;
}

static void test_body_arrives_while_its_hook_waits(void) {
  uint32_t action;
  uint32_t id = request("/body", &action);
  set_body("ab");
  CHECK(proxy_on_request_body(id, 2, 0) == PROXY_ACTION_PAUSE && host.calls == 1);
  set_body("abcd");
  CHECK(proxy_on_request_body(id, 4, 1) == PROXY_ACTION_PAUSE && host.calls == 1);
  answer(host.last_call);
  CHECK(body_is("[ab]cd") && host.calls == 2 && host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 0);
  CHECK(proxy_on_request_trailers(id, 1) == PROXY_ACTION_PAUSE && !host_logged("trailers after"));
  answer(host.last_call);
  CHECK(body_is("[ab][cd]") && host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1);
  CHECK(host_logged("part ab false") && host_logged("part cd true") && host_logged("trailers after /body"));
  finish(id);
}

static void test_whole_body(void) {
  uint32_t action;
  uint32_t id = request("/", &action);
  proxy_on_response_headers(id, 0, 0);
  set_body("one");
  CHECK(proxy_on_response_body(id, 3, 0) == PROXY_ACTION_PAUSE);
  set_body("one two");
  CHECK(proxy_on_response_body(id, 7, 1) == PROXY_ACTION_CONTINUE && body_is("ONE TWO"));
  CHECK(host_logged("whole one two 2"));
  finish(id);
}

static void test_whole_body_ends_with_trailers(void) {
  uint32_t action;
  uint32_t id = request("/", &action);
  proxy_on_response_headers(id, 0, 0);
  set_body("one");
  CHECK(proxy_on_response_body(id, 3, 0) == PROXY_ACTION_PAUSE);
  CHECK(proxy_on_response_trailers(id, 1) == PROXY_ACTION_CONTINUE && body_is("ONE"));
  finish(id);
}

static void set_body_mode(BodyMode mode) { vm.filters[0].request_body = mode; }

/* A request whose headers' hook waited, and whose body and trailers the host shows now. Returns the last action. */
static uint32_t replay(uint32_t *id) {
  uint32_t action;
  set_body_mode(BODY_WHOLE);
  *id = request("/call", &action);
  CHECK(action == PROXY_ACTION_PAUSE);
  answer(host.last_call);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1);
  set_body("one");
  CHECK(proxy_on_request_body(*id, 3, 0) == PROXY_ACTION_PAUSE);
  action = proxy_on_request_trailers(*id, 1);
  set_body_mode(BODY_STREAM);
  return action;
}

static void test_replayed_trailers_wait_for_a_tick(void) {
  uint32_t id;
  CHECK(replay(&id) == PROXY_ACTION_PAUSE && host.tick_period == 1);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1);
  proxy_on_tick(ROOT);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 2 && host.tick_period == 0);
  proxy_on_tick(ROOT);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 2);
  finish(id);
}

static void test_replayed_streams_that_end_before_the_tick(void) {
  uint32_t ids[3];
  for (size_t i = 0; i < countof(ids); i++) {
    memset(host.continued, 0, sizeof host.continued);
    CHECK(replay(&ids[i]) == PROXY_ACTION_PAUSE);
  }
  finish(ids[1]);
  proxy_on_tick(ROOT);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 3 && host.tick_period == 0);
  host_map.gone = false;
  finish(ids[0]);
  finish(ids[2]);
}

static void test_host_that_does_not_tick(void) {
  uint32_t id;
  host.refuses_ticks = true;
  CHECK(replay(&id) == PROXY_ACTION_CONTINUE);
  finish(id);
}

/* Of modules that do without proxy_on_delete: see ends.c. */
static void test_ends_of_which_nobody_tells(void) {
  uint32_t id, action, calls[40], before = vm.streams.count;
  find_ends();
  vm.streams_on_demand = has_body = true;
  CHECK(replay(&id) == PROXY_ACTION_PAUSE);
  proxy_on_response_headers(id, host_map.count, 1);
  CHECK(vm.streams.count == before + 1); /* its request is delayed */
  proxy_on_tick(ROOT);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 2 && vm.streams.count == before);
  for (size_t i = 0; i < countof(calls); i++) {
    host_new_headers();
    id = request("/call", &action);
    CHECK(action == PROXY_ACTION_PAUSE);
    calls[i] = host.last_call;
    if (i == 30)
      host.gone_below = id;
  }
  CHECK(vm.streams.count < before + countof(calls) - 16); /* those that are gone went when there were many */
  host.gone_below = next_stream;
  uint32_t continued = host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST];
  for (size_t i = 0; i < countof(calls); i++)
    answer(calls[i]);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == continued && !host_logged("[error]"));
  for (uint32_t gone = next_stream - countof(calls); gone < next_stream; gone++)
    proxy_on_delete(gone);
  CHECK(vm.streams.count == before);
  vm.streams_on_demand = has_body = false;
  vm.over_at_start = 0;
  vm.end_over = NULL;
  vm.end_gone = NULL;
  vm.prepare_stream = NULL;
}

static void test_whole_body_keeps_its_length(void) {
  uint32_t action;
  uint32_t id = request("/longer", &action);
  proxy_on_response_headers(id, 0, 0);
  set_body("one");
  proxy_on_response_body(id, 3, 1);
  CHECK(body_is("ONE") && host.closed == 1);
  CHECK(host_logged("responseBody: \"rewrite\""));
  finish(id);
}

static void test_inspected_body(void) {
  uint32_t action;
  uint32_t id = request("/", &action);
  set_body_mode(BODY_INSPECT);
  set_body("ab");
  CHECK(proxy_on_request_body(id, 2, 0) == PROXY_ACTION_PAUSE && host_logged("part ab false"));
  set_body("abcd");
  CHECK(proxy_on_request_body(id, 4, 0) == PROXY_ACTION_PAUSE && host_logged("part cd false"));
  CHECK(proxy_on_request_body(id, 4, 1) == PROXY_ACTION_CONTINUE && host_logged("part  true"));
  set_body_mode(BODY_STREAM);
  finish(id);
}

static void test_inspected_body_ends_with_trailers(void) {
  uint32_t action;
  uint32_t id = request("/", &action);
  set_body_mode(BODY_INSPECT);
  set_body("ab");
  CHECK(proxy_on_request_body(id, 2, 0) == PROXY_ACTION_PAUSE);
  CHECK(proxy_on_request_trailers(id, 1) == PROXY_ACTION_CONTINUE && host_logged("trailers after /"));
  set_body_mode(BODY_STREAM);
  finish(id);
}

static void test_inspected_body_waits_for_its_hook_and_for_the_rest(void) {
  uint32_t action;
  uint32_t id = request("/body-waits", &action);
  set_body_mode(BODY_INSPECT);
  set_body("ab");
  CHECK(proxy_on_request_body(id, 2, 0) == PROXY_ACTION_PAUSE);
  answer(host.last_call);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 0);
  set_body("abc");
  CHECK(proxy_on_request_body(id, 3, 1) == PROXY_ACTION_PAUSE && host_logged("part c true"));
  answer(host.last_call);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1);
  set_body_mode(BODY_STREAM);
  finish(id);
}

static uint32_t request_with_length(const char *path, uint32_t *action) {
  uint32_t id = next_stream++;
  host_add_header(":path", path);
  host_add_header("content-length", "3");
  proxy_on_context_create(id, ROOT);
  *action = proxy_on_request_headers(id, host_map.count, 0);
  return id;
}

static void test_rewritten_body_loses_its_length_after_the_headers_hook(void) {
  uint32_t action;
  set_body_mode(BODY_REWRITE);
  uint32_t id = request_with_length("/iterate", &action);
  CHECK(action == PROXY_ACTION_CONTINUE && host_logged("content-length=3") && !host_header("content-length"));
  finish(id);
  host_reset();
  id = request_with_length("/call", &action);
  CHECK(action == PROXY_ACTION_PAUSE && host_header("content-length"));
  answer(host.last_call);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1 && !host_header("content-length"));
  set_body_mode(BODY_STREAM);
  finish(id);
}

/* The bounds of the hook's part were beyond the body's end then. */
static void test_body_becomes_smaller_while_its_hook_waits(void) {
  uint32_t action;
  uint32_t id = request("/body", &action);
  set_body("abcd");
  CHECK(proxy_on_request_body(id, 4, 0) == PROXY_ACTION_PAUSE && host.calls == 1);
  set_body("a");
  CHECK(proxy_on_request_body(id, 1, 1) == PROXY_ACTION_PAUSE);
  answer(host.last_call);
  CHECK(body_is("[a]") && host.calls == 2); /* for the end, which has arrived meanwhile */
  answer(host.last_call);
  CHECK(body_is("[a][]") && host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1);
  finish(id);
  host_reset();
  id = request("/", &action);
  set_body_mode(BODY_INSPECT);
  set_body("abcd");
  CHECK(proxy_on_request_body(id, 4, 0) == PROXY_ACTION_PAUSE && host_logged("part abcd false"));
  set_body("a");
  CHECK(proxy_on_request_body(id, 1, 1) == PROXY_ACTION_CONTINUE && host_logged("part  true"));
  set_body_mode(BODY_STREAM);
  finish(id);
}

static void test_stream_ends_while_its_body_waits(void) {
  uint32_t action;
  uint32_t id = request("/body", &action);
  set_body("ab");
  CHECK(proxy_on_request_body(id, 2, 1) == PROXY_ACTION_PAUSE);
  finish(id);
  answer(host.last_call);
  CHECK(body_is("ab") && host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 0);
}

static void test_parallel_calls_in_any_order(void) {
  uint32_t action;
  uint32_t id = request("/parallel", &action);
  answer(host.last_call);
  answer(host.last_call - 2);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 0);
  answer(host.last_call - 1);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1 && host_logged("parallel: 200,200,200"));
  finish(id);
}

static void test_answer_after_the_stream_ended(void) {
  uint32_t action;
  uint32_t id = request("/call", &action);
  finish(id);
  host_map.gone = false;
  answer(host.last_call);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 0 && !host_header("x-called"));
  CHECK(!host_logged("unhandled"));
}

static void test_answer_without_headers_is_a_failure(void) {
  uint32_t action;
  uint32_t id = request("/call", &action);
  proxy_on_http_call_response(ROOT, host.last_call, 0, 0, 0);
  CHECK(host.reply_status == 500 && host_logged("the answer is incomplete"));
  finish(id);
}

static void test_failures_that_the_host_tells_by_an_answer(void) {
  static const char *const answers[][3] = {
      {"504", "upstream request timeout", "fetch failed: timeout"},
      {"503", "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
       "fetch failed: connection-failed"},
      {"502", "upstream connect error or disconnect/reset before headers. reset reason: protocol error",
       "fetch failed: connection-reset"},
      {"503", "no healthy upstream", "fetch failed: unavailable"},
  };
  uint32_t action;
  for (size_t i = 0; i < countof(answers); i++) {
    host_new_headers();
    host.answer_status = answers[i][0];
    host.answer_body = answers[i][1];
    uint32_t id = request("/fails", &action);
    answer(host.last_call);
    CHECK(host_logged(answers[i][2]));
    finish(id);
  }
  host_new_headers();
  host.answer_status = "503";
  host.answer_body = "we are closed";
  uint32_t id = request("/call", &action);
  answer(host.last_call);
  CHECK(host_logged("answer 503 other we are closed"));
  finish(id);
}

static void test_refused_call(void) {
  host.call_status = PROXY_STATUS_BAD_ARGUMENT;
  CHECK(run("/fails") == PROXY_ACTION_CONTINUE);
  CHECK(host_logged("fetch failed: unknown-cluster"));
  host.call_status = PROXY_STATUS_INTERNAL_FAILURE;
  run("/fails");
  host.call_status = 77;
  run("/fails");
}

static void test_host_that_gives_a_call_id_twice(void) {
  uint32_t action;
  uint32_t first = request("/call", &action);
  host.last_call = 0;
  uint32_t second = request("/call", &action);
  CHECK(host.calls == 2 && host.last_call == 1);
  answer(1);
  CHECK(host_logged("answer 200 other hello") && host_logged("the answer is incomplete"));
  finish(first);
  finish(second);
}

static void test_answer_and_request_outlive_their_time(void) {
  uint32_t action;
  uint32_t id = request("/keep", &action);
  answer(host.last_call);
  finish(id);
  host_new_headers();
  host.answer_body = "somebody else's";
  run("/use-kept");
  CHECK(host_logged("kept: 200 hello") && host_logged("the kept request has ended"));
}

static void test_local_reply(void) {
  CHECK(run("/reply") == PROXY_ACTION_PAUSE);
  CHECK(host.replies == 1 && host.reply_status == 403);
}

static void test_errors_of_hooks(void) {
  static const char *const paths[] = {"/throw", "/throw-odd", "/wrong-result", "/recursion", "/memory"};
  vm.limits.callback_ms = 60 * 1000; /* filling the heap takes longer under the sanitizers */
  for (size_t i = 0; i < countof(paths); i++) {
    host_new_headers();
    host.replies = 0;
    CHECK(run(paths[i]) == PROXY_ACTION_PAUSE);
    CHECK(host.replies == 1 && host.reply_status == 500);
  }
  CHECK(host_logged("uncaught error in onRequestHeaders: Error: thrown on purpose"));
  CHECK(host_logged("a hook must return nothing or a Response"));
  CHECK(host_logged("Maximum call stack size exceeded"));
  CHECK(host_logged("out of memory"));
  vm.limits.callback_ms = 100;
}

static void test_endless_loop(void) {
  CHECK(run("/loop") == PROXY_ACTION_PAUSE);
  CHECK(host.reply_status == 500 && host_logged("interrupted"));
}

static void test_rejections(void) {
  CHECK(run("/reject-later") == PROXY_ACTION_CONTINUE);
  CHECK(host_logged("unhandled rejection: Error: nobody handles this"));
  host.log_size = 0;
  memset(host.log, 0, sizeof host.log);
  host_new_headers();
  CHECK(run("/reject-handled") == PROXY_ACTION_CONTINUE);
  CHECK(!host_logged("unhandled"));
}

static void grpc_answer(uint32_t call) { proxy_on_grpc_receive(ROOT, call, (uint32_t)strlen(host.answer_body)); }

static void grpc_close(uint32_t call, uint32_t code, const char *message) {
  host.grpc_message = message;
  proxy_on_grpc_close(ROOT, call, code);
}

static void test_grpc_call(void) {
  uint32_t action;
  uint32_t id = request("/grpc", &action);
  CHECK(action == PROXY_ACTION_PAUSE && host.grpc_calls == 1);
  CHECK(memcmp(host.grpc_upstream, "\x0a\x06\x0a\x04grpc", 9) == 0);
  grpc_answer(host.last_grpc);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1 && host.context == id);
  CHECK(host_logged("grpc answer hello of 5 bytes") && strcmp(host_header("x-grpc"), "5") == 0);
  grpc_answer(host.last_grpc); /* a second time: nothing waits for it */
  grpc_close(host.last_grpc, 0, "");
  CHECK(vm.grpc_calls.count == 0 && host.grpc_ended[1] == 0);
  finish(id);
}

static void test_grpc_call_with_an_empty_answer(void) {
  uint32_t action;
  uint32_t id = request("/grpc", &action);
  host.answer_body = "";
  grpc_answer(host.last_grpc);
  CHECK(host_logged("grpc answer  of 0 bytes"));
  finish(id);
}

static void test_grpc_call_that_fails(void) {
  static const struct {
    uint32_t code;
    const char *message, *logged;
  } failures[] = {
      {5, "no such %C3%A9{via_upstream}", "grpc failed: NOT_FOUND status no such \xc3\xa9"},
      {77, "via_upstream", "grpc failed: UNKNOWN status "},
      {14, "upstream request timeout{response_timeout}", "grpc failed: UNAVAILABLE timeout upstream request timeout"},
      {13, "", "grpc failed: INTERNAL incomplete "},
      {9, "\xff{", "grpc failed: FAILED_PRECONDITION status"},
  };
  uint32_t action;
  for (size_t i = 0; i < countof(failures); i++) {
    host_new_headers();
    uint32_t id = request("/grpc", &action);
    grpc_close(host.last_grpc, failures[i].code, failures[i].message);
    CHECK(host_logged(failures[i].logged));
    finish(id);
  }
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == countof(failures));
}

static void test_refused_grpc_calls(void) {
  uint32_t action;
  host.grpc_status = PROXY_STATUS_PARSE_FAILURE;
  CHECK(run("/grpc") == PROXY_ACTION_CONTINUE &&
        host_logged("UNAVAILABLE refused-by-host proxy_grpc_call: ParseFailure"));
  host.grpc_status = PROXY_STATUS_INTERNAL_FAILURE; /* the reason comes later, with an id of its own */
  host_new_headers();
  uint32_t first = request("/grpc", &action);
  host_new_headers();
  uint32_t second = request("/grpc-stream", &action);
  CHECK(action == PROXY_ACTION_PAUSE && host.grpc_sends == 0);
  grpc_close(4000, 14, "Cluster not available");
  CHECK(host_logged("grpc failed: UNAVAILABLE unknown-cluster"));
  grpc_close(4001, 14, "no healthy upstream{no_healthy_upstream}");
  CHECK(host_logged("stream failed: UNAVAILABLE unavailable no healthy upstream"));
  CHECK(host.grpc_ended[1] == 0 && !refused_grpc_calls);
  grpc_close(4002, 14, "Cluster not available");
  finish(first);
  finish(second);
  uint32_t most = vm.limits.open_calls;
  vm.limits.open_calls = 1;
  for (int i = 0; i < 2; i++) { /* no host that never says why makes the heap full */
    host_new_headers();
    finish(request("/grpc", &action));
  }
  CHECK(action == PROXY_ACTION_CONTINUE && host_logged("1 calls are open, which is the limit"));
  vm.limits.open_calls = most;
  grpc_close(4003, 14, "Cluster not available");
  CHECK(!vm.refused_grpc_calls);
  host.grpc_forbidden = true; /* by a restriction: there is no reason to wait for */
  host_new_headers();
  CHECK(run("/grpc") == PROXY_ACTION_CONTINUE && host_logged("refused-by-host proxy_grpc_call: InternalFailure"));
}

static void test_grpc_answer_after_the_stream_ended(void) {
  uint32_t action;
  uint32_t id = request("/grpc", &action);
  finish(id);
  host_map.gone = false;
  grpc_answer(host.last_grpc);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 0 && !host_header("x-grpc") && !host_logged("unhandled"));
}

static void test_host_that_gives_a_grpc_id_twice(void) {
  uint32_t action;
  uint32_t first = request("/grpc", &action);
  host.last_grpc = 0;
  uint32_t second = request("/grpc", &action);
  grpc_answer(1);
  CHECK(host_logged("grpc failed: UNKNOWN") && host_logged("grpc answer hello of 5 bytes"));
  finish(first);
  finish(second);
}

static void grpc_metadata(uint32_t id) { proxy_on_grpc_receive_initial_metadata(ROOT, id, host_map.count); }

static void test_grpc_stream(void) {
  uint32_t action;
  uint32_t id = request("/grpc-stream", &action);
  uint32_t stream = host.last_grpc;
  CHECK(action == PROXY_ACTION_PAUSE && host.grpc_streams == 1 && strcmp(host.grpc_sent, "first") == 0);
  grpc_metadata(stream);
  grpc_answer(stream);
  CHECK(host_logged("stream message hello") && host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 0);
  proxy_on_grpc_receive_trailing_metadata(ROOT, stream, 0);
  grpc_close(stream, 0, "via_upstream");
  CHECK(host_logged("stream ended") && host_logged("stream status OK, 1 metadata"));
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1);
  CHECK(host.grpc_ended[1] == 1 && host.last_ended == stream); /* Envoy would keep it otherwise */
  grpc_answer(stream);
  grpc_metadata(stream);
  grpc_close(stream, 0, "");
  CHECK(host.grpc_ended[1] == 1 && vm.grpc_calls.count == 0);
  finish(id);
}

static void test_grpc_stream_is_sent_to_and_ended(void) {
  uint32_t action;
  uint32_t id = request("/grpc-stream", &action);
  uint32_t stream = host.last_grpc;
  host_new_headers();
  run("/grpc-send");
  CHECK(host.grpc_sends == 2 && strcmp(host.grpc_sent, "more") == 0 && host.grpc_ended[0] == 1);
  CHECK(host_logged("GrpcStreamEndedError: gRPC pkg.Service/Method: nothing can be sent any more"));
  grpc_close(stream, 5, "gone{via_upstream}");
  CHECK(host_logged("stream failed: NOT_FOUND status gone"));
  CHECK(host.grpc_ended[1] == 0); /* closed on both sides: the host forgets it by itself */
  finish(id);
}

static void test_grpc_stream_is_cancelled(void) {
  uint32_t action;
  uint32_t id = request("/grpc-stream", &action);
  uint32_t stream = host.last_grpc;
  host_new_headers();
  run("/grpc-cancel");
  CHECK(host_logged("stream failed: CANCELLED cancelled") && host.grpc_ended[1] == 0);
  grpc_answer(stream);
  CHECK(!host_logged("stream message"));
  usleep(2000);
  proxy_on_tick(ROOT);
  CHECK(host.grpc_ended[1] == 1 && host.last_ended == stream && vm.grpc_calls.count == 0);
  finish(id);
}

static void test_grpc_stream_whose_reader_leaves(void) {
  uint32_t action;
  uint32_t id = request("/grpc-stream", &action);
  uint32_t stream = host.last_grpc;
  host.answer_body = "";
  grpc_answer(stream);
  CHECK(host_logged("stream ended") && host_logged("stream status CANCELLED") && host.grpc_ended[1] == 0);
  grpc_close(stream, 0, ""); /* before the tick: cancelling is not needed any more */
  CHECK(host.grpc_ended[1] == 1);
  usleep(2000);
  proxy_on_tick(ROOT);
  CHECK(host.grpc_ended[1] == 1 && !host_logged("uncaught"));
  finish(id);
}

static void test_grpc_stream_that_fails_within_a_host_call(void) {
  uint32_t action;
  host.grpc_nested = true;
  uint32_t id = request("/grpc-stream", &action);
  CHECK(action == PROXY_ACTION_PAUSE && vm.effective_context == id);
  grpc_close(host.last_grpc, 14, "");
  CHECK(host_logged("stream status UNAVAILABLE, 0 metadata"));
  finish(id);
}

static void test_grpc_streams_of_an_old_configuration(void) {
  uint32_t action;
  uint32_t ids[3] = {request("/grpc-stream", &action), request("/grpc-stream", &action)};
  host_new_headers();
  ids[2] = request("/grpc", &action);
  CHECK(proxy_on_configure(ROOT, 0));
  CHECK(host.grpc_ended[1] == 2 && vm.grpc_calls.count == 1 && host_logged("CANCELLED cancelled its plugin has ended"));
  grpc_answer(host.last_grpc);
  for (size_t i = 0; i < countof(ids); i++)
    finish(ids[i]);
}

static void test_malformed_pairs(void) {
  static const struct {
    const char *bytes;
    size_t size;
  } blocks[] = {
      {"", 0},
      {"\1", 1},
      {"\1\0\0\0", 4},
      {"\xff\xff\xff\xff", 4},
      {"\xff\xff\xff\x1f\0\0\0\0\0\0\0\0", 12},
      {"\1\0\0\0\1\0\0\0\1\0\0\0a\0b", 15},
      {"\1\0\0\0\xff\xff\xff\xff\1\0\0\0a\0b\0", 16},
      {"\1\0\0\0\1\0\0\0\xfe\xff\xff\xffa\0b\0", 16},
      {"\2\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0a\0b\0", 24},
  };
  for (size_t i = 0; i < countof(blocks); i++) {
    host_new_headers();
    host.pairs = blocks[i].bytes;
    host.pairs_size = blocks[i].size;
    run("/headers");
    host_new_headers();
    run("/iterate");
    host_new_headers();
    uint32_t action;
    uint32_t id = request("/call", &action);
    answer(host.last_call);
    finish(id);
  }
  CHECK(host_logged("proxy_get_header_map_pairs"));
}

static void test_callbacks_out_of_order(void) {
  proxy_on_request_headers(77777, 0, 1);
  proxy_on_response_headers(77777, 0, 1);
  proxy_on_done(77777);
  proxy_on_log(77777);
  proxy_on_delete(77777);
  proxy_on_http_call_response(ROOT, 4242, 1, 1, 0);
  proxy_on_http_call_response(999, 4242, 1, 1, 0);
  proxy_on_grpc_receive_initial_metadata(ROOT, 4242, 1);
  proxy_on_grpc_receive(999, 4242, 1);
  proxy_on_grpc_receive_trailing_metadata(ROOT, 4242, 1);
  proxy_on_grpc_close(999, 4242, 1);
  proxy_on_context_create(5, 999);
  CHECK(proxy_on_request_headers(5, 0, 1) == PROXY_ACTION_CONTINUE);
  proxy_on_context_create(6, ROOT);
  proxy_on_context_create(6, ROOT);
  host_add_header(":path", "/headers");
  proxy_on_response_headers(6, 0, 1);
  proxy_on_delete(6);
  proxy_on_delete(6);
  CHECK(proxy_on_request_headers(6, 0, 1) == PROXY_ACTION_CONTINUE);
  proxy_on_context_create(8, 0); /* a plugin that is never configured */
  proxy_on_context_create(9, 8);
  CHECK(proxy_on_request_headers(9, 0, 1) == PROXY_ACTION_CONTINUE);
  proxy_on_delete(9);
  proxy_on_delete(8);
}

/* Envoy does so when a body becomes too large for it. */
static void end_within_host_call(uint32_t id) {
  proxy_on_log(id);
  proxy_on_done(id);
  proxy_on_delete(id);
}

static void test_stream_that_ends_within_a_host_call(void) {
  uint32_t action;
  uint32_t id = request("/", &action);
  proxy_on_response_headers(id, 0, 0);
  set_body("one");
  host.on_set_buffer = end_within_host_call;
  host.ends = id;
  proxy_on_response_body(id, 3, 1);
  CHECK(!host.on_set_buffer && !find_stream(id) && !vm.depth);
  CHECK(run("/headers") == PROXY_ACTION_CONTINUE);
}

static void test_stream_that_ends_within_a_host_call_after_waiting(void) {
  uint32_t action;
  uint32_t id = request("/body", &action);
  set_body("one");
  CHECK(proxy_on_request_body(id, 3, 1) == PROXY_ACTION_PAUSE);
  host.on_set_buffer = end_within_host_call;
  host.ends = id;
  answer(host.last_call);
  CHECK(!host.on_set_buffer && !find_stream(id) && !vm.depth);
  CHECK(run("/headers") == PROXY_ACTION_CONTINUE);
}

static void test_configuration(void) {
  host.configuration = "\"refused\"";
  CHECK(!proxy_on_configure(ROOT, (uint32_t)strlen(host.configuration)));
  CHECK(host_logged("the plugin configuration was refused: this one is refused on purpose"));
  host.configuration = "{not json";
  CHECK(!proxy_on_configure(ROOT, (uint32_t)strlen(host.configuration)));
  host.configuration = "{\"a\": 1}";
  CHECK(proxy_on_configure(ROOT, (uint32_t)strlen(host.configuration)));
}

static void test_state_of_the_host(void) {
  host.grpc_message = "not there";
  memset(&shared, 0, sizeof shared);
  CHECK(run("/state") == PROXY_ACTION_CONTINUE);
  CHECK(host_logged("absent: undefined"));
  CHECK(host_logged("created: true false"));
  CHECK(host_logged("updated: one\xe2\x82\xac version 2"));
  CHECK(host_logged("too long: proxy_set_shared_data 2"));
  CHECK(host_logged("queue: 65,0,66 undefined 7"));
  CHECK(host_logged("metrics: 2 -1"));
  CHECK(strcmp(shared.metric_name, "histogram") == 0 && shared.metric_calls == 4);
  CHECK(host_logged("property: value"));
  CHECK(host_logged("map: TypeError: not a serialized map"));
  CHECK(host_logged("foreign: hello undefined"));
  CHECK(host_logged("foreign fails: proxy_call_foreign_function 10 proxy_call_foreign_function 1"));
  CHECK(host_logged("raw: 2 1767225600000000001 5 not there"));
  CHECK(host_logged("raw: 0 1 proxy_done 1"));
}

static void test_queue_events(void) {
  uint32_t action;
  memset(&shared, 0, sizeof shared);
  shared.queues = 7;
  uint32_t id = request("/receive", &action);
  CHECK(action == PROXY_ACTION_PAUSE);
  proxy_on_queue_ready(ROOT, 7); /* somebody else was faster */
  proxy_on_queue_ready(ROOT, 8);
  proxy_on_queue_ready(999, 7);
  proxy_enqueue_shared_queue(7, "item", 4);
  proxy_on_queue_ready(ROOT, 7);
  CHECK(host_logged("received: item") && host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 0);
  proxy_enqueue_shared_queue(7, "", 0);
  proxy_on_queue_ready(ROOT, 7);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1);
  proxy_enqueue_shared_queue(7, "left", 4);
  proxy_on_queue_ready(ROOT, 7); /* nobody waits */
  CHECK(shared.items == 1);
  finish(id);
}

static void test_environment(void) {
  memset(&shared, 0, sizeof shared);
  run("/wasi");
  CHECK(host_logged("environment: {}"));
  CHECK(host_logged("uuid: a5a5a5a5-a5a5-45a5-a5a5-a5a5a5a5a5a5") && host_logged("random: 42405,42405"));
  CHECK(host_logged("now: true") && host_logged("heap: true"));
  static const struct {
    uint32_t count, size;
  } lies[] = {{4, sizeof environment_block}, {9, sizeof environment_block}, {4, 7}, {100, 3}, {1, 0}};
  JSContext *context = vm.context;
  for (size_t i = 0; i < countof(lies); i++) {
    shared.variables = lies[i].count;
    shared.variables_size = lies[i].size;
    JSValue list = js_get_environment(context, JS_UNDEFINED, 0, NULL);
    if (i == 0) {
      JSValue json = JS_JSONStringify(context, list, JS_UNDEFINED, JS_UNDEFINED);
      const char *text = JS_ToCString(context, json);
      CHECK(strcmp(text, "[\"NAME=value\",\"EMPTY=\",\"ODD\",\"SPACE=a = b\"]") == 0);
      JS_FreeCString(context, text);
      JS_FreeValue(context, json);
    }
    if (JS_IsException(list))
      JS_FreeValue(context, JS_GetException(context));
    JS_FreeValue(context, list);
  }
  shared.wasi_error = 76;
  host_new_headers();
  run("/wasi");
  CHECK(host_logged("random_get: the host refused it (WASI errno 76)"));
  memset(&shared, 0, sizeof shared);
}

static void test_vm_start_and_foreign_functions(void) {
  host.answer_body = "refuse";
  CHECK(!proxy_on_vm_start(ROOT, 6));
  host.answer_body = "throw";
  CHECK(!proxy_on_vm_start(ROOT, 5) && host_logged("this VM does not start"));
  host.answer_body = "yes";
  CHECK(proxy_on_vm_start(ROOT, 3));
  proxy_on_foreign_function(ROOT, 42, 3);
  CHECK(host_logged("called: 42 yes 1"));
}

/* What streams took is given back, whatever became of them. */
static void test_heap_stays_flat(void) {
  static const char *const paths[] = {"/headers", "/call", "/reply", "/", "/call", "/state", "/grpc", "/grpc-stream"};
  size_t before = 0;
  for (uint32_t i = 0; i < 100 * 1000; i++) {
    uint32_t action;
    host_new_headers();
    memset(&shared, 0, sizeof shared);
    shared.queues = 7;
    uint32_t id = request(paths[i % countof(paths)], &action);
    bool client_left = i % countof(paths) == 4;
    if (action == PROXY_ACTION_PAUSE && host.last_call && !client_left)
      answer(host.last_call);
    if (i % countof(paths) == 6)
      grpc_answer(host.last_grpc);
    if (i % countof(paths) == 7) {
      grpc_metadata(host.last_grpc);
      grpc_answer(host.last_grpc);
      grpc_close(host.last_grpc, 0, "");
    }
    finish(id);
    if (client_left)
      answer(host.last_call);
    if (i == 999) /* the same path as the last one's */
      before = heap_size();
  }
  size_t after = heap_size();
  char detail[64];
  snprintf(detail, sizeof detail, "%u -> %u bytes", (unsigned)before, (unsigned)after);
  check(after <= before, detail);
  CHECK(vm.streams.count == 0 && vm.calls.count == 0 && vm.grpc_calls.count == 0);
}

/* An object with this many names that nothing else has. */
static JSValue object_of_names(int count) {
  JSValue object = JS_NewObject(vm.context);
  for (int i = 0; i < count; i++) {
    char name[32];
    snprintf(name, sizeof name, "name %d of %d", i, count);
    JS_SetPropertyStr(vm.context, object, name, JS_NewInt32(vm.context, i));
  }
  return object;
}

static int value_of_name(JSValueConst object, int i, int count) {
  char name[32];
  int32_t value = -1;
  snprintf(name, sizeof name, "name %d of %d", i, count);
  JSValue found = JS_GetPropertyStr(vm.context, object, name);
  JS_ToInt32(vm.context, &value, found);
  return value;
}

static void test_tables_become_small_again(void) {
  shim_collect_garbage(vm.runtime);
  size_t before = heap_size();
  JSValue few = JS_UNDEFINED;
  for (int round = 0; round < 3; round++) {
    JSValue many = object_of_names(50 * 1000);
    JS_FreeValue(vm.context, few);
    few = object_of_names(20 + round); /* behind the others */
    shim_collect_garbage(vm.runtime);
    CHECK(vm.runtime->atom_size > 50 * 1000); /* they are in use */
    JS_FreeValue(vm.context, many);
    shim_collect_garbage(vm.runtime);
    CHECK(value_of_name(few, 19, 20 + round) == 19 && value_of_name(few, 0, 20 + round) == 0);
  }
  CHECK(vm.runtime->atom_hash_size <= 4096);
  JS_FreeValue(vm.context, few);
  shim_collect_garbage(vm.runtime);
  CHECK(vm.runtime->atom_size <= TABLE_LEAST_ENTRIES);
  /* No memory for a smaller table: it stays as it is, and works. */
  JSValue many = object_of_names(50 * 1000);
  JS_FreeValue(vm.context, many);
  size_t limit = vm.runtime->malloc_state.malloc_limit;
  drop_kept_shapes(vm.runtime); /* they would make room */
  size_t given_back = (vm.runtime->atom_size - TABLE_LEAST_ENTRIES) * sizeof *vm.runtime->atom_array;
  vm.runtime->malloc_state.malloc_limit = heap_size() - given_back + 2048;
  give_back_memory(vm.runtime);
  vm.runtime->malloc_state.malloc_limit = limit;
  CHECK(vm.runtime->atom_hash_size > 4096);
  many = object_of_names(100);
  CHECK(value_of_name(many, 99, 100) == 99);
  JS_FreeValue(vm.context, many);
  shim_collect_garbage(vm.runtime);
  CHECK(heap_size() <= before + 64 * 1024);
}

static void test_kept_shapes_go(void) {
  shim_collect_garbage(vm.runtime);
  size_t before = heap_size();
  JSValue object = JS_NewObject(vm.context);
  for (int i = 0; i < 5000; i++) { /* each has a shape of its own, which has the object before */
    JSValue next = JS_NewObjectProto(vm.context, object);
    JS_FreeValue(vm.context, object);
    object = next;
  }
  CHECK(vm.runtime->shape_hash_size > 4096);
  JS_FreeValue(vm.context, object);
  JS_FreeValue(vm.context, object_of_names(1000));
  give_back_memory(vm.runtime);
  shim_collect_garbage(vm.runtime);
  CHECK(vm.runtime->shape_hash_size <= 4096);
  CHECK(heap_size() <= before + 64 * 1024);
}

static void test_functions(void) {
  run("/functions");
  CHECK(host_logged("md5: 90015098 ") && host_logged("sha1: a9993e36 ") && host_logged("sha256: ba7816bf "));
  CHECK(host_logged("sha384: cb00753f ") && host_logged("sha512: ddaf35a1 "));
  CHECK(host_logged("equal: true false"));
  CHECK(host_logged("field: \xe2\x82\xac 2 undefined"));
  CHECK(host_logged("params: \xef\xbf\xbd\xc3\xa9 % "));
  CHECK(host_logged("url: http://u@a.b:81/x?y%20z#%E2%82%AC"));
  CHECK(host_logged("path: /functions/%3F?x=%C3%A9&y=+ ?x=%C3%A9&y=+ \xc3\xa9 none"));
}

static void test_field_of_a_body(void) {
  static const char *const bodies[] = {"{\"a\":[7]}", "", "{\"a\":[\"\xff\"]}", "{\"a\":["};
  static const char *const answers[] = {"fields: 7 SyntaxError", "fields: SyntaxError",
                                        "fields: \xef\xbf\xbd SyntaxError", "fields: SyntaxError"};
  for (size_t i = 0; i < countof(bodies); i++) {
    uint32_t action, id;
    host_new_headers();
    id = request("/json-body", &action);
    set_body(bodies[i]);
    proxy_on_request_body(id, (uint32_t)strlen(bodies[i]), 1);
    answer(host.last_call);
    CHECK(i == 1 || host_logged(answers[i])); /* an empty body has no hook of its own to be in */
    finish(id);
  }
}

static void answer_calls_after(uint32_t before) {
  for (uint32_t call = host.last_call; call > before; call--)
    answer(call);
}

/* A stream with all that comes after its request: answers, messages, a body, a response and its end. */
static void run_whole(const char *path) {
  uint32_t action, before = host.last_call, id = request(path, &action);
  answer_calls_after(before);
  grpc_metadata(host.last_grpc);
  grpc_answer(host.last_grpc);
  set_body("ab");
  proxy_on_request_body(id, 2, 1);
  answer(host.last_call);
  proxy_on_response_headers(id, 0, 0);
  proxy_on_response_body(id, 2, 1);
  finish(id);
}

/* What it has left open. */
static void end_calls_after(uint32_t before) {
  answer_calls_after(before);
  grpc_close(host.last_grpc, 0, ""); /* a stream that has lost a message ends with an error */
}

/* Memory runs out at each point in turn: a stream may be lost to the filter, nothing else. */
static void test_memory_runs_out_anywhere(void) {
  uint32_t action;
  for (size_t room = 0; room < 24 * 1024; room += 40) {
    host_new_headers();
    JS_SetMemoryLimit(vm.runtime, heap_size() + room);
    static const char *const paths[] = {"/headers", "/call", "/iterate",     "/body",      "/state",
                                        "/wasi",    "/grpc", "/grpc-stream", "/functions", "/json-body"};
    uint32_t before = host.last_call;
    run_whole(paths[room / 40 % countof(paths)]);
    JS_SetMemoryLimit(vm.runtime, vm.limits.heap_bytes);
    end_calls_after(before);
  }
  CHECK(vm.grpc_calls.count == 0);
  host_new_headers();
  host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] = 0;
  uint32_t id = request("/call", &action);
  answer(host.last_call);
  CHECK(action == PROXY_ACTION_PAUSE && host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1);
  finish(id);
}

static uint32_t polls, polls_left;

/* In place of the guards' own: polls at each call and jump, and the time is over after so many. */
static int poll_by_count(JSRuntime *runtime, void *opaque) {
  polls++;
  if (!guard.expired && --polls_left == 0) {
    guard.expired = guard.late_turn = true;
    guard.hits |= GUARD_HIT_TIME;
    polls_left = 40; /* for those whose turn comes after */
  }
  vm.context->interrupt_counter = !guard.expired;
  return guard.expired;
}

/* Polls until the request and what follows it are over, or have been interrupted after `most`. */
static uint32_t run_for(const char *path, uint32_t most) {
  host_new_headers();
  host_add_header(":path", path);
  host_add_header("x-twice", "one");
  polls = 0;
  polls_left = most;
  uint32_t before = host.last_call;
  run_whole(path);
  end_calls_after(before);
  return polls;
}

/* The time is over at each point in turn. */
static void test_time_is_over_anywhere(void) {
  static const char *const paths[] = {"/headers",      "/iterate", "/bad-value",  "/call",        "/parallel",
                                      "/state",        "/wasi",    "/grpc",       "/grpc-stream", "/reply",
                                      "/throw",        "/body",    "/body-waits", "/odd",         "/odd-functions",
                                      "/reject-later", "/breed",   "/functions",  "/json-body",   "/recursion"};
  size_t before = 0;
  for (int round = 0; round < 3; round++) { /* what is kept for the next time is there in the last */
    before = heap_size();
    for (size_t i = 0; i < countof(paths); i++) {
      JS_SetInterruptHandler(vm.runtime, poll_by_count, NULL);
      uint32_t all = run_for(paths[i], 20000), step = 1 + all / 20;
      for (uint32_t most = 1 + (uint32_t)round * step / 3; most <= all; most += step)
        run_for(paths[i], most);
      JS_SetInterruptHandler(vm.runtime, guard_poll, NULL);
      host_reset();
      CHECK(run("/headers") == PROXY_ACTION_CONTINUE);
    }
  }
  CHECK(heap_size() <= before + 2048);
  CHECK(vm.grpc_calls.count == 0 && shim_job_count == 0);
}

/* An empty part of a string that could not be made. */
static void test_empty_values_without_memory(void) {
  for (size_t room = 0; room < 4096; room += 8) {
    host_reset();
    host_add_header(":path", "/headers");
    host_add_header("x-twice", "");
    JS_SetMemoryLimit(vm.runtime, heap_size() + room);
    run("/headers");
    JS_SetMemoryLimit(vm.runtime, vm.limits.heap_bytes);
  }
  host_reset();
  CHECK(run("/headers") == PROXY_ACTION_CONTINUE);
}

/* The engine's allocations, of which the next ones succeed and all others fail. */
static size_t allocations_left;

static void *failing_malloc(void *opaque, size_t size) {
  return allocations_left && allocations_left-- ? malloc(size) : NULL;
}
static void *failing_calloc(void *opaque, size_t count, size_t size) {
  return allocations_left && allocations_left-- ? calloc(count, size) : NULL;
}
static void *failing_realloc(void *opaque, void *memory, size_t size) {
  return allocations_left && allocations_left-- ? realloc(memory, size) : NULL;
}

static void limit_allocations(size_t left) {
  allocations_left = left;
  vm.runtime->mf.js_malloc = failing_malloc;
  vm.runtime->mf.js_calloc = failing_calloc;
  vm.runtime->mf.js_realloc = failing_realloc;
}

static void unlimit_allocations(void) { vm.runtime->mf = def_malloc_funcs; }

/* A request, and what follows it, for which so many allocations succeed. Returns how many it has made. */
static size_t run_with_allocations(const char *path, size_t left) {
  host_new_headers();
  host_add_header(":path", path);
  limit_allocations(left);
  uint32_t before = host.last_call;
  run_whole(path);
  size_t made = left - allocations_left;
  unlimit_allocations();
  end_calls_after(before);
  return made;
}

/* As above, but the allocator itself has nothing left, and the shim's reserves with it. */
static void test_allocations_fail_anywhere(void) {
  static const char *const paths[] = {"/headers",   "/iterate",       "/call",  "/body",  "/state", "/grpc",
                                      "/odd",       "/odd-functions", "/breed", "/close", "/reply", "/functions",
                                      "/json-body", "/parallel",      "/wasi",  "/throw"};
  vm.limits.callback_ms = 5;
  for (size_t i = 0; i < countof(paths); i++) {
    size_t all = run_with_allocations(paths[i], SIZE_MAX / 2), step = 1 + all / 25;
    for (size_t left = i % step; left <= all; left += step)
      run_with_allocations(paths[i], left);
  }
  vm.limits.callback_ms = 100;
  CHECK(vm.streams.count == 0 && vm.calls.count == 0 && vm.grpc_calls.count == 0 && vm.lost_streams == 0);
}

/* Nor has the C library anything: no block for the host's results, for the tables of ids, for a body as a whole. */
static void test_no_block_for_the_host_or_the_shim(void) {
  static const char *const paths[] = {"/headers", "/call", "/iterate", "/body", "/state", "/grpc-stream", "/parallel"};
  static char long_text[10000];
  uint32_t action, ids[40];
  memset(long_text, 'x', sizeof long_text - 1);
  for (size_t i = 0; i < 30 * countof(paths); i++) {
    host_reset();
    host_add_header(":path", paths[i % countof(paths)]);
    host.answer_body = i % 2 ? "short" : long_text; /* more than the block that is kept for results */
    blocks_left = i / countof(paths);
    for (size_t j = 0; j < countof(ids); j++) /* the table grows */
      proxy_on_context_create(ids[j] = next_stream++, ROOT);
    uint32_t id = request(paths[i % countof(paths)], &action);
    set_body("ab");
    proxy_on_request_body(id, 2, 0);
    set_body("abcd");
    proxy_on_request_body(id, 4, 1);
    for (uint32_t call = host.last_call; call; call--)
      answer(call);
    grpc_answer(host.last_grpc);
    proxy_on_response_headers(id, 0, 0);
    proxy_on_response_body(id, 4, 1);
    finish(id);
    for (size_t j = 0; j < countof(ids); j++)
      proxy_on_delete(ids[j]);
    blocks_left = SIZE_MAX;
    grpc_close(host.last_grpc, 0, "");
  }
  CHECK(vm.streams.count == 0 && vm.calls.count == 0 && vm.grpc_calls.count == 0 && vm.lost_streams == 0);
  host_reset();
  CHECK(run("/headers") == PROXY_ACTION_CONTINUE);
}

/* A promise settles when there is no memory to tell who waits for it: the stream goes on, or ends by its policy. */
static void test_full_heap_keeps_no_stream_waiting(void) {
  uint32_t action;
  uint32_t id = request("/call", &action);
  JS_SetMemoryLimit(vm.runtime, heap_size());
  answer(host.last_call);
  JS_SetMemoryLimit(vm.runtime, vm.limits.heap_bytes);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] + host.replies == 1);
  finish(id);
  for (size_t left = 0; left < 8; left++) {
    host_reset();
    id = request("/call", &action);
    heap_size(); /* the engine's pages are full, or nearly */
    while (js_malloc_rt(vm.runtime, 0))
      ;
    void *held[4096];
    size_t count = 0;
    limit_allocations(left);
    for (size_t size = 16; size <= 96; size += 16)
      while (count < countof(held) && (held[count] = js_malloc_rt(vm.runtime, size)))
        count++;
    answer(host.last_call);
    unlimit_allocations();
    while (count)
      js_free_rt(vm.runtime, held[--count]);
    CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] + host.replies >= 1);
    finish(id);
  }
}

static void test_endless_jobs_end_their_stream_only(void) {
  uint32_t action, endless, other = request("/call", &action);
  uint32_t call = host.last_call;
  host_new_headers();
  endless = request("/breed", &action);
  CHECK(action == PROXY_ACTION_PAUSE && host.reply_status == 500 && shim_job_count == 0);
  CHECK(host_logged("promise jobs took longer than limits.callbackMs"));
  finish(endless);
  host_reset();
  host.last_call = call; /* ids go on */
  endless = request("/breed-later", &action);
  answer(host.last_call);
  CHECK(host.reply_status == 500 && host.replies == 1);
  finish(endless);
  host_new_headers();
  answer(call);
  CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1 && host_logged("answer 200"));
  finish(other);
}

static void test_one_callback_with_two_endless_streams(void) {
  uint32_t action, ids[2];
  for (size_t i = 0; i < 2; i++) {
    host_new_headers();
    ids[i] = request("/breed-later", &action);
  }
  uint32_t call = host.last_call;
  answer(call - 1);
  CHECK(host.replies == 1 && host.context == ids[0]);
  answer(call);
  CHECK(host.replies == 2 && host.context == ids[1] && shim_job_count == 0);
  finish(ids[0]);
  finish(ids[1]);
}

static void test_limit_of_calls(void) {
  uint32_t action;
  vm.limits.open_calls = 2;
  uint32_t id = request("/parallel", &action);
  CHECK(host.calls == 2 && host.reply_status == 500);
  CHECK(host_logged("RangeError: 2 calls are open, which is the limit (limits.openCalls)"));
  host_new_headers();
  CHECK(run("/grpc") == PROXY_ACTION_CONTINUE && host_logged("grpc failed: RangeError: 2 calls are open"));
  vm.limits.open_calls = 10000;
  answer(1);
  answer(2);
  finish(id);
}

static void test_limit_of_jobs(void) {
  vm.limits.queued_jobs = 0;
  CHECK(run("/reject-handled") == PROXY_ACTION_PAUSE && host.reply_status == 500);
  CHECK(host_logged("promise jobs are queued, which is the limit (limits.queuedJobs)"));
  vm.limits.queued_jobs = 10000;
}

static void test_limit_of_streams(void) {
  uint32_t action;
  vm.limits.streams = 1;
  uint32_t first = request("/call", &action);
  host_new_headers();
  uint32_t second = request("/headers", &action);
  CHECK(action == PROXY_ACTION_PAUSE && host.reply_status == 500);
  CHECK(host_logged("RangeError: 2 streams are open, which is more than the limit (limits.streams)"));
  CHECK(proxy_on_response_headers(second, 0, 1) == PROXY_ACTION_CONTINUE && host.replies == 1);
  finish(second);
  host_reset();
  vm.filters[0].fail_open = true;
  second = request("/headers", &action);
  vm.filters[0].fail_open = false;
  finish(second);
  vm.limits.streams = 100000;
  answer(host.last_call);
  finish(first);
}

static void test_stream_without_memory_does_not_pass(void) {
  uint32_t action, spares = spare_streams.count;
  JSMallocState *heap = &vm.runtime->malloc_state;
  spare_streams.count = 0; /* one that has ended would need no memory */
  JS_SetMemoryLimit(vm.runtime, 1);
  size_t size = heap->malloc_size;
  heap->malloc_size = (size_t)1 << 30; /* beyond the reserve */
  uint32_t id = request("/headers", &action);
  heap->malloc_size = size;
  JS_SetMemoryLimit(vm.runtime, vm.limits.heap_bytes);
  CHECK(vm.lost_streams == 1 && action == PROXY_ACTION_PAUSE && host.reply_status == 500);
  finish(id);
  CHECK(vm.lost_streams == 0);
  host_reset();
  CHECK(proxy_on_request_headers(id, 0, 1) == PROXY_ACTION_CONTINUE && host.replies == 0);
  spare_streams.count = spares;
}

static void test_stepping_aside(void) {
  JSContext *context = vm.context;
  JSValueConst pass[] = {JS_NewInt32(context, ROOT), JS_NewInt32(context, 60000), JS_FALSE};
  js_step_aside(context, JS_UNDEFINED, 3, pass);
  CHECK(run("/throw") == PROXY_ACTION_CONTINUE && host.replies == 0 && !host_logged("thrown"));
  JSValueConst deny[] = {JS_NewInt32(context, ROOT), JS_NewInt32(context, 60000), JS_TRUE};
  js_step_aside(context, JS_UNDEFINED, 3, deny);
  CHECK(run("/headers") == PROXY_ACTION_PAUSE && host.reply_status == 503);
  JSValueConst back[] = {JS_NewInt32(context, ROOT), JS_NewInt32(context, 0), JS_TRUE};
  js_step_aside(context, JS_UNDEFINED, 3, back);
  host_reset();
  CHECK(run("/throw") == PROXY_ACTION_PAUSE && host.reply_status == 500);
}

static void test_results_without_a_pointer(void) {
  static const char *const paths[] = {"/headers", "/call", "/iterate", "/body", "/state", "/grpc", "/grpc-stream"};
  for (size_t failing = 0; failing < 2; failing++)
    for (size_t i = 0; i < countof(paths); i++) {
      uint32_t action;
      host_reset();
      uint32_t id = request(paths[i], &action);
      host.null_results = !failing;
      host.failing_results = failing;
      answer(host.last_call);
      grpc_metadata(host.last_grpc);
      grpc_answer(host.last_grpc);
      grpc_close(host.last_grpc, 0, "");
      proxy_on_request_body(id, 7, 1);
      proxy_on_response_headers(id, 5, 0);
      proxy_on_response_body(id, 0xffffffff, 1);
      proxy_on_configure(ROOT, 10);
      proxy_on_vm_start(ROOT, 10);
      proxy_on_foreign_function(ROOT, 1, 10);
      proxy_on_queue_ready(ROOT, 7);
      proxy_on_tick(ROOT);
      finish(id);
      host.null_results = host.failing_results = false;
      CHECK(!host_block_taken);
    }
  CHECK(proxy_on_configure(ROOT, 0));
}

static void test_impossible_status(void) {
  static const char *const numbers[] = {"", "abc", "\xff\xff\xff", "000", "99", "-20", "2", "20x", "99999", "200 OK"};
  uint32_t action;
  for (size_t i = 0; i < countof(numbers); i++) {
    host_new_headers();
    host.answer_status = numbers[i];
    uint32_t id = request("/call", &action);
    answer(host.last_call);
    CHECK(host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] + host.replies == i + 1);
    finish(id);
  }
  CHECK(host_logged("proxy_get_header_map_value: ParseFailure"));
}

static void test_impossible_statuses_of_host_calls(void) {
  static const uint32_t statuses[] = {13, 77, 0x7fffffff, 0xffffffff};
  static const char *const paths[] = {"/headers", "/call", "/iterate", "/body", "/state", "/grpc", "/grpc-stream"};
  for (size_t i = 0; i < countof(statuses) * countof(paths); i++) {
    uint32_t action;
    host_reset();
    host.failing_results = true;
    host.failing_status = statuses[i / countof(paths)];
    uint32_t id = request(paths[i % countof(paths)], &action);
    host.call_status = host.grpc_status = host.failing_status;
    answer(host.last_call);
    grpc_metadata(host.last_grpc);
    grpc_answer(host.last_grpc);
    grpc_close(host.last_grpc, host.failing_status, "");
    proxy_on_request_body(id, 7, 1);
    proxy_on_response_headers(id, 5, 0);
    finish(id);
  }
  host_reset();
  CHECK(run("/headers") == PROXY_ACTION_CONTINUE);
}

static void test_callbacks_that_the_spec_forbids(void) {
  uint32_t action;
  uint32_t id = request("/headers", &action);
  for (size_t i = 0; i < 2; i++) {
    proxy_on_request_trailers(id, 0);
    proxy_on_response_trailers(id, 3);
    proxy_on_response_body(id, 100, 0);
    proxy_on_request_body(id, 0, 0);
    proxy_on_request_body(id, 0xffffffff, 1);
    proxy_on_request_headers(id, 0xffffffff, 7);
    proxy_on_response_headers(id, 0, 1);
    proxy_on_new_connection(id);
    proxy_on_downstream_data(id, 5, 0);
    proxy_on_upstream_data(id, 5, 1);
    proxy_on_downstream_connection_close(id, 77);
    proxy_on_upstream_connection_close(id, 77);
    proxy_on_done(id);
    proxy_on_log(id);
    proxy_on_context_create(id, id);
    proxy_on_context_create(id, 0);
    proxy_on_configure(id, 0);
    proxy_on_vm_start(id, 0);
    proxy_on_tick(id);
    proxy_on_delete(id);
    proxy_on_delete(id);
  }
  proxy_on_context_create(ROOT, ROOT); /* a stream with its plugin's id */
  proxy_on_delete(ROOT);
  proxy_on_context_create(0xffffffff, ROOT);
  proxy_on_request_headers(0xffffffff, 1, 1);
  proxy_on_delete(0xffffffff);
  proxy_on_context_create(0, 0);
  proxy_on_delete(0);
  proxy_on_tick(0);
  CHECK(find_plugin(ROOT));
  host_reset();
  CHECK(run("/headers") == PROXY_ACTION_CONTINUE);
}

static void test_plugin_ends_before_its_streams(void) {
  uint32_t action;
  proxy_on_context_create(50, 0);
  CHECK(proxy_on_configure(50, 0));
  host_add_header(":path", "/call");
  proxy_on_context_create(51, 50);
  CHECK(proxy_on_request_headers(51, 1, 1) == PROXY_ACTION_PAUSE);
  proxy_on_delete(50);
  CHECK(vm.streams.count == 0);
  proxy_on_response_headers(51, 1, 1);
  proxy_on_http_call_response(50, host.last_call, 2, 5, 0);
  finish(51);
  uint32_t id = request("/headers", &action);
  finish(id);
}

static void test_stream_ends_within_a_host_call(void) {
  for (size_t i = 0; i < 2; i++) {
    host_reset();
    proxy_on_context_create(60, 0);
    CHECK(proxy_on_configure(60, 0));
    host_add_header(":path", i ? "/throw" : "/reply");
    proxy_on_context_create(61, 60);
    host.delete_in_reply = 61;
    CHECK(proxy_on_request_headers(61, 1, 1) == PROXY_ACTION_PAUSE && host.replies == 1);
    CHECK(vm.streams.count == 0);
    proxy_on_context_create(62, 60);
    host.delete_in_reply = 60; /* and its plugin */
    CHECK(proxy_on_request_headers(62, 1, 1) == PROXY_ACTION_PAUSE);
    CHECK(vm.streams.count == 0 && !find_plugin(60));
    host.delete_in_reply = 0;
  }
}

static uint32_t stream_that_arrives;

static void headers_arrive_again(void) { proxy_on_request_headers(stream_that_arrives, 1, 0); }

/* With each host call of the stream's own hook, which would never come to an end. */
static void test_headers_arrive_within_each_host_call(void) {
  stream_that_arrives = next_stream++;
  host_add_header(":path", "/state");
  proxy_on_context_create(stream_that_arrives, ROOT);
  host_reenter = headers_arrive_again;
  CHECK(proxy_on_request_headers(stream_that_arrives, host_map.count, 1) == PROXY_ACTION_PAUSE);
  host_reenter = NULL;
  finish(stream_that_arrives);
}

static void test_body_arrives_within_a_host_call(void) {
  uint32_t action;
  uint32_t id = next_stream;
  set_body("ab");
  host.body_arrives_in_log = id;
  request("/iterate", &action);
  CHECK(action == PROXY_ACTION_CONTINUE && host_logged("part ab true"));
  finish(id);
  host_reset();
  set_body("ab");
  id = request("/call", &action);
  host.body_arrives_in_log = id;
  answer(host.last_call);
  CHECK(host_logged("part ab true") && host.continued[PROXY_STREAM_TYPE_HTTP_REQUEST] == 1);
  finish(id);
}

static void test_bytes_that_a_getter_takes_away(void) {
  uint32_t action;
  uint32_t id = request("/detach", &action);
  if (host.last_call)
    answer(host.last_call);
  CHECK(host_logged("the bytes were taken away"));
  finish(id);
}

static void test_odd_arguments(void) {
  memset(&shared, 0, sizeof shared);
  vm.limits.callback_ms = 10000; /* a machine with much else to do is slow under the sanitizers */
  CHECK(run("/odd") == PROXY_ACTION_CONTINUE && host_logged("odd: "));
  host_new_headers();
  CHECK(run("/odd-functions") == PROXY_ACTION_CONTINUE && host_logged("odd: "));
  vm.limits.callback_ms = 100;
  for (uint32_t call = host.last_call; call; call--)
    answer(call);
  CHECK(vm.calls.count == 0);
}

/* Gives everything back, so that what is left is a leak. */
static void end_vm(void) {
  proxy_on_delete(ROOT);
  free(vm.plugins.slots);
  free(vm.streams.slots);
  free(vm.calls.slots);
  free(vm.grpc_calls.slots);
  for (size_t i = 0; i < countof(sdk_fields); i++)
    JS_FreeValue(vm.context, *sdk_field(i));
  for (size_t i = 0; i < countof(vm.handlers); i++)
    JS_FreeValue(vm.context, vm.handlers[i]);
  for (uint32_t i = 0; i < vm.filter_count; i++) {
    JS_FreeValue(vm.context, vm.filters[i].definition);
    JS_FreeValue(vm.context, vm.filters[i].create_state);
    for (size_t hook = 0; hook < HOOK_COUNT; hook++)
      JS_FreeValue(vm.context, vm.filters[i].hooks[hook]);
  }
  while (spare_streams.count) {
    Stream *stream = spare_streams.streams[--spare_streams.count];
    free_views(&stream->request);
    free_views(&stream->response);
    js_free_rt(vm.runtime, stream);
  }
  for (size_t i = 0; i < countof(fetch_options); i++)
    JS_FreeAtom(vm.context, fetch_options[i]);
  JS_FreeValue(vm.context, fetch_get);
  for (size_t i = 0; i < countof(usual_calls); i++)
    forget_usual_call(vm.context, &usual_calls[i]); /* and its literal */
  if (kept_array)
    JS_FreeValue(vm.context, JS_MKPTR(JS_TAG_OBJECT, kept_array));
  kept_array = NULL;
  if (spare_response)
    JS_FreeValue(vm.context, JS_MKPTR(JS_TAG_OBJECT, spare_response));
  spare_response = NULL;
  drop_kept_shapes(vm.runtime);
  free(rejections.entries);
  free(build_result);
  JS_FreeContext(vm.context);
  JS_FreeRuntime(vm.runtime);
}

#define CASE(name) {#name, name}
static const struct {
  const char *name;
  void (*run)(void);
} cases[] = {
    CASE(test_headers),
    CASE(test_headers_as_pairs),
    CASE(test_header_bytes),
    CASE(test_header_values_that_cannot_be_sent),
    CASE(test_call_pauses_and_resumes),
    CASE(test_closed_stream_does_not_go_on),
    CASE(test_parallel_calls_in_any_order),
    CASE(test_body_arrives_while_its_hook_waits),
    CASE(test_whole_body),
    CASE(test_whole_body_ends_with_trailers),
    CASE(test_replayed_trailers_wait_for_a_tick),
    CASE(test_replayed_streams_that_end_before_the_tick),
    CASE(test_host_that_does_not_tick),
    CASE(test_ends_of_which_nobody_tells),
    CASE(test_whole_body_keeps_its_length),
    CASE(test_inspected_body),
    CASE(test_inspected_body_ends_with_trailers),
    CASE(test_inspected_body_waits_for_its_hook_and_for_the_rest),
    CASE(test_rewritten_body_loses_its_length_after_the_headers_hook),
    CASE(test_body_becomes_smaller_while_its_hook_waits),
    CASE(test_stream_ends_while_its_body_waits),
    CASE(test_answer_after_the_stream_ended),
    CASE(test_answer_without_headers_is_a_failure),
    CASE(test_failures_that_the_host_tells_by_an_answer),
    CASE(test_refused_call),
    CASE(test_host_that_gives_a_call_id_twice),
    CASE(test_answer_and_request_outlive_their_time),
    CASE(test_local_reply),
    CASE(test_errors_of_hooks),
    CASE(test_endless_loop),
    CASE(test_rejections),
    CASE(test_grpc_call),
    CASE(test_grpc_call_with_an_empty_answer),
    CASE(test_grpc_call_that_fails),
    CASE(test_refused_grpc_calls),
    CASE(test_grpc_answer_after_the_stream_ended),
    CASE(test_host_that_gives_a_grpc_id_twice),
    CASE(test_grpc_stream),
    CASE(test_grpc_stream_is_sent_to_and_ended),
    CASE(test_grpc_stream_is_cancelled),
    CASE(test_grpc_stream_whose_reader_leaves),
    CASE(test_grpc_stream_that_fails_within_a_host_call),
    CASE(test_grpc_streams_of_an_old_configuration),
    CASE(test_malformed_pairs),
    CASE(test_callbacks_out_of_order),
    CASE(test_stream_that_ends_within_a_host_call),
    CASE(test_stream_that_ends_within_a_host_call_after_waiting),
    CASE(test_configuration),
    CASE(test_state_of_the_host),
    CASE(test_queue_events),
    CASE(test_environment),
    CASE(test_vm_start_and_foreign_functions),
    CASE(test_full_heap_keeps_no_stream_waiting),
    CASE(test_endless_jobs_end_their_stream_only),
    CASE(test_one_callback_with_two_endless_streams),
    CASE(test_limit_of_calls),
    CASE(test_limit_of_jobs),
    CASE(test_limit_of_streams),
    CASE(test_stream_without_memory_does_not_pass),
    CASE(test_stepping_aside),
    CASE(test_results_without_a_pointer),
    CASE(test_impossible_status),
    CASE(test_impossible_statuses_of_host_calls),
    CASE(test_callbacks_that_the_spec_forbids),
    CASE(test_plugin_ends_before_its_streams),
    CASE(test_stream_ends_within_a_host_call),
    CASE(test_headers_arrive_within_each_host_call),
    CASE(test_body_arrives_within_a_host_call),
    CASE(test_bytes_that_a_getter_takes_away),
    CASE(test_odd_arguments),
    CASE(test_heap_stays_flat),
    CASE(test_tables_become_small_again),
    CASE(test_kept_shapes_go),
    CASE(test_functions),
    CASE(test_field_of_a_body),
    CASE(test_time_is_over_anywhere),
    CASE(test_memory_runs_out_anywhere),
    CASE(test_empty_values_without_memory),
    CASE(test_allocations_fail_anywhere),
    CASE(test_no_block_for_the_host_or_the_shim),
};

int main(int argc, char **argv) {
  size_t size;
  uint8_t *bytecode = read_program(argv[1], &size);
  current_case = "build";
  host_reset();
  check(build_run(bytecode, size, NULL) == 0, "the program's top level failed");
  CHECK(proxy_on_vm_start(ROOT, 0));
  proxy_on_context_create(ROOT, 0);
  CHECK(proxy_on_configure(ROOT, 0));
  for (size_t i = 0; i < countof(cases); i++) {
    current_case = cases[i].name;
    host_reset();
    cases[i].run();
    say("ok", NULL);
  }
  end_vm();
  return 0;
}
