/*
 * Streams of whose end the host does not tell (lifetime.c). Nearly all end here with the last callback that the module
 * can have for them, or with the hook that waited then. What is left are streams whose client has gone before, and
 * those of which the filter still holds an object: when they have become many, the host is asked which of them there
 * are.
 */

static void end_stream(Stream *stream);

static inline __attribute__((always_inline)) bool is_busy(const Message *message) {
  return message->async.is_paused || message->in_callback || message->arrived || message->delayed;
}

static bool holds_view(JSValueConst object) {
  return JS_IsObject(object) && JS_REF_COUNT(JS_VALUE_GET_OBJ(object)) > 1;
}

static bool is_in_use(const Message *message) {
  return is_busy(message) || holds_view(message->object) || holds_view(message->headers.object) ||
         holds_view(message->trailers.object) || holds_view(message->body.object);
}

static void end_over(Stream *stream, uint32_t depth) {
  if (vm.depth != depth || is_in_use(&stream->request) ||
      (!(vm.over_at_start & STREAM_RESPONSE_OVER) && is_in_use(&stream->response)))
    return;
  JS_FreeValue(vm.context, stream->state);
  discard_stream(id_table_take(&vm.streams, stream->id));
}

/* When a callback of the stream, or a hook that waited, is over: within so many callbacks as `depth`, which do not use
   the stream any more. Within others it stays, until the host is asked. */
static inline void end_if_over(Stream *stream, uint32_t depth) {
  if (stream->over == STREAM_IS_OVER)
    vm.end_over(stream, depth);
}

/* A paused hook of a stream that turns out to be gone has settled. */
static void end_gone(Message *message) {
  drop_settled_hook(&message->async);
  end_if_over(message->stream, 1);
}

enum { ASK_AT_LEAST = 16, SECONDS_OF_LIFE = 3600, NO_CONTEXT = INT32_MAX };

static PER_REQUEST struct {
  uint32_t ask_at;  /* so many streams */
  uint32_t newest;  /* the id of the newest stream at this time: */
  uint64_t counted; /* nanoseconds */
} gone;

/* Of a host that knows any id, what is there does not tell: then it is gone when it is old. */
static void ask_for_streams(uint32_t newest) {
  bool host_tells = proxy_set_effective_context(NO_CONTEXT) == PROXY_STATUS_BAD_ARGUMENT;
  uint64_t now = js__hrtime_ns();
  bool is_time = now - gone.counted > SECONDS_OF_LIFE * 1000000000ull;
  for (uint32_t i = 0; vm.streams.slots && i <= vm.streams.mask;) {
    Stream *stream = vm.streams.slots[i].value;
    if (stream && (host_tells ? proxy_set_effective_context(stream->id) == PROXY_STATUS_BAD_ARGUMENT
                              : is_time && stream->id <= gone.newest))
      end_stream(id_table_take(&vm.streams, stream->id)); /* others move up */
    else
      i++;
  }
  if (is_time) {
    gone.counted = now;
    gone.newest = newest;
  }
  uint32_t left = vm.streams.count, least = left * 2 > ASK_AT_LEAST ? left * 2 : ASK_AT_LEAST;
  if (least > vm.limits.streams)
    least = vm.limits.streams;
  gone.ask_at =
      least > left + left / 64 ? least : left + left / 64; /* a few calls for each stream, near the limit too */
  proxy_set_effective_context(newest);
}

/* Before a callback that may begin a stream. `older`: the one that has its id, though no callback was to come for it
   any more; or NULL. Returns what is left of it. */
static Stream *prepare_stream(Stream *older, uint32_t id) {
  if (vm.depth || (older && (is_busy(&older->request) || is_busy(&older->response))))
    return older;
  if (older)
    end_stream(id_table_take(&vm.streams, id));
  if (vm.streams.count >= gone.ask_at)
    ask_for_streams(id);
  return NULL;
}

/* At build time. Other modules do not have these functions. */
static void find_ends(void) {
  vm.over_at_start |= STREAM_END_UNSEEN;
  gone.ask_at = vm.limits.streams < ASK_AT_LEAST ? vm.limits.streams : ASK_AT_LEAST;
  vm.end_over = end_over;
  vm.end_gone = end_gone;
  vm.prepare_stream = prepare_stream;
}
