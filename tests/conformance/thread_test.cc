// Threads and processes: who may enter, what happens when the owner or the process ends, foreign
// signals. Rows: THREAD, LIFE, VCPU-ENTER-13.

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"
#include "harness.h"

DECLARE_GUEST(busy_loop);
DECLARE_GUEST(io_many);
DECLARE_GUEST(halt);

namespace conformance {
namespace {

using ThreadTest = KvmTest;

void ExpectBadStateEverywhere(zx_handle_t vcpu) {
  zx_port_packet_t packet;
  zx_vcpu_state_t state{};
  zx_vcpu_io_t io{};
  io.access_size = 1;
  EXPECT_EQ(zx_vcpu_enter(vcpu, &packet), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_vcpu_resume(vcpu, &packet), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state)), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state)), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_vcpu_write_state(vcpu, ZX_VCPU_IO, &io, sizeof(io)), ZX_ERR_BAD_STATE);
  // Kind and size are looked at before the thread.
  EXPECT_EQ(zx_vcpu_read_state(vcpu, 7, &state, sizeof(state)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, &state, 8), ZX_ERR_INVALID_ARGS);
}

TEST_F(ThreadTest, OnlyTheOwnerEnters) {
  Shows("THREAD-1 THREAD-2 KICK-11 VCPU-ENTER-2 STATE-2 STATE-3 STATE-6 STATE-8");
  Machine machine(GUEST_BLOB(io_many));
  Thread other([&] {
    ExpectBadStateEverywhere(machine.vcpu().get());
    EXPECT_EQ(zx_vcpu_interrupt(machine.vcpu().get(), 0x40), ZX_OK);
    EXPECT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
    EXPECT_TRUE(machine.vcpu().Kicked());
  });
  other.Join();
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
}

TEST_F(ThreadTest, OnlyTheOwnerEntersAlsoWhileItRuns) {
  Shows("THREAD-1 KICK-11");
  Machine machine(GUEST_BLOB(busy_loop));
  Thread other([&] {
    EXPECT_TRUE(WaitUntil([&] { return machine.At<uint64_t>(GUEST_DATA) > 10; }));
    ExpectBadStateEverywhere(machine.vcpu().get());
    EXPECT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
  });
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
}

TEST_F(ThreadTest, OneVcpuForAThread) {
  Shows("THREAD-3 VCPU-CREATE-5");
  Machine machine(GUEST_BLOB(busy_loop));
  Machine other(GUEST_BLOB(busy_loop), Machine::kWithoutVcpu);
  zx_handle_t vcpu = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vcpu_create(machine.guest(), 0, GUEST_CODE, &vcpu), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_vcpu_create(other.guest(), 0, GUEST_CODE, &vcpu), ZX_ERR_BAD_STATE);
  // Once it is gone another may come, also when another thread closed it.
  Thread closer([&] { machine.CloseVcpu(); });
  closer.Join();
  EXPECT_EQ(zx_vcpu_create(other.guest(), 0, GUEST_CODE, &vcpu), ZX_OK);
  EXPECT_EQ(zx_handle_close(vcpu), ZX_OK);
}

TEST_F(ThreadTest, CreateChecksItsArguments) {
  Shows("VCPU-CREATE-1 VCPU-CREATE-2 VCPU-CREATE-4 VCPU-CREATE-15");
  Machine machine(GUEST_BLOB(busy_loop), Machine::kWithoutVcpu);
  zx_handle_t vcpu = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vcpu_create(ZX_HANDLE_INVALID, 1, 0, &vcpu), ZX_ERR_INVALID_ARGS) << "options first";
  EXPECT_EQ(zx_vcpu_create(ZX_HANDLE_INVALID, 0, 0, &vcpu), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vcpu_create(machine.space(), 0, 0, &vcpu), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vcpu_create(machine.guest(), 0, uint64_t{1} << 48, &vcpu), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vcpu_create(machine.guest(), 0, (uint64_t{1} << 48) - 1, &vcpu), ZX_OK);
  zx_handle_close(vcpu);
}

TEST_F(ThreadTest, TheOwnerEnds) {
  Shows("THREAD-4 THREAD-5 KICK-11 INT-3");
  Machine machine(GUEST_BLOB(busy_loop), Machine::kWithoutVcpu);
  Handle vcpu;
  Thread owner([&] {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_vcpu_create(machine.guest(), 0, GUEST_CODE, &handle), ZX_OK);
    zx_port_packet_t packet;
    EXPECT_EQ(zx_vcpu_kick(handle), ZX_OK);
    EXPECT_EQ(zx_vcpu_enter(handle, &packet), ZX_ERR_CANCELED);
    vcpu = Handle(handle);
  });
  owner.Join();
  ExpectBadStateEverywhere(vcpu.get());
  EXPECT_EQ(zx_vcpu_kick(vcpu.get()), ZX_OK);
  EXPECT_EQ(zx_vcpu_interrupt(vcpu.get(), 0x40), ZX_OK);
  // Threads that come later, with whatever id, are not the owner.
  for (int i = 0; i < 3; ++i) {
    Thread stranger([&] { ExpectBadStateEverywhere(vcpu.get()); });
  }
  EXPECT_EQ(zx_handle_close(vcpu.Release()), ZX_OK);
  machine.CreateVcpu();
  EXPECT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
}

// The object lives until enter returns; then it is gone.
TEST_F(ThreadTest, TheLastHandleIsClosedDuringEnter) {
  Shows("LIFE-1");
  const uint64_t vcpus = Stats().vcpus;
  Machine machine(GUEST_BLOB(halt), Machine::kWithoutVcpu);
  zx_handle_t vcpu = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vcpu_create(machine.guest(), 0, GUEST_CODE, &vcpu), ZX_OK);
  Handle copy = Handle(vcpu);
  Handle kicker_handle = copy.WithRights(ZX_RIGHT_EXECUTE);
  zx_port_packet_t packet;
  {
    Thread other([&] {
      EXPECT_TRUE(WaitUntil([&] { return machine.At<uint64_t>(GUEST_DATA) == 1; }));
      copy.Reset();
      SleepMs(20);
      EXPECT_EQ(Stats().vcpus, vcpus + 1);
      EXPECT_EQ(zx_vcpu_kick(kicker_handle.get()), ZX_OK);
      kicker_handle.Reset();
    });
    Watch watch("zx_vcpu_enter");
    EXPECT_EQ(zx_vcpu_enter(vcpu, &packet), ZX_ERR_CANCELED);
  }
  EXPECT_EQ(zx_vcpu_enter(vcpu, &packet), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Stats().vcpus, vcpus);
}

// ---- Foreign signals ----

volatile sig_atomic_t alarms = 0;
void CountAlarm(int) { alarms = alarms + 1; }

TEST_F(ThreadTest, ForeignSignalsAreInvisible) {
  Shows("VCPU-ENTER-13 HLT-1");
  struct sigaction action {};
  action.sa_handler = CountAlarm;
  struct sigaction old;
  ASSERT_EQ(sigaction(SIGALRM, &action, &old), 0);
  itimerval timer{};
  timer.it_interval.tv_usec = timer.it_value.tv_usec = 500;
  {
    Machine machine(GUEST_BLOB(io_many));
    machine.TrapIo(0x500, 1, 1);
    const auto count = static_cast<uint32_t>(Rounds(20000));
    zx_vcpu_state_t state{};
    state.rcx = count;
    machine.vcpu().SetState(state);
    alarms = 0;
    ASSERT_EQ(setitimer(ITIMER_REAL, &timer, nullptr), 0);
    for (uint32_t i = count; i > 0; --i) {
      ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
      ASSERT_EQ(machine.vcpu().packet().guest_io.u32, i);
    }
  }
  {
    Machine machine(GUEST_BLOB(busy_loop));
    Thread kicker([&] {
      SleepMs(200);
      EXPECT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
    });
    ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
  }
  {
    Machine machine(GUEST_BLOB(halt));
    Thread kicker([&] {
      EXPECT_TRUE(WaitUntil([&] { return machine.At<uint64_t>(GUEST_DATA) == 1; }));
      const int before = alarms;
      EXPECT_TRUE(WaitUntil([&] { return alarms >= before + 100; }));
      EXPECT_EQ(machine.At<uint64_t>(GUEST_DATA), 1u) << "HLT must not end";
      EXPECT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
    });
    ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
  }
  timer = {};
  setitimer(ITIMER_REAL, &timer, nullptr);
  sigaction(SIGALRM, &old, nullptr);
  EXPECT_GT(alarms, 20);
}

// A handler for a signal sent to the owner alone runs while the guest does.
TEST_F(ThreadTest, ASignalToTheOwnerIsHandledWhileTheGuestRuns) {
  Shows("VCPU-ENTER-13");
  struct sigaction action {};
  action.sa_handler = CountAlarm;
  struct sigaction old;
  ASSERT_EQ(sigaction(SIGUSR1, &action, &old), 0);
  alarms = 0;
  Machine machine(GUEST_BLOB(busy_loop));
  const pthread_t self = pthread_self();
  Thread sender([&] {
    for (int i = 1; i <= 10; ++i) {
      const uint64_t count = machine.At<uint64_t>(GUEST_DATA);
      EXPECT_TRUE(WaitUntil([&] { return machine.At<uint64_t>(GUEST_DATA) > count + 10; }));
      pthread_kill(self, SIGUSR1);
      EXPECT_TRUE(WaitUntil([&] { return alarms == i; }));
    }
    EXPECT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
  });
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
  sender.Join();
  sigaction(SIGUSR1, &old, nullptr);
}

// ---- Processes ----

// Runs this program again as `--helper MODE` and gives its wait status.
int RunHelperProcess(const char* mode) {
  Watch watch(mode);
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "zircon-conformance", "--helper", mode, static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

class ProcessTest : public KvmTest, public testing::WithParamInterface<const char*> {};

// helper_modes.cc: the process ends by status 7 with its VCPU inside zx_vcpu_enter().
TEST_P(ProcessTest, EndsWithAVcpuInEnter) {
  Shows("THREAD-7");
  const int status = RunHelperProcess(GetParam());
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

INSTANTIATE_TEST_SUITE_P(Modes, ProcessTest,
                         testing::Values("exit-while-running", "exit-while-halted",
                                         "quick-exit-while-running", "exit-of-another-thread",
                                         "exit-while-blocked-on-a-bell"),
                         [](const testing::TestParamInfo<const char*>& which) {
                           std::string name = which.param;
                           std::erase(name, '-');
                           return name;
                         });

// A child by fork has no handles: its calls fail, and the parent's guest is untouched.
TEST_F(ThreadTest, AForkedChildGetsBadState) {
  Shows("HANDLE-FORK-1 HANDLE-FORK-2");
  Machine machine(GUEST_BLOB(io_many));
  machine.TrapIo(0x500, 1, 1);
  zx_vcpu_state_t state{};
  state.rcx = 10;
  machine.vcpu().SetState(state);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
  const zx_handle_t vcpu = machine.vcpu().get();
  const zx_handle_t guest = machine.guest();
  const pid_t child = fork();
  if (child == 0) {
    zx_port_packet_t packet;
    zx_handle_t handle;
    int failed = 0;
    if (zx_vcpu_enter(vcpu, &packet) != ZX_ERR_BAD_STATE) failed |= 1;
    if (zx_vcpu_kick(vcpu) != ZX_ERR_BAD_STATE) failed |= 2;
    if (zx_vcpu_create(guest, 0, 0, &handle) != ZX_ERR_BAD_STATE) failed |= 4;
    if (zx_handle_close(vcpu) != ZX_ERR_BAD_STATE) failed |= 8;
    if (zircon_kvm_hypervisor_resource(&handle) != ZX_ERR_BAD_STATE) failed |= 16;
    if (zx_vmo_create(4096, 0, &handle) != ZX_ERR_BAD_STATE) failed |= 32;
    _exit(failed);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  for (uint32_t i = 9; i > 0; --i) {
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
    ASSERT_EQ(machine.vcpu().packet().guest_io.u32, i);
  }
}

}  // namespace
}  // namespace conformance
