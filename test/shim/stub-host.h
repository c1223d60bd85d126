/*
 * A Proxy-Wasm host for the shim's native tests: what the shim calls, with answers that a test sets and a record of
 * what it was called for. One request map and one answer; no network.
 */
#include <stdarg.h>

enum { ROOT = 1 };

typedef struct Header {
  char name[64], value[256];
} Header;

static struct {
  Header headers[64];
  uint32_t count;
  bool gone; /* the map of no stream */
} host_map;

static struct {
  uint32_t context;
  uint32_t continued[2]; /* by PROXY_STREAM_TYPE_* */
  uint32_t replies, reply_status;
  uint32_t calls, call_status, last_call;
  char call_body[256];
  size_t call_trailers_size;
  const char *pairs; /* what proxy_get_header_map_pairs answers, when set */
  size_t pairs_size;
  const char *answer_status, *answer_body;
  const char *configuration;
  char body[1 << 12]; /* of the request or response that is on its way */
  size_t body_size;
  uint32_t closed, tick_period;
  bool refuses_ticks;
  void (*on_set_buffer)(uint32_t stream);                    /* called once, within the next proxy_set_buffer_bytes */
  uint32_t ends;                                             /* that stream */
  uint32_t grpc_calls, grpc_streams, grpc_status, last_grpc; /* what was started, what starting answers, the last id */
  bool grpc_forbidden;
  uint32_t grpc_ended[2], last_ended; /* close and cancel, and the id of the last one */
  uint32_t grpc_sends, grpc_last_end;
  char grpc_upstream[64], grpc_sent[64];
  const char *grpc_message; /* of the status */
  bool grpc_nested;         /* sending ends the stream from within */
  bool null_results, failing_results;
  uint32_t failing_status;
  uint32_t gone_below;          /* contexts that are not there any more, but for the first two */
  uint32_t delete_in_reply;     /* the stream, or the plugin, that a local reply ends from within */
  uint32_t body_arrives_in_log; /* the stream whose body arrives within proxy_log */
  char log[1 << 16];
  size_t log_size;
} host;

/* What else the host does within a host call, when set. */
static void (*host_reenter)(void);

static void reenter(void) {
  if (host_reenter)
    host_reenter();
}

/* Results of the fuzzer's making, when set. False: the true one. */
static bool (*host_lie)(char **out, size_t *out_size, uint32_t *status);

static bool host_logged(const char *text) { return strstr(host.log, text) != NULL; }

static void host_reset(void) {
  memset(&host, 0, sizeof host);
  memset(&host_map, 0, sizeof host_map);
  host.answer_status = "200";
  host.answer_body = "hello";
  host.configuration = "";
}

/* For another stream. */
static void host_new_headers(void) { memset(&host_map, 0, sizeof host_map); }

static void host_add_header(const char *name, const char *value) {
  Header *header = &host_map.headers[host_map.count++];
  snprintf(header->name, sizeof header->name, "%s", name);
  snprintf(header->value, sizeof header->value, "%s", value);
}

static const char *host_header(const char *name) {
  for (uint32_t i = 0; i < host_map.count; i++)
    if (strcasecmp(host_map.headers[i].name, name) == 0)
      return host_map.headers[i].value;
  return NULL;
}

static uint32_t give(const char *data, size_t size, char **out, size_t *out_size) {
  uint32_t status;
  if (host_lie && host_lie(out, out_size, &status))
    return status;
  if (host.null_results) { /* a length without a pointer */
    *out = NULL;
    *out_size = 77;
    return PROXY_STATUS_OK;
  }
  if (host.failing_results) { /* a result beside a refusal */
    *out = proxy_on_memory_allocate(size);
    *out_size = size;
    return host.failing_status ? host.failing_status : PROXY_STATUS_INTERNAL_FAILURE;
  }
  char *memory = proxy_on_memory_allocate(size);
  if (!memory)
    return PROXY_STATUS_INTERNAL_FAILURE;
  memcpy(memory, data, size);
  *out = memory;
  *out_size = size;
  return PROXY_STATUS_OK;
}

uint32_t proxy_log(uint32_t level, const char *data, size_t size) {
  if (host.log_size + size + 2 < sizeof host.log) {
    for (size_t i = 0; i < size; i++)
      host.log[host.log_size++] = data[i] ? data[i] : ' ';
    host.log[host.log_size++] = '\n';
  }
  uint32_t stream = host.body_arrives_in_log;
  host.body_arrives_in_log = 0;
  if (stream)
    proxy_on_request_body(stream, 2, 1);
  return PROXY_STATUS_OK;
}

uint32_t proxy_set_effective_context(uint32_t id) {
  if (id == INT32_MAX || (id > ROOT && id < host.gone_below))
    return PROXY_STATUS_BAD_ARGUMENT;
  host.context = id;
  return PROXY_STATUS_OK;
}

uint32_t proxy_continue_stream(uint32_t stream_type) {
  reenter();
  host.continued[stream_type % countof(host.continued)]++;
  return PROXY_STATUS_OK;
}

uint32_t proxy_send_local_response(uint32_t code, const char *details, size_t details_size, const char *body,
                                   size_t body_size, const char *headers, size_t headers_size, int32_t grpc_status) {
  reenter();
  host.replies++;
  host.reply_status = code;
  if (body_size > sizeof host.call_body)
    return PROXY_STATUS_BAD_ARGUMENT;
  memcpy(host.call_body, body ? body : "", body_size);
  if (host.delete_in_reply) {
    proxy_on_response_headers(host.delete_in_reply, 1, 1);
    proxy_on_delete(host.delete_in_reply);
  }
  return PROXY_STATUS_OK;
}

uint32_t proxy_get_buffer_bytes(uint32_t type, uint32_t offset, uint32_t max_size, char **data, size_t *size) {
  if (type <= PROXY_BUFFER_TYPE_UPSTREAM_DATA) {
    size_t from = offset < host.body_size ? offset : host.body_size, left = host.body_size - from;
    return give(host.body + from, left < max_size ? left : max_size, data, size);
  }
  const char *text = type == PROXY_BUFFER_TYPE_PLUGIN_CONFIGURATION ? host.configuration : host.answer_body;
  size_t length = strlen(text);
  return give(text, length < max_size ? length : max_size, data, size);
}

/* Only what the shim does: all of it. */
uint32_t proxy_set_buffer_bytes(uint32_t type, uint32_t offset, uint32_t max_size, const char *data, size_t size) {
  reenter();
  if (offset != 0 || max_size < host.body_size || size > sizeof host.body)
    return PROXY_STATUS_BAD_ARGUMENT;
  memcpy(host.body, data, size);
  host.body_size = size;
  void (*callback)(uint32_t) = host.on_set_buffer;
  host.on_set_buffer = NULL;
  if (callback)
    callback(host.ends);
  return PROXY_STATUS_OK;
}

uint32_t proxy_close_stream(uint32_t stream_type) {
  reenter();
  host.closed++;
  return PROXY_STATUS_OK;
}

uint32_t proxy_set_tick_period_milliseconds(uint32_t period) {
  reenter();
  if (host.refuses_ticks)
    return PROXY_STATUS_BAD_ARGUMENT;
  host.tick_period = period;
  return PROXY_STATUS_OK;
}

static bool is_answer(uint32_t map) { return map == PROXY_MAP_TYPE_HTTP_CALL_RESPONSE_HEADERS; }

static size_t write_pair(char *block, uint32_t index, uint32_t count, size_t at, const char *name, const char *value) {
  uint32_t name_size = (uint32_t)strlen(name), value_size = (uint32_t)strlen(value);
  memcpy(block, &count, 4);
  memcpy(block + 4 + 8 * index, &name_size, 4);
  memcpy(block + 8 + 8 * index, &value_size, 4);
  memcpy(block + at, name, name_size + 1);
  memcpy(block + at + name_size + 1, value, value_size + 1);
  return at + name_size + value_size + 2;
}

uint32_t proxy_get_header_map_pairs(uint32_t map, char **data, size_t *size) {
  if (host_map.gone)
    return PROXY_STATUS_BAD_ARGUMENT;
  if (host.pairs)
    return give(host.pairs, host.pairs_size, data, size);
  static char block[1 << 15];
  if (is_answer(map)) {
    size_t end = write_pair(block, 0, 2, 4 + 16, ":status", host.answer_status);
    return give(block, write_pair(block, 1, 2, end, "x-from", "other"), data, size);
  }
  size_t at = 4 + 8 * (size_t)host_map.count;
  for (uint32_t i = 0; i < host_map.count; i++)
    at = write_pair(block, i, host_map.count, at, host_map.headers[i].name, host_map.headers[i].value);
  return give(block, at, data, size);
}

uint32_t proxy_set_header_map_pairs(uint32_t map, const char *data, size_t size) { return PROXY_STATUS_OK; }

uint32_t proxy_get_header_map_value(uint32_t map, const char *name, size_t name_size, char **data, size_t *size) {
  if (host_map.gone)
    return PROXY_STATUS_BAD_ARGUMENT;
  char key[64] = {0};
  memcpy(key, name, name_size < sizeof key ? name_size : sizeof key - 1);
  const char *value = host_header(key);
  if (is_answer(map))
    value = strcmp(key, ":status") == 0 ? host.answer_status : NULL;
  return value ? give(value, strlen(value), data, size) : PROXY_STATUS_NOT_FOUND;
}

uint32_t proxy_add_header_map_value(uint32_t map, const char *name, size_t name_size, const char *value, size_t size) {
  if (host_map.gone)
    return PROXY_STATUS_BAD_ARGUMENT;
  if (host_map.count == countof(host_map.headers) || name_size >= sizeof (Header){0}.name ||
      size >= sizeof (Header){0}.value)
    return PROXY_STATUS_BAD_ARGUMENT;
  Header *header = &host_map.headers[host_map.count++];
  memset(header, 0, sizeof *header);
  memcpy(header->name, name, name_size);
  memcpy(header->value, value, size);
  return PROXY_STATUS_OK;
}

uint32_t proxy_remove_header_map_value(uint32_t map, const char *name, size_t name_size) {
  if (host_map.gone)
    return PROXY_STATUS_BAD_ARGUMENT;
  if (name_size >= sizeof (Header){0}.name) /* of none */
    return PROXY_STATUS_OK;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < host_map.count; i++)
    if (strncasecmp(host_map.headers[i].name, name, name_size) || host_map.headers[i].name[name_size])
      host_map.headers[kept++] = host_map.headers[i];
  host_map.count = kept;
  return PROXY_STATUS_OK;
}

uint32_t proxy_replace_header_map_value(uint32_t map, const char *name, size_t name_size, const char *value,
                                        size_t size) {
  proxy_remove_header_map_value(map, name, name_size);
  return proxy_add_header_map_value(map, name, name_size, value, size);
}

uint32_t proxy_http_call(const char *upstream, size_t upstream_size, const char *headers, size_t headers_size,
                         const char *body, size_t body_size, const char *trailers, size_t trailers_size,
                         uint32_t timeout, uint32_t *call_id) {
  reenter();
  if (host.call_status != PROXY_STATUS_OK)
    return host.call_status;
  memset(host.call_body, 0, sizeof host.call_body);
  if (body_size > sizeof host.call_body)
    return PROXY_STATUS_BAD_ARGUMENT;
  memcpy(host.call_body, body, body_size);
  host.call_trailers_size = trailers_size;
  host.calls++;
  *call_id = ++host.last_call;
  return PROXY_STATUS_OK;
}

/* One key, one queue of one item, and a metric of each type. */
static struct {
  char key[64], value[256], item[256], property[256], metric_name[128];
  size_t value_size, item_size, property_size;
  uint32_t cas, queues, items, metric_calls;
  uint64_t metrics[3];
  uint32_t wasi_error; /* what WASI calls answer */
  uint32_t variables, variables_size;
} shared;

static uint32_t keep_bytes(char *to, size_t capacity, size_t *size, const char *data, size_t data_size) {
  if (data_size > capacity)
    return PROXY_STATUS_BAD_ARGUMENT;
  memcpy(to, data, data_size);
  *size = data_size;
  return PROXY_STATUS_OK;
}

uint32_t proxy_get_shared_data(const char *key, size_t key_size, char **data, size_t *size, uint32_t *cas) {
  if (strlen(shared.key) != key_size || memcmp(shared.key, key, key_size) != 0 || !shared.cas)
    return PROXY_STATUS_NOT_FOUND;
  *cas = shared.cas;
  return give(shared.value, shared.value_size, data, size);
}

uint32_t proxy_set_shared_data(const char *key, size_t key_size, const char *data, size_t size, uint32_t cas) {
  if (shared.cas && cas && cas != shared.cas)
    return PROXY_STATUS_CAS_MISMATCH;
  if (key_size >= sizeof shared.key)
    return PROXY_STATUS_BAD_ARGUMENT;
  memset(shared.key, 0, sizeof shared.key);
  memcpy(shared.key, key, key_size);
  shared.cas++;
  return keep_bytes(shared.value, sizeof shared.value, &shared.value_size, data, size);
}

uint32_t proxy_register_shared_queue(const char *name, size_t size, uint32_t *id) {
  *id = shared.queues = 7;
  return PROXY_STATUS_OK;
}

uint32_t proxy_resolve_shared_queue(const char *vm_id, size_t vm_id_size, const char *name, size_t size, uint32_t *id) {
  *id = shared.queues;
  return shared.queues ? PROXY_STATUS_OK : PROXY_STATUS_NOT_FOUND;
}

uint32_t proxy_enqueue_shared_queue(uint32_t id, const char *data, size_t size) {
  reenter();
  if (!shared.queues || id != shared.queues)
    return PROXY_STATUS_NOT_FOUND;
  shared.items = 1;
  return keep_bytes(shared.item, sizeof shared.item, &shared.item_size, data, size);
}

uint32_t proxy_dequeue_shared_queue(uint32_t id, char **data, size_t *size) {
  if (!shared.queues || id != shared.queues)
    return PROXY_STATUS_NOT_FOUND;
  if (!shared.items)
    return PROXY_STATUS_EMPTY;
  shared.items = 0;
  return give(shared.item, shared.item_size, data, size);
}

uint32_t proxy_define_metric(uint32_t type, const char *name, size_t size, uint32_t *id) {
  if (type > PROXY_METRIC_TYPE_HISTOGRAM || size >= sizeof shared.metric_name)
    return PROXY_STATUS_BAD_ARGUMENT;
  memset(shared.metric_name, 0, sizeof shared.metric_name);
  memcpy(shared.metric_name, name, size);
  *id = type;
  return PROXY_STATUS_OK;
}

uint32_t proxy_increment_metric(uint32_t id, int64_t offset) {
  shared.metric_calls++;
  if (id > PROXY_METRIC_TYPE_GAUGE)
    return PROXY_STATUS_BAD_ARGUMENT;
  shared.metrics[id] += (uint64_t)offset;
  return PROXY_STATUS_OK;
}

uint32_t proxy_record_metric(uint32_t id, uint64_t value) {
  shared.metric_calls++;
  shared.metrics[id % 3] = value;
  return PROXY_STATUS_OK;
}

uint32_t proxy_get_metric(uint32_t id, uint64_t *value) {
  if (id > PROXY_METRIC_TYPE_GAUGE)
    return PROXY_STATUS_BAD_ARGUMENT;
  *value = shared.metrics[id];
  return PROXY_STATUS_OK;
}

uint32_t proxy_set_property(const char *path, size_t path_size, const char *data, size_t size) {
  reenter();
  return keep_bytes(shared.property, sizeof shared.property, &shared.property_size, data, size);
}

/* "echo" gives its argument back, "nothing" nothing, "fails" a result and a refusal. */
uint32_t proxy_call_foreign_function(const char *name, size_t name_size, const char *argument, size_t argument_size,
                                     char **data, size_t *size) {
  reenter();
  if (name_size == 4 && memcmp(name, "echo", 4) == 0)
    return give(argument, argument_size, data, size);
  if (name_size == 7 && memcmp(name, "nothing", 7) == 0)
    return PROXY_STATUS_OK;
  if (name_size == 5 && memcmp(name, "fails", 5) == 0) {
    give("half", 4, data, size);
    return PROXY_STATUS_INTERNAL_FAILURE;
  }
  return PROXY_STATUS_NOT_FOUND;
}

uint32_t proxy_get_log_level(uint32_t *level) {
  *level = PROXY_LOG_LEVEL_INFO;
  return PROXY_STATUS_OK;
}

uint32_t proxy_get_current_time_nanoseconds(uint64_t *time) {
  *time = 1767225600000000001ull;
  return PROXY_STATUS_OK;
}

uint32_t proxy_done(void) { return PROXY_STATUS_NOT_FOUND; }

uint32_t proxy_get_buffer_status(uint32_t type, uint32_t *length, uint32_t *flags) {
  *length = (uint32_t)host.body_size;
  *flags = 1;
  return PROXY_STATUS_OK;
}

uint32_t proxy_get_header_map_size(uint32_t map, uint32_t *size) {
  *size = host_map.count * 10;
  return host_map.gone ? PROXY_STATUS_BAD_ARGUMENT : PROXY_STATUS_OK;
}

static const char environment_block[] = "NAME=value\0EMPTY=\0ODD\0SPACE=a = b";

uint32_t wasi_environ_sizes_get(uint32_t *count, uint32_t *size) {
  *count = shared.variables;
  *size = shared.variables_size;
  return shared.wasi_error;
}

uint32_t wasi_environ_get(char **list, char *text) {
  size_t size = shared.variables_size;
  memcpy(text, environment_block, size < sizeof environment_block ? size : sizeof environment_block);
  return shared.wasi_error;
}

uint32_t wasi_random_get(void *data, size_t size) {
  memset(data, 0xa5, size);
  return shared.wasi_error;
}

uint32_t proxy_get_property(const char *path, size_t path_size, char **data, size_t *size) {
  if (path_size == 4 && memcmp(path, "mine", 4) == 0)
    return give(shared.property, shared.property_size, data, size);
  if (path_size == 15 && memcmp(path, "request\0headers", 15) == 0)
    return give("\1\0\0\0no map", 10, data, size);
  return PROXY_STATUS_NOT_FOUND;
}

static uint32_t start_grpc(const char *upstream, size_t upstream_size, uint32_t *started, uint32_t *id) {
  reenter();
  memset(host.grpc_upstream, 0, sizeof host.grpc_upstream);
  memcpy(host.grpc_upstream, upstream, upstream_size);
  if (host.grpc_status != PROXY_STATUS_OK)
    return host.grpc_status;
  (*started)++;
  *id = ++host.last_grpc;
  return PROXY_STATUS_OK;
}

uint32_t proxy_grpc_call(const char *upstream, size_t upstream_size, const char *service, size_t service_size,
                         const char *method, size_t method_size, const char *metadata, size_t metadata_size,
                         const char *message, size_t message_size, uint32_t timeout, uint32_t *call_id) {
  return start_grpc(upstream, upstream_size, &host.grpc_calls, call_id);
}

uint32_t proxy_grpc_stream(const char *upstream, size_t upstream_size, const char *service, size_t service_size,
                           const char *method, size_t method_size, const char *metadata, size_t metadata_size,
                           uint32_t *stream_id) {
  return start_grpc(upstream, upstream_size, &host.grpc_streams, stream_id);
}

uint32_t proxy_grpc_send(uint32_t stream_id, const char *message, size_t message_size, uint32_t end_of_stream) {
  reenter();
  host.grpc_sends++;
  host.grpc_last_end = end_of_stream;
  memset(host.grpc_sent, 0, sizeof host.grpc_sent);
  memcpy(host.grpc_sent, message, message_size);
  if (host.grpc_nested) { /* as Envoy does when the connection breaks */
    proxy_on_grpc_receive_initial_metadata(ROOT, stream_id, 0);
    proxy_on_grpc_receive_trailing_metadata(ROOT, stream_id, 0);
  }
  return PROXY_STATUS_OK;
}

static uint32_t end_grpc(uint32_t id, uint32_t *count) {
  reenter();
  if (host.grpc_forbidden)
    return PROXY_STATUS_INTERNAL_FAILURE;
  if (id == 0)
    return PROXY_STATUS_BAD_ARGUMENT;
  (*count)++;
  host.last_ended = id;
  return PROXY_STATUS_OK;
}

uint32_t proxy_grpc_close(uint32_t id) { return end_grpc(id, &host.grpc_ended[0]); }

uint32_t proxy_grpc_cancel(uint32_t id) { return end_grpc(id, &host.grpc_ended[1]); }

uint32_t proxy_get_status(uint32_t *code, char **data, size_t *size) {
  const char *text = host.grpc_message ? host.grpc_message : "";
  *code = 5;
  return give(text, strlen(text), data, size);
}
