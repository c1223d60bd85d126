/*
 * malloc and its kin, for what the engine has no small blocks for: arenas, bodies, long strings and arrays. libc's own
 * is a fifteenth of the code that a host compiles when it loads a filter; this one is a sixth of that.
 *
 * A block's header says how long it and the block before it are, so that freed neighbours are joined. Free blocks are
 * on lists by size, eight for each power of two. Memory grows at its end, and is never given back to the host.
 */

typedef struct HeapBlock {
  uint32_t before;                   /* bytes of the block that ends here; 0: none does */
  uint32_t size;                     /* bytes, with the header; the lowest bit: it is in use */
  struct HeapBlock *next, *previous; /* of a list: only while it is free */
} HeapBlock;

enum {
  HEAP_ALIGN = 8,
  HEAP_HEADER = 8,
  HEAP_LEAST = sizeof(HeapBlock),
  HEAP_PAGE = 1 << 16,
  HEAP_KINDS = 28 * 8,
  HEAP_LOOKS = 32, /* how many blocks of its own kind an allocation looks at */
};

static struct {
  bool started;
  HeapBlock *end; /* of the memory that came last: a header without a block, which is in use */
  HeapBlock *free_blocks[HEAP_KINDS];
  uint32_t filled[HEAP_KINDS / 32]; /* a bit for each list that is not empty */
} heap;

#ifdef __wasm__
extern char __heap_base, __heap_end; /* the linker's */

/* The memory that the module begins with: others may have grown it before this is asked (plan.c). */
static char *heap_first(size_t *size) {
  *size = (size_t)(&__heap_end - &__heap_base);
  return &__heap_base;
}

/* Memory at the end, of so many bytes, which are pages. NULL: the host gives none. */
static char *heap_more(size_t size) {
  size_t pages = __builtin_wasm_memory_grow(0, size / HEAP_PAGE);
  return pages == SIZE_MAX ? NULL : (char *)(pages * HEAP_PAGE);
}
#endif

static uint32_t heap_block_size(const HeapBlock *block) { return block->size & ~1u; }

static bool heap_is_free(const HeapBlock *block) { return !(block->size & 1); }

static HeapBlock *heap_at(const void *place) { return (HeapBlock *)(uintptr_t)place; }

static HeapBlock *heap_after(const HeapBlock *block) { return heap_at((const char *)block + heap_block_size(block)); }

static HeapBlock *heap_block_of(const void *memory) { return heap_at((const char *)memory - HEAP_HEADER); }

static unsigned heap_kind(uint32_t size) {
  unsigned log = 31 - (unsigned)__builtin_clz(size);
  return (log - 4) * 8 + (size >> (log - 3) & 7);
}

/* Lists a block as free. */
static void heap_put(HeapBlock *block, uint32_t size) {
  unsigned kind = heap_kind(size);
  HeapBlock *first = heap.free_blocks[kind];
  block->size = size;
  heap_after(block)->before = size;
  block->previous = NULL;
  block->next = first;
  if (first)
    first->previous = block;
  heap.free_blocks[kind] = block;
  heap.filled[kind / 32] |= 1u << kind % 32;
}

static void heap_take(HeapBlock *block) {
  unsigned kind = heap_kind(block->size);
  if (block->next)
    block->next->previous = block->previous;
  if (block->previous)
    block->previous->next = block->next;
  else if (!(heap.free_blocks[kind] = block->next))
    heap.filled[kind / 32] &= ~(1u << kind % 32);
}

/* Frees what is on no list: joined with its neighbours. */
static void heap_release(HeapBlock *block) {
  uint32_t size = heap_block_size(block);
  HeapBlock *after = heap_after(block), *before = heap_at((char *)block - block->before);
  if (heap_is_free(after)) {
    heap_take(after);
    size += after->size;
  }
  if (block->before && heap_is_free(before)) {
    heap_take(before);
    size += before->size;
    block = before;
  }
  heap_put(block, size);
}

/* A new piece of memory, which may begin where the last one ended. */
static void heap_add(char *memory, size_t size) {
  HeapBlock *block = heap_at(memory);
  if (heap.end && memory == (char *)heap.end + HEAP_HEADER)
    block = heap.end;
  else
    block->before = 0;
  heap.end = heap_at(memory + size - HEAP_HEADER);
  heap.end->size = 1;
  block->size = (uint32_t)((char *)heap.end - (char *)block);
  heap_release(block);
}

/* More memory for a block of that size, or a part of what it needs. False: there is none. */
static bool heap_grow(uint32_t size) {
  if (!heap.started) {
    size_t room;
    char *memory = heap_first(&room);
    size_t unaligned = -(uintptr_t)memory & (HEAP_ALIGN - 1);
    heap.started = true;
    if (room >= unaligned + HEAP_LEAST + HEAP_HEADER) {
      heap_add(memory + unaligned, (room - unaligned) & ~(size_t)(HEAP_ALIGN - 1));
      return true;
    }
  }
  HeapBlock *last = heap.end ? heap_at((char *)heap.end - heap.end->before) : NULL;
  uint32_t room = last && heap_is_free(last) ? last->size : 0;
  size_t missing = room < size ? size - room : 0; /* a block that is large enough may have been too far down its list */
  size_t more = (missing + HEAP_HEADER + HEAP_PAGE - 1) & ~(size_t)(HEAP_PAGE - 1);
  char *memory = heap_more(more);
  if (memory)
    heap_add(memory, more);
  return memory != NULL;
}

/* The least of the first blocks of the size's own kind, or any of a larger kind. NULL: there is none. */
static HeapBlock *heap_find(uint32_t size) {
  unsigned kind = heap_kind(size), looks = 0;
  HeapBlock *least = NULL;
  for (HeapBlock *at = heap.free_blocks[kind]; at && looks < HEAP_LOOKS; at = at->next, looks++)
    if (at->size >= size && (!least || at->size < least->size))
      least = at;
  if (least)
    return least;
  unsigned word = kind / 32;
  uint32_t filled = heap.filled[word] & ~1u << kind % 32;
  while (!filled) {
    if (++word == countof(heap.filled))
      return NULL;
    filled = heap.filled[word];
  }
  return heap.free_blocks[word * 32 + (unsigned)__builtin_ctz(filled)];
}

/* Uses so much of a block that is on no list, of which the rest is freed. */
static void *heap_use(HeapBlock *block, uint32_t whole, uint32_t size) {
  bool divided = whole - size >= HEAP_LEAST;
  block->size = (divided ? size : whole) | 1;
  HeapBlock *after = heap_after(block);
  after->before = heap_block_size(block);
  if (divided) {
    after->size = (whole - size) | 1;
    heap_release(after);
  }
  return (char *)block + HEAP_HEADER;
}

/* The size of a block for so many bytes. 0: no memory has room for it. */
static uint32_t heap_size_for(size_t bytes) {
  if (bytes > INT32_MAX)
    return 0;
  uint32_t size = ((uint32_t)bytes + HEAP_HEADER + HEAP_ALIGN - 1) & ~(uint32_t)(HEAP_ALIGN - 1);
  return size < HEAP_LEAST ? HEAP_LEAST : size;
}

static void *heap_allocate(size_t bytes) {
  uint32_t size = heap_size_for(bytes);
  HeapBlock *block;
  if (!size)
    return NULL;
  while (!(block = heap_find(size)))
    if (!heap_grow(size))
      return NULL;
  heap_take(block);
  return heap_use(block, block->size, size);
}

static void heap_free(void *memory) {
  if (memory)
    heap_release(heap_block_of(memory));
}

static size_t heap_usable_size(const void *memory) {
  return memory ? heap_block_size(heap_block_of(memory)) - HEAP_HEADER : 0;
}

static void *heap_reallocate(void *memory, size_t bytes) {
  if (!memory)
    return heap_allocate(bytes);
  HeapBlock *block = heap_block_of(memory), *after = heap_after(block);
  uint32_t size = heap_size_for(bytes), whole = heap_block_size(block);
  if (!size)
    return NULL;
  if (whole < size && heap_is_free(after) && whole + after->size >= size) {
    heap_take(after);
    whole += after->size;
  }
  if (whole >= size)
    return heap_use(block, whole, size);
  void *moved = heap_allocate(bytes);
  if (moved) {
    memcpy(moved, memory, heap_usable_size(memory));
    heap_free(memory);
  }
  return moved;
}

static void *heap_allocate_zeros(size_t count, size_t size) {
  size_t bytes;
  void *memory = __builtin_mul_overflow(count, size, &bytes) ? NULL : heap_allocate(bytes);
  return memory ? memset(memory, 0, bytes) : NULL;
}

#ifdef __wasm__
void *malloc(size_t size) { return heap_allocate(size); }
void *calloc(size_t count, size_t size) { return heap_allocate_zeros(count, size); }
void *realloc(void *memory, size_t size) { return heap_reallocate(memory, size); }
void free(void *memory) { heap_free(memory); }
size_t malloc_usable_size(void *memory) { return heap_usable_size(memory); }
#endif
