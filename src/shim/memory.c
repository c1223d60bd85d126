/*
 * Memory that the host asks for, to hand over a result (spec: proxy_on_memory_allocate).
 *
 * Most results are small and are read at once, so one static block serves them and spares a malloc each.
 */

static char host_block[8192] __attribute__((aligned(16)));
static bool host_block_taken;

static void *host_allocate(size_t size) {
  if (!host_block_taken && size <= sizeof host_block) {
    host_block_taken = true;
    return host_block;
  }
  return malloc(size ? size : 1);
}

static void host_free(void *memory) {
  if (memory == host_block)
    host_block_taken = false;
  else
    free(memory);
}

/* What a host call has left: nothing unless it succeeded, and no length without a pointer. Returns the status. */
static uint32_t host_result(uint32_t status, char **data, size_t *size) {
  if (status != PROXY_STATUS_OK) { /* some hosts have allocated it before they fail */
    host_free(*data);
    *data = NULL;
  }
  if (!*data)
    *size = 0;
  return status;
}

/* A pointer that the host wrote, in memory that is surely ours: moves it out of the shared block. NULL: no memory. */
static char *host_keep(char *memory, size_t size) {
  if (memory != host_block)
    return memory;
  char *copy = malloc(size ? size : 1);
  if (copy)
    memcpy(copy, memory, size);
  host_free(memory);
  return copy;
}
