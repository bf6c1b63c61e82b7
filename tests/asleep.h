// Whether a thread sleeps in the kernel: what a test waits for before it does something to a thread
// that waits. A time that is "long enough" is not, on a busy machine.
//
//   std::thread other([owner = ThisThread()] {
//     EXPECT_TRUE(AwaitAsleep(owner));
//     zx_vcpu_kick(vcpu);
//   });
//
// Thread safety: any thread.

#pragma once

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

inline pid_t ThisThread() { return static_cast<pid_t>(syscall(SYS_gettid)); }

// The thread's state as the kernel has it: 'S' asleep, 'R' running or ready, 'Z' ended; 0: it is
// not there. Of this process or, by its process id, of another with one thread.
inline char StateOfThread(pid_t tid) {
  std::ifstream stat("/proc/" + std::to_string(tid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  const size_t name_end = text.rfind(") ");
  return name_end == std::string::npos ? '\0' : text[name_end + 2];
}

// Waits until the thread is in that state. The limit is there for a test that is wrong.
inline bool AwaitState(pid_t tid, char state) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (StateOfThread(tid) != state) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

inline bool AwaitAsleep(pid_t tid) { return AwaitState(tid, 'S'); }
