// Guests that come and go leave nothing behind. Rows: LIFE.

#include <dirent.h>

#include <fstream>
#include <string>

#include "contract.h"
#include "harness.h"
#include "sanitizers.h"

DECLARE_GUEST(io_many);
DECLARE_GUEST(bell_many);
DECLARE_GUEST(busy_loop);

namespace conformance {
namespace {

struct Counts {
  size_t fds;
  size_t tasks;
  size_t maps;
  zircon_kvm_stats_t stats;
};

size_t Entries(const char* folder) {
  size_t count = 0;
  DIR* dir = opendir(folder);
  while (readdir(dir) != nullptr) ++count;
  closedir(dir);
  return count;
}

size_t Lines(const char* file) {
  std::ifstream stream(file);
  size_t count = 0;
  for (std::string line; std::getline(stream, line);) ++count;
  return count;
}

Counts Take() {
  return {Entries("/proc/self/fd"), Entries("/proc/self/task"), Lines("/proc/self/maps"), Stats()};
}

// A joined thread may stay in the list for a moment.
bool TasksAreBack(size_t count) {
  return WaitUntil([&] { return Entries("/proc/self/task") <= count; });
}

// A guest with all kinds of trap, memory, a VCPU that runs, waits and is kicked.
void Cycle() {
  Machine machine(GUEST_BLOB(io_many));
  machine.TrapIo(0x500, 1, 1);
  machine.TrapMem(GUEST_MEM_TRAP, 0x1000, 2);
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), 3);
  Handle vmo = CreateVmo(0x4000);
  ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), 0x4000), ZX_OK);
  ASSERT_EQ(machine.Unmap(GUEST_WINDOW + 0x1000, 0x1000), ZX_OK);
  zx_vcpu_state_t state{};
  state.rcx = 3;
  machine.vcpu().SetState(state);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
  ASSERT_EQ(zx_vcpu_interrupt(machine.vcpu().get(), 0x40), ZX_OK);
  ASSERT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
}

// The address sanitizer keeps maps of its own for threads that are gone.
bool MapsAreBack([[maybe_unused]] size_t before, [[maybe_unused]] size_t after) {
#if defined(TESTS_ADDRESS_SANITIZER)
  return true;
#else
  return after == before;
#endif
}

using LeakTest = KvmTest;

TEST_F(LeakTest, GuestsThatComeAndGo) {
  Shows("LIFE-3 LIFE-6");
  for (int i = 0; i < 10; ++i) Cycle();
  const Counts before = Take();
  const int rounds = Rounds(1000);
  for (int i = 0; i < rounds && !HasFatalFailure(); ++i) Cycle();
  const Counts after = Take();
  EXPECT_EQ(after.fds, before.fds);
  EXPECT_TRUE(TasksAreBack(before.tasks));
  EXPECT_TRUE(MapsAreBack(before.maps, after.maps));
  EXPECT_EQ(after.stats.live_handles, before.stats.live_handles);
  EXPECT_EQ(after.stats.vm_fds, before.stats.vm_fds);
  EXPECT_EQ(after.stats.vcpu_fds, before.stats.vcpu_fds);
  EXPECT_EQ(after.stats.memory_slots, before.stats.memory_slots);
  EXPECT_EQ(after.stats.guests, before.stats.guests);
  EXPECT_EQ(after.stats.vcpus, before.stats.vcpus);
}

// VCPUs of threads that come and go, in one guest that stays.
TEST_F(LeakTest, VcpusOfThreadsThatComeAndGo) {
  Shows("LIFE-1 LIFE-6 THREAD-3");
  Machine machine(GUEST_BLOB(io_many), Machine::kWithoutVcpu);
  machine.TrapIo(0x500, 1, 1);
  const auto cycle = [&] {
    Thread thread([&] {
      Vcpu vcpu(machine.guest(), GUEST_CODE);
      zx_vcpu_state_t state{};
      state.rcx = 3;
      vcpu.SetState(state);
      EXPECT_TRUE(vcpu.Traps(ZX_PKT_TYPE_GUEST_IO, 1));
    });
  };
  for (int i = 0; i < 10; ++i) cycle();
  const Counts before = Take();
  const int rounds = Rounds(300);
  for (int i = 0; i < rounds; ++i) cycle();
  const Counts after = Take();
  EXPECT_EQ(after.fds, before.fds);
  EXPECT_TRUE(TasksAreBack(before.tasks));
  EXPECT_TRUE(MapsAreBack(before.maps, after.maps));
  EXPECT_EQ(after.stats.live_handles, before.stats.live_handles);
  EXPECT_EQ(after.stats.vcpus, before.stats.vcpus);
}

// What the process has for guests goes with them.
TEST_F(LeakTest, StatisticsCountWhatThereIs) {
  Shows("LIFE-3 LIFE-6 HOST-29");
  // Its first use makes the handle, which the process then has for good.
  ASSERT_NE(zx_vmar_root_self(), ZX_HANDLE_INVALID);
  const zircon_kvm_stats_t before = Stats();
  {
    Machine machine(GUEST_BLOB(busy_loop));
    const zircon_kvm_stats_t during = Stats();
    EXPECT_EQ(during.guests, before.guests + 1);
    EXPECT_EQ(during.vcpus, before.vcpus + 1);
    EXPECT_EQ(during.live_handles, before.live_handles + 4) << "guest, VMAR, VMO, VCPU";
    EXPECT_GT(during.memory_slots, before.memory_slots);
  }
  const zircon_kvm_stats_t after = Stats();
  EXPECT_EQ(after.guests, before.guests);
  EXPECT_EQ(after.vcpus, before.vcpus);
  EXPECT_EQ(after.live_handles, before.live_handles);
  EXPECT_EQ(after.memory_slots, before.memory_slots);
  EXPECT_EQ(after.vm_fds, before.vm_fds);
}

}  // namespace
}  // namespace conformance
