#include "faults/faulty_kernel.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "faults/plan.h"

namespace zircon::faults {
namespace {

// What is no ioctl, or not all of one.
enum : unsigned long { open_kvm = 1, map_run, delete_slot };

CallId IdOf(unsigned long request) {
  switch (request) {
#define HOST_CALL(name, ...)
#define HOST_SYSCALL(name, ...)
#define KVM_CALL(name, ...) \
  case name:                \
    return kKvm_##name;
#include "faults/calls.inc"
#undef KVM_CALL
#undef HOST_SYSCALL
#undef HOST_CALL
    default:
      std::fprintf(stderr, "faults/calls.inc does not know KVM's request %#lx\n", request);
      std::abort();
  }
}

}  // namespace

int FaultyKernel::Open(const char* path, int flags) {
  if (const int error = plan.Ask(kKvm_open_kvm)) return -error;
  const Outside outside;
  return fake_.Open(path, flags);
}

void FaultyKernel::Close(int fd) {
  const Outside outside;
  fake_.Close(fd);
}

int FaultyKernel::Ioctl(int fd, unsigned long request, uintptr_t argument) {
  CallId id = IdOf(request);
  if (id == kKvm_KVM_SET_USER_MEMORY_REGION &&
      reinterpret_cast<const kvm_userspace_memory_region*>(argument)->memory_size == 0) {
    id = kKvm_delete_slot;
  }
  const int error = plan.Ask(id);
  // A run that is not to enter the guest finishes what the last exit has left, whatever comes.
  const bool finishes = id == kKvm_KVM_RUN && error == EINTR && IsImmediate(fd);
  if (error != 0 && !finishes) return -error;
  const Outside outside;
  return fake_.Ioctl(fd, request, argument);
}

bool FaultyKernel::IsImmediate(int fd) const {
  const auto run = runs_.find(fd);
  return run != runs_.end() && run->second->immediate_exit != 0;
}

void* FaultyKernel::MapRun(int fd, size_t size, int* error) {
  *error = plan.Ask(kKvm_map_run);
  if (*error != 0) return nullptr;
  const Outside outside;
  void* const run = fake_.MapRun(fd, size, error);
  if (run != nullptr) runs_[fd] = static_cast<const kvm_run*>(run);
  return run;
}

void FaultyKernel::UnmapRun(void* run, size_t size) {
  const Outside outside;
  std::erase_if(runs_, [run](const auto& entry) { return entry.second == run; });
  fake_.UnmapRun(run, size);
}

}  // namespace zircon::faults
