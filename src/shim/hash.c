/* hash, hmac and timingSafeEqual of the SDK. The algorithms' code is in hash_functions.c. */

/* A build takes out those that the program does not name (prune.c): their `digest` is NULL then. */
static struct HashFunction {
  const char *name;
  uint32_t digest_size, block_size;
  Digest *digest;
} hash_functions[] = {
    {"md5", 16, 64, digest_md5},        {"sha1", 20, 64, digest_sha1},      {"sha256", 32, 64, digest_sha256},
    {"sha384", 48, 128, digest_sha384}, {"sha512", 64, 128, digest_sha512},
};

/* NULL: an exception was thrown. */
static const struct HashFunction *find_hash_function(JSContext *context, JSValueConst value) {
  const char *name = JS_ToCString(context, value);
  if (!name)
    return NULL;
  const struct HashFunction *function = NULL;
  for (size_t i = 0; i < countof(hash_functions); i++)
    if (hash_functions[i].name && strcmp(hash_functions[i].name, name) == 0)
      function = &hash_functions[i];
  if (!function) {
    JS_ThrowTypeError(context, "there is no hash function \"%.20s\": md5, sha1, sha256, sha384, sha512", name);
  } else if (!function->digest) {
    JS_ThrowTypeError(context,
                      "the hash function %s was left out of the module, because the filter's code does not name it; "
                      "build with --keep-builtins",
                      name);
    function = NULL;
  }
  JS_FreeCString(context, name);
  return function;
}

/* Borrows what has to be there: nothing is not hashed as if it were empty. */
static bool borrow_data(JSContext *context, JSValueConst value, const char *what, Bytes *bytes) {
  if (JS_IsString(value) || JS_IsObject(value))
    return borrow_body(context, value, bytes);
  JS_ThrowTypeError(context, "%s must be a string, a Uint8Array or an ArrayBuffer", what);
  return false;
}

static JSValue new_digest(JSContext *context, const struct HashFunction *function, const uint8_t *digest, bool ok) {
  return ok ? JS_NewUint8ArrayCopy(context, digest, function->digest_size) : JS_EXCEPTION;
}

/* hash(algorithm, data) */
static JSValue js_hash(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  const struct HashFunction *function = find_hash_function(context, argv[0]);
  uint8_t digest[HASH_MAX_DIGEST];
  Bytes data;
  if (!function || !borrow_data(context, argv[1], "hash: the data", &data))
    return JS_EXCEPTION;
  bool ok = function->digest(context, &data, 1, digest);
  release_bytes(context, &data);
  return new_digest(context, function, digest, ok);
}

/* RFC 2104: the key's block, each byte of it changed by `pad`, comes before the data. */
static bool digest_with_key(JSContext *context, const struct HashFunction *function, const uint8_t *key, uint8_t pad,
                            const Bytes *data, uint8_t *digest) {
  uint8_t block[HASH_MAX_BLOCK];
  for (size_t i = 0; i < function->block_size; i++)
    block[i] = key[i] ^ pad;
  Bytes parts[] = {{.data = (const char *)block, .size = function->block_size}, *data};
  return function->digest(context, parts, countof(parts), digest);
}

/* hmac(algorithm, key, data) */
static JSValue js_hmac(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  const struct HashFunction *function = find_hash_function(context, argv[0]);
  uint8_t digest[HASH_MAX_DIGEST], block[HASH_MAX_BLOCK] = {0};
  Bytes key, data;
  if (!function || !borrow_data(context, argv[1], "hmac: the key", &key))
    return JS_EXCEPTION;
  bool ok = true;
  if (key.size > function->block_size)
    ok = function->digest(context, &key, 1, block);
  else
    memcpy(block, key.data, key.size);
  release_bytes(context, &key);
  if (!ok || !borrow_data(context, argv[2], "hmac: the data", &data))
    return JS_EXCEPTION;
  ok = digest_with_key(context, function, block, 0x36, &data, digest);
  release_bytes(context, &data);
  Bytes inner = {.data = (const char *)digest, .size = function->digest_size};
  ok = ok && digest_with_key(context, function, block, 0x5c, &inner, digest);
  return new_digest(context, function, digest, ok);
}

/* Its time depends on the length alone. */
static bool equals_in_constant_time(const Bytes *one, const Bytes *other) {
  volatile uint8_t difference = 0;
  for (size_t i = 0; i < one->size; i++)
    difference |= (uint8_t)(one->data[i] ^ other->data[i]);
  return difference == 0;
}

/* timing_safe_equal(one, other): of different lengths it is false at once. */
static JSValue js_timing_safe_equal(JSContext *context, JSValueConst this, int argc, JSValueConst *argv) {
  Bytes one, other;
  if (!borrow_data(context, argv[0], "timingSafeEqual: what is compared", &one))
    return JS_EXCEPTION;
  if (!borrow_data(context, argv[1], "timingSafeEqual: what is compared", &other)) {
    release_bytes(context, &one);
    return JS_EXCEPTION;
  }
  shim_charge(context, one.size);
  bool equal = one.size == other.size && equals_in_constant_time(&one, &other);
  release_bytes(context, &one);
  release_bytes(context, &other);
  return js_bool(equal);
}
