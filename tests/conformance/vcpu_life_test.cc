// What a VCPU lives through on a real KVM: sleeping, handlers inside handlers, its last handle
// going while it runs, its owner going, the process going. Rows: HLT, INT, THREAD, LIFE,
// VCPU-ENTER.

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <vector>

#include "contract.h"
#include "probe.h"
#include "service.h"
#include "verdict.h"

DECLARE_GUEST(busy_loop);
DECLARE_GUEST(halt);
DECLARE_GUEST(io_many);
DECLARE_GUEST(space_loop);
DECLARE_GUEST(nested_handlers);
DECLARE_GUEST(task_priority);
DECLARE_GUEST(user_call);

namespace conformance {
namespace {

using VcpuLifeTest = KvmTest;

int64_t CpuTime(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * ZX_SEC(1) + time.tv_nsec;
}

pid_t Tid() { return static_cast<pid_t>(syscall(SYS_gettid)); }

// ---- Sleeping ----

TEST_F(VcpuLifeTest, AHaltedGuestUsesNoProcessorTime) {
  Shows("HLT-1 HLT-5");
  Machine machine(GUEST_BLOB(halt));
  clockid_t clock;
  ASSERT_EQ(pthread_getcpuclockid(pthread_self(), &clock), 0);
  Thread other([&] {
    EXPECT_TRUE(WaitUntil([&] { return machine.At<uint64_t>(GUEST_DATA) == 1; }));
    SleepMs(50);
    const int64_t before = CpuTime(clock);
    SleepMs(400);
    EXPECT_LT(CpuTime(clock) - before, ZX_MSEC(20));
    EXPECT_EQ(machine.At<uint64_t>(GUEST_DATA + 8), 0u) << "still in HLT";
    EXPECT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
  });
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
}

// ---- Handlers ----

TEST_F(VcpuLifeTest, AVectorIsDeliveredAgainInsideItsHandler) {
  Shows("INT-4");
  Machine machine(GUEST_BLOB(nested_handlers));
  Vcpu& vcpu = machine.vcpu();
  ASSERT_TRUE(vcpu.Reaches(0));
  ASSERT_TRUE(vcpu.Reaches(5));
  ASSERT_EQ(zx_vcpu_interrupt(vcpu.get(), 0x40), ZX_OK);
  ASSERT_TRUE(vcpu.Reaches(1));
  ASSERT_EQ(machine.At<uint64_t>(GUEST_DATA), 1u);
  // The handler has interrupts off now and switches them on behind this: no end of interrupt.
  ASSERT_EQ(zx_vcpu_interrupt(vcpu.get(), 0x40), ZX_OK);
  ASSERT_TRUE(vcpu.Reaches(1)) << "the inner one";
  EXPECT_EQ(machine.At<uint64_t>(GUEST_DATA), 2u);
  ASSERT_TRUE(vcpu.Reaches(2));
  ASSERT_TRUE(vcpu.Reaches(2));
  ASSERT_TRUE(vcpu.Reaches(5));
  EXPECT_EQ(machine.At<uint64_t>(GUEST_DATA), 2u);
}

TEST_F(VcpuLifeTest, AnNmiWaitsForTheEndOfTheOneBefore) {
  Shows("INT-8");
  Machine machine(GUEST_BLOB(nested_handlers));
  Vcpu& vcpu = machine.vcpu();
  ASSERT_TRUE(vcpu.Reaches(0));
  ASSERT_EQ(zx_vcpu_interrupt(vcpu.get(), 2), ZX_OK);
  ASSERT_TRUE(vcpu.Reaches(3));
  ASSERT_EQ(zx_vcpu_interrupt(vcpu.get(), 2), ZX_OK);
  ASSERT_TRUE(vcpu.Reaches(4)) << "it must not come inside the handler";
  EXPECT_EQ(machine.At<uint64_t>(GUEST_DATA + 8), 1u);
  ASSERT_TRUE(vcpu.Reaches(3)) << "behind IRET";
  EXPECT_EQ(machine.At<uint64_t>(GUEST_DATA + 8), 2u);
  ASSERT_TRUE(vcpu.Reaches(4));
  ASSERT_TRUE(vcpu.Reaches(5));
}

TEST_F(VcpuLifeTest, TaskPriorityHoldsNothingBack) {
  Shows("APIC-21");
  Machine machine(GUEST_BLOB(task_priority));
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  ASSERT_EQ(zx_vcpu_interrupt(machine.vcpu().get(), 0x40), ZX_OK);
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  EXPECT_EQ(machine.LogVectors(), (std::vector<int>{0x40}));
}

TEST_F(VcpuLifeTest, VmcallFromRingThree) {
  Shows("INSN-5");
  // mov eax, 0x7777; vmcall
  NEEDS(ProbeLongModeCode("vmcall", {0xB8, 0x77, 0x77, 0, 0, 0x0F, 0x01, 0xC1}));
  Machine machine(GUEST_BLOB(user_call));
  // Code and data of ring 3, a task segment with a stack for faults.
  constexpr uint64_t kTask = GUEST_DATA + 0x400;
  machine.At<uint64_t>(GUEST_GDT + 0x10) = 0x00AFFB000000FFFF;
  machine.At<uint64_t>(GUEST_GDT + 0x18) = 0x00CFF3000000FFFF;
  machine.At<uint64_t>(GUEST_GDT + 0x20) =
      0x0000890000000067 | (kTask & 0xFFFFFF) << 16 | (kTask >> 24) << 56;
  machine.At<uint64_t>(GUEST_GDT + 0x28) = 0;
  machine.At<uint64_t>(kTask + 4) = GUEST_STACK_TOP;
  constexpr uint64_t kUser = 4;
  machine.At<uint64_t>(GUEST_PML4) = machine.At<uint64_t>(GUEST_PML4) | kUser;
  machine.At<uint64_t>(GUEST_POINTER_TABLE) = machine.At<uint64_t>(GUEST_POINTER_TABLE) | kUser;
  machine.At<uint64_t>(GUEST_DIRECTORY) = machine.At<uint64_t>(GUEST_DIRECTORY) | kUser;
  ASSERT_EQ(machine.vcpu().Enter(), ZX_OK);
  if (machine.vcpu().AtCheckpoint(0)) {
    EXPECT_EQ(machine.vcpu().State().rax, ~uint64_t{0});
    return;
  }
  ASSERT_TRUE(machine.vcpu().AtCheckpoint(1));
  KnownDifference("INSN-5", "VMCALL in ring 3 is a fault in the guest on this processor");
}

// ---- Results ----

TEST_F(VcpuLifeTest, APacketIsOnlyWrittenWithOk) {
  Shows("VCPU-ENTER-10 VCPU-ENTER-21");
  Machine machine(GUEST_BLOB(io_many));
  zx_port_packet_t untouched;
  memset(&untouched, 0x5A, sizeof(untouched));
  const auto enter = [&](zx_status_t (*call)(zx_handle_t, zx_port_packet_t*)) {
    zx_port_packet_t packet = untouched;
    Watch watch("enter", machine.vcpu().get());
    const zx_status_t status = call(machine.vcpu().get(), &packet);
    EXPECT_EQ(memcmp(&packet, &untouched, sizeof(packet)) == 0, status != ZX_OK);
    return status;
  };
  for (const auto call : {zx_vcpu_enter, zx_vcpu_resume}) {
    zx_vcpu_state_t state{};
    state.rcx = 3;
    state.rdx = 0x500;
    machine.vcpu().SetState(state);
    ASSERT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
    EXPECT_EQ(enter(call), ZX_ERR_CANCELED);
    EXPECT_EQ(zx_vcpu_interrupt(machine.vcpu().get(), 25), ZX_OK);
    EXPECT_EQ(enter(call), ZX_ERR_NOT_SUPPORTED);
    zx_status_t elsewhere = ZX_OK;
    Thread other([&] { elsewhere = enter(call); });
    other.Join();
    EXPECT_EQ(elsewhere, ZX_ERR_BAD_STATE);
    if (call == zx_vcpu_enter) {
      EXPECT_EQ(enter(call), ZX_ERR_NOT_FOUND);
      machine.TrapIo(0x500, 1, 1);
    }
    EXPECT_EQ(enter(call), ZX_OK);
  }
}

TEST_F(VcpuLifeTest, WritingBackWhatWasReadChangesNothing) {
  Shows("STATE-11 STATE-14 STATE-16 KICK-7");
  Machine machine(GUEST_BLOB(io_many));
  machine.TrapIo(0x500, 1, 1);
  zx_vcpu_state_t state{};
  uint64_t* registers = &state.rax;
  for (uint64_t i = 0; i < 16; ++i) registers[i] = 0x0123456789ABCDEF * (i + 1);
  state.rcx = 50;
  state.rflags = 0x2 | 0x8D5;
  machine.vcpu().SetState(state);
  state.rflags = 0x8D5;
  for (uint32_t i = 50; i > 0; --i) {
    zx_vcpu_state_t now = machine.vcpu().State();
    machine.vcpu().SetState(now);
    if (i == 25) {
      ASSERT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
      ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
      machine.vcpu().SetState(machine.vcpu().State());
    }
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
    ASSERT_EQ(machine.vcpu().packet().guest_io.u32, i);
    now = machine.vcpu().State();
    EXPECT_EQ(now.rcx, i);
    EXPECT_EQ(now.rbx, state.rbx);
    EXPECT_EQ(now.r15, state.r15);
    EXPECT_EQ(now.rsp, state.rsp);
  }
  ASSERT_TRUE(machine.vcpu().Reaches(0));
}

// ---- Life ----

TEST_F(VcpuLifeTest, TheLastHandleGoesAndTheGuestRunsToItsNextPacket) {
  Shows("LIFE-1 LIFE-2");
  const uint64_t vcpus = Stats().vcpus;
  Machine machine(GUEST_BLOB(space_loop), Machine::kWithoutVcpu);
  Handle vmo = CreateVmo(0x1000);
  ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), 0x1000), ZX_OK);
  zx_handle_t vcpu = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vcpu_create(machine.guest(), 0, GUEST_CODE, &vcpu), ZX_OK);
  const auto count = [&] { return machine.At<uint64_t>(GUEST_DATA); };
  Thread other([&] {
    EXPECT_TRUE(WaitUntil([&] { return count() > 10; }));
    EXPECT_EQ(zx_handle_close(vcpu), ZX_OK);
    EXPECT_EQ(zx_vcpu_kick(vcpu), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(zx_vcpu_interrupt(vcpu, 2), ZX_ERR_BAD_HANDLE);
    const uint64_t now = count();
    EXPECT_TRUE(WaitUntil([&] { return count() > now + 10; })) << "it runs on";
    EXPECT_EQ(Stats().vcpus, vcpus + 1);
    machine.At<uint64_t>(GUEST_DATA + 16) = 1;
  });
  zx_port_packet_t packet{};
  {
    Watch watch("zx_vcpu_enter");
    EXPECT_EQ(zx_vcpu_enter(vcpu, &packet), ZX_OK);
  }
  EXPECT_EQ(packet.guest_io.port, GUEST_CHECKPOINT_PORT);
  EXPECT_EQ(zx_vcpu_enter(vcpu, &packet), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Stats().vcpus, vcpus);
  other.Join();
  // The id is free and the thread as well.
  machine.CreateVcpu();
  ASSERT_TRUE(machine.vcpu().Reaches(0));
}

TEST_F(VcpuLifeTest, AVcpuKeepsItsGuest) {
  Shows("LIFE-3 LIFE-5");
  const zircon_kvm_stats_t before = Stats();
  {
    Machine machine(GUEST_BLOB(io_many));
    machine.TrapIo(0x500, 1, 1);
    zx_vcpu_state_t state{};
    state.rcx = 10;
    machine.vcpu().SetState(state);
    machine.guest_handle().Reset();
    machine.space_handle().Reset();
    for (uint32_t i = 10; i > 0; --i) {
      ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
      ASSERT_EQ(machine.vcpu().packet().guest_io.u32, i);
    }
    EXPECT_EQ(Stats().guests, before.guests + 1);
    machine.CloseVcpu();
    EXPECT_EQ(Stats().guests, before.guests);
    EXPECT_EQ(Stats().vm_fds, before.vm_fds);
  }
}

TEST_F(VcpuLifeTest, TimersGoWithTheirVcpus) {
  Shows("LIFE-6");
  const auto timers = [] {
    std::ifstream stream("/proc/self/timers");
    size_t count = 0;
    for (std::string line; std::getline(stream, line);) count += line.starts_with("ID:") ? 1 : 0;
    return count;
  };
  const size_t before = timers();
  for (int i = 0; i < 3; ++i) {
    Service guest;
    ASSERT_TRUE(guest.WriteMsr(0x832, 0x40));
    ASSERT_TRUE(guest.WriteMsr(0x838, 0xFFFFFFFF));
  }
  EXPECT_EQ(timers(), before);
}

// ---- Threads ----

TEST_F(VcpuLifeTest, NoLaterThreadIsTheOwner) {
  Shows("THREAD-4 THREAD-5");
  Machine machine(GUEST_BLOB(io_many), Machine::kWithoutVcpu);
  Handle vcpu;
  std::atomic<pid_t> owner = 0;
  {
    Thread first([&] {
      zx_handle_t handle = ZX_HANDLE_INVALID;
      EXPECT_EQ(zx_vcpu_create(machine.guest(), 0, GUEST_CODE, &handle), ZX_OK);
      vcpu = Handle(handle);
      owner = Tid();
    });
  }
  ASSERT_TRUE(vcpu.valid());
  // Where that is permitted the same thread id comes again.
  for (int i = 0; i < 20; ++i) {
    std::ofstream("/proc/sys/kernel/ns_last_pid") << owner - 1 << std::flush;
    pid_t tid = 0;
    Thread later([&] {
      tid = Tid();
      zx_port_packet_t packet;
      EXPECT_EQ(zx_vcpu_enter(vcpu.get(), &packet), ZX_ERR_BAD_STATE);
      EXPECT_EQ(zx_vcpu_kick(vcpu.get()), ZX_OK);
      EXPECT_EQ(zx_vcpu_interrupt(vcpu.get(), 0x40), ZX_OK);
      // It is no owner, so it may become one.
      Vcpu own(machine.guest(), GUEST_CODE);
    });
    later.Join();
    if (tid == owner) break;
  }
}

TEST_F(VcpuLifeTest, AffinityAndPriorityStay) {
  Shows("THREAD-6");
  Thread owner([] {
    struct Settings {
      cpu_set_t cpus{};
      int policy = 0;
      sched_param parameters{};
      int nice = 0;
    };
    const auto take = [] {
      Settings settings;
      EXPECT_EQ(sched_getaffinity(0, sizeof(settings.cpus), &settings.cpus), 0);
      EXPECT_EQ(pthread_getschedparam(pthread_self(), &settings.policy, &settings.parameters), 0);
      settings.nice = getpriority(PRIO_PROCESS, 0);
      return settings;
    };
    const auto expect_same = [&](const Settings& before) {
      const Settings now = take();
      EXPECT_TRUE(CPU_EQUAL(&now.cpus, &before.cpus));
      EXPECT_EQ(now.policy, before.policy);
      EXPECT_EQ(now.parameters.sched_priority, before.parameters.sched_priority);
      EXPECT_EQ(now.nice, before.nice);
    };
    const Settings before = take();
    Machine machine(GUEST_BLOB(io_many));
    expect_same(before);
    machine.TrapIo(0x500, 1, 1);
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
    expect_same(before);
    machine.CloseVcpu();
    expect_same(before);
  });
}

// ---- Processes ----

TEST_F(VcpuLifeTest, AProcessEndsWithHaltedVcpusAndWaitingThreads) {
  Shows("THREAD-7");
  Watch watch("the helper");
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "zircon-conformance", "--helper", "exit-while-others-wait",
          static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace conformance
