/*
 * Moves the wall clock of the process that preloads this, by the milliseconds in the file named by
 * WALL_CLOCK_OFFSET (a little-endian int64 in shared memory, so that a step shows at once). Monotonic time is
 * unchanged. It allocates nothing, because allocators ask for the time while they start.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *offset_ms;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("WALL_CLOCK_OFFSET");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  void *page = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset_ms, PROT_READ, MAP_SHARED, file, 0);
  if (file >= 0) close(file);
  if (page != MAP_FAILED) offset_ms = page;
}

int clock_gettime(clockid_t id, struct timespec *ts) {
  int answer = (int)syscall(SYS_clock_gettime, id, ts);
  if (answer != 0 || offset_ms == NULL || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) return answer;
  int64_t ns = ts->tv_nsec + *offset_ms % 1000 * 1000000;
  ts->tv_sec += *offset_ms / 1000 + (ns >= 1000000000) - (ns < 0);
  ts->tv_nsec = ns < 0 ? ns + 1000000000 : ns >= 1000000000 ? ns - 1000000000 : ns;
  return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone) {
  struct timespec ts;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &ts) != 0) return -1;
  tv->tv_sec = ts.tv_sec;
  tv->tv_usec = ts.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *into) {
  struct timespec ts;
  if (clock_gettime(CLOCK_REALTIME, &ts) != 0) return (time_t)-1;
  if (into != NULL) *into = ts.tv_sec;
  return ts.tv_sec;
}
