#include "fake/fake_kernel.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "fake/memory_shortage.h"

namespace zircon::fake {

void FakeKernel::Fail(unsigned long call, int error, int nth, int times) {
  std::lock_guard lock(mutex_);
  failures_.insert({call, {error, nth, times}});
}

void FakeKernel::FailNothing() {
  std::lock_guard lock(mutex_);
  failures_.clear();
}

int FakeKernel::PlanIoctl(unsigned long request, uintptr_t argument) {
  const int error = Plan(request);
  if (request != KVM_SET_USER_MEMORY_REGION) return error;
  const auto& region = *reinterpret_cast<const kvm_userspace_memory_region*>(argument);
  const int part = Plan(region.memory_size == 0 ? kCallDeleteSlot : kCallCreateSlot);
  return error != 0 ? error : part;
}

int FakeKernel::Plan(unsigned long call) {
  ++calls_[call];
  int error = 0;
  const auto [first, last] = failures_.equal_range(call);
  for (auto it = first; it != last; ++it) {
    Failure& failure = it->second;
    if (--failure.nth <= 0 && failure.times > 0) {
      --failure.times;
      if (error == 0) error = failure.error;
    }
  }
  return error;
}

int FakeKernel::Add(Descriptor descriptor) {
  const int fd = next_fd_++;
  descriptors_[fd] = std::move(descriptor);
  return fd;
}

int FakeKernel::Open(const char* path, int flags) {
  std::lock_guard lock(mutex_);
  const int error = Plan(kCallOpen);
  if (error != 0) return -error;
  if (std::string(path) != "/dev/kvm") return -ENOENT;
  open_flags_ = flags;
  return Add({});
}

void FakeKernel::Close(int fd) {
  std::lock_guard lock(mutex_);
  const auto found = descriptors_.find(fd);
  if (found == descriptors_.end() || found->second.mapped) ++misuses_;
  if (found != descriptors_.end()) descriptors_.erase(found);
}

int FakeKernel::Ioctl(int fd, unsigned long request, uintptr_t argument) {
  const MemoryIsThere for_the_fake;
  Descriptor descriptor;
  {
    std::lock_guard lock(mutex_);
    const auto found = descriptors_.find(fd);
    if (found == descriptors_.end()) {
      ++misuses_;
      return -EBADF;
    }
    descriptor = found->second;
    if (descriptor.kind == Descriptor::kVcpu) ++vcpu_ioctls_;
    const int error = PlanIoctl(request, argument);
    if (error != 0) return -error;
    if (descriptor.kind == Descriptor::kSystem) return SystemIoctl(request, argument);
    if (descriptor.kind == Descriptor::kVm && request == KVM_CREATE_VCPU) {
      const int taken = descriptor.vm->TakeVcpuId(static_cast<uint32_t>(argument));
      if (taken < 0) return taken;
      last_vcpu_ = std::make_shared<FakeVcpu>(descriptor.vm, static_cast<uint32_t>(argument));
      if (descriptor.vm == last_vm_) last_vcpus_[last_vcpu_->id()] = last_vcpu_;
      return Add({Descriptor::kVcpu, descriptor.vm, last_vcpu_, false});
    }
  }
  const int result = descriptor.kind == Descriptor::kVm ? descriptor.vm->Ioctl(request, argument)
                                                        : descriptor.vcpu->Ioctl(request, argument);
  if (result == -ENOTTY) {
    std::lock_guard lock(mutex_);
    ++misuses_;
  }
  return result;
}

int FakeKernel::SystemIoctl(unsigned long request, uintptr_t argument) {
  switch (request) {
    case KVM_GET_API_VERSION:
      return host_.api_version;
    case KVM_CHECK_EXTENSION: {
      const auto found = host_.capabilities.find(static_cast<long>(argument));
      return found != host_.capabilities.end() ? found->second : 0;
    }
    case KVM_GET_VCPU_MMAP_SIZE:
      return static_cast<int>(host_.run_page_size);
    case KVM_GET_SUPPORTED_CPUID:
      return SupportedCpuid(reinterpret_cast<kvm_cpuid2*>(argument));
    case KVM_CREATE_VM:
      last_vm_ = std::make_shared<FakeVm>(host_);
      last_vcpus_.clear();
      return Add({Descriptor::kVm, last_vm_, nullptr, false});
    default:
      ++misuses_;
      return -ENOTTY;
  }
}

int FakeKernel::SupportedCpuid(kvm_cpuid2* out) const {
  if (out->nent < host_.cpuid.size()) return -E2BIG;
  out->nent = static_cast<uint32_t>(host_.cpuid.size());
  std::memcpy(reinterpret_cast<unsigned char*>(out) + sizeof(kvm_cpuid2), host_.cpuid.data(),
              host_.cpuid.size() * sizeof(kvm_cpuid_entry2));
  return 0;
}

void* FakeKernel::MapRun(int fd, size_t size, int* error) {
  std::lock_guard lock(mutex_);
  *error = Plan(kCallMapRun);
  if (*error != 0) return nullptr;
  const auto found = descriptors_.find(fd);
  if (found == descriptors_.end() || found->second.kind != Descriptor::kVcpu ||
      size != host_.run_page_size) {
    ++misuses_;
    *error = EINVAL;
    return nullptr;
  }
  found->second.mapped = true;
  void* page = found->second.vcpu->page();
  pages_[page] = found->second.vcpu;
  return page;
}

void FakeKernel::UnmapRun(void* run, size_t size) {
  std::lock_guard lock(mutex_);
  const auto found = pages_.find(run);
  if (found == pages_.end() || size != host_.run_page_size) {
    ++misuses_;
    return;
  }
  for (auto& [fd, descriptor] : descriptors_) {
    if (descriptor.vcpu == found->second) descriptor.mapped = false;
  }
  pages_.erase(found);
}

size_t FakeKernel::open_descriptors() const {
  std::lock_guard lock(mutex_);
  return descriptors_.size();
}

size_t FakeKernel::mapped_pages() const {
  std::lock_guard lock(mutex_);
  return pages_.size();
}

int FakeKernel::misuses() const {
  std::lock_guard lock(mutex_);
  return misuses_;
}

uint64_t FakeKernel::calls(unsigned long call) const {
  std::lock_guard lock(mutex_);
  const auto found = calls_.find(call);
  return found != calls_.end() ? found->second : 0;
}

uint64_t FakeKernel::vcpu_ioctls() const {
  std::lock_guard lock(mutex_);
  return vcpu_ioctls_;
}

int FakeKernel::open_flags() const {
  std::lock_guard lock(mutex_);
  return open_flags_;
}

std::shared_ptr<FakeVm> FakeKernel::vm() const {
  std::lock_guard lock(mutex_);
  return last_vm_;
}

std::shared_ptr<FakeVcpu> FakeKernel::vm_vcpu(uint32_t id) const {
  std::lock_guard lock(mutex_);
  return last_vcpus_.at(id);
}

std::shared_ptr<FakeVcpu> FakeKernel::vcpu() const {
  std::lock_guard lock(mutex_);
  return last_vcpu_;
}

}  // namespace zircon::fake
