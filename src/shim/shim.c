/*
 * The runtime's one translation unit: QuickJS-NG and the Proxy-Wasm shim.
 *
 * One unit needs no link-time optimisation, and lets the shim read the engine's 8-bit strings without a copy.
 * The order of the includes is the order of dependence: a file uses only what stands above it.
 *
 * Ownership: a `JSValue` that a function returns, or that a struct's field holds, is owned there and freed there;
 * a `JSValueConst` parameter is borrowed. Memory that the host filled in is freed with `host_free`, the engine's with
 * `js_free*`; never one with the other, but for what `take_host_bytes` has made the engine's.
 */
#include "libc.h"
#include "per_request.h"

#include "quickjs.c"

#include "libregexp.c"
#include "libunicode.c"
#include "dtoa.c"

#include "regexp.c"

#include "abi.h"

#include "vm.h"

#ifdef __wasm__ /* elsewhere the sanitizers have theirs */
#include "allocator.c"
#endif

#include "memory.c"

#include "id_table.c"

#include "tables.c"

#include "shapes.c"

#include "guard.c"

#include "literals.c"

#include "run_code.c"

#include "number_keys.c"

#include "bytes.c"

#include "errors.c"

#include "views.c"

#include "contexts.c"

#include "pairs.c"

#include "headers.c"

#include "body_bytes.c"

#include "body.c"

#include "promises.c"

#include "async_hooks.c"

#include "async.c"

#include "calls.c"

#include "fetch.c"

#include "nesting.c"

#include "ends.c"

#include "delayed.c"

#include "hooks.c"

#include "brief.c"

#include "grpc.c"

#include "grpc_hostcalls.c"

#include "grpc_callbacks.c"

#include "plugins.c"

#include "properties.c"

#include "shared_data.c"

#include "shared_queues.c"

#include "metrics.c"

#include "host_state.c"

#include "environment.c"

#include "memory_usage.c"

#include "hash_functions.c"

#include "hash.c"

#include "json_field.c"

#include "methods.c"

#include "query.c"

#include "register.c"

#include "hostcalls.c"

#include "callbacks.c"

#include "removed.c"

#include "prune_calls.c"

#include "prune_names.c"

#include "prune.c"

#include "prune_classes.c"

#include "prune_constructors.c"

#include "prune_builtins.c"

#include "prune_heap.c"

#include "prune_removed.c"

#include "prune_variables.c"

#include "lifetime.c"

#include "plan.c"

#include "build.c"
