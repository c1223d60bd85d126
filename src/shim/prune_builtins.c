/* Takes parts of builtins out of a program's heap which their other parts can do without. Runs in a build only. */

/* Only what makes another regular expression of one calls the constructor, beside code that has it. */
static void prune_regexp_constructor(JSContext *context) {
  if (!regexp_compiler && !is_named(context, JS_ATOM_Symbol_split) && !is_named(context, JS_ATOM_Symbol_matchAll) &&
      !is_in_code(JS_ATOM_constructor)) {
    disable_constructor(context, "RegExp");
    remove_constructor_of(context, context->class_proto[JS_CLASS_REGEXP]);
  }
}

/* Whether more leads to JSON.parse than its name in JSON. After garbage was collected. */
static bool is_parse_held(JSContext *context, JSObject *json) {
  JSObject *parse = member_builtin(context, json, "parse");
  return parse && JS_REF_COUNT(parse) > 1;
}

static JSValue removed_reviver(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  return JS_ThrowTypeError(context, "the reviver of JSON.parse was left out of the module, because the filter's code "
                                    "gives it none; build with --keep-builtins");
}

static void prune_reviver(JSContext *context) {
  JSObject *json = global_builtin(context, "JSON"); /* NULL: nothing has read it yet */
  if (json ? gives_reviver || !is_only_read_statically(context, json) || is_parse_held(context, json)
           : is_word(context, "JSON"))
    return;
  json_revive = removed_reviver;
  parse_record_add = NULL;
}

/* Object.prototype stays whole: any object may be used as a map, with any name. But a function of it that the code does
   not name says so when it is called. */
static JSCFunctionListEntry left_out_functions[countof(js_object_proto_funcs)];

static void prune_object_prototype(JSContext *context) {
  JSObject *prototype = JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_OBJECT]);
  for (uint32_t i = 0, count = 0; i < prototype->shape->prop_count; i++) {
    const JSShapeProperty *shape_property = &get_shape_prop(prototype->shape)[i];
    JSProperty *property = &prototype->prop[i];
    const JSCFunctionListEntry *entry = lazy_entry(property, shape_property->flags);
    if (!entry || entry->def_type != JS_DEF_CFUNC || count == countof(left_out_functions) ||
        is_named(context, shape_property->atom))
      continue;
    JSCFunctionListEntry *left_out = &left_out_functions[count++];
    *left_out = *entry;
    if (entry->u.func.cproto == JS_CFUNC_generic_magic)
      left_out->u.func.cfunc.generic_magic = removed_generic_magic;
    else
      left_out->u.func.cfunc.generic = removed_generic;
    property->u.init.opaque = left_out;
  }
}
