/*
 * Memory that the host asks for, to hand over a result (spec: proxy_on_memory_allocate), and large blocks in general.
 *
 * Most results are small and are read at once, so one static block serves them and spares a malloc each. Others are
 * large blocks as the engine's allocator makes them, so that a typed array can take one over; until then they do not
 * count as the heap's. Small blocks are the engine's: many of a size in an arena of 4 KiB.
 */

/* The last large block that was freed, for the next one: a request's body takes the place of the one before. */
static PER_REQUEST struct {
  void *block;
  size_t size; /* 0: there is none */
} kept;

enum { KEPT_BYTES = 64 * 1024 };

static void *take_kept(void) {
  void *block = kept.block;
  kept.block = NULL;
  kept.size = 0;
  return block;
}

/* Called by the engine. NULL: none, or one that is too small, or so large that most of it would be idle. */
static void *shim_take_kept_block(JSRuntime *runtime, size_t size) {
  if (size > KEPT_BYTES && kept.size) /* a block of megabytes may need its place, too */
    runtime->mf.js_free(runtime->malloc_state.opaque, take_kept());
  return size > kept.size || size < kept.size / 2 ? NULL : take_kept();
}

/* Called by the engine in place of `free`. The address sanitizer would not see how a block is used after that. */
static no_inline void shim_keep_block(JSRuntime *runtime, void *block) {
  size_t size = JS_ARENA_LARGE_BLOCKS_ONLY || shim_build_memory ? 0 : malloc_usable_size(block);
  if (size && size <= KEPT_BYTES) {
    void *former = kept.block;
    kept.block = block;
    kept.size = size;
    block = former;
  }
  if (block)
    runtime->mf.js_free(runtime->malloc_state.opaque, block);
}

static JSArena *kept_arenas[JS_ARENA_BLOCK_SIZE_COUNT];

/* Called by the engine when an arena has become empty. One of each size stays: a request often has the only blocks of a
   size, or one more than have a place elsewhere, and would make their arena anew, with the list of its free blocks. */
static no_inline bool shim_keeps_arena(JSArena *arena) {
  JSArena **kept_arena = &kept_arenas[arena->block_size_idx], *other = *kept_arena;
  if (vm.building || (other && other != arena && !other->n_used_blocks))
    return false;
  *kept_arena = arena;
  return true;
}

enum { FREE_BLOCKS = 8 };

/* The engine keeps the small blocks that were freed last, so many of each size: most requests need no others, and each
   may keep an arena. */
static void open_free_blocks(void) {
  for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++)
    shim_free_blocks[i].room = FREE_BLOCKS;
}

/* Gives them back to their arenas, so that those can go. */
static void release_free_blocks(JSRuntime *runtime) {
  if (vm.building) /* there are none, and none may come */
    return;
  for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++) {
    ShimFreeBlocks *blocks = &shim_free_blocks[i];
    while (blocks->first) {
      void *block = blocks->first;
      blocks->first = shim_next_free(block);
      blocks->room++;
      js_arena_free(runtime, block);
    }
  }
}

static char host_block[8192] __attribute__((aligned(16)));
static PER_REQUEST bool host_block_taken;

static void *host_allocate(size_t size) {
  if (!host_block_taken && size <= sizeof host_block) {
    host_block_taken = true;
    return host_block;
  }
  return size < SIZE_MAX / 2 ? arena_large_block(vm.runtime, size) : NULL;
}

static void host_free(void *memory) {
  if (memory == host_block)
    host_block_taken = false;
  else if (memory)
    shim_keep_block(vm.runtime, container_of(memory, JSMallocBlockHeader, user_data));
}

/* What a host call has left: nothing unless it succeeded, and no length without a pointer. Returns the status. */
static uint32_t host_result(uint32_t status, char **data, size_t *size) {
  if (status != PROXY_STATUS_OK) { /* some hosts have allocated it before they fail */
    host_free(*data);
    *data = NULL;
  }
  if (!*data)
    *size = 0;
  return status;
}

/* A pointer that the host wrote, in memory that is surely ours: moves it out of the shared block. NULL: no memory. */
static char *host_keep(char *memory, size_t size) {
  if (memory != host_block)
    return memory;
  char *copy = arena_large_block(vm.runtime, size);
  if (copy)
    memcpy(copy, memory, size);
  host_free(memory);
  return copy;
}
