/** Edits of the allocator, besides those for a build's plan (plan-edits.ts). */

import type { Edit } from "./edits.ts";

/**
 * Bodies and other large data come and go with each request: the block of the last one is kept for the next, which spares both the
 * general allocator. See src/shim/memory.c.
 */
export function keepLargeBlock(): Edit[] {
  const why = "the last large block is kept for the next, and the host's results are such blocks";
  const allocation =
    "    b = rt->mf.js_malloc(rt->malloc_state.opaque,\n                         sizeof(JSMallocBlockHeader) + size);\n" +
    "    if (!b)\n        return NULL;\n    b->u.block_idx = JS_ARENA_FREE_NIL;\n    b->block_size_idx = 0xff; /* fail safe */\n" +
    "    return b->user_data;\n}\n";
  const head = "static no_inline void *arena_malloc_large(JSRuntime *rt, size_t size)\n{\n";
  return [
    {
      file: "quickjs.c",
      why,
      find: `${head}    JSMallocBlockHeader *b;\n    shim_charge_allocation(size);\n${allocation}`,
      replace:
        "static void *shim_take_kept_block(JSRuntime *rt, size_t size);\nstatic void shim_keep_block(JSRuntime *rt, void *block);\n" +
        "static bool shim_keeps_arena(JSArena *arena);\n\n" +
        "static no_inline void *arena_large_block(JSRuntime *rt, size_t size)\n{\n    JSMallocBlockHeader *b;\n" +
        "    b = shim_take_kept_block(rt, sizeof(JSMallocBlockHeader) + size);\n    if (!b)\n    " +
        `${allocation}\n${head}    shim_charge_allocation(size);\n    return arena_large_block(rt, size);\n}\n`,
    },
    {
      file: "quickjs.c",
      why,
      find: "        } else {\n            rt->mf.js_free(rt->malloc_state.opaque, b);\n        }\n    } else {\n        unsigned int block_idx",
      replace:
        "        } else {\n            shim_keep_block(rt, b);\n        }\n    } else {\n        unsigned int block_idx",
    },
    {
      file: "quickjs.c",
      why: "an empty arena of each size is kept, too",
      find: "        if (unlikely(ar->n_used_blocks == 0)) {\n",
      replace: "        if (unlikely(ar->n_used_blocks == 0) && !shim_keeps_arena(ar)) {\n",
    },
  ];
}

/** A free block holds how far the next free one is from its neighbour: zero in a new arena, and in the module's memory. */
export function zeroFreeBlocks(): Edit[] {
  const why = "free memory of the snapshot is zero and takes no place in the module";
  return [
    {
      file: "quickjs.c",
      why,
      find:
        "    ar = rt->mf.js_malloc(rt->malloc_state.opaque,\n" +
        "                          sizeof(JSArena) + (size_t)n_blocks * block_size);\n",
      replace:
        "    ar = rt->mf.js_calloc(rt->malloc_state.opaque, 1,\n" +
        "                          sizeof(JSArena) + (size_t)n_blocks * block_size);\n",
    },
    {
      file: "quickjs.c",
      why,
      find:
        "    for (i = 0; i < n_blocks - 1; i++) {\n" +
        "        b = arena_get_block(ar, i, block_size);\n" +
        "        b->u.free_next = i + 1;\n" +
        "        b->block_size_idx = block_size_idx;\n" +
        "    }\n" +
        "    b = arena_get_block(ar, n_blocks - 1, block_size);\n" +
        "    b->u.free_next = JS_ARENA_FREE_NIL;\n" +
        "    b->block_size_idx = block_size_idx;\n",
      replace: "",
    },
    {
      file: "quickjs.c",
      why,
      find: "    JSMallocBlockHeader *b;\n    JSArena *ar;\n    int n_blocks, block_size, i;\n",
      replace: "    JSArena *ar;\n    int n_blocks, block_size;\n",
    },
    {
      file: "quickjs.c",
      why,
      find: "        ar->first_free_block = b->u.free_next;\n        b->u.block_idx = block_idx;\n",
      replace:
        "        ar->first_free_block = (uint16_t)(b->u.free_next + block_idx + 1);\n" +
        "        b->block_size_idx = block_size_idx;\n        b->u.block_idx = block_idx;\n",
    },
    {
      file: "quickjs.c",
      why,
      find: "        b->u.free_next = ar->first_free_block;\n        ar->first_free_block = block_idx;\n",
      replace:
        "        b->u.free_next = (uint16_t)(ar->first_free_block - block_idx - 1);\n" +
        "        ar->first_free_block = block_idx;\n",
    },
  ];
}

const SIZES =
  "    16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128,\n" +
  "    144, 160, 176, 192, 208, 224, 240, 256,\n" +
  "    288, 320, 352, 384, 416, 448, 480, 512,\n" +
  "};\n\n";

/**
 * Small blocks come and go with each request, too. The last eight of each size are kept on a list, from which one is taken, and to which one is given
 * back, without a look at its arena. What was in a block stays there: the Go SDK's emulator reads what a host call was given once more, later, without having copied it. What a build allocates goes another way (src/shim/plan.c): the lists have no room then.
 */
export function keepFreeBlocks(): Edit[] {
  const why = "the small blocks that were freed last are kept for the next: see src/shim/memory.c";
  return [
    {
      file: "quickjs.c",
      why: "the index of a block's size, by its words: the table belongs to these sizes, and to no others",
      find: SIZES,
      replace:
        SIZES +
        "/* The size of a block with so many words of 8 bytes in it, as an index: what arena_get_size_index says of it. */\n" +
        "static const uint8_t shim_size_indexes[JS_ARENA_MAX_SMALL_SIZE / JS_ARENA_ALIGN] = {\n" +
        "    0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15, 16, 16, 17, 17, 18, 18, 19, 19, 20, 20, 21, 21, 22, 22,\n" +
        "    23, 23, 23, 23, 24, 24, 24, 24, 25, 25, 25, 25, 26, 26, 26, 26, 27, 27, 27, 27, 28, 28, 28, 28, 29, 29, 29, 29, 30, 30, 30, 30,\n" +
        "};\n\n",
    },
    {
      file: "quickjs.c",
      why,
      find: "static no_inline void *js_arena_malloc(JSRuntime *rt, size_t size)\n{\n",
      replace:
        "typedef struct ShimFreeBlocks {\n    void *first; /* its ref_count is the next */\n    uint32_t room; /* how many more may be kept */\n} ShimFreeBlocks;\n\n" +
        "#define SHIM_KEEPS_FREE_BLOCKS (!JS_ARENA_LARGE_BLOCKS_ONLY && sizeof(void *) == sizeof(int))\n\n" +
        "static inline void *shim_next_free(void *block)\n{\n    return (void *)(uintptr_t)(uint32_t)container_of(block, JSMallocBlockHeader, user_data)->ref_count;\n}\n\n" +
        "static PER_REQUEST ShimFreeBlocks shim_free_blocks[JS_ARENA_BLOCK_SIZE_COUNT];\n\n" +
        "static no_inline void *shim_allocate_block(JSRuntime *rt, size_t size);\n\n" +
        "/* Counts what it gives. */\n" +
        "static no_inline void *js_arena_malloc(JSRuntime *rt, size_t size)\n{\n" +
        "    if (SHIM_KEEPS_FREE_BLOCKS && likely(size <= JS_ARENA_MAX_SMALL_SIZE - JS_ARENA_ALIGN)) {\n" +
        "        unsigned int index = shim_size_indexes[(size + JS_ARENA_ALIGN - 1) / JS_ARENA_ALIGN];\n" +
        "        ShimFreeBlocks *blocks = &shim_free_blocks[index];\n" +
        "        void *block = blocks->first;\n" +
        "        if (likely(block != NULL)) {\n" +
        "            blocks->first = shim_next_free(block);\n" +
        "            blocks->room++;\n" +
        "            rt->malloc_state.malloc_size += arena_block_sizes[index] - sizeof(JSMallocBlockHeader) + MALLOC_OVERHEAD;\n" +
        "            return block;\n        }\n    }\n" +
        "    return shim_allocate_block(rt, size);\n}\n\n" +
        "static inline __attribute__((always_inline)) void *arena_malloc_for(JSRuntime *rt, size_t size)\n{\n",
    },
    {
      file: "quickjs.c",
      why,
      find: "    if (b->u.block_idx == JS_ARENA_FREE_NIL) {\n        if (b == arena_zero_block(rt)) {\n            return 0;\n",
      replace:
        "    if (unlikely(b->u.block_idx == JS_ARENA_FREE_NIL)) {\n        if (b == arena_zero_block(rt)) {\n            return 0;\n",
    },
    {
      file: "quickjs.c",
      why,
      find: "static void *js_arena_realloc(JSRuntime *rt, void *ptr, size_t size)\n{\n",
      replace:
        "static void *shim_counted(JSRuntime *rt, void *block)\n{\n" +
        "    if (block)\n        rt->malloc_state.malloc_size += js_arena_usable_size(rt, block) + MALLOC_OVERHEAD;\n    return block;\n}\n\n" +
        "static no_inline void *shim_allocate_block(JSRuntime *rt, size_t size)\n{\n    return shim_counted(rt, arena_malloc_for(rt, size));\n}\n\n" +
        "static void *js_arena_realloc(JSRuntime *rt, void *ptr, size_t size)\n{\n",
    },
    {
      file: "quickjs.c",
      why: "the zero block is none of a size",
      find: "    arena_zero_block(rt)->u.block_idx = JS_ARENA_FREE_NIL;\n",
      replace:
        "    arena_zero_block(rt)->u.block_idx = JS_ARENA_FREE_NIL;\n    arena_zero_block(rt)->block_size_idx = 0xff;\n",
    },
    {
      file: "quickjs.c",
      why,
      find: "    return arena_calloc_large(rt, n);\n",
      replace: "    return shim_counted(rt, arena_calloc_large(rt, n));\n",
    },
    {
      file: "quickjs.c",
      why: "a multiplication in place of a division",
      find: "    if (size > 0)\n        if (unlikely(count != (count * size) / size))\n            return NULL;\n\n    s = &rt->malloc_state;\n",
      replace:
        "    size_t bytes;\n    if (unlikely(__builtin_mul_overflow(count, size, &bytes)))\n        return NULL;\n\n    s = &rt->malloc_state;\n",
    },
    {
      file: "quickjs.c",
      why,
      find:
        "    ptr = js_arena_calloc(rt, count, size);\n    if (!ptr)\n        return NULL;\n\n    s->malloc_count++;\n" +
        "    s->malloc_size += js_arena_usable_size(rt, ptr) + MALLOC_OVERHEAD;\n    return ptr;\n",
      replace: "    return js_arena_calloc(rt, count, size);\n",
    },
    {
      file: "quickjs.c",
      why,
      find:
        "    ptr = js_arena_malloc(rt, size);\n    if (!ptr)\n        return NULL;\n\n    s->malloc_count++;\n" +
        "    s->malloc_size += js_arena_usable_size(rt, ptr) + MALLOC_OVERHEAD;\n    return ptr;\n",
      replace: "    return js_arena_malloc(rt, size);\n",
    },
    {
      file: "quickjs.c",
      why,
      find: "no_inline void js_free_rt(JSRuntime *rt, void *ptr)\n{\n    JSMallocState *s;\n\n    if (!ptr)\n        return;\n",
      replace:
        "static no_inline void shim_free_block(JSRuntime *rt, void *ptr);\n\n" +
        "no_inline void js_free_rt(JSRuntime *rt, void *ptr)\n{\n    if (!ptr)\n        return;\n" +
        "    unsigned int index = container_of(ptr, JSMallocBlockHeader, user_data)->block_size_idx;\n" +
        "    if (SHIM_KEEPS_FREE_BLOCKS && likely(index < JS_ARENA_BLOCK_SIZE_COUNT)) {\n" +
        "        ShimFreeBlocks *blocks = &shim_free_blocks[index];\n" +
        "        if (likely(blocks->room)) {\n" +
        "            rt->malloc_state.malloc_size -= arena_block_sizes[index] - sizeof(JSMallocBlockHeader) + MALLOC_OVERHEAD;\n" +
        "            container_of(ptr, JSMallocBlockHeader, user_data)->ref_count = (int)(uintptr_t)blocks->first;\n" +
        "            blocks->first = ptr;\n" +
        "            blocks->room--;\n            return;\n        }\n    }\n" +
        "    shim_free_block(rt, ptr);\n}\n\n" +
        "static no_inline void shim_free_block(JSRuntime *rt, void *ptr)\n{\n    JSMallocState *s;\n\n",
    },
    {
      file: "quickjs.c",
      why,
      find: "    JSArenaState *s = &rt->arena_state;\n    struct list_head *el, *el1;\n",
      replace:
        "    JSArenaState *s = &rt->arena_state;\n    struct list_head *el, *el1;\n    memset(shim_free_blocks, 0, sizeof shim_free_blocks);\n",
    },
    {
      file: "quickjs.c",
      why: "an ArrayBuffer's memory, which is freed when its size is 0, needs no more for that than any other",
      find: "{\n    return js_realloc_rt(rt, ptr, size);\n}\n\nstatic JSValue js_array_buffer_constructor2(",
      replace:
        "{\n    if (size == 0) {\n        js_free_rt(rt, ptr);\n        return NULL;\n    }\n    return js_realloc_rt(rt, ptr, size);\n}\n\n" +
        "static JSValue js_array_buffer_constructor2(",
    },
    { file: "quickjs.c", why: "blocks are not counted", find: "    s->malloc_count--;\n", replace: "" },
    {
      file: "quickjs.c",
      why: "what is moved is counted in js_arena_malloc, and not where it is freed",
      find: "    ptr = js_arena_realloc(rt, ptr, size);\n    if (!ptr)\n        return NULL;\n\n    s->malloc_size += js_arena_usable_size(rt, ptr) - old_size;\n",
      replace:
        "    size_t counted = s->malloc_size;\n    ptr = js_arena_realloc(rt, ptr, size);\n    if (!ptr)\n        return NULL;\n\n" +
        "    s->malloc_size = counted + js_arena_usable_size(rt, ptr) - old_size;\n",
    },
  ];
}
