// What the library leaves alone in the process that uses it, what it writes, and that no argument
// harms it. Rows: CALL-6, CALL-7, HOST-9, HOST-10, HOST-12, HOST-24, GUEST-CREATE-12.

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "base/log.h"
#include "contract.h"
#include "fake/machine_test.h"

namespace zircon {
namespace {

using fake::Machine;

size_t Threads() {
  size_t count = 0;
  DIR* const tasks = opendir("/proc/self/task");
  while (readdir(tasks) != nullptr) ++count;
  closedir(tasks);
  return count;
}

// What a program may notice of itself, in words; the kick signal's own is left out.
std::string ProcessState() {
  std::string state;
  const int kick = zircon_kvm_kick_signal();
  for (int signo = 1; signo <= SIGRTMAX; ++signo) {
    struct sigaction action {};
    if (signo == kick || sigaction(signo, nullptr, &action) != 0) continue;
    state += std::to_string(reinterpret_cast<uintptr_t>(action.sa_handler)) + " " +
             std::to_string(action.sa_flags) + "\n";
  }
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  for (int signo = 1; signo <= SIGRTMAX; ++signo) {
    if (signo != kick) state += sigismember(&mask, signo) == 1 ? '1' : '0';
  }
  for (int which = 0; which < RLIM_NLIMITS; ++which) {
    rlimit limit{};
    getrlimit(static_cast<__rlimit_resource_t>(which), &limit);
    state += "\n" + std::to_string(limit.rlim_cur) + " " + std::to_string(limit.rlim_max);
  }
  const mode_t mode = umask(0);
  umask(mode);
  char folder[4096];
  state += "\n" + std::to_string(mode) + " " + getcwd(folder, sizeof(folder)) + " " +
           std::to_string(getpriority(PRIO_PROCESS, 0)) + " threads " + std::to_string(Threads());
  for (char** variable = environ; *variable != nullptr; ++variable) {
    state += std::string("\n") + *variable;
  }
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    for (const char* wanted : {"Uid:", "Gid:", "NoNewPrivs:", "Seccomp:", "CapEff:", "CapBnd:",
                               "Cpus_allowed:", "CoreDumping:", "TracerPid:"}) {
      if (line.rfind(wanted, 0) == 0) state += "\n" + line;
    }
  }
  return state;
}

class ProcessTest : public fake::OnMachine {
 protected:
  // A guest of its own with traps, exits, an interrupt and a kick.
  static void UseEverything() {
    Machine machine;
    ASSERT_EQ(machine.status(), ZX_OK);
    ASSERT_EQ(machine.TrapIo(0x60, 1), ZX_OK);
    ASSERT_EQ(machine.TrapMemory(0x200000, 0x1000), ZX_OK);
    ASSERT_EQ(machine.TrapBell(0x300000, 0x1000), ZX_OK);
    machine.Code({0xE6, 0x60});
    machine.cpu().Push(fake::PioOut(0x60, 1, 2));
    EXPECT_EQ(machine.Enter(), ZX_OK);
    EXPECT_EQ(zx_vcpu_interrupt(machine.vcpu, 40), ZX_OK);
    EXPECT_EQ(zx_vcpu_kick(machine.vcpu), ZX_OK);
    EXPECT_EQ(machine.Enter(), ZX_ERR_CANCELED);
    zx_port_packet_t packet{};
    EXPECT_EQ(zx_port_queue(machine.port, &packet), ZX_OK);
    EXPECT_EQ(zx_port_wait(machine.port, zx_deadline_after(ZX_MSEC(1)), &packet), ZX_OK);
    EXPECT_EQ(zx_port_wait(machine.port, zx_deadline_after(ZX_MSEC(1)), &packet), ZX_ERR_TIMED_OUT);
    EXPECT_EQ(zx_nanosleep(zx_deadline_after(1)), ZX_OK);
    machine.Close();
  }
  static size_t Lines(const std::string& text) {
    size_t count = 0;
    for (const char c : text) count += c == '\n';
    return count;
  }
};

TEST_F(ProcessTest, NothingElseOfTheProcessChanges) {
  Shows("CALL-7 HOST-24");
  machine().Close();  // This thread's only VCPU.
  const std::string before = ProcessState();
  UseEverything();
  EXPECT_EQ(ProcessState(), before);
}

TEST_F(ProcessTest, WhileAVcpuLivesOnlyTheKickSignalIsBlocked) {
  Shows("CALL-7 HOST-24");
  machine().Close();
  const std::string before = ProcessState();
  Machine other;
  ASSERT_EQ(other.status(), ZX_OK);
  EXPECT_EQ(ProcessState(), before);
  other.Close();
}

// ---- Arguments ----

TEST_F(ProcessTest, NoArgumentHarms) {
  Shows("CALL-6 PTR-2");
  void* const nowhere = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const zx_handle_t handles[] = {0,
                                 3,
                                 0xFFFFFFFF,
                                 machine().guest,
                                 machine().vmar,
                                 machine().vmo,
                                 machine().port,
                                 machine().vcpu,
                                 machine().resource};
  const uint64_t numbers[] = {
      0, 1, 8, 0xFFF, 0x1000, 0x10000, uint64_t{1} << 48, UINT64_MAX - 0xFFF, UINT64_MAX};
  void* const pointers[] = {nullptr, nowhere, reinterpret_cast<void*>(8),
                            reinterpret_cast<void*>(~uint64_t{7})};
  machine().cpu().Always(fake::ExitWith(KVM_EXIT_SHUTDOWN));
  testing::internal::CaptureStdout();
  for (const zx_handle_t handle : handles) {
    for (void* const pointer : pointers) {
      auto* const out = static_cast<zx_handle_t*>(pointer);
      auto* const packet = static_cast<zx_port_packet_t*>(pointer);
      zx_guest_create(handle, 0, out, out);
      zx_handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS, out);
      zx_port_queue(handle, packet);
      zx_port_wait(handle, 0, packet);
      zx_vcpu_create(handle, 0, 0, out);
      zx_vcpu_enter(handle, packet);
      zx_vcpu_resume(handle, packet);
      zx_vmo_get_size(handle, static_cast<uint64_t*>(pointer));
      for (const uint64_t a : numbers) {
        zx_handle_close_many(out, a == 0 ? 0 : 1);
        zx_vmo_create(a, static_cast<uint32_t>(a), out);
        zx_port_create(static_cast<uint32_t>(a), out);
        zx_vcpu_interrupt(handle, static_cast<uint32_t>(a));
        zx_vcpu_read_state(handle, static_cast<uint32_t>(a), pointer, a);
        zx_vcpu_write_state(handle, static_cast<uint32_t>(a), pointer, a);
        zx_object_get_info(handle, static_cast<uint32_t>(a), pointer, a,
                           static_cast<size_t*>(pointer), static_cast<size_t*>(pointer));
        zircon_kvm_get_stats(static_cast<zircon_kvm_stats_t*>(pointer), a);
        zircon_kvm_check(static_cast<char*>(pointer), a);
        for (const uint64_t b : numbers) {
          zx_vmo_read(handle, pointer, a, b);
          zx_vmo_write(handle, pointer, a, b);
          zx_vmar_protect(handle, static_cast<uint32_t>(a), b, a);
          // The guest's memory may go; the process's own does not belong to these handles.
          zx_vmar_unmap(handle, a, b);
          for (const zx_handle_t other : handles) {
            zx_guest_set_trap(handle, static_cast<uint32_t>(a % 4), a, b, other, a);
            zx_vmar_map(handle, static_cast<uint32_t>(a), b, other, a, b,
                        static_cast<zx_vaddr_t*>(pointer));
          }
        }
      }
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  munmap(nowhere, 4096);
}

// ---- What is written ----

TEST_F(ProcessTest, AMissingKvmIsToldInTheLog) {
  Shows("GUEST-CREATE-12 HOST-9 KVM-ERR-1");
  const base::LogLevel level = base::GetLogLevel();
  for (const bool warn : {true, false}) {
    base::SetLogLevel(warn ? base::LogLevel::kWarn : base::LogLevel::kError);
    machine().kernel.Fail(fake::kCallOpen, EACCES);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    zx_handle_t guest = ZX_HANDLE_INVALID;
    zx_handle_t vmar = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_guest_create(machine().resource, 0, &guest, &vmar), ZX_ERR_ACCESS_DENIED);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(said.find("/dev/kvm") != std::string::npos, warn) << said;
    EXPECT_EQ(said.empty(), !warn) << said;
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  }
  base::SetLogLevel(level);
}

TEST_F(ProcessTest, AGuestCannotFillTheLog) {
  Shows("HOST-12");
  const base::LogLevel level = base::GetLogLevel();
  base::SetLogLevel(base::LogLevel::kWarn);
  constexpr uint64_t kHole = 0x400000;
  machine().CodeAt(Machine::kEntry, {0x8B, 0x03});
  testing::internal::CaptureStderr();
  for (int i = 0; i < 200; ++i) {
    cpu().Push(fake::MmioRead(kHole, 4, 2));
    EXPECT_NE(machine().Enter(), ZX_OK);
    cpu().Push(fake::PioIn(0x99, 1));
    EXPECT_NE(machine().Enter(), ZX_OK);
    cpu().Push(fake::InternalError(KVM_INTERNAL_ERROR_EMULATION));
    EXPECT_NE(machine().Enter(), ZX_OK);
    cpu().Push(fake::FailEntry());
    EXPECT_NE(machine().Enter(), ZX_OK);
  }
  for (int i = 0; i < 200; ++i) {
    if (i == 0) cpu().Push(fake::ExitWith(KVM_EXIT_SHUTDOWN));
    EXPECT_NE(machine().Enter(), ZX_OK);
  }
  EXPECT_LE(Lines(testing::internal::GetCapturedStderr()), 1u);
  base::SetLogLevel(level);
}

// In fresh processes: the variable is read once.
class LogDeathTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  void TearDown() override { unsetenv("ZIRCON_KVM_LOG"); }
};

TEST_F(LogDeathTest, TheEnvironmentChoosesTheLevel) {
  Shows("HOST-10");
  const struct {
    const char* name;
    base::LogLevel level;
  } kRows[] = {{"trace", base::LogLevel::kTrace}, {"debug", base::LogLevel::kDebug},
               {"info", base::LogLevel::kInfo},   {"warn", base::LogLevel::kWarn},
               {"error", base::LogLevel::kError}, {"critical", base::LogLevel::kCritical},
               {"off", base::LogLevel::kOff},     {"", base::LogLevel::kWarn},
               {"loud", base::LogLevel::kWarn}};
  for (const auto& row : kRows) {
    // In the child too: it comes here on its own way.
    setenv("ZIRCON_KVM_LOG", row.name, 1);
    EXPECT_EXIT(
        {
          const bool first = base::GetLogLevel() == row.level;
          setenv("ZIRCON_KVM_LOG", "trace", 1);
          std::exit(first && base::GetLogLevel() == row.level ? 0 : 1);
        },
        testing::ExitedWithCode(0), "")
        << row.name;
  }
}

}  // namespace
}  // namespace zircon
