/*
 * Limits that keep a filter from taking its worker down: time in one callback, heap, stack.
 * Reaching one is an error in JavaScript, never a trap.
 */

enum {
  GUARD_HEAP_BYTES = 64 << 20,
  /* The module's stack is 256 KiB (build/engine/modules.ts); the rest is for the C functions below the last check. */
  GUARD_STACK_BYTES = 192 << 10,
  GUARD_CALLBACK_NANOSECONDS = 100 * 1000 * 1000,
  /* The engine polls about every 10 000 calls and jumps. At build time polls are counted instead of timed, so that the
     same program always gives the same result. */
  GUARD_BUILD_POLLS = 10 * 1000,
};

static struct {
  uint64_t started; /* clock at this callback's first poll, 0 before it: a callback without loops reads no clock */
  uint32_t polls;
  bool expired;
} guard;

static void guard_enter(void) {
  guard.started = 0;
  guard.expired = false;
}

static int guard_poll(JSRuntime *runtime, void *opaque) {
  if (vm.building)
    return ++guard.polls > GUARD_BUILD_POLLS;
  uint64_t now = js__hrtime_ns();
  if (!guard.started)
    guard.started = now;
  else if (now - guard.started > GUARD_CALLBACK_NANOSECONDS)
    guard.expired = true;
  return guard.expired;
}

static void guard_start(JSRuntime *runtime) {
  JS_SetMemoryLimit(runtime, GUARD_HEAP_BYTES);
  JS_SetMaxStackSize(runtime, GUARD_STACK_BYTES);
  JS_SetInterruptHandler(runtime, guard_poll, NULL);
}
