/* The runtime's allocator, alone: it is tried with other memory than a module's, in pieces that do not touch, too. */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef NDEBUG
#define countof(x) (sizeof(x) / sizeof((x)[0]))

static char *heap_first(size_t *size);
static char *heap_more(size_t size);

#include "../../src/shim/allocator.c"

/* A module's memory begins where its data end, which is no round number. NO_ROOM: nothing is left of its pages. */
enum { ROOM = 96 << 20, DATA_END = 3, NO_ROOM = 5 };

static _Alignas(16) char room[ROOM];
static size_t at, limit, first_size, taken;
static bool in_pieces;

static char *heap_first(size_t *size) {
  *size = first_size;
  at = DATA_END + first_size;
  assert(at % HEAP_ALIGN == 0); /* a module's memory has whole pages */
  taken += first_size;
  return room + DATA_END;
}

static char *heap_more(size_t size) {
  assert(size && size % HEAP_PAGE == 0);
  size_t gap = in_pieces ? 16 : 0;
  if (taken + size > limit || at + gap + size > ROOM)
    return NULL;
  char *memory = room + at + gap;
  at += gap + size;
  taken += size;
  return memory;
}

static void start(size_t first, size_t most, bool pieces_apart) {
  memset(&heap, 0, sizeof heap);
  memset(room, 0xaa, sizeof room);
  at = taken = 0;
  first_size = first;
  limit = most;
  in_pieces = pieces_apart;
}

static uint64_t state = 1;

static uint32_t next_random(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33);
}

/* A piece ends with a header in use that has no block; it begins where no block is before. Counts its free blocks. */
static size_t check_piece(const HeapBlock *block, size_t *free_count) {
  size_t bytes = 0;
  assert(block->before == 0);
  while (heap_block_size(block)) {
    const HeapBlock *after = heap_after(block);
    assert(heap_block_size(block) % HEAP_ALIGN == 0 && heap_block_size(block) >= HEAP_LEAST);
    assert(after->before == heap_block_size(block));
    assert(!(heap_is_free(block) && heap_is_free(after)));
    *free_count += heap_is_free(block);
    bytes += heap_block_size(block);
    block = after;
  }
  assert(!heap_is_free(block));
  return bytes;
}

static size_t listed_blocks(void) {
  size_t count = 0;
  for (unsigned kind = 0; kind < HEAP_KINDS; kind++) {
    assert(!heap.free_blocks[kind] == !(heap.filled[kind / 32] >> kind % 32 & 1));
    const HeapBlock *previous = NULL;
    for (const HeapBlock *block = heap.free_blocks[kind]; block; previous = block, block = block->next, count++) {
      assert(heap_is_free(block) && heap_kind(block->size) == kind);
      assert(block->previous == previous);
    }
  }
  return count;
}

/* Walks one piece of memory, from its start. */
static void check_whole(void) {
  if (!heap.started || in_pieces)
    return;
  size_t free_count = 0;
  check_piece((const HeapBlock *)(room + DATA_END + NO_ROOM), &free_count);
  assert(free_count == listed_blocks());
}

typedef struct Live {
  uint8_t *memory;
  size_t size;
  uint8_t mark;
} Live;

static void check_live(const Live *live) {
  assert((uintptr_t)live->memory % HEAP_ALIGN == 0);
  assert(heap_usable_size(live->memory) >= live->size);
  for (size_t i = 0; i < live->size; i++)
    assert(live->memory[i] == live->mark);
}

static size_t random_size(int mixture) {
  switch (mixture) {
  case 0: /* arenas and a few others */
    return next_random() % 4 ? 4080 : next_random() % 600;
  case 1: /* bodies */
    return next_random() % 65536;
  default:
    return next_random() % 8 ? next_random() % 3000 : next_random() % 200000;
  }
}

static size_t live_bytes, most_live;

static void drop(Live *live) {
  check_live(live);
  heap_free(live->memory);
  live_bytes -= live->size;
  *live = (Live){0};
}

static void change(Live *live, int mixture) {
  size_t size = random_size(mixture);
  if (live->memory && next_random() % 2) {
    drop(live);
    return;
  }
  size_t kept = live->memory ? (live->size < size ? live->size : size) : 0;
  bool zeros = !live->memory && next_random() % 4 == 0;
  uint8_t *memory = zeros ? heap_allocate_zeros(size, 1) : heap_reallocate(live->memory, size);
  if (!memory) { /* nothing has been lost */
    if (live->memory)
      check_live(live);
    return;
  }
  for (size_t i = 0; i < (zeros ? size : kept); i++)
    assert(memory[i] == (zeros ? 0 : live->mark));
  live_bytes += size - live->size;
  most_live = live_bytes > most_live ? live_bytes : most_live;
  *live = (Live){memory, size, (uint8_t)next_random()};
  memset(memory, live->mark, size);
}

static void run_random(size_t first, size_t most, bool pieces_apart, int steps) {
  static Live lives[600];
  start(first, most, pieces_apart);
  memset(lives, 0, sizeof lives);
  live_bytes = most_live = 0;
  for (int step = 0; step < steps; step++) {
    change(&lives[next_random() % countof(lives)], step / 8000 % 3);
    if (step % 500 == 0)
      check_whole();
  }
  for (size_t i = 0; i < countof(lives); i++)
    if (lives[i].memory)
      drop(&lives[i]);
  check_whole();
}

static void blocks_keep_what_is_in_them(void) {
  run_random(NO_ROOM, ROOM, false, 80000);
  assert(listed_blocks() == 1); /* all joined */
  run_random(100005, ROOM, false, 80000);
  assert(listed_blocks() == 1);
}

static void memory_may_come_in_pieces(void) { run_random(70005, ROOM, true, 80000); }

static void freed_memory_is_used_again(void) {
  run_random(NO_ROOM, ROOM, false, 60000);
  size_t short_run = taken;
  assert(short_run < most_live * 3 / 2);
  state = 1;
  run_random(NO_ROOM, ROOM, false, 240000);
  assert(taken < most_live * 3 / 2);
}

/* Blocks of one size take the places of others of that size, whatever their kind begins with. */
static void blocks_of_one_size_fit(void) {
  static void *held[500];
  start(NO_ROOM, ROOM, false);
  for (size_t i = 0; i < countof(held); i++) {
    held[i] = heap_allocate(4400);
    heap_allocate(16);
  }
  for (size_t i = 0; i < countof(held); i++)
    heap_free(held[i]);
  size_t before = taken;
  for (size_t i = 0; i < countof(held); i++)
    assert(heap_allocate(4400));
  assert(taken == before);
  check_whole();
}

static void nothing_is_lost_when_memory_is_full(void) {
  run_random(NO_ROOM, 2 << 20, false, 100000);
  assert(taken <= 2 << 20 && most_live > 1 << 20);
  assert(listed_blocks() == 1);
}

static void impossible_sizes_are_refused(void) {
  start(NO_ROOM, ROOM, false);
  assert(!heap_allocate(SIZE_MAX) && !heap_allocate((size_t)INT32_MAX + 1));
  assert(!heap_allocate_zeros(SIZE_MAX / 2, 3));
  void *memory = heap_allocate(10);
  assert(memory && !heap_reallocate(memory, SIZE_MAX - 8));
  heap_free(memory);
  heap_free(NULL);
  assert(heap_usable_size(NULL) == 0);
  assert(heap_allocate(0) != heap_allocate(0));
}

/* Where the last block is free and large enough, but behind more others than an allocation looks at. */
static void long_lists_hide_nothing(void) {
  static void *held[2 * HEAP_LOOKS];
  start(NO_ROOM, ROOM, false);
  for (size_t i = 0; i < countof(held); i++) {
    held[i] = heap_allocate(4104);
    heap_allocate(16);
  }
  size_t rest = heap_at((char *)heap.end - heap.end->before)->size;
  while (rest >= 4500 + 2 * HEAP_LEAST) {
    size_t size = rest - 4500 > 3000 ? 3000 : rest - 4500 - HEAP_HEADER;
    heap_allocate(size);
    rest = heap_at((char *)heap.end - heap.end->before)->size;
  }
  assert(rest > 4200 && heap_kind((uint32_t)rest) == heap_kind(4200));
  for (size_t i = 0; i < countof(held); i++)
    heap_free(held[i]); /* in front of it */
  assert(heap_allocate(4200));
  check_whole();
}

static void a_block_grows_where_it_is(void) {
  start(NO_ROOM, ROOM, false);
  char *memory = heap_allocate(1000), *after = heap_allocate(5000);
  heap_allocate(16);
  heap_free(after);
  assert(heap_reallocate(memory, 5000) == memory);
  size_t most = heap_usable_size(heap_reallocate(memory, 6008));
  assert(most == 6008 && heap_usable_size(memory) == most);
  assert(heap_reallocate(memory, 100) == memory);
  assert(heap_usable_size(memory) < 200);
  check_whole();
  char *moved = heap_reallocate(memory, most + HEAP_ALIGN); /* a little more than there is */
  assert(moved && moved != memory);
  check_whole();
}

#define RUN(name) (name(), puts("ok " #name))

int main(void) {
  RUN(blocks_keep_what_is_in_them);
  RUN(memory_may_come_in_pieces);
  RUN(freed_memory_is_used_again);
  RUN(blocks_of_one_size_fit);
  RUN(nothing_is_lost_when_memory_is_full);
  RUN(impossible_sizes_are_refused);
  RUN(long_lists_hide_nothing);
  RUN(a_block_grows_where_it_is);
  return 0;
}
