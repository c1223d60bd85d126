/**
 * Kinds of values, the engine's functions that run only when there is one, and those that make one of something else. Code that
 * compares, adds or walks over values looks at their kind first, and calls the former from there.
 */
export const KINDS: Readonly<Record<string, { readonly needs: RegExp; readonly makers: readonly string[] }>> = {
  BigInt: {
    needs:
      /^(?:js_(?:compare_)?bigint_(?!constructor)|js_compare_bigint$|JS_StringToBigInt|JS_ToBigInt|JS_CompactBigInt$|__JS_NewShortBigInt$)/,
    makers: ["JS_NewBigInt64", "JS_NewBigUint64"],
  },
  Uint8Array: { needs: /^js_typed_array_/, makers: ["js_array_buffer_constructor3", "new_uint8array"] },
  Uint8ClampedArray: { needs: /^JS_ToUint8ClampFree$/, makers: [] },
  // The shim's host calls have such names, too: js_proxy_get_property.
  Proxy: {
    needs:
      /^(?:js_proxy_(?:call|call_constructor|has|get|set|define_own_property|delete_property|get_own_property|get_own_property_names|getPrototypeOf|setPrototypeOf|isExtensible|preventExtensions)|get_proxy_method|js_get_proxy_field)$/,
    makers: [],
  },
  // Its entries and WeakSet's are the only weak references.
  WeakMap: { needs: /^reset_weak_ref$/, makers: [] },
  Float16Array: {
    needs: /^(?:to|from)fp16$/,
    makers: ["js_math_f16round", "js_dataview_getValue", "js_dataview_setValue"],
  },
};

/** Whether only values of one kind need a function. Such functions stay apart from those that all values need. */
export function isOfOneKind(name: string): boolean {
  return Object.values(KINDS).some(({ needs }) => needs.test(name));
}
