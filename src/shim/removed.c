/*
 * The builtins that a build has taken out of a program's heap, where a computed name still reaches them: as properties
 * that throw when they are read, or, which is a fifth of the place, as names in a text. A property that is looked for
 * in such an object and is not there gets made from its name, and all is as if it had always been there.
 */

static const char removed_message[] =
    "the builtin %s was left out of the module, because the filter's code does not name it; build with --keep-builtins";

/* Called by the engine when such a property is read. */
static JSValue shim_removed_builtin(JSContext *context, JSObject *object, JSAtom name, void *opaque) {
  char text[64];
  return JS_ThrowTypeError(context, removed_message, JS_AtomGetStr(context, text, sizeof text, name));
}

/* Makes `shim_removed_builtin` what reading the property calls. */
static void set_removed(JSContext *context, JSProperty *property) {
  property->u.init.realm_and_id = (uintptr_t)JS_DupContext(context) | JS_AUTOINIT_ID_BYTECODE;
  property->u.init.opaque = NULL;
}

static bool is_removed(const JSShapeProperty *shape_property, const JSProperty *property) {
  return (shape_property->flags & JS_PROP_TMASK) == JS_PROP_AUTOINIT &&
         js_autoinit_get_id((JSProperty *)property) == JS_AUTOINIT_ID_BYTECODE;
}

/* For each object that has some: its names, each ended by NUL, and one more NUL. */
typedef struct RemovedNames {
  const JSObject *object;
  char *names;
} RemovedNames;

static struct {
  RemovedNames *objects;
  uint32_t count;
} removed_names;

enum { RESTORED = 1 /* in place of a name's first character */ };

static char *removed_names_of(const JSObject *object) {
  for (uint32_t i = 0; i < removed_names.count; i++)
    if (removed_names.objects[i].object == object)
      return removed_names.objects[i].names;
  return NULL;
}

static bool restore(JSContext *context, JSObject *object, JSAtom name, char *text) {
  int flags = JS_PROP_CONFIGURABLE | JS_PROP_WRITABLE | JS_PROP_AUTOINIT;
  JSProperty *property = name == JS_ATOM_NULL ? NULL : add_property(context, object, name, flags);
  if (!property)
    return false;
  set_removed(context, property);
  *text = RESTORED;
  return true;
}

/* Called by the engine when such an object does not have a property. 1: now it has; 0: it never had; -1: no memory. */
static int shim_restore_removed(JSContext *context, JSObject *object, JSAtom name) {
  if (__JS_AtomIsTaggedInt(name) || name < JS_ATOM_END)
    return 0;
  const JSAtomStruct *atom = context->rt->atom_array[name];
  if (atom->atom_type != JS_ATOM_TYPE_STRING || atom->is_wide_char)
    return 0;
  size_t size;
  for (char *text = removed_names_of(object); text && *text; text += size + 1) {
    size = strlen(text);
    if (size == atom->len && !memcmp(text, str8((JSString *)atom), size))
      return restore(context, object, name, text) ? 1 : -1;
  }
  return 0;
}

/* Called by the engine when somebody asks for the names of all properties. -1: no memory. */
static int shim_restore_all_removed(JSContext *context, JSObject *object) {
  size_t size;
  for (char *text = removed_names_of(object); text && *text; text += size + 1) {
    size = strlen(text);
    if (*text == RESTORED)
      continue;
    JSAtom name = JS_NewAtomLen(context, text, size);
    bool restored = restore(context, object, name, text);
    JS_FreeAtom(context, name);
    if (!restored)
      return -1;
  }
  return 0;
}
