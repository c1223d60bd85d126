/* The program that a native test runs, as bytecode. */
#include <fcntl.h>

static uint8_t *read_program(const char *path, size_t *size) {
  int file = open(path, O_RDONLY);
  off_t length = lseek(file, 0, SEEK_END);
  uint8_t *data = malloc((size_t)length);
  if (pread(file, data, (size_t)length, 0) != length)
    abort();
  close(file);
  *size = (size_t)length;
  return data;
}
