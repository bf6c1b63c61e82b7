// What processors of a guest cost each other, for bench/boot --work: microseconds of a round trip
// through two pipes between processes on two processors, and of taking away a page that the other
// processors may have in their TLBs.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 400 };

static volatile int over;

static void pin(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(0, sizeof(set), &set);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void move(int from, int to) {
  char byte = 0;
  if (from >= 0 && read(from, &byte, 1) != 1) exit(1);
  if (to >= 0 && write(to, &byte, 1) != 1) exit(1);
}

static double round_trip(int processor) {
  int there[2];
  int back[2];
  if (pipe(there) != 0 || pipe(back) != 0) exit(1);
  const pid_t other = fork();
  if (other == 0) {
    pin(processor);
    for (int i = 0; i < ROUNDS; ++i) move(there[0], back[1]);
    _exit(0);
  }
  pin(0);
  const double begin = now();
  for (int i = 0; i < ROUNDS; ++i) {
    move(-1, there[1]);
    move(back[0], -1);
  }
  const double end = now();
  waitpid(other, NULL, 0);
  return (end - begin) / ROUNDS;
}

static void* compute(void* processor) {
  pin((int)(intptr_t)processor);
  while (!over) {
  }
  return NULL;
}

static double shootdown(int processors) {
  pthread_t threads[64];
  for (int i = 1; i < processors; ++i)
    pthread_create(&threads[i], NULL, compute, (void*)(intptr_t)i);
  pin(0);
  usleep(100000);
  const double begin = now();
  for (int i = 0; i < ROUNDS; ++i) {
    char* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) exit(1);
    *page = 1;
    munmap(page, 4096);
  }
  const double end = now();
  over = 1;
  for (int i = 1; i < processors; ++i) pthread_join(threads[i], NULL);
  return (end - begin) / ROUNDS;
}

int main(void) {
  const int processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
  const double pipe_time = round_trip(processors > 1 ? 1 : 0);
  printf("work: %.1f %.1f\n", pipe_time, shootdown(processors));
  return 0;
}
