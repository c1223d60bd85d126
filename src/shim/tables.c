/*
 * The engine's tables of names (atoms) and of shapes grow with what is in them, and upstream never makes them smaller:
 * a heap that one request filled with property names would leave megabytes of empty entries for ever. So what gives
 * much back at once gives back the tables, too.
 */

enum { TABLE_LEAST_ENTRIES = 2048 /* a smaller one is not worth it */ };

static bool is_sparse(uint32_t entries, uint32_t used) { return entries > TABLE_LEAST_ENTRIES && used < entries / 8; }

/* A name is its entry's index, so that only entries behind the last name can go; the others that are free are taken in
   the order of their indexes from now on. Returns how many there are then: `least`, or more. */
static uint32_t give_up_free_names(JSRuntime *runtime, uint32_t least) {
  JSAtomStruct **names = runtime->atom_array;
  uint32_t size = runtime->atom_size, next = 0;
  while (size > least && atom_is_free(names[size - 1]))
    size--;
  for (uint32_t name = size; name-- > 1;)
    if (atom_is_free(names[name])) {
      names[name] = atom_set_free(next);
      next = name;
    }
  runtime->atom_free_index = next;
  return runtime->atom_size = size;
}

static void shrink_names(JSRuntime *runtime) {
  size_t size = give_up_free_names(runtime, TABLE_LEAST_ENTRIES);
  JSAtomStruct **smaller = js_realloc_rt(runtime, runtime->atom_array, size * sizeof *smaller);
  if (smaller)
    runtime->atom_array = smaller;
}

/* Two's power above what is used: from half full to full. */
static int table_bits(int used) { return 32 - __builtin_clz((unsigned)used | 1); }

/* Not to be called by what adds to a table. */
static void shrink_tables(JSRuntime *runtime) {
  if (is_sparse(runtime->atom_size, runtime->atom_count))
    shrink_names(runtime);
  if (is_sparse(runtime->atom_hash_size, runtime->atom_count)) /* without memory for it, the next time */
    JS_ResizeAtomHash(runtime, 1 << table_bits(runtime->atom_count));
  if (is_sparse(runtime->shape_hash_size, runtime->shape_hash_count))
    resize_shape_hash(runtime, table_bits(runtime->shape_hash_count));
}
