/*
 * Where a build's blocks lie. Most of what a program allocates while it is built is gone at the end, and would leave
 * holes between what stays. So the program runs twice: the first run writes down which allocations stay, and in the
 * second the others lie behind everything, in memory that the module does not get (build/steps/heap-plan.ts). The same
 * program allocates in the same order each time.
 */

/* An entry of the log: an allocation, or that its block was freed. */
typedef struct PlanEntry {
  uint32_t address;
  uint32_t size; /* 0: freed */
} PlanEntry;

/* Before each block that does not stay. */
typedef struct Passing {
  size_t size;
  uintptr_t next; /* free: the next free one; in use: `passing_mark` */
} Passing;

enum {
  PLAN_CHUNK = 1 << 20,
  PLAN_PAGE = 1 << 16,
  PLAN_MOST = 1 << 23, /* entries of the log: a top level that allocates more often gets no plan */
};

static struct {
  PlanEntry *log; /* of the first run */
  size_t logged, log_size;
  const uint8_t *stays; /* of the second run: a bit for each allocation */
  uint32_t stays_count;
  uint32_t count;         /* of allocations */
  char *start, *at, *end; /* of memory for what does not stay, behind everything */
  size_t grown;           /* by what was asked of the host for it */
  Passing *free_blocks[33];
  uint32_t passing; /* blocks in use there */
} plan;

static uintptr_t passing_mark(const Passing *block) { return (uintptr_t)block ^ 0x9e3779b9; }

/* What stays may lie there, too, when there was no room for it: the run is of no use then, but it has to end. */
static bool is_passing(const void *memory) {
  const Passing *block = (const Passing *)memory - 1;
  return plan.start && (const char *)memory > plan.start && block->next == passing_mark(block);
}

static size_t memory_end(void) {
#ifdef __wasm__
  return __builtin_wasm_memory_size(0) * PLAN_PAGE;
#else
  return 0;
#endif
}

/* Whole pages at the end of memory. NULL: there are none. */
static void *grow_memory(size_t size) {
#ifdef __wasm__
  size_t end = memory_end();
  return __builtin_wasm_memory_grow(0, size / PLAN_PAGE) == SIZE_MAX ? NULL : (void *)end;
#else
  return NULL;
#endif
}

static bool add_chunk(size_t room) {
  size_t chunk = room > PLAN_CHUNK ? (room + PLAN_PAGE - 1) & ~(size_t)(PLAN_PAGE - 1) : PLAN_CHUNK;
  char *memory = grow_memory(chunk);
  if (!memory)
    return false;
  if (!plan.start)
    plan.start = memory;
  plan.at = memory;
  plan.end = memory + chunk;
  plan.grown += chunk;
  return true;
}

/* Blocks are as large as a power of two: which. */
static int passing_kind(size_t size) { return 32 - __builtin_clz((uint32_t)size | 15); }

/* NULL: no memory. */
static void *allocate_passing(size_t size) {
  int kind = passing_kind(size);
  size_t room = sizeof(Passing) + ((size_t)1 << kind);
  Passing *block = plan.free_blocks[kind];
  if (block) {
    plan.free_blocks[kind] = (Passing *)block->next;
  } else {
    if (room > (size_t)(plan.end - plan.at) && !add_chunk(room))
      return NULL;
    block = (Passing *)plan.at;
    plan.at += room;
  }
  block->size = size;
  block->next = passing_mark(block);
  plan.passing++;
  return block + 1;
}

static size_t passing_size(const void *memory) { return ((const Passing *)memory - 1)->size; }

static void free_passing(void *memory) {
  Passing *block = (Passing *)memory - 1;
  int kind = passing_kind(block->size);
  block->next = (uintptr_t)plan.free_blocks[kind];
  plan.free_blocks[kind] = block;
  plan.passing--;
}

static void log_block(const void *memory, size_t size) {
  if (!plan.log)
    return;
  if (plan.logged == plan.log_size) {
    PlanEntry *log = plan.logged < PLAN_MOST ? grow_memory(2 * plan.log_size * sizeof *log) : NULL;
    if (log)
      memcpy(log, plan.log, plan.logged * sizeof *log);
    plan.log = log;
    plan.log_size *= 2;
  }
  if (plan.log)
    plan.log[plan.logged++] = (PlanEntry){(uint32_t)(uintptr_t)memory, (uint32_t)size};
}

static bool stays(uint32_t number) {
  return !plan.stays || (number < plan.stays_count && plan.stays[number / 8] >> number % 8 & 1);
}

static void *planned_malloc(JSRuntime *runtime, size_t size) {
  if (stays(plan.count++)) {
    void *memory = arena_malloc(runtime, size);
    log_block(memory, size ? size : 1);
    return memory;
  }
  JSMallocBlockHeader *block = allocate_passing(sizeof *block + size);
  if (!block)
    return NULL;
  block->u.block_idx = JS_ARENA_FREE_NIL;
  block->block_size_idx = 0xff;
  return block->user_data;
}

/* Always to another place, as often in both runs. */
static void *planned_realloc(JSRuntime *runtime, void *memory, size_t size) {
  size_t old_size = js_arena_usable_size(runtime, memory);
  void *moved = planned_malloc(runtime, size);
  if (!moved)
    return NULL;
  JSMallocBlockHeader *from = container_of(memory, JSMallocBlockHeader, user_data);
  JSMallocBlockHeader *to = container_of(moved, JSMallocBlockHeader, user_data);
  to->gc_obj_type = from->gc_obj_type;
  to->mark = from->mark;
  to->ref_count = from->ref_count;
  memcpy(moved, memory, old_size < size ? old_size : size);
  js_arena_free(runtime, memory);
  return moved;
}

/* What is freed is cleared: the module's memory has zeros there, which take no place in it. */
static void planned_free(JSRuntime *runtime, void *memory) {
  JSMallocBlockHeader *block = container_of(memory, JSMallocBlockHeader, user_data);
  log_block(memory, 0);
  if (block->u.block_idx != JS_ARENA_FREE_NIL)
    memset(memory, 0, arena_block_sizes[block->block_size_idx] - sizeof *block);
}

static const ShimBuildMemory build_memory = {planned_malloc, planned_realloc, planned_free};

static size_t build_usable_size(const void *memory) {
  return is_passing(memory) ? passing_size(memory) : malloc_usable_size((void *)memory);
}

/* Freed memory is cleared, so that what was only needed on the way does not end up in the module. */
static void build_free(void *opaque, void *memory) {
  if (!memory)
    return;
  clear(memory, build_usable_size(memory));
  if (is_passing(memory))
    free_passing(memory);
  else
    free(memory);
}

static const JSMallocFunctions build_malloc_functions = {js_def_calloc, js_def_malloc, build_free, js_def_realloc,
                                                         build_usable_size};

#ifdef __wasm__
BUILD_EXPORT(build_heap_start) const char *build_heap_start(void) { return &__heap_base; }
#endif

/* Begins a first run. */
BUILD_EXPORT(build_log_plan) void build_log_plan(void) {
  plan.log_size = PLAN_CHUNK / sizeof *plan.log;
  plan.log = grow_memory(PLAN_CHUNK);
}

BUILD_EXPORT(build_plan_log) const PlanEntry *build_plan_log(void) { return plan.log; }
BUILD_EXPORT(build_plan_logged) size_t build_plan_logged(void) { return plan.log ? plan.logged : 0; }

/* Begins a second run. What stays has so much room; returns where the bits of so many allocations are to be written. */
BUILD_EXPORT(build_follow_plan) void *build_follow_plan(uint32_t count, size_t room) {
  build_free(NULL, malloc(room));
  void *bits = allocate_passing(count / 8 + 1);
  plan.stays = bits;
  plan.stays_count = count;
  return bits;
}

/* Where the module's memory ends after a second run. NULL: it was not as the first. */
BUILD_EXPORT(build_plan_end) const char *build_plan_end(void) {
  bool alone = memory_end() - (size_t)plan.start == plan.grown;
  return plan.passing == 1 /* the bits */ && alone ? plan.start : NULL;
}
