// What the benchmarks of objects compare: an operation of bench/object_operations.h, and what a
// Linux program would do instead.
//
//   operation         zx                               Linux
//   channel           write, read                      write and read of a socket pair
//   socket, FIFO      write, read                      write and read of a pipe
//   duplicate         duplicate, close                 dup, close
//   event             create, close                    eventfd, close
//   signal            set, clear                       write and read of an eventfd
//   wait_one          of what is signalled             poll of what is readable
//   port              queue, wait                      write of an eventfd, epoll_wait, read
//   channel_call      call of a thread that waits      write to a thread that reads, and back
//
// No guest and no KVM is needed.

#pragma once

#include <span>

#include "side.h"

namespace bench {

struct ObjectComparison {
  const char* name;
  const char* key;
  const char* beside;  // what the twin does
  MakeSide zx;
  MakeSide twin;
  double budget;  // of zx ÷ twin; 0: none
};

std::span<const ObjectComparison> ObjectComparisons();

}  // namespace bench
