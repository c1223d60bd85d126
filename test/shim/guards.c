/*
 * What each attack of test/attacks costs until the guards end it, counted: the compiler calls a function at each basic
 * block, and the clock that the guards read is that count. So a deadline is reached after the same number of steps on
 * every machine.
 *
 * `guards PROGRAM NAME...`: for each name a line with its result, see `report`.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define UNCOUNTED __attribute__((no_sanitize_coverage))

static uint64_t steps;

UNCOUNTED void __sanitizer_cov_trace_pc(void) { steps++; }

/* A library's functions have no blocks of ours: 16 bytes are a step. */
UNCOUNTED static void *counted_memcpy(void *to, const void *from, size_t size) {
  steps += size / 16;
  return memcpy(to, from, size);
}
UNCOUNTED static void *counted_memmove(void *to, const void *from, size_t size) {
  steps += size / 16;
  return memmove(to, from, size);
}
UNCOUNTED static void *counted_memset(void *to, int byte, size_t size) {
  steps += size / 16;
  return memset(to, byte, size);
}
UNCOUNTED static int counted_memcmp(const void *one, const void *two, size_t size) {
  size_t same = 0; /* it stops where they differ */
  const unsigned char *a = one, *b = two;
  while (same < size && a[same] == b[same])
    same++;
  steps += same / 16;
  return same == size ? 0 : a[same] < b[same] ? -1 : 1;
}
#define memcpy counted_memcpy
#define memmove counted_memmove
#define memset counted_memset
#define memcmp counted_memcmp

/* A step takes 4 ns here: a block is some instructions. */
enum { NANOSECONDS_PER_STEP = 4 };
UNCOUNTED static int counted_clock(struct timespec *time) {
  uint64_t now = 1000000 + steps * NANOSECONDS_PER_STEP;
  time->tv_sec = (time_t)(now / 1000000000);
  time->tv_nsec = (long)(now % 1000000000);
  return 0;
}
#define clock_gettime(id, time) counted_clock(time)

#include "shim.c"

#include "stub-host.h"

#include "program.h"

static size_t heap_size(void) {
  JS_RunGC(vm.runtime);
  return vm.runtime->malloc_state.malloc_size;
}

static uint32_t next_stream = 100;

/* Runs a stream. Returns the steps of its callback that took the most; `late`: the attack comes after a call. */
static uint64_t run(const char *name, bool later) {
  char path[128];
  snprintf(path, sizeof path, "/%s%s", name, later ? "?later" : "");
  host_reset();
  host_add_header(":path", path);
  uint32_t id = next_stream++;
  proxy_on_context_create(id, ROOT);
  uint64_t start = steps;
  proxy_on_request_headers(id, host_map.count, 1);
  uint64_t most = steps - start;
  if (host.last_call) {
    start = steps;
    proxy_on_http_call_response(ROOT, host.last_call, 2, 5, 0);
    most = most > steps - start ? most : steps - start;
  }
  proxy_on_done(id);
  proxy_on_log(id);
  proxy_on_delete(id);
  return most;
}

/* [name, when, steps, status of the local reply, whether it went on, heap afterwards, jobs left, first line of the log]
 */
static void report(const char *name, const char *when, uint64_t cost) {
  char line[256], *end = memchr(host.log, '\n', host.log_size);
  size_t length = end ? (size_t)(end - host.log) : host.log_size;
  JSValue log = JS_NewStringLen(vm.context, host.log, length < 300 ? length : 300);
  JSValue json = JS_JSONStringify(vm.context, log, JS_UNDEFINED, JS_UNDEFINED);
  const char *text = JS_ToCString(vm.context, json);
  int size = snprintf(line, sizeof line, "[\"%s\",\"%s\",%u,%u,%u,%u,%u,", name, when, (unsigned)cost,
                      (unsigned)host.reply_status, (unsigned)host.continued[0], (unsigned)heap_size(),
                      (unsigned)shim_job_count);
  if (!text || write(1, line, (size_t)size) < 0 || write(1, text, strlen(text)) < 0 || write(1, "]\n", 2) < 0)
    _exit(3);
  JS_FreeCString(vm.context, text);
  JS_FreeValue(vm.context, json);
  JS_FreeValue(vm.context, log);
}

int main(int argc, char **argv) {
  size_t size;
  uint8_t *bytecode = read_program(argv[1], &size);
  host_reset();
  if (build_run(bytecode, size, NULL) != 0 || !proxy_on_vm_start(ROOT, 0))
    return 1;
  proxy_on_context_create(ROOT, 0);
  if (!proxy_on_configure(ROOT, 0))
    return 2;
  report("nothing", "now", run("nothing", false));
  report("nothing", "later", run("nothing", true));
  for (int i = 2; i < argc; i++) {
    report(argv[i], "now", run(argv[i], false));
    report(argv[i], "later", run(argv[i], true));
  }
  return 0;
}
