// zircon-kvm/host.h: statistics, log level, version; and the exit counters. Rows: HOST.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zircon-kvm/host.h>

#include <cstring>

#include "base/log.h"
#include "contract.h"
#include "fake/machine_test.h"
#include "vcpu/exit_counters.h"

namespace zircon {
namespace {

using fake::Machine;

zircon_kvm_stats_t Stats() {
  zircon_kvm_stats_t stats = {};
  EXPECT_EQ(zircon_kvm_get_stats(&stats, sizeof(stats)), ZX_OK);
  return stats;
}

class HostCalls : public fake::OnMachine {};

TEST_F(HostCalls, StatsCountWhatThereIs) {
  Shows("HOST-28 HOST-29");
  const zircon_kvm_stats_t with = Stats();
  EXPECT_GE(with.live_handles, 6u);
  EXPECT_EQ(with.guests, 1u);
  EXPECT_EQ(with.vcpus, 1u);
  EXPECT_EQ(with.vm_fds, 1u);
  EXPECT_EQ(with.vcpu_fds, 1u);
  EXPECT_EQ(with.memory_slots, 1u);
  machine().Close();
  const zircon_kvm_stats_t without = Stats();
  EXPECT_EQ(with.live_handles - without.live_handles, 6u);
  EXPECT_EQ(
      without.guests + without.vcpus + without.vm_fds + without.vcpu_fds + without.memory_slots,
      0u);
}

TEST_F(HostCalls, StatsCountExitsByKindAndKeepThemWhenTheVcpuGoes) {
  Shows("HOST-29");
  const zircon_kvm_stats_t before = Stats();
  ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
  machine().Code({0xE6, 0x60});
  cpu().Push(fake::RdMsr(0x1B));
  cpu().Push(fake::WrMsr(0x8B, 0));
  cpu().Push(fake::ExitWith(KVM_EXIT_IRQ_WINDOW_OPEN));
  cpu().Push(fake::Errno(EINTR));
  cpu().Push(fake::Do([](fake::FakeVcpu& vcpu) { vcpu.regs.rip = Machine::kEntry; }));
  cpu().Push(fake::PioOut(0x60, 1, 2));
  cpu().Push(fake::Hlt());
  cpu().Push(fake::FailEntry());
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 40), ZX_OK);
  ASSERT_EQ(machine().Enter(), ZX_ERR_BAD_STATE);
  cpu().Push(fake::MmioRead(0x300000, 4, 2));
  ASSERT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
  cpu().Push(fake::InternalError(KVM_INTERNAL_ERROR_EMULATION));
  ASSERT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED);
  cpu().Push(fake::ExitWith(KVM_EXIT_SHUTDOWN));
  ASSERT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED);
  for (const bool alive : {true, false}) {
    if (!alive) machine().Close();
    const zircon_kvm_stats_t after = Stats();
    const zircon_kvm_exit_t kOnce[] = {ZIRCON_KVM_EXIT_IO,         ZIRCON_KVM_EXIT_MMIO,
                                       ZIRCON_KVM_EXIT_HLT,        ZIRCON_KVM_EXIT_RDMSR,
                                       ZIRCON_KVM_EXIT_WRMSR,      ZIRCON_KVM_EXIT_IRQ_WINDOW,
                                       ZIRCON_KVM_EXIT_INTR,       ZIRCON_KVM_EXIT_SHUTDOWN,
                                       ZIRCON_KVM_EXIT_FAIL_ENTRY, ZIRCON_KVM_EXIT_INTERNAL_ERROR};
    for (const zircon_kvm_exit_t kind : kOnce) {
      EXPECT_EQ(after.exits[kind] - before.exits[kind], 1u) << kind;
    }
    EXPECT_EQ(after.exits[ZIRCON_KVM_EXIT_OTHER], before.exits[ZIRCON_KVM_EXIT_OTHER]);
  }
}

TEST_F(HostCalls, StatsCountExitsAtPlacesThatAreKnown) {
  Shows("HOST-29");
  constexpr uint64_t kLoad = Machine::kEntry + 8;
  ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
  ASSERT_EQ(machine().TrapMemory(Machine::kDeviceAddress, 0x1000), ZX_OK);
  machine().CodeAt(Machine::kEntry, {0xE6, 0x60});
  machine().CodeAt(kLoad, {0x8B, 0x03});  // mov (%rbx),%eax
  zx_vcpu_state_t state = {};
  state.rbx = Machine::kDeviceAddress;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  const zircon_kvm_stats_t before = Stats();
  constexpr uint64_t kTimes = 5;
  for (uint64_t i = 0; i < kTimes; ++i) {
    cpu().Push(fake::Do([](fake::FakeVcpu& vcpu) { vcpu.regs.rip = Machine::kEntry; }));
    cpu().Push(fake::PioOut(0x60, 1, 2));
    ASSERT_EQ(machine().Enter(), ZX_OK);
    cpu().Push(fake::Do([](fake::FakeVcpu& vcpu) { vcpu.regs.rip = kLoad; }));
    cpu().Push(fake::MmioRead(Machine::kDeviceAddress, 4, 2));
    ASSERT_EQ(machine().Enter(), ZX_OK);
  }
  const zircon_kvm_stats_t after = Stats();
  EXPECT_EQ(after.exits[ZIRCON_KVM_EXIT_IO] - before.exits[ZIRCON_KVM_EXIT_IO], kTimes);
  EXPECT_EQ(after.exits[ZIRCON_KVM_EXIT_MMIO] - before.exits[ZIRCON_KVM_EXIT_MMIO], kTimes);
}

TEST(HostCallsAlone, StatsSizes) {
  Shows("HOST-26 HOST-27 HOST-28");
  zircon_kvm_stats_t stats = {};
  EXPECT_EQ(zircon_kvm_get_stats(&stats, sizeof(stats) - 1), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(zircon_kvm_get_stats(nullptr, sizeof(stats)), ZX_ERR_INVALID_ARGS);
  // A program that knows a larger structure gets zeros for the rest.
  unsigned char large[sizeof(zircon_kvm_stats_t) + 16];
  std::memset(large, 0xAA, sizeof(large));
  EXPECT_EQ(zircon_kvm_get_stats(reinterpret_cast<zircon_kvm_stats_t*>(large), sizeof(large)),
            ZX_OK);
  for (size_t i = sizeof(stats); i < sizeof(large); ++i) EXPECT_EQ(large[i], 0);
}

TEST(HostCallsAlone, LogLevelsAreClamped) {
  Shows("HOST-11");
  const base::LogLevel before = base::GetLogLevel();
  zircon_kvm_set_log_level(ZIRCON_KVM_LOG_DEBUG);
  EXPECT_EQ(base::GetLogLevel(), base::LogLevel::kDebug);
  zircon_kvm_set_log_level(-5);
  EXPECT_EQ(base::GetLogLevel(), base::LogLevel::kTrace);
  zircon_kvm_set_log_level(99);
  EXPECT_EQ(base::GetLogLevel(), base::LogLevel::kOff);
  base::SetLogLevel(before);
}

TEST(HostCallsAlone, Version) {
  Shows("HOST-30");
  int major = -1;
  int minor = -1;
  int patch = -1;
  EXPECT_EQ(std::sscanf(zircon_kvm_version(), "%d.%d.%d", &major, &minor, &patch), 3);
  EXPECT_GE(major, 0);
}

TEST_F(HostCalls, ForkedChildGetsBadState) {
  Shows("HANDLE-FORK-1 HOST-3 HOST-4 HOST-13 HOST-25");
  const pid_t child = fork();
  if (child == 0) {
    zircon_kvm_stats_t stats;
    zx_handle_t handle = ZX_HANDLE_INVALID;
    const bool right =
        zircon_kvm_check(nullptr, 0) == ZX_ERR_BAD_STATE &&
        zircon_kvm_get_stats(&stats, sizeof(stats)) == ZX_ERR_BAD_STATE &&
        zircon_kvm_set_kick_signal(40) == ZX_ERR_BAD_STATE &&
        zircon_kvm_hypervisor_resource(&handle) == ZX_ERR_BAD_STATE &&
        zx_vcpu_create(machine().guest, 0, 0, &handle) == ZX_ERR_BAD_STATE &&
        zx_vcpu_interrupt(machine().vcpu, 32) == ZX_ERR_BAD_STATE &&
        zx_guest_set_trap(machine().guest, ZX_GUEST_TRAP_IO, 1, 1, 0, 0) == ZX_ERR_BAD_STATE;
    _exit(right ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace zircon
