import type { Edit } from "./edits.ts";

const why = "a build says where each block lies: see src/shim/plan.c";
const FORCED_INLINE = "static inline __attribute__((always_inline))";

/** Edits of the allocator of small blocks. */
export const PLAN_EDITS: readonly Edit[] = [
  {
    file: "quickjs.c",
    why,
    find: "static void *js_arena_malloc(JSRuntime *rt, size_t size)\n{",
    replace:
      "typedef struct ShimBuildMemory {\n    void *(*allocate)(JSRuntime *rt, size_t size);\n" +
      "    void *(*reallocate)(JSRuntime *rt, void *ptr, size_t size);\n" +
      "    void (*freed)(JSRuntime *rt, void *ptr); /* is called before that */\n} ShimBuildMemory;\n\n" +
      "static const ShimBuildMemory *shim_build_memory; /* NULL at run time */\n\n" +
      `${FORCED_INLINE} void *arena_malloc(JSRuntime *rt, size_t size)\n{`,
  },
  {
    file: "quickjs.c",
    why: "the same; bench/budgets.json counts the calls of js_arena_malloc, which must not depend on where it is inlined",
    find: "static void js_arena_free(JSRuntime *rt, void *ptr)\n{\n    JSMallocBlockHeader *b;\n\n    if (!ptr)\n        return;\n",
    replace:
      "static no_inline void *js_arena_malloc(JSRuntime *rt, size_t size)\n{\n" +
      "    if (unlikely(shim_build_memory != NULL))\n        return shim_build_memory->allocate(rt, size);\n" +
      "    return arena_malloc(rt, size);\n}\n\n" +
      `${FORCED_INLINE} void js_arena_free(JSRuntime *rt, void *ptr)\n{\n    JSMallocBlockHeader *b;\n\n    if (!ptr)\n        return;\n` +
      "    if (unlikely(shim_build_memory != NULL))\n        shim_build_memory->freed(rt, ptr);\n",
  },
  {
    file: "quickjs.c",
    why,
    find: "    /* js_realloc_rt already handles ptr == NULL and size == 0 */\n",
    replace:
      "    /* js_realloc_rt already handles ptr == NULL and size == 0 */\n" +
      "    if (unlikely(shim_build_memory != NULL))\n        return shim_build_memory->reallocate(rt, ptr, size);\n",
  },
  {
    file: "quickjs.c",
    why,
    find:
      "    if (!JS_ARENA_LARGE_BLOCKS_ONLY && total_size <= JS_ARENA_MAX_SMALL_SIZE) {\n" +
      "        /* Small blocks are carved from recycled (dirty) arena memory, so they\n",
    replace:
      "    if (shim_build_memory || (!JS_ARENA_LARGE_BLOCKS_ONLY && total_size <= JS_ARENA_MAX_SMALL_SIZE)) {\n" +
      "        /* Small blocks are carved from recycled (dirty) arena memory, so they\n",
  },
];
