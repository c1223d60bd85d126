/*
 * What body.bytes() returns: a Uint8Array, its ArrayBuffer and what belongs to them are six blocks of the heap, which
 * most hooks drop before they return. So the last ones are kept, without the bytes, and are the next hook's if nobody
 * else has them, or has changed them.
 */

static PER_REQUEST JSObject *kept_array;

/* The array's buffer. NULL: the two may be something else for somebody. */
static JSArrayBuffer *own_buffer(JSContext *context, const JSObject *array) {
  const JSObject *buffer = array->u.typed_array->buffer;
  JSArrayBuffer *bytes = buffer->u.array_buffer;
  return is_untouched(array, context->class_proto[JS_CLASS_UINT8_ARRAY]) &&
                 is_untouched(buffer, context->class_proto[JS_CLASS_ARRAY_BUFFER]) && !bytes->detached &&
                 !bytes->immutable
             ? bytes
             : NULL;
}

/* Takes over `block`, a block of the heap. */
static void set_bytes(JSContext *context, JSObject *array, JSArrayBuffer *buffer, uint8_t *block, size_t size) {
  js_free_rt(context->rt, buffer->data);
  buffer->data = array->u.array.u.ptr = block;
  buffer->byte_length = (int)size;
  array->u.typed_array->length = array->u.array.count = (uint32_t)size;
}

/* A Uint8Array of such a block. */
static JSValue new_body_bytes(JSContext *context, uint8_t *block, size_t size) {
  JSArrayBuffer *buffer = kept_array ? own_buffer(context, kept_array) : NULL;
  if (buffer) {
    set_bytes(context, kept_array, buffer, block, size);
    return js_dup(JS_MKPTR(JS_TAG_OBJECT, kept_array));
  }
  JSValue array = new_uint8array(context, block, size);
  if (!JS_IsException(array)) {
    JSObject *former = kept_array;
    kept_array = JS_VALUE_GET_OBJ(js_dup(array));
    if (former)
      JS_FreeValue(context, JS_MKPTR(JS_TAG_OBJECT, former));
  }
  return array;
}

/* When a body's hook is over: who still has the array has it alone, and its bytes; otherwise those go. */
static void release_body_bytes(JSContext *context) {
  JSObject *array = kept_array;
  if (!array)
    return;
  JSArrayBuffer *buffer = own_buffer(context, array);
  if (buffer) {
    set_bytes(context, array, buffer, NULL, 0);
    return;
  }
  kept_array = NULL;
  JS_FreeValue(context, JS_MKPTR(JS_TAG_OBJECT, array));
}
