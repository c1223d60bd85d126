/*
 * The hash functions, from PyCryptodome's C files (build/engine/source.ts). Each of those is meant as a unit of its
 * own: the macros let them share this one, and the functions that nobody calls go.
 */
#define HAVE_STDINT_H
#define HAVE_POSIX_MEMALIGN
#include "common.h"
#undef EXPORT_SYM
#define EXPORT_SYM static

#define OF_HASH(name) PASTE2(HASH, name)
#define hash_state OF_HASH(_state)
#define t_hash_state OF_HASH(_state_tag)
#define add_bits OF_HASH(_add_bits)
#define put_be OF_HASH(_put_be)
#define sha2_word_t OF_HASH(_word)
#define sha_compress OF_HASH(_compress)
#define sha_compress_block OF_HASH(_compress_block)
#define sha_compress_words OF_HASH(_compress_words)
#define sha_finalize OF_HASH(_finalize)
#define sha_init_state OF_HASH(_init_state)

#define HASH md5
#include "MD5.c"
#undef HASH
#undef F
#undef G
#undef H
#undef I
#undef BLOCK_SIZE
#undef DIGEST_SIZE

#define HASH sha1
#include "SHA1.c"
#undef HASH
#undef CH
#undef MAJ
#undef BLOCK_SIZE
#undef DIGEST_SIZE

#define H OF_HASH(_initial)
#define K OF_HASH(_constants)
#define HASH sha256
#include "SHA256.c"
#undef HASH
#undef MODULE_NAME
#undef SHA2_MODULE
#undef BLOCK_SIZE
#undef DIGEST_SIZE
#undef WORD_SIZE
#undef SCHEDULE_SIZE
#undef SCHEDULE
#undef CYCLE
#undef LOAD_WORD_BIG
#undef STORE_WORD_BIG

#define HASH sha384
#include "SHA384.c"
#undef HASH
#undef MODULE_NAME
#undef SHA2_MODULE
#undef DIGEST_SIZE

#undef BLOCK_SIZE
#undef WORD_SIZE
#undef SCHEDULE_SIZE
#define HASH sha512
#include "SHA512.c"
#undef HASH

#undef H
#undef K
#undef BLOCK_SIZE
#undef DIGEST_SIZE
#undef hash_state
#undef add_bits

enum { HASH_MAX_BLOCK = 128, HASH_MAX_DIGEST = 64, HASH_SLICE = 16 << 10 };

/* Hashes parts, one after the other. False: an exception was thrown. */
typedef bool Digest(JSContext *context, const Bytes *parts, size_t count, uint8_t *digest);

/* The time of hashing, asked for at each slice: a block of 64 bytes costs as much as a dozen of calls. False: it is up.
 */
static bool may_hash_on(JSContext *context, size_t size) {
  shim_charge(context, size * 16);
  return js_poll_interrupts(context) == 0;
}

#define DEFINE_DIGEST(name, state_type, init, update, finish, destroy)                                                 \
  static bool name(JSContext *context, const Bytes *parts, size_t count, uint8_t *digest) {                            \
    state_type *state;                                                                                                 \
    bool ok = true;                                                                                                    \
    if (init) {                                                                                                        \
      JS_ThrowOutOfMemory(context);                                                                                    \
      return false;                                                                                                    \
    }                                                                                                                  \
    for (size_t i = 0; ok && i < count; i++)                                                                           \
      for (size_t at = 0, slice; ok && at < parts[i].size; at += slice) {                                              \
        slice = parts[i].size - at < HASH_SLICE ? parts[i].size - at : HASH_SLICE;                                     \
        update(state, (const uint8_t *)parts[i].data + at, slice);                                                     \
        ok = may_hash_on(context, slice);                                                                              \
      }                                                                                                                \
    if (ok)                                                                                                            \
      finish;                                                                                                          \
    destroy(state);                                                                                                    \
    return ok;                                                                                                         \
  }

DEFINE_DIGEST(digest_md5, md5_state, MD5_init(&state), MD5_update, MD5_digest(state, digest), MD5_destroy)
DEFINE_DIGEST(digest_sha1, sha1_state, SHA1_init(&state), SHA1_update, SHA1_digest(state, digest), SHA1_destroy)
DEFINE_DIGEST(digest_sha256, sha256_state, SHA256_init(&state), SHA256_update, SHA256_digest(state, digest, 32),
              SHA256_destroy)
DEFINE_DIGEST(digest_sha384, sha384_state, SHA384_init(&state), SHA384_update, SHA384_digest(state, digest, 48),
              SHA384_destroy)
DEFINE_DIGEST(digest_sha512, sha512_state, SHA512_init(&state, 64), SHA512_update, SHA512_digest(state, digest, 64),
              SHA512_destroy)
