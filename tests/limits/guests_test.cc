// As many guests, VCPUs, traps and mappings as there may be, and KVM's slots used up. On the fake
// kernel: what is counted is the library's.

#include <gtest/gtest.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls/hypervisor.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"
#include "limits/limit.h"

namespace zircon::limits {
namespace {

using fake::FakeVcpu;
using fake::Machine;
using fake::PioOut;

constexpr uint64_t kPage = 4096;

TEST(Limits, AThousandGuests) {
  Shows("GUEST-CREATE-11 HOST-29");
  fake::FakeKernel kernel;
  const fake::KernelScope scope(kernel);
  zx_handle_t resource = ZX_HANDLE_INVALID;
  ASSERT_EQ(zircon_kvm_hypervisor_resource(&resource), ZX_OK);
  const uint64_t before = Stats().guests;
  const uint64_t count = Many(1000, 200);
  Handles handles;
  Handles memory;
  for (uint64_t i = 0; i < count; ++i) {
    zx_handle_t guest = ZX_HANDLE_INVALID;
    zx_handle_t space = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_guest_create(resource, 0, &guest, &space), ZX_OK) << i;
    handles.Keep(guest);
    handles.Keep(space);
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_vmo_create(16 * kPage, 0, &vmo), ZX_OK) << i;
    zx_gpaddr_t at = 0;
    ASSERT_EQ(zx_vmar_map(space, ZX_VM_PERM_READ, 0, vmo, 0, 16 * kPage, &at), ZX_OK) << i;
    memory.Keep(vmo);
  }
  EXPECT_EQ(Stats().guests, before + count);
  EXPECT_EQ(Stats().memory_slots, count);
  handles.CloseAll();
  EXPECT_EQ(Stats().guests, before);
  EXPECT_EQ(Stats().memory_slots, 0u);
  EXPECT_EQ(kernel.open_descriptors(), 0u);
  zx_handle_close(resource);
}

// Holds threads back until all have come.
class Meeting {
 public:
  explicit Meeting(size_t members) : missing_(members) {}
  void Arrive() {
    std::unique_lock lock(mutex_);
    if (--missing_ == 0) complete_.notify_all();
    complete_.wait(lock, [this] { return missing_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable complete_;
  size_t missing_;
};

TEST(Limits, SixtyFourVcpusThatRunAtOnce) {
  Shows("VCPU-CREATE-3 VCPU-CREATE-13 VCPU-CREATE-14");
  constexpr size_t kVcpus = 64;
  Machine machine(fake::DefaultHost(), /*with_vcpu=*/false);
  ASSERT_EQ(machine.status(), ZX_OK);
  ASSERT_EQ(machine.TrapIo(0x60, 1), ZX_OK);
  for (int round = 0; round < 2; ++round) {
    Meeting all_there(kVcpus + 1);
    Meeting all_refused(kVcpus + 1);
    std::mutex making;
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kVcpus; ++i) {
      threads.emplace_back([&] {
        zx_handle_t vcpu = ZX_HANDLE_INVALID;
        std::shared_ptr<FakeVcpu> cpu;
        {
          const std::lock_guard lock(making);
          ASSERT_EQ(zx_vcpu_create(machine.guest, 0, Machine::kEntry, &vcpu), ZX_OK);
          cpu = machine.kernel.vcpu();
        }
        all_there.Arrive();
        all_refused.Arrive();
        if (round == 0) {
          cpu->Push(PioOut(0x60, 1));
          zx_port_packet_t packet;
          EXPECT_EQ(zx_vcpu_enter(vcpu, &packet), ZX_OK);
        }
        EXPECT_EQ(zx_handle_close(vcpu), ZX_OK);
      });
    }
    all_there.Arrive();
    zx_handle_t one_more = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_vcpu_create(machine.guest, 0, 0, &one_more), ZX_ERR_NO_RESOURCES);
    all_refused.Arrive();
    for (std::thread& thread : threads) thread.join();
  }
  // There is room again.
  zx_handle_t vcpu = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vcpu_create(machine.guest, 0, Machine::kEntry, &vcpu), ZX_OK);
  EXPECT_EQ(zx_handle_close(vcpu), ZX_OK);
}

TEST(Limits, ATrapForEachPort) {
  Shows("TRAP-IO-1");
  constexpr uint32_t kPorts = 0xFFFF;  // the last cannot be trapped
  Machine machine;
  ASSERT_EQ(machine.status(), ZX_OK);
  const uint32_t step = IsFull() ? 1 : 16;
  for (uint32_t port = 0; port < kPorts; port += step) {
    ASSERT_EQ(machine.TrapIo(static_cast<uint16_t>(port), 1, port), ZX_OK) << port;
  }
  for (uint32_t port = 0; port < kPorts; port += 4096) {
    machine.Code({0xEE});  // out %al, (%dx)
    zx_vcpu_state_t state = machine.State();
    state.rdx = port;
    ASSERT_EQ(machine.SetState(state), ZX_OK);
    machine.cpu().Push(PioOut(static_cast<uint16_t>(port), 1));
    ASSERT_EQ(machine.Enter(), ZX_OK) << port;
    EXPECT_EQ(machine.packet.key, port);
    EXPECT_EQ(machine.TrapIo(static_cast<uint16_t>(port), 1), ZX_ERR_ALREADY_EXISTS);
  }
}

TEST(Limits, ThirtyThousandMappingsInAGuest) {
  Shows("GPAS-7 GPAS-8");
  Machine machine;
  ASSERT_EQ(machine.status(), ZX_OK);
  const uint64_t count = Many(30'000, 2'000);
  constexpr uint64_t kFirst = uint64_t{1} << 32;
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(kPage, 0, &vmo), ZX_OK);
  zx_gpaddr_t at = 0;
  for (uint64_t i = 0; i < count; ++i) {
    // With a hole behind each, so that none is joined with another.
    ASSERT_EQ(zx_vmar_map(machine.vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, kFirst + 2 * i * kPage,
                          vmo, 0, kPage, &at),
              ZX_OK)
        << i;
  }
  EXPECT_EQ(Stats().memory_slots, count + 1);
  EXPECT_NE(machine.vm().Host(kFirst + 2 * (count - 1) * kPage, kPage), nullptr);
  ASSERT_EQ(zx_vmar_unmap(machine.vmar, kFirst, 2 * count * kPage), ZX_OK);
  EXPECT_EQ(Stats().memory_slots, 1u);
  zx_handle_close(vmo);
}

TEST(Limits, SlotsUsedUp) {
  Shows("GPAS-15 VMAR-3 VMAR-MAP-25");
  fake::HostModel host = fake::DefaultHost();
  constexpr uint64_t kSlots = 509;
  host.capabilities[KVM_CAP_NR_MEMSLOTS] = kSlots;
  Machine machine(host);
  ASSERT_EQ(machine.status(), ZX_OK);
  constexpr uint64_t kFirst = uint64_t{1} << 32;
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(4 * kPage, 0, &vmo), ZX_OK);
  zx_gpaddr_t at = 0;
  const auto map = [&](uint64_t index, uint64_t pages) {
    return zx_vmar_map(machine.vmar, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, kFirst + 8 * index * kPage,
                       vmo, 0, pages * kPage, &at);
  };
  for (uint64_t i = 0; i + 1 < kSlots; ++i) ASSERT_EQ(map(i, 3), ZX_OK) << i;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const std::vector<fake::Slot> before = machine.vm().slots();
    EXPECT_EQ(before.size(), kSlots);
    EXPECT_EQ(map(kSlots, 1), ZX_ERR_NO_RESOURCES);
    // Another permission in the middle takes two more.
    EXPECT_EQ(zx_vmar_protect(machine.vmar, 0, kFirst + kPage, kPage), ZX_ERR_NO_RESOURCES);
    EXPECT_EQ(machine.vm().slots(), before) << attempt;
    if (attempt == 2) break;
    // One that goes makes room for one.
    ASSERT_EQ(zx_vmar_unmap(machine.vmar, kFirst, 3 * kPage), ZX_OK);
    ASSERT_EQ(map(0, 3), ZX_OK);
  }
  zx_handle_close(vmo);
}

}  // namespace
}  // namespace zircon::limits
