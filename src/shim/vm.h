/* What the files of the shim share: the one VM, its plugins and its streams. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

typedef struct Stream Stream;
typedef struct Message Message;

/* Bytes that somebody else owns, or that `release_bytes` gives back. */
typedef struct Bytes {
  const char *data;
  size_t size;
  JSValue owner; /* the string or typed array that keeps `data` alive */
} Bytes;

/* Maps a context id or a call id to its struct. See id_table.c. */
typedef struct IdTable {
  struct IdSlot *slots;
  uint32_t mask; /* number of slots - 1, or 0 before the first entry */
  uint32_t count;
} IdTable;

/* A root context of the host: one plugin configuration. */
typedef struct Plugin {
  uint32_t id;
  JSValue context; /* what the SDK's `configure` returned; undefined until then */
} Plugin;

/* A hook whose promise was pending when it returned; its direction of the stream stands still. */
typedef struct PausedHook {
  Message *message;
  JSValue promise;               /* undefined when nothing is paused */
  struct PausedHook *next_ready; /* see promises.c */
} PausedHook;

/* One direction of an HTTP stream: a request or a response. */
struct Message {
  Stream *stream;
  uint32_t stream_type; /* PROXY_STREAM_TYPE_* */
  uint32_t map_type;    /* PROXY_MAP_TYPE_* of the headers */
  JSValue object;       /* its HttpRequest or HttpResponse, undefined until a hook needs it */
  JSValue headers;      /* its HttpHeaders, likewise */
  PausedHook paused;
};

struct Stream {
  uint32_t id;
  Plugin *plugin;
  JSValue state; /* the filter's own per-stream state, undefined until it is asked for */
  Message request;
  Message response;
};

/* What `register` was given by src/sdk/dispatcher.ts; undefined where the filter has no such hook. */
typedef struct Sdk {
  JSValue filter; /* the object that defineFilter was given: `this` of its hooks */
  JSValue configure;
  JSValue create_state;
  JSValue on_request_headers;
  JSValue on_response_headers;
  JSValue on_log;
  JSValue on_done;
  JSValue on_result; /* a hook's value that is not undefined */
  JSValue on_error;  /* a hook's uncaught error */
  JSValue on_unhandled_rejection;
  JSValue to_pairs; /* makes an array of another form of headers */
  JSValue request_prototype;
  JSValue response_prototype;
  JSValue headers_prototype;
  JSValue call_response_prototype;
  JSValue host_error; /* constructors */
  JSValue stream_ended_error;
  JSValue call_error;
} Sdk;

static struct {
  JSRuntime *runtime;
  JSContext *context;
  Sdk sdk;
  IdTable plugins;
  IdTable streams;
  IdTable calls;
  uint32_t effective_context; /* the context that the host takes the next host call for */
  bool building;              /* true while the program's top level runs, at build time */
} vm;
