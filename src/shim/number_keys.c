/* Called by the engine for an object's names that are numbers, which come first and in their order. A heapsort. */

static uint32_t number_of(JSContext *context, const JSPropertyEnum *key) {
  uint32_t number = 0;
  JS_AtomIsArrayIndex(context, &number, key->atom);
  return number;
}

static void sort_num_keys(JSContext *context, JSPropertyEnum *keys, uint32_t count) {
  for (uint32_t start = count / 2, end = count; end > 1;) {
    JSPropertyEnum sunk; /* to where it belongs: first all that have others below them, then what the greatest leaves */
    if (start) {
      sunk = keys[--start];
    } else {
      sunk = keys[--end];
      keys[end] = keys[0];
    }
    uint32_t at = start;
    for (uint32_t below; (below = 2 * at + 1) < end; at = below) {
      if (below + 1 < end && number_of(context, &keys[below]) < number_of(context, &keys[below + 1]))
        below++;
      if (number_of(context, &sunk) >= number_of(context, &keys[below]))
        break;
      keys[at] = keys[below];
    }
    keys[at] = sunk;
  }
}
