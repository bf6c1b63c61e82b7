#include "fake/fake_vm.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace zircon::fake {
namespace {

constexpr uint64_t kPageMask = 4095;
constexpr uint64_t kMaxSlotPages = (uint64_t{1} << 31) - 1;  // KVM's own limit
constexpr uint32_t kMaxVcpuId = 4096;

}  // namespace

int FakeVm::Ioctl(unsigned long request, uintptr_t argument) {
  std::lock_guard lock(mutex_);
  switch (request) {
    case KVM_SET_USER_MEMORY_REGION:
      return SetMemory(*reinterpret_cast<const kvm_userspace_memory_region*>(argument));
    case KVM_ENABLE_CAP: {
      const auto& cap = *reinterpret_cast<const kvm_enable_cap*>(argument);
      const auto known = host_.capabilities.find(cap.cap);
      if (known == host_.capabilities.end() || known->second == 0) return -EINVAL;
      // As KVM: local APICs come before the VCPUs, and stay.
      if (cap.cap == KVM_CAP_SPLIT_IRQCHIP && (caps_.count(cap.cap) != 0 || !vcpu_ids_.empty())) {
        return -EEXIST;
      }
      caps_[cap.cap] = cap.args[0];
      return 0;
    }
    case KVM_X86_SET_MSR_FILTER:
      return SetMsrFilter(*reinterpret_cast<const kvm_msr_filter*>(argument));
    case KVM_SIGNAL_MSI:
      if (caps_.count(KVM_CAP_SPLIT_IRQCHIP) == 0) return -EINVAL;
      messages_.push_back(*reinterpret_cast<const kvm_msi*>(argument));
      return 1;
    case KVM_SET_CLOCK: {
      const auto& data = *reinterpret_cast<const kvm_clock_data*>(argument);
      if (data.flags != 0) return -EINVAL;
      clock_ = data.clock;
      return 0;
    }
    default:
      return -ENOTTY;
  }
}

int FakeVm::SetMemory(const kvm_userspace_memory_region& region) {
  const auto slots = host_.capabilities.find(KVM_CAP_NR_MEMSLOTS);
  const uint32_t most = slots != host_.capabilities.end() && slots->second > 0
                            ? static_cast<uint32_t>(slots->second)
                            : 32;
  if (region.slot >= most) return -EINVAL;
  if (((region.guest_phys_addr | region.memory_size | region.userspace_addr) & kPageMask) != 0) {
    return -EINVAL;
  }
  const auto old = slots_.find(region.slot);
  if (region.memory_size == 0) {
    if (old == slots_.end()) return -EINVAL;
    by_address_.erase(old->second.gpa);
    slots_.erase(old);
    return 0;
  }
  // A size cannot change; the library deletes and creates.
  if (old != slots_.end()) return -EINVAL;
  if (region.memory_size >> 12 > kMaxSlotPages) return -EINVAL;
  const uint64_t end = region.guest_phys_addr + region.memory_size;
  if (end < region.guest_phys_addr || end > uint64_t{1} << host_.physical_bits) return -EINVAL;
  // They do not overlap: only the last that begins below the end can.
  const auto above = by_address_.lower_bound(end);
  if (above != by_address_.begin()) {
    const Slot& below = slots_.at(std::prev(above)->second);
    if (region.guest_phys_addr < below.gpa + below.size) return -EEXIST;
  }
  const Slot made = {region.guest_phys_addr, region.memory_size, region.userspace_addr,
                     (region.flags & KVM_MEM_READONLY) != 0};
  slots_[region.slot] = made;
  by_address_[made.gpa] = region.slot;
  past_slots_.push_back(made);
  return 0;
}

int FakeVm::SetMsrFilter(const kvm_msr_filter& filter) {
  if ((filter.flags & ~KVM_MSR_FILTER_DEFAULT_DENY) != 0) return -EINVAL;
  has_filter_ = true;
  filter_denies_ = (filter.flags & KVM_MSR_FILTER_DEFAULT_DENY) != 0;
  filter_.clear();
  for (const kvm_msr_filter_range& range : filter.ranges) {
    if (range.nmsrs == 0) continue;
    filter_.push_back({range.flags,
                       range.base,
                       range.nmsrs,
                       {range.bitmap, range.bitmap + (range.nmsrs + 7) / 8}});
  }
  return 0;
}

bool FakeVm::MsrAllowed(uint32_t index, bool write) const {
  std::lock_guard lock(mutex_);
  if (!has_filter_) return true;
  const uint32_t wanted = write ? KVM_MSR_FILTER_WRITE : KVM_MSR_FILTER_READ;
  for (const MsrRange& range : filter_) {
    if (index < range.base || index - range.base >= range.count) continue;
    if ((range.flags & wanted) == 0) continue;
    const uint32_t bit = index - range.base;
    return (range.bitmap[bit / 8] >> (bit % 8) & 1) != 0;
  }
  return !filter_denies_;
}

int FakeVm::TakeVcpuId(uint32_t id) {
  std::lock_guard lock(mutex_);
  if (id >= kMaxVcpuId) return -EINVAL;
  return vcpu_ids_.insert(id).second ? 0 : -EEXIST;
}

std::vector<Slot> FakeVm::slots() const {
  std::lock_guard lock(mutex_);
  std::vector<Slot> sorted;
  for (const auto& [id, slot] : slots_) sorted.push_back(slot);
  std::sort(sorted.begin(), sorted.end(),
            [](const Slot& a, const Slot& b) { return a.gpa < b.gpa; });
  return sorted;
}

std::vector<Slot> FakeVm::past_slots() const {
  std::lock_guard lock(mutex_);
  return past_slots_;
}

uint8_t* FakeVm::Host(uint64_t gpa, size_t size) const {
  std::lock_guard lock(mutex_);
  for (const auto& [id, slot] : slots_) {
    if (gpa >= slot.gpa && gpa - slot.gpa < slot.size && size <= slot.size - (gpa - slot.gpa)) {
      return reinterpret_cast<uint8_t*>(slot.host + (gpa - slot.gpa));
    }
  }
  return nullptr;
}

std::vector<kvm_msi> FakeVm::messages() const {
  std::lock_guard lock(mutex_);
  return messages_;
}

bool FakeVm::has_cap(uint32_t number) const {
  std::lock_guard lock(mutex_);
  return caps_.count(number) != 0;
}

uint64_t FakeVm::cap(uint32_t number) const {
  std::lock_guard lock(mutex_);
  const auto found = caps_.find(number);
  return found != caps_.end() ? found->second : 0;
}

}  // namespace zircon::fake
