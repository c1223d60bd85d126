/*
 * Keeps the shapes (hidden classes) of objects that streams make. The engine frees a shape with its last object, so
 * that each request would make the shapes of the same few object literals anew, which took a tenth of its time.
 *
 * There is a limit, since a shape keeps its prototype alive: a program that makes classes at run time stops being kept
 * for.
 */

static struct {
  JSShape *entries[256];
  uint32_t count;
} kept_shapes;

/* Called by the engine when an object has got a shape that is new. Not at build time: there, objects grow to be the
 * module's. */
static void shim_shape_made(JSShape *shape) {
  if (vm.building || !shape->is_hashed || kept_shapes.count == countof(kept_shapes.entries))
    return;
  kept_shapes.entries[kept_shapes.count++] = js_dup_shape(shape);
}
