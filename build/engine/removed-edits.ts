import type { Edit } from "./edits.ts";

const why = "a builtin that a build has taken out may be there as a name only: see src/shim/removed.c";

/** Where an object's own property was looked for and is not there. `found` is what to do once it is. */
function whereMissing(find: string, object: string, name: string, found: string, failed: string): Edit {
  const at = find.indexOf("{\n", find.indexOf("->is_exotic")) + 2;
  return {
    file: "quickjs.c",
    why,
    find,
    replace:
      `${find.slice(0, at)}        if (unlikely(${object}->has_removed_builtins)) {\n` +
      `            int restored = shim_restore_removed(ctx, ${object}, ${name});\n` +
      `            if (restored < 0)\n                ${failed};\n` +
      `            if (restored)\n                ${found};\n        }\n${find.slice(at)}`,
  };
}

/** Edits for builtins that were taken out and are there as names. Such an object counts as exotic, so that no fast path changes. */
export const REMOVED_EDITS: readonly Edit[] = [
  {
    file: "quickjs.c",
    why,
    find: "    uint8_t is_HTMLDDA : 1; /* specific annex B IsHtmlDDA behavior */\n",
    replace:
      "    uint8_t is_HTMLDDA : 1; /* specific annex B IsHtmlDDA behavior */\n" +
      "    uint8_t has_removed_builtins : 1; /* see src/shim/removed.c */\n",
  },
  {
    file: "quickjs.c",
    why,
    find: "    p->is_HTMLDDA = 0;\n",
    replace: "    p->is_HTMLDDA = 0;\n    p->has_removed_builtins = 0;\n",
  },
  {
    file: "quickjs.c",
    why,
    find: "static JSAutoInitFunc *const js_autoinit_func_table[] = {\n",
    replace:
      "static int shim_restore_removed(JSContext *ctx, JSObject *object, JSAtom name);\n" +
      "static int shim_restore_all_removed(JSContext *ctx, JSObject *object);\n\n" +
      "static JSAutoInitFunc *const js_autoinit_func_table[] = {\n",
  },
  whereMissing(
    "        if (unlikely(p->is_exotic)) {\n            /* exotic behaviors */\n",
    "p",
    "prop",
    "continue",
    "return JS_EXCEPTION",
  ),
  whereMissing(
    "    if (p->is_exotic) {\n        if (p->fast_array) {\n            /* specific case for fast arrays */\n",
    "p",
    "prop",
    "goto retry",
    "return -1",
  ),
  whereMissing(
    "    if (p->is_exotic) {\n        if (p->fast_array) {\n            uint32_t idx;\n            if (JS_AtomIsArrayIndex(ctx, &idx, atom) &&\n",
    "p",
    "atom",
    "goto redo",
    "return -1",
  ),
  whereMissing(
    "    for(;;) {\n        if (p1->is_exotic) {\n            if (p1->fast_array) {\n",
    "p1",
    "prop",
    "return JS_SetPropertyInternal2(ctx, obj, prop, val, this_obj, flags)",
    "goto fail",
  ),
  {
    file: "quickjs.c",
    why,
    find: "    /* handle modification of fast array elements */\n    if (p->fast_array) {\n",
    replace:
      "    if (unlikely(p->has_removed_builtins)) {\n" +
      "        res = shim_restore_removed(ctx, p, prop);\n" +
      "        if (res < 0)\n            return -1;\n        if (res)\n            goto redo_prop_update;\n    }\n\n" +
      "    /* handle modification of fast array elements */\n    if (p->fast_array) {\n",
  },
  {
    file: "quickjs.c",
    why,
    find: "    /* compute the number of returned properties */\n",
    replace:
      "    if (unlikely(p->has_removed_builtins) && !(flags & JS_GPN_ENUM_ONLY) &&\n" +
      "        shim_restore_all_removed(ctx, p))\n        return -1;\n\n" +
      "    /* compute the number of returned properties */\n",
  },
  {
    file: "quickjs.c",
    why: "what is assigned is freed when a prototype's lazy property cannot be made; upstream loses it",
    find: "                if (JS_AutoInitProperty(ctx, p1, prop, pr, prs))\n                    return -1;\n                goto retry2;\n",
    replace:
      "                if (JS_AutoInitProperty(ctx, p1, prop, pr, prs))\n                    goto fail;\n                goto retry2;\n",
  },
];
