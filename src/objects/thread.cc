#include "objects/thread.h"

#include <pthread.h>

#include <cstring>

namespace zircon::objects {

Thread::Thread(pid_t tid) : Waitable(kType, ZX_THREAD_RUNNING), tid_(tid) {
  char host_name[16] = {};
  if (pthread_getname_np(pthread_self(), host_name, sizeof(host_name)) == 0) {
    name_.Set(host_name, std::strlen(host_name));
  }
}

}  // namespace zircon::objects
