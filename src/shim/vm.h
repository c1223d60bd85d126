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

/* The hooks of a filter, in the order of `hook_names` (hooks.c). */
typedef enum Hook {
  HOOK_REQUEST_HEADERS,
  HOOK_REQUEST_BODY,
  HOOK_REQUEST_TRAILERS,
  HOOK_RESPONSE_HEADERS,
  HOOK_RESPONSE_BODY,
  HOOK_RESPONSE_TRAILERS,
  HOOK_LOG,
  HOOK_DONE,
  HOOK_NEW_CONNECTION,
  HOOK_DOWNSTREAM_DATA,
  HOOK_UPSTREAM_DATA,
  HOOK_DOWNSTREAM_CLOSE,
  HOOK_UPSTREAM_CLOSE,
  HOOK_COUNT,
} Hook;

/* How a body reaches its hook. */
typedef enum BodyMode {
  BODY_WHOLE,
  BODY_STREAM,
  BODY_REWRITE, /* whole, and its length may change */
  BODY_INSPECT, /* in parts, as they arrive; none goes on before the last one was seen */
} BodyMode;

/* What defineFilter or defineNetworkFilter was given. */
typedef struct Filter {
  JSValue definition;   /* `this` of the hooks */
  JSValue create_state; /* undefined where it has none, like the hooks */
  JSValue hooks[HOOK_COUNT];
  BodyMode request_body, response_body;
  bool network;   /* a network filter: its streams are connections */
  bool fail_open; /* onError: "continue" */
} Filter;

/* A root context of the host: one plugin configuration. */
typedef struct Plugin {
  uint32_t id;
  const Filter *filter; /* NULL until a configuration has been accepted */
  JSValue context;      /* the hooks' second argument */
  bool setting_up;      /* its setup is not over, and its streams wait for it */
  uint32_t tick_period; /* milliseconds that the program has asked for */
  bool tick_borrowed;   /* the next tick is not the program's: see delayed.c */
  bool job_lost;        /* see promises.c */
  bool aside_denies;    /* what becomes of streams that begin before `aside_until`, a time of the monotonic clock */
  uint64_t aside_until; /* 0: the filter is asked */
} Plugin;

/* Of pointers where values are. No value of the language has it. */
enum { TAG_INTERNAL = JS_TAG_CATCH_OFFSET };

/* A hook that has not finished, of which a message has one at most. It settles with a promise, or else by its function.
   See async_hooks.c. */
typedef struct AsyncHook {
  Message *message;
  JSValue promise;               /* undefined: there is none */
  JSAsyncFunctionData *function; /* owned; NULL: it is no async function */
  JSPromiseStateEnum state;      /* of the function, and what it has come to: */
  JSValue result;
  bool is_paused; /* its callback has returned, and the direction of the stream stands still */
  struct AsyncHook *next_ready;
} AsyncHook;

/* A part of a message that is an object of its own for JavaScript: its headers, its trailers or its body. */
typedef struct Part {
  Message *message;
  uint32_t type;  /* PROXY_MAP_TYPE_* or PROXY_BUFFER_TYPE_* */
  JSValue object; /* undefined until a hook needs it */
} Part;

enum { ARRIVED_HEADERS = 1, ARRIVED_BODY = 2, ARRIVED_TRAILERS = 4 };

/* How far the host may be with showing what it kept while the headers' hook waited. */
enum { REPLAY_NONE, REPLAY_STARTED, REPLAY_BODY };

/* One direction of a stream: a request or a response, or what a connection's downstream or upstream sends. */
struct Message {
  Stream *stream;
  uint32_t stream_type; /* PROXY_STREAM_TYPE_* */
  JSValue object;       /* its HttpRequest, HttpResponse or Connection, undefined until a hook needs it */
  Part headers, trailers, body;
  AsyncHook async;
  uint32_t action;               /* what that callback returns */
  Hook hook;                     /* the last one that ran */
  uint8_t arrived;               /* ARRIVED_*: what no hook has been given yet */
  bool in_callback;              /* the host waits for the action of its callback */
  bool body_open;                /* the body's hook has it */
  bool body_ended;               /* the host has said that no more of it comes */
  bool body_complete;            /* the same, or trailers have arrived */
  bool length_goes;              /* content-length is removed when the headers go on */
  uint8_t replay;                /* REPLAY_* */
  bool delayed;                  /* it goes on with the next tick */
  Message *next_delayed;         /* see delayed.c */
  uint32_t body_size;            /* bytes that the host holds */
  uint32_t body_start, body_end; /* those that the hook has been given */
};

/* Of a stream, what no callback comes for any more. */
enum {
  STREAM_REQUEST_OVER = 1,
  STREAM_RESPONSE_OVER = 2,
  STREAM_END_UNSEEN = 4, /* of all streams, or of none: the host does not tell of their end. See lifetime.c */
  STREAM_IS_OVER = STREAM_REQUEST_OVER | STREAM_RESPONSE_OVER | STREAM_END_UNSEEN
};

struct Stream {
  uint32_t id;
  Plugin *plugin;
  JSValue state; /* the filter's own per-stream state, undefined until it is asked for */
  bool network;  /* it is a connection */
  bool closed;   /* the filter has closed it: it does not go on */
  bool job_lost; /* see promises.c */
  uint8_t over;  /* STREAM_*_OVER, STREAM_END_UNSEEN */
  enum { STREAM_SEEN, STREAM_TOO_MANY, STREAM_DENIED, STREAM_ANSWERED } fate; /* but for the first, no hook sees it */
  Message request;
  Message response;
};

/* Events of a plugin that a part of the SDK handles when a filter uses it, in the order of `handler_names` (plugins.c).
 */
typedef enum Handler {
  HANDLER_VM_START,
  HANDLER_TICK,
  HANDLER_QUEUE_READY,
  HANDLER_FOREIGN_FUNCTION,
  HANDLER_LIMIT_REACHED,
  HANDLER_COUNT,
} Handler;

/* What `register` was given by src/sdk/dispatcher.ts. */
typedef struct Sdk {
  JSValue configure;
  JSValue forget_plugin;
  JSValue wait_for_setup; /* runs a hook when the plugin's setup is over */
  JSValue on_result;      /* a hook's value that is not undefined */
  JSValue on_error;       /* a hook's uncaught error */
  JSValue on_unhandled_rejection;
  JSValue on_jobs_dropped; /* of a plugin */
  JSValue to_pairs;        /* makes an array of another form of headers */
  JSValue members;         /* what each plugin's context has besides its own, by name */
  JSValue fetch;           /* what fetch.c leaves to it */
  JSValue request_prototype;
  JSValue response_prototype;
  JSValue connection_prototype;
  JSValue headers_prototype;
  JSValue body_prototype;
  JSValue call_response_prototype;
  JSValue host_error; /* constructors */
  JSValue response;
  JSValue stream_ended_error;
  JSValue call_error;
} Sdk;

enum { MAX_FILTERS = 32 };

/* The option `limits` of a filter; src/sdk/limits.ts has their meaning and what they are without it. */
typedef struct Limits {
  uint32_t callback_ms, heap_bytes, open_calls, queued_jobs, streams;
} Limits;

static PER_REQUEST struct {
  Filter filters[MAX_FILTERS];
  JSValue handlers[HANDLER_COUNT]; /* undefined where nothing handles it */
  Sdk sdk;
  Limits limits;
  JSRuntime *runtime;
  JSContext *context;
  uint32_t filter_count;
  IdTable plugins;
  IdTable streams;
  IdTable calls;
  IdTable grpc_calls;
  uint32_t refused_grpc_calls; /* those that the host is still to say more of: see grpc.c */
  uint32_t lost_streams;       /* that there was no memory for */
  Plugin *newest_plugin;       /* whose configuration was accepted last, NULL when there is none */
  Stream *brief_stream;        /* see brief.c; NULL but in the callback that it lives for */
  bool streams_on_demand;      /* the host does not tell of new streams: their first hook makes them. See lifetime.c */
  bool streams_are_brief;      /* nor of their end: that is the end of their only hook */
  uint8_t over_at_start;       /* what `over` of a stream is at first: 0, or what no callback comes for */
  uint8_t over_with_headers;   /* STREAM_*_OVER: no callback comes after that of the headers */
  void (*end_over)(Stream *stream, uint32_t depth); /* see ends.c; NULL where the host tells of ends */
  void (*end_gone)(Message *message);
  Stream *(*prepare_stream)(Stream *older, uint32_t id);
  bool building;              /* true while the program's top level runs, at build time */
  uint32_t plugin_id;         /* the plugin that this callback is for */
  uint32_t effective_context; /* the context that the host takes the next host call for */
  uint32_t depth;             /* callbacks that run, one within a host call of the other: see nesting.c */
} vm;
