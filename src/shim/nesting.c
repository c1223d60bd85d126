/*
 * Callbacks within host calls. Envoy ends a stream at once when what a hook puts into its body is too much to hold: the
 * stream's last callbacks come while the hook still runs. What they delete stays until nobody uses it any more.
 */

static PER_REQUEST struct {
  uint32_t *contexts;
  size_t count, capacity;
} deleted_late;

EXPORT(proxy_on_delete) void proxy_on_delete(uint32_t id);

/* Between these nothing that a callback uses is freed. */
static void hold_contexts(void) { vm.depth++; }

static void release_contexts(void) {
  if (--vm.depth)
    return;
  while (deleted_late.count)
    proxy_on_delete(deleted_late.contexts[--deleted_late.count]);
}

/* True: it is deleted later. Without memory for that it stays for ever. */
static bool delete_later(uint32_t id) {
  if (!vm.depth)
    return false;
  if (deleted_late.count == deleted_late.capacity) {
    size_t capacity = deleted_late.capacity ? deleted_late.capacity * 2 : 4;
    uint32_t *bigger = realloc(deleted_late.contexts, capacity * sizeof *bigger);
    if (!bigger)
      return true;
    deleted_late.contexts = bigger;
    deleted_late.capacity = capacity;
  }
  deleted_late.contexts[deleted_late.count++] = id;
  return true;
}
