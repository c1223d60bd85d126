/*
 * A small fuzzer with the interface of libFuzzer, for machines that have gcc only: inputs that reach a new edge between
 * two basic blocks, or one more often, are kept and changed again (-fsanitize-coverage=trace-pc).
 *
 * `fuzz SECONDS SEED CRASH_FILE [INPUT...]`: with inputs, these are run once each, as cases, and then changed. The
 * input that ends the program is written to CRASH_FILE.
 */
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include <sanitizer/common_interface_defs.h>

#define UNCOUNTED __attribute__((no_sanitize_coverage, no_sanitize("address", "undefined")))

enum { EDGES = 1 << 16, INPUT_BYTES = 600, MAX_CORPUS = 8192, HANG_SECONDS = 20 };

static uint8_t hits[EDGES], known[EDGES];
static uintptr_t previous;

UNCOUNTED void __sanitizer_cov_trace_pc(void) {
  uintptr_t here = (uintptr_t)__builtin_return_address(0) * 0x9e3779b97f4a7c15u >> 32;
  uint8_t *hit = &hits[(here ^ previous) % EDGES];
  *hit += *hit < 255;
  previous = here >> 1;
}

static uint64_t random_state;

static uint32_t random_number(uint32_t below) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return below ? (uint32_t)(random_state >> 16) % below : 0;
}

static struct {
  uint8_t data[INPUT_BYTES];
  size_t size;
} corpus[MAX_CORPUS], current;
static size_t corpus_size;
static const char *crash_file;

static void save_current(void) {
  int file = open(crash_file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0 && write(file, current.data, current.size) == (ssize_t)current.size)
    close(file);
}

static void on_signal(int number) {
  save_current();
  const char *what = number == SIGALRM ? "an input takes too long\n" : "an input ends the program\n";
  if (write(2, what, strlen(what)) < 0)
    _exit(3);
  _exit(1);
}

/* True: it has reached something new. Counts are told apart by their highest bit. */
static bool run_current(void) {
  memset(hits, 0, sizeof hits);
  previous = 0;
  alarm(HANG_SECONDS);
  LLVMFuzzerTestOneInput(current.data, current.size);
  bool is_new = false;
  for (size_t i = 0; i < EDGES; i++) {
    uint8_t class = hits[i] ? (uint8_t)(1 << (31 - __builtin_clz(hits[i]))) : 0;
    is_new |= (class & ~known[i]) != 0;
    known[i] |= class;
  }
  if (is_new && corpus_size < MAX_CORPUS)
    corpus[corpus_size++] = current;
  return is_new;
}

static void change_current(void) {
  current = corpus[random_number((uint32_t)corpus_size)];
  for (uint32_t changes = 1 + random_number(6); changes; changes--) {
    size_t at = random_number((uint32_t)current.size);
    switch (random_number(6)) {
    case 0:
      if (current.size)
        current.data[at] ^= (uint8_t)(1 << random_number(8));
      break;
    case 1:
      if (current.size)
        current.data[at] = (uint8_t)random_number(256);
      break;
    case 2: /* some more */
      for (uint32_t more = 1 + random_number(8); more && current.size < INPUT_BYTES; more--)
        current.data[current.size++] = (uint8_t)random_number(256);
      break;
    case 3: { /* some less */
      size_t size = 1 + random_number(8);
      if (at + size < current.size) {
        memmove(current.data + at, current.data + at + size, current.size - at - size);
        current.size -= size;
      }
      break;
    }
    case 4: { /* a part of another one */
      size_t from = random_number((uint32_t)corpus_size), size = corpus[from].size;
      size = current.size + size > INPUT_BYTES ? INPUT_BYTES - current.size : size;
      memcpy(current.data + current.size, corpus[from].data, size);
      current.size += size;
      break;
    }
    default: /* a part again */
      if (at < current.size && current.size * 2 - at < INPUT_BYTES) {
        memcpy(current.data + current.size, current.data + at, current.size - at);
        current.size += current.size - at;
      }
    }
  }
}

int main(int argc, char **argv) {
  LLVMFuzzerInitialize(&argc, &argv);
  long seconds = atol(argv[1]);
  random_state = strtoull(argv[2], NULL, 10) * 2 + 88172645463325252u;
  crash_file = argv[3];
  __sanitizer_set_death_callback(save_current);
  signal(SIGABRT, on_signal);
  signal(SIGALRM, on_signal);
  run_current(); /* nothing */
  for (int i = 4; i < argc; i++) {
    size_t size;
    uint8_t *data = read_program(argv[i], &size);
    current.size = size < INPUT_BYTES ? size : INPUT_BYTES;
    memcpy(current.data, data, current.size);
    free(data);
    run_current();
  }
  size_t runs = 0;
  for (time_t end = time(NULL) + seconds; time(NULL) < end; runs++) {
    change_current();
    run_current();
  }
  char line[128];
  int size = snprintf(line, sizeof line, "%u runs, %u inputs kept\n", (unsigned)runs, (unsigned)corpus_size);
  _exit(write(1, line, (size_t)size) == size ? 0 : 3);
}
