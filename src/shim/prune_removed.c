/* Packs what is left of removed builtins into texts: see removed.c. Runs in a build only. */

/* Lookups that go on from it to another builtin, as a Uint8Array's length does, keep their fast path. */
static bool ends_lookups(JSContext *context, const JSObject *object) {
  const JSObject *next = object->shape->proto;
  return !next || next == JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_OBJECT]) ||
         next == JS_VALUE_GET_OBJ(context->function_proto);
}

static bool is_packable(JSContext *context, const JSObject *object, uint32_t index) {
  const JSShapeProperty *shape_property = &get_shape_prop(object->shape)[index];
  JSAtom name = shape_property->atom;
  if (name == JS_ATOM_NULL || !is_removed(shape_property, &object->prop[index]) || !is_string_name(context, name))
    return false;
  const JSAtomStruct *atom = context->rt->atom_array[name];
  /* A predefined name's atom stays anyway, and the engine may ask for it often, as for `toJSON`. */
  return name >= JS_ATOM_END && !atom->is_wide_char && atom->len && shape_property->flags & JS_PROP_CONFIGURABLE;
}

/* The size of the text with the names of an object's removed builtins, but for the NUL at its end. With `text`: writes
   it there. */
static size_t name_packable(JSContext *context, const JSObject *object, char *text) {
  size_t size = 0;
  for (uint32_t i = 0; i < object->shape->prop_count; i++) {
    if (!is_packable(context, object, i))
      continue;
    const JSAtomStruct *atom = context->rt->atom_array[get_shape_prop(object->shape)[i].atom];
    if (text)
      memcpy(text + size, str8((JSString *)atom), atom->len); /* a NUL follows: memory is zero */
    size += atom->len + 1;
  }
  return size;
}

static void delete_packable(JSContext *context, JSObject *object, const char *text) {
  for (size_t size; *text; text += size + 1) {
    size = strlen(text);
    JSAtom name = JS_NewAtomLen(context, text, size);
    delete_property(context, object, name);
    JS_FreeAtom(context, name);
  }
  if (object->shape->deleted_prop_count)
    compact_properties(context, object);
}

static void pack_object(JSContext *context, RemovedNames *entry) {
  JSObject *object = (JSObject *)entry->object;
  entry->names = js_mallocz(context, name_packable(context, object, NULL) + 1);
  if (!entry->names) /* the properties stay as they are */
    return;
  name_packable(context, object, entry->names);
  delete_packable(context, object, entry->names);
  object->has_removed_builtins = object->is_exotic = true;
}

/* Returns how many objects have something to pack. With `entries`: lists them there. */
static uint32_t list_packable(JSContext *context, RemovedNames *entries) {
  uint32_t count = 0;
  struct list_head *el;
  list_for_each(el, &context->rt->gc_obj_list) {
    const JSObject *object = object_of(el);
    if (!object || !ends_lookups(context, object) || !name_packable(context, object, NULL))
      continue;
    if (entries)
      entries[count].object = object;
    count++;
  }
  return count;
}

static void pack_removed_builtins(JSContext *context) {
  JS_RunGC(context->rt);
  removed_names.count = list_packable(context, NULL);
  removed_names.objects = js_mallocz(context, removed_names.count * sizeof *removed_names.objects);
  if (!removed_names.objects)
    removed_names.count = 0;
  list_packable(context, removed_names.objects);
  for (uint32_t i = 0; i < removed_names.count; i++)
    pack_object(context, &removed_names.objects[i]);
}
