/*
 * Streams of whose end the host does not tell (lifetime.c). Nearly all end here with the last callback that the module
 * can have for them, or with the hook that waited then. What is left are streams whose client has gone before, and
 * those of which the filter still holds an object: when they have become many, the host is asked which of them there
 * are.
 */

static void end_stream(Stream *stream);

/* To be called in the callbacks of a message: whether this one is the last of its direction. */
static void note_end(Message *message, bool ends) {
  if (ends)
    message->stream->over |= direction_bit(message);
}

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

static no_inline void end_over(Stream *stream, uint32_t depth) {
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
    end_over(stream, depth);
}

/* A paused hook of a stream that turns out to be gone has settled. */
static void end_gone(Message *message) {
  drop_settled_hook(&message->async);
  end_if_over(message->stream, 1);
}

/* What comes after the last callback of a direction is a new stream's of the same id. True: the older one is gone. */
static bool end_namesake(Stream *older) {
  if (vm.depth || is_busy(&older->request) || is_busy(&older->response))
    return false;
  end_stream(id_table_take(&vm.streams, older->id));
  return true;
}

enum { ASK_AT_LEAST = 16, SECONDS_OF_LIFE = 3600, NO_CONTEXT = UINT32_MAX };

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

/* Before a stream is made. */
static void make_room_for_stream(uint32_t id) {
  if (!vm.depth && vm.streams.count >= gone.ask_at)
    ask_for_streams(id);
}

/* At build time. Other modules do not have these functions. */
static void find_ends(void) {
  vm.over_at_start |= STREAM_END_UNSEEN;
  vm.make_room_for_stream = make_room_for_stream;
  vm.end_gone = end_gone;
  vm.end_namesake = end_namesake;
}
