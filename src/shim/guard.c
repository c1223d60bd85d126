/*
 * Limits that keep a filter from taking its worker down: time in one callback, heap, stack.
 * Reaching one is an error in JavaScript, never a trap. docs/RELIABILITY.md tells what each does.
 */

#ifndef FIRST_POLL /* a test polls always */
#define FIRST_POLL 250
#endif

enum {
  /* The module's stack is 256 KiB (build/engine/modules.ts); the rest is for the C functions below the last check. More
     would not help: the host's own stack, V8's megabyte, is needed four times as fast. */
  GUARD_STACK_BYTES = 128 << 10,
  /* Above the heap's limit: for jobs that others wait for, and for the report of an error. */
  GUARD_RESERVE_BYTES = 1 << 20,
  /* Calls and jumps until the clock is read: at first, so that callbacks that do little read none, and at most. */
  GUARD_FIRST_POLL = FIRST_POLL,
  GUARD_MAX_POLL = JS_INTERRUPT_COUNTER_INIT,
  GUARD_POLL_NANOSECONDS = 1000 * 1000,
  /* Where the host refuses the clock: a million calls and jumps for each 100 ms. */
  GUARD_CALLS_PER_MILLISECOND = 10 * 1000,
  /* The same of what begins with the whole time: about as much as the report of an error costs. */
  GUARD_RENEWAL_NANOSECONDS = 25 * 1000,
  /* At build time polls are counted instead of timed, so that the same program always gives the same result. */
  GUARD_BUILD_POLLS = 10 * 1000,
  GUARD_BUILD_HEAP_BYTES = 1 << 30,
  /* How often a callback may be late before all that is left of it is dropped. */
  GUARD_MAX_LATE = 8,
};

static PER_REQUEST struct {
  uint64_t polled; /* clock at this callback's last poll, 0 before the first: a callback without loops reads no clock */
  uint64_t spent;  /* nanoseconds since the first poll that count */
  uint32_t interval;
  uint32_t polls;
  uint32_t late;     /* how often this callback has used up its time */
  uint32_t hits;     /* GUARD_HIT_*: since the last `report_hits` */
  bool charged;      /* the next poll comes because much was done */
  bool expired;      /* each poll throws */
  bool late_turn;    /* whose turn it was when that happened is still to be ended: see promises.c */
  uint64_t renewed;  /* clock at this callback's last renewal, 0 before the first */
  uint64_t extended; /* nanoseconds since the first renewal that count */
} guard;

/* The numbers are those of src/sdk/step-aside.ts. */
enum { GUARD_HIT_TIME = 1, GUARD_HIT_HEAP = 2, GUARD_HIT_STACK = 4, GUARD_BACK = 8 };

static void give_whole_time(void) {
  guard.polled = guard.spent = 0;
  guard.expired = false;
  guard.interval = GUARD_FIRST_POLL;
  vm.context->interrupt_counter = GUARD_FIRST_POLL;
}

static uint64_t callback_nanoseconds(void) { return vm.limits.callback_ms * 1000000ull; }

/* A worker that has had to wait for a processor, in a container whose share is used up for example, has not worked: no
   single pause is the whole limit. */
static uint64_t without_pause(uint64_t spent) {
  uint64_t most = callback_nanoseconds() / 4;
  return spent < most ? spent : most;
}

/* True: reports of errors and ends of turns have had as much time as they get in one callback. */
static bool is_extended_enough(void) {
  uint64_t now = js__hrtime_ns();
  if (!now)
    guard.extended += GUARD_RENEWAL_NANOSECONDS;
  else if (guard.renewed)
    guard.extended += without_pause(now - guard.renewed);
  guard.renewed = now;
  return guard.extended > (GUARD_MAX_LATE + 1) * callback_nanoseconds();
}

/* Gives what runs next the whole time. But a host that begins other callbacks within each host call, which report their
   errors, must not keep one for ever. */
static void guard_renew(void) {
  if (vm.building || !is_extended_enough()) {
    give_whole_time();
    return;
  }
  guard.expired = true;
  vm.context->interrupt_counter = 0;
}

static void guard_enter(void) {
  guard.late = 0;
  guard.late_turn = false;
  guard.renewed = guard.extended = 0;
  give_whole_time();
}

/* Work whose cost grows with its operands makes the next poll come earlier: bytes or elements, of which 64 cost about
   as much as a call. */
static void shim_charge(JSContext *context, size_t work) {
  size_t cost = work / 64;
  int left = context->interrupt_counter;
  if (!cost)
    return;
  bool is_much = left <= 0 || cost >= (size_t)left;
  guard.charged |= is_much;
  context->interrupt_counter = is_much ? 0 : left - (int)cost;
}

/* The same, where the engine has no context at hand. */
static void shim_charge_allocation(size_t size) {
  if (vm.context)
    shim_charge(vm.context, size);
}

/* Polls come as often as the program is slow: about once a millisecond. */
static void adapt_interval(uint64_t spent) {
  if (spent < GUARD_POLL_NANOSECONDS / 2 && guard.interval < GUARD_MAX_POLL)
    guard.interval *= 2;
  else if (spent > GUARD_POLL_NANOSECONDS)
    guard.interval = (uint32_t)(guard.interval * (uint64_t)GUARD_POLL_NANOSECONDS / spent) + 1;
}

static bool is_late(void) {
  uint64_t now = js__hrtime_ns();
  if (!now)
    return (guard.spent += guard.interval) > vm.limits.callback_ms * GUARD_CALLS_PER_MILLISECOND;
  uint64_t spent = guard.polled ? now - guard.polled : 0;
  guard.polled = now;
  adapt_interval(spent);
  guard.spent += guard.charged ? spent : without_pause(spent);
  guard.charged = false;
  return guard.spent > callback_nanoseconds();
}

static int guard_poll(JSRuntime *runtime, void *opaque) {
  if (vm.building)
    return ++guard.polls > GUARD_BUILD_POLLS;
  if (!guard.expired && is_late()) {
    guard.expired = guard.late_turn = true;
    guard.hits |= GUARD_HIT_TIME;
  }
  /* A late callback is interrupted at each poll: what catches the error, a promise's constructor for example, must not
     get another ten thousand calls. */
  vm.context->interrupt_counter = guard.expired ? 0 : (int)guard.interval;
  return guard.expired;
}

static void shim_throw_interrupted(JSContext *context) {
  if (vm.building)
    JS_ThrowInternalError(context, "interrupted");
  else
    JS_ThrowInternalError(context, "interrupted: this callback has taken longer than %u ms (limits.callbackMs)",
                          vm.limits.callback_ms);
}

/* For loops that cannot throw: true, and they have to end. What called them polls again, and throws. */
static bool shim_is_late(JSContext *context) {
  if (context->interrupt_counter > 0)
    return false;
  context->interrupt_counter = GUARD_MAX_POLL;
  return guard_poll(context->rt, NULL);
}

static bool shim_is_late_after(size_t work) {
  if (!vm.context)
    return false;
  shim_charge(vm.context, work);
  return shim_is_late(vm.context);
}

/* The soft limit: the fuller the heap, the earlier the collector runs again, in steps of a 32nd of the limit at least.
 */
static size_t gc_threshold(JSRuntime *runtime) {
  size_t size = runtime->malloc_state.malloc_size, limit = runtime->malloc_state.malloc_limit;
  size_t step = size / 2, room = limit > size ? (limit - size) / 2 : 0;
  if (step > room)
    step = room > limit / 32 ? room : limit / 32;
  return size + step;
}

/* What does not take the collector. */
static void give_back_memory(JSRuntime *runtime) {
  drop_kept_shapes(runtime);
  shrink_tables(runtime);
}

/* Called by the engine, too. */
static void shim_collect_garbage(JSRuntime *runtime) {
  drop_kept_shapes(runtime);
  JS_RunGC(runtime);
  release_free_blocks(runtime);
  shrink_tables(runtime);
  runtime->malloc_gc_threshold = gc_threshold(runtime);
}

/* Called by the engine when an allocation would pass the limit. The collector may run when the next object is made,
   which is that of the error at the latest. */
static void *shim_heap_is_full(JSRuntime *runtime, size_t size) {
  guard.hits |= GUARD_HIT_HEAP;
  if (size < runtime->malloc_state.malloc_limit / 2)
    runtime->malloc_gc_threshold = 0;
  return NULL;
}

static void shim_stack_is_full(void) { guard.hits |= GUARD_HIT_STACK; }

/* Opens the reserve; returns what `close_reserve` takes. */
static size_t open_reserve(void) {
  size_t limit = vm.runtime->malloc_state.malloc_limit;
  vm.runtime->malloc_state.malloc_limit = limit + GUARD_RESERVE_BYTES;
  return limit;
}

static void close_reserve(size_t limit) { vm.runtime->malloc_state.malloc_limit = limit; }

static void guard_start(JSRuntime *runtime) {
  JS_SetMemoryLimit(runtime, GUARD_BUILD_HEAP_BYTES); /* the filter's own limit comes with its registration */
  JS_SetMaxStackSize(runtime, GUARD_STACK_BYTES);
  JS_SetInterruptHandler(runtime, guard_poll, NULL);
}
