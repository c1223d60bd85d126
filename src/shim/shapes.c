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

static PER_REQUEST JSShape *plain_shape; /* of `{}`; NULL: not known */

/* `{}` without a look for its shape, and without a choice of class. */
static JSValue new_plain_object(JSContext *context) {
  JSShape *shape = plain_shape;
  if (unlikely(!shape)) {
    JSValue object = JS_NewObject(context);
    if (!JS_IsException(object) && !vm.building && JS_VALUE_GET_OBJ(object)->shape->is_hashed)
      plain_shape = js_dup_shape(JS_VALUE_GET_OBJ(object)->shape);
    return object;
  }
  js_dup_shape(shape); /* before the collector, which drops the kept ones */
  js_trigger_gc(context->rt, sizeof(JSObject));
  JSObject *object = js_malloc(context, sizeof *object);
  JSProperty *properties = object ? js_malloc(context, sizeof *properties * shape->prop_size) : NULL;
  if (unlikely(!properties)) {
    js_free(context, object);
    js_free_shape(context->rt, shape);
    return JS_EXCEPTION;
  }
  *object = (JSObject){.extensible = true, .class_id = JS_CLASS_OBJECT, .shape = shape, .prop = properties};
  JS_REF_COUNT(object) = 1;
  add_gc_object(context->rt, &object->header, JS_GC_OBJ_TYPE_JS_OBJECT);
  return JS_MKPTR(JS_TAG_OBJECT, object);
}

static no_inline void drop_kept_shapes(JSRuntime *runtime) {
  if (plain_shape)
    js_free_shape(runtime, plain_shape);
  plain_shape = NULL;
  for (size_t i = 0; i < countof(kept_shapes.entries); i++) {
    JSShape *shape = kept_shapes.entries[i];
    kept_shapes.entries[i] = NULL;
    if (shape)
      js_free_shape(runtime, shape);
  }
}
