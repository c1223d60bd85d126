/*
 * Messages that must not go on before the callback is over that brings their end.
 *
 * While the headers' hook waits the host keeps the body and the trailers, and shows them when the stream goes on: both
 * callbacks run inside of one proxy_continue_stream. When the first pauses and the second lets go on, Envoy 1.40 goes
 * on inside of going on, and loses the body. So the second pauses, too, and the host's next tick lets go on.
 */

static Message *first_delayed;

/* A callback for the message's body. */
static void note_body(Message *message) {
  message->replay = message->replay == REPLAY_STARTED ? REPLAY_BODY : REPLAY_NONE;
}

/* Whether the host may be inside of proxy_continue_stream, when trailers arrive: what it has kept of a body is one
 * part. */
static bool may_be_replayed(const Message *message) {
  return message->replay == REPLAY_BODY && message->action == PROXY_ACTION_PAUSE;
}

/* False: the host does not tick. */
static bool delay(Message *message) {
  Plugin *plugin = message->stream->plugin;
  if (!plugin->tick_borrowed && !(use_context(plugin->id) && proxy_set_tick_period_milliseconds(1) == PROXY_STATUS_OK))
    return false;
  plugin->tick_borrowed = message->delayed = true;
  message->next_delayed = first_delayed;
  first_delayed = message;
  return true;
}

static void forget_delayed(Message *message) {
  if (!message->delayed)
    return;
  Message **at = &first_delayed;
  while (*at != message)
    at = &(*at)->next_delayed;
  *at = message->next_delayed;
  message->delayed = false;
}

static void continue_delayed(const Plugin *plugin) {
  for (Message *message = first_delayed, *next; message; message = next) {
    next = message->next_delayed;
    if (message->stream->plugin != plugin)
      continue;
    forget_delayed(message);
    if (!message->stream->closed && use_context(message->stream->id))
      proxy_continue_stream(message->stream_type);
    end_if_over(message->stream, 1);
  }
}

/* The program asks for ticks. While one is borrowed the host is not told; the program's period counts after it. */
static uint32_t set_tick_period(uint32_t period) {
  const Stream *stream = find_stream(vm.effective_context);
  Plugin *plugin = stream ? stream->plugin : find_plugin(vm.effective_context);
  if (!plugin)
    return proxy_set_tick_period_milliseconds(period);
  plugin->tick_period = period;
  return plugin->tick_borrowed ? PROXY_STATUS_OK : proxy_set_tick_period_milliseconds(period);
}

/* True: the tick was borrowed, and is early for the program. */
static bool return_tick(Plugin *plugin) {
  if (!plugin || !plugin->tick_borrowed)
    return false;
  plugin->tick_borrowed = false;
  vm.effective_context = plugin->id;
  proxy_set_tick_period_milliseconds(plugin->tick_period);
  continue_delayed(plugin);
  return true;
}
