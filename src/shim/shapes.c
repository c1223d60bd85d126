/*
 * Keeps the shapes (hidden classes) of objects that streams make. The engine frees a shape with its last object, so
 * that each request would make the shapes of the same few object literals anew, which took a tenth of its time.
 *
 * They are few and small, and the newest replace the oldest: an object that is used as a map has a new shape for each
 * of its names. And the collector drops them all, since each keeps its prototype alive, and what that has. Those that
 * are still in use are soon made, and so kept, once more.
 */

enum { KEPT_PROPERTIES = 32 /* no more: that is a map */ };

static struct {
  JSShape *entries[256];
  uint8_t oldest;
} kept_shapes;

/* Called by the engine when an object has got a shape that is new. Not at build time: there, objects grow to be the
 * module's. */
static void shim_shape_made(JSShape *shape) {
  if (vm.building || !shape->is_hashed || shape->prop_count > KEPT_PROPERTIES)
    return;
  JSShape **entry = &kept_shapes.entries[kept_shapes.oldest++], *before = *entry;
  *entry = js_dup_shape(shape);
  if (before)
    js_free_shape(vm.runtime, before);
}

static no_inline void drop_kept_shapes(JSRuntime *runtime) {
  for (size_t i = 0; i < countof(kept_shapes.entries); i++) {
    JSShape *shape = kept_shapes.entries[i];
    kept_shapes.entries[i] = NULL;
    if (shape)
      js_free_shape(runtime, shape);
  }
}
