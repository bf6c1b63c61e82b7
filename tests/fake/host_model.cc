#include "fake/host_model.h"

#include <x86intrin.h>

#include <ctime>

namespace zircon::fake {
namespace {

int64_t Monotonic() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

uint32_t MeasureTscKhz() {
  constexpr int64_t kSpan = 20'000'000;
  const int64_t begin = Monotonic();
  const uint64_t tsc = __rdtsc();
  int64_t now = begin;
  while (now - begin < kSpan) now = Monotonic();
  return static_cast<uint32_t>((__rdtsc() - tsc) * 1'000'000 / static_cast<uint64_t>(now - begin));
}

}  // namespace

uint32_t MeasuredTscKhz() {
  static const uint32_t khz = MeasureTscKhz();
  return khz;
}

kvm_cpuid_entry2 CpuidEntry(uint32_t function, uint32_t index, uint32_t eax, uint32_t ebx,
                            uint32_t ecx, uint32_t edx) {
  kvm_cpuid_entry2 entry = {};
  entry.function = function;
  entry.index = index;
  entry.eax = eax;
  entry.ebx = ebx;
  entry.ecx = ecx;
  entry.edx = edx;
  return entry;
}

const kvm_cpuid_entry2* FindCpuid(const std::vector<kvm_cpuid_entry2>& table, uint32_t function,
                                  uint32_t index) {
  for (const kvm_cpuid_entry2& entry : table) {
    if (entry.function == function && entry.index == index) return &entry;
  }
  return nullptr;
}

HostModel DefaultHost() {
  HostModel host;
  host.capabilities = {
      {KVM_CAP_SYNC_REGS, KVM_SYNC_X86_VALID_FIELDS},
      {KVM_CAP_IMMEDIATE_EXIT, 1},
      {KVM_CAP_READONLY_MEM, 1},
      {KVM_CAP_EXT_CPUID, 1},
      {KVM_CAP_X86_USER_SPACE_MSR, 1},
      {KVM_CAP_X86_MSR_FILTER, 1},
      {KVM_CAP_NR_MEMSLOTS, 32764},
      {KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1},
      {KVM_CAP_ENFORCE_PV_FEATURE_CPUID, 1},
      {KVM_CAP_VCPU_ATTRIBUTES, 1},
      {KVM_CAP_SREGS2, 1},
      {KVM_CAP_SPLIT_IRQCHIP, 1},
      {KVM_CAP_X86_TRIPLE_FAULT_EVENT, 1},
  };
  constexpr uint32_t kAll = 0xFFFFFFFF;
  host.cpuid = {
      CpuidEntry(0, 0, 0x20, 0x756E6547, 0x6C65746E, 0x49656E69),
      // Everything set, so that what is to be cleared shows; x2APIC and hypervisor clear.
      CpuidEntry(1, 0, 0x000906EA, 0x07100800, kAll & ~(1u << 21) & ~(1u << 31) & ~(1u << 24),
                 kAll & ~(1u << 11)),
      CpuidEntry(2, 0, 0x00FEFF01, 0xF0, 0, 0),
      CpuidEntry(5, 0, 0x40, 0x40, 3, 0x11142120),
      CpuidEntry(6, 0, kAll, kAll, kAll, kAll),
      CpuidEntry(7, 0, 1, kAll, kAll, kAll),
      CpuidEntry(7, 1, kAll, kAll, kAll, kAll),
      CpuidEntry(0xA, 0, 0x07300805, 0, 0, 0x8603),
      CpuidEntry(0xB, 0, 1, 2, 0x100, 7),
      CpuidEntry(0xB, 1, 4, 8, 0x201, 7),
      CpuidEntry(0xD, 0, 0x2E7, 0xA80, 0xA80, 0),
      CpuidEntry(0xD, 1, 0x1F, 0x440, 0x100, 0),
      CpuidEntry(0xD, 2, 0x100, 0x240, 0, 0),
      CpuidEntry(0xD, 5, 0x40, 0x440, 0, 0),
      CpuidEntry(0x15, 0, 2, 216, 0, 0),
      CpuidEntry(0x17, 0, 3, 0, 0, 0),
      CpuidEntry(0x18, 0, 1, 2, 3, 4),
      CpuidEntry(0x40000000, 0, 0x40000001, 0x4B4D564B, 0x564B4D56, 0x4D),
      CpuidEntry(0x40000001, 0, 0x01007EFB, 0, 0, 0),
      CpuidEntry(0x80000000, 0, 0x80000023, 0, 0, 0),
      CpuidEntry(0x80000001, 0, 0, 0, kAll, 0x2C100800),
      CpuidEntry(0x80000008, 0, 0x3027 + 7, kAll, 0, 0),
      CpuidEntry(0x8000000A, 0, 1, 0x8000, 0, kAll),
      CpuidEntry(0x8000001E, 0, 9, 0x101, 0, 0),
      CpuidEntry(0x8000001F, 0, 1, 2, 3, 4),
  };
  return host;
}

}  // namespace zircon::fake
