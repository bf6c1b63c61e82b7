// The first state of a VCPU, CPUID, MSRs, the guest's clock, triple faults, secondary VCPUs and the
// reuse of ids. Rows: STATE-INIT, CPUID, MSR, PVCLOCK, VCPU-CREATE-14.

#include <sys/ioctl.h>
#include <time.h>

#include <cstring>

#include "contract.h"
#include "probe.h"
#include "service.h"

DECLARE_GUEST(first_state);
DECLARE_GUEST(triple_fault);
DECLARE_GUEST(real_mode);
DECLARE_GUEST(io_in);

namespace conformance {
namespace {

constexpr uint64_t kSecondEntry = 0x20000;

using StateTest = KvmTest;

TEST_F(StateTest, FirstState) {
  Shows(
      "STATE-INIT-1 STATE-INIT-2 STATE-INIT-7 STATE-INIT-8 STATE-INIT-9 STATE-INIT-12 "
      "STATE-INIT-13 STATE-10");
  Machine machine(GUEST_BLOB(first_state));
  const zx_vcpu_state_t zero{};
  zx_vcpu_state_t state = machine.vcpu().State();
  EXPECT_EQ(memcmp(&state, &zero, sizeof(state)), 0) << "before the first enter";
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  state = machine.vcpu().State();
  EXPECT_EQ(memcmp(&state, &zero, sizeof(state)), 0) << "at the first instruction";
  ASSERT_TRUE(machine.vcpu().Reaches(1));
  state = machine.vcpu().State();
  EXPECT_EQ(machine.At<uint16_t>(GUEST_DATA + 6), 0xFFFF) << "GDT limit";
  EXPECT_EQ(machine.At<uint64_t>(GUEST_DATA + 8), 0u);
  EXPECT_EQ(machine.At<uint16_t>(GUEST_DATA + 22), 0xFFFF) << "IDT limit";
  EXPECT_EQ(machine.At<uint64_t>(GUEST_DATA + 24), 0u);
  EXPECT_EQ(state.rax, 0x80010011u) << "CR0: PE ET WP PG";
  EXPECT_EQ(state.rbx, 0u) << "CR3";
  EXPECT_EQ(state.rcx & 0x20, 0x20u) << "CR4: PAE";
  EXPECT_EQ(state.rcx & 0x2000, 0u) << "CR4: VMXE is invisible";
  EXPECT_EQ(state.rdx, 0u) << "CR8";
  for (const uint64_t selector : {state.rsi, state.rdi, state.r8, state.r9, state.r10, state.r11}) {
    EXPECT_EQ(selector, 0u);
  }
  EXPECT_EQ(state.r12, uint64_t{GUEST_CODE});
}

TEST_F(StateTest, DirectMsrs) {
  Shows("MSR-DIRECT-1 STATE-INIT-11 STATE-INIT-17");
  Service guest;
  EXPECT_EQ(guest.ReadMsr(0xC0000080), 0xD01u) << "EFER";
  for (const uint32_t msr : {0xC0000081u, 0xC0000082u, 0xC0000084u, 0xC0000100u, 0xC0000101u,
                             0xC0000102u, 0x174u, 0x175u, 0x176u}) {
    EXPECT_EQ(guest.ReadMsr(msr), 0u) << std::hex << msr;
  }
  // They can be written and keep it. (STAR, LSTAR, CSTAR, the bases, SYSENTER.)
  for (const uint32_t msr : {0xC0000081u, 0xC0000082u, 0xC0000083u, 0xC0000100u, 0xC0000101u,
                             0xC0000102u, 0x175u, 0x176u}) {
    EXPECT_TRUE(guest.WriteMsr(msr, 0x12345000)) << std::hex << msr;
    EXPECT_EQ(guest.ReadMsr(msr), 0x12345000u) << std::hex << msr;
  }
  EXPECT_TRUE(guest.ReadMsr(0x277).has_value()) << "PAT";
}

TEST_F(StateTest, EmulatedMsrs) {
  Shows("MSR-2 MSR-5 MSR-6 MSR-7 MSR-8 MSR-9 MSR-11 MSR-15");
  Service guest;
  for (const uint32_t msr : {0x17u, 0x8Bu, 0x179u, 0x17Au, 0x1A2u, 0xFEu, 0x200u, 0x201u, 0x250u,
                             0x268u, 0x26Fu, 0x2FFu, 0x606u, 0x610u, 0x611u, 0x639u, 0xC0010055u}) {
    EXPECT_EQ(guest.ReadMsr(msr), 0u) << std::hex << msr;
  }
  const std::optional<uint64_t> misc = guest.ReadMsr(0x1A0);
  ASSERT_TRUE(misc.has_value());
  EXPECT_EQ(*misc & ~uint64_t{1}, 0u);
  for (const uint32_t msr : {0x200u, 0x201u, 0x250u, 0x268u, 0x2FFu, 0x8Bu, 0x610u, 0x48u, 0x49u}) {
    EXPECT_TRUE(guest.WriteMsr(msr, 0)) << std::hex << msr;
  }
  for (const uint32_t msr : {0x17u, 0x179u, 0x17Au, 0x1A0u, 0x1A2u, 0x611u}) {
    EXPECT_FALSE(guest.WriteMsr(msr, 0)) << std::hex << msr;
  }
}

// The guest gets #GP(0), zx_vcpu_enter() does not return.
TEST_F(StateTest, UnknownMsrsFault) {
  Shows("MSR-1 MSR-12");
  Service guest;
  for (const uint32_t msr : {0x12345u, 0xC0000104u, 0x3Bu, 0x40000000u, 0x40000073u, 0x4B564D02u,
                             0xC0010015u, 0xC0011029u, 0x345u, 0xFFFFFFFFu}) {
    EXPECT_EQ(guest.ReadMsr(msr), std::nullopt) << std::hex << msr;
  }
  for (const uint32_t msr : {0x12345u, 0x3Bu, 0x40000000u, 0x4B564D02u, 0xC0010015u, 0xFFFFFFFFu}) {
    EXPECT_FALSE(guest.WriteMsr(msr, 1)) << std::hex << msr;
  }
}

TEST_F(StateTest, CpuidOfTheHypervisor) {
  Shows("CPUID-7 CPUID-12 CPUID-14 CPUID-15 CPUID-16");
  Service guest;
  const Service::Cpuid signature = guest.ReadCpuid(0x40000000);
  EXPECT_EQ(signature.eax, 0x40000001u);
  EXPECT_EQ(signature.ebx, 0x4B4D564Bu);  // KVMK
  EXPECT_EQ(signature.ecx, 0x564B4D56u);  // VMKV
  EXPECT_EQ(signature.edx, 0x4Du);        // M
  const Service::Cpuid features = guest.ReadCpuid(0x40000001);
  // Differences of KVM: the record's flag counts; steal time, TLB flush, end of interrupt by a
  // flag.
  constexpr uint32_t kOfTheHost = 1u << 24 | 1u << 5 | 1u << 9 | 1u << 6;
  EXPECT_EQ(features.eax & ~kOfTheHost, 0b1011u);
  EXPECT_EQ(guest.ReadCpuid(5).eax, 0u);
  EXPECT_EQ(guest.ReadCpuid(0xA).eax, 0u);
  EXPECT_EQ(guest.ReadCpuid(0xB).edx, 0u) << "the id";
  EXPECT_EQ(guest.ReadCpuid(0xD, 1).eax & 8, 0u) << "no XSAVES";
}

TEST_F(StateTest, CpuidLeaf1) {
  Shows("CPUID-3 CPUID-4 CPUID-6");
  NEEDS(ProbeCpuid(1));
  Service guest;
  const Service::Cpuid one = guest.ReadCpuid(1);
  EXPECT_EQ(one.ebx >> 24, 0u) << "the id";
  EXPECT_NE(one.ecx & 1u << 31, 0u) << "hypervisor";
  EXPECT_NE(one.ecx & 1u << 21, 0u) << "x2APIC";
  for (const uint32_t bit : {3u, 5u, 8u, 15u}) {
    EXPECT_EQ(one.ecx & 1u << bit, 0u) << "MONITOR, VMX, TM2, PDCM: ECX bit " << bit;
  }
  EXPECT_NE(one.edx & 1u << 11, 0u) << "SEP";
  EXPECT_EQ(one.edx & 1u << 29, 0u) << "TM";
  EXPECT_EQ(one.edx & 1u << 22, 0u) << "ACPI";
}

TEST_F(StateTest, CpuidLeaf7) {
  Shows("CPUID-9");
  NEEDS(ProbeCpuid(7));
  Service guest;
  const Service::Cpuid seven = guest.ReadCpuid(7);
  EXPECT_EQ(seven.ebx & 1u << 1, 0u) << "TSC_ADJUST";
  EXPECT_EQ(seven.ebx & 1u << 16, 0u) << "AVX-512";
  EXPECT_EQ(seven.edx & 1u << 29, 0u) << "ARCH_CAPABILITIES";
}

TEST_F(StateTest, VmcallGoesOn) {
  Shows("INSN-5");
  NEEDS(ProbeVmcall());
  Service guest;
  zx_vcpu_state_t state{};
  state.rax = 0x7777;
  EXPECT_EQ(static_cast<int64_t>(guest.Call(SERVICE_VMCALL, state).rax), -1000);
}

TEST_F(StateTest, TripleFaultIsForEver) {
  Shows("VCPU-ENTER-5 VCPU-ENTER-16 INSN-8 VCPU-CREATE-14");
  Machine machine(GUEST_BLOB(triple_fault));
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_SUPPORTED));
  const uint64_t r15 = machine.vcpu().State().r15;
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_SUPPORTED));
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_SUPPORTED));
  // A new VCPU of the guest starts afresh.
  machine.CloseVcpu();
  machine.CreateVcpu();
  EXPECT_EQ(machine.vcpu().State().r15, 0u);
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_SUPPORTED));
  // On AMD processors KVM has reset the VCPU when it reports the fault.
  if (r15 == 0) {
    KnownDifference("VCPU-ENTER-16", "read_state shows the registers of a reset VCPU");
  } else {
    EXPECT_EQ(r15, 0x1234u) << "the last registers";
  }
}

// ---- The clock ----

struct TimeRecord {
  uint32_t version;
  uint32_t padding;
  uint64_t tsc;
  uint64_t system_time;
  uint32_t multiplier;
  int8_t shift;
  uint8_t flags;
};

class ClockTest : public KvmTest {
 protected:
  static constexpr uint32_t kTime = 0x4B564D01;
  static constexpr uint32_t kOldTime = 0x12;
  static constexpr uint32_t kWall = 0x4B564D00;
  static constexpr uint32_t kOldWall = 0x11;

  static TimeRecord Read(Service& guest, uint64_t gpa) {
    TimeRecord record;
    memcpy(&record, guest.machine().bytes(gpa), sizeof(record));
    return record;
  }
  // What the guest computes from its record and a TSC value.
  static int64_t TimeAt(const TimeRecord& record, uint64_t tsc) {
    uint64_t delta = tsc - record.tsc;
    delta = record.shift >= 0 ? delta << record.shift : delta >> -record.shift;
    return static_cast<int64_t>(
        record.system_time +
        static_cast<uint64_t>(static_cast<unsigned __int128>(delta) * record.multiplier >> 32));
  }
};

TEST_F(ClockTest, TheRecordGivesTheHostsTime) {
  Shows("PVCLOCK-2");
  for (const uint32_t msr : {kTime, kOldTime}) {
    const zx_time_t creation = zx_clock_get_monotonic();
    Service guest;
    memset(guest.machine().bytes(GUEST_DATA), 0xFF, 64);
    ASSERT_TRUE(guest.WriteMsr(msr, GUEST_DATA | 1));
    const zx_time_t before = zx_clock_get_monotonic();
    const uint64_t tsc = guest.Tsc();
    const zx_time_t after = zx_clock_get_monotonic();
    const TimeRecord record = Read(guest, GUEST_DATA);
    EXPECT_EQ(record.version % 2, 0u);
    EXPECT_NE(record.version, 0xFFFFFFFFu);
    EXPECT_NE(record.multiplier, 0u);
    EXPECT_EQ(record.flags & 1, 1) << "stable";
    const int64_t time = TimeAt(record, tsc);
    zx_time_t zero = 0;  // Where the record's time begins.
    if (time < before - ZX_SEC(1)) {
      zero = creation;
      EXPECT_GE(time, 0);
      KnownDifference("PVCLOCK-2", "system_time counts from the guest's creation");
    } else {
      EXPECT_GE(time, before - ZX_MSEC(5));
    }
    EXPECT_LE(time, after - zero + ZX_MSEC(5));
    // And so later.
    SleepMs(20);
    const uint64_t later = guest.Tsc();
    const int64_t later_time = TimeAt(Read(guest, GUEST_DATA), later);
    EXPECT_LE(later_time, zx_clock_get_monotonic() - zero + ZX_MSEC(5));
    EXPECT_GE(later_time - time, ZX_MSEC(19));
  }
}

TEST_F(ClockTest, TheWallClockRecord) {
  Shows("PVCLOCK-1");
  for (const uint32_t msr : {kWall, kOldWall}) {
    Service guest;
    memset(guest.machine().bytes(GUEST_DATA), 0xFF, 64);
    ASSERT_TRUE(guest.WriteMsr(kTime, (GUEST_DATA + 0x100) | 1));
    ASSERT_TRUE(guest.WriteMsr(msr, GUEST_DATA));
    const uint64_t tsc = guest.Tsc();
    timespec utc;
    clock_gettime(CLOCK_REALTIME, &utc);
    const uint32_t version = guest.machine().At<uint32_t>(GUEST_DATA);
    EXPECT_EQ(version % 2, 0u);
    const int64_t wall =
        static_cast<int64_t>(guest.machine().At<uint32_t>(GUEST_DATA + 4)) * ZX_SEC(1) +
        guest.machine().At<uint32_t>(GUEST_DATA + 8);
    const int64_t now = utc.tv_sec * ZX_SEC(1) + utc.tv_nsec;
    const int64_t guest_now = wall + TimeAt(Read(guest, GUEST_DATA + 0x100), tsc);
    EXPECT_LT(guest_now - now < 0 ? now - guest_now : guest_now - now, ZX_MSEC(500));
  }
}

TEST_F(ClockTest, BadAddresses) {
  Shows("PVCLOCK-4 PVCLOCK-5 PVCLOCK-6 PVCLOCK-7 RIP-6");
  Service guest;
  for (const uint32_t msr : {kTime, kOldTime}) {
    const uint64_t enable = 1;
    EXPECT_EQ(guest.WriteMsrFails(msr, uint64_t{1} << 48 | enable), ZX_ERR_INVALID_ARGS);
    ASSERT_TRUE(guest.vcpu().Reaches(1)) << "RIP is past it";
    guest.Finish();
    EXPECT_EQ(guest.WriteMsrFails(msr, GUEST_WINDOW | enable), ZX_ERR_NOT_FOUND);
    ASSERT_TRUE(guest.vcpu().Reaches(1));
    guest.Finish();
    EXPECT_EQ(guest.WriteMsrFails(msr, (GUEST_MEMORY_SIZE - 16) | enable), ZX_ERR_OUT_OF_RANGE);
    ASSERT_TRUE(guest.vcpu().Reaches(1));
    guest.Finish();
  }
  for (const uint32_t msr : {kTime, kOldTime, kWall, kOldWall}) {
    EXPECT_EQ(guest.ReadMsr(msr), std::nullopt);
  }
}

// ---- Secondary VCPUs ----

class SecondaryTest : public KvmTest {
 protected:
  void SetUp() override {
    KvmTest::SetUp();
    if (IsSkipped()) return;
    NEEDS(ProbeRealMode());
  }
  static void LoadSecond(Machine& machine) {
    const Blob blob = GUEST_BLOB(real_mode);
    memcpy(machine.bytes(kSecondEntry), blob.begin, blob.size());
  }
};

TEST_F(SecondaryTest, StartsInRealModeAtItsEntry) {
  Shows(
      "STATE-INIT-1 STATE-INIT-2 STATE-INIT-3 STATE-INIT-13 STATE-INIT-21 APIC-1 VCPU-CREATE-13 "
      "TRAP-MEM-14");
  Service guest;  // Id 0, of this thread.
  LoadSecond(guest.machine());
  const Blob blob = GUEST_BLOB(real_mode);
  guest.machine().TrapMem(0xE000, 0x1000, 5);
  guest.machine().TrapIo(0x500, 1, 6);
  std::atomic<zx_handle_t> handle = ZX_HANDLE_INVALID;
  std::atomic<bool> halts = false;
  Thread second([&] {
    Vcpu vcpu(guest.machine().guest(), kSecondEntry);
    const zx_vcpu_state_t zero{};
    const zx_vcpu_state_t first = vcpu.State();
    EXPECT_EQ(memcmp(&first, &zero, sizeof(first)), 0);
    ASSERT_TRUE(vcpu.Reaches(0));
    EXPECT_EQ(guest.machine().At<uint16_t>(0x9000), 0x1234);
    EXPECT_EQ(vcpu.State().rax & 0xFFFFFFFF, 1u) << "its x2APIC id";
    zx_vcpu_state_t state = vcpu.State();
    state.rsp = 0x8000;
    vcpu.SetState(state);
    ASSERT_TRUE(vcpu.Reaches(1));
    EXPECT_EQ(vcpu.State().rax & 0xFFFF, kSecondEntry >> 4) << "CS";
    EXPECT_LT(vcpu.State().rbx & 0xFFFF, blob.size()) << "IP";
    for (size_t i = 0; i < 2; ++i) {
      const Form& form = blob.form(i);
      SCOPED_TRACE(form.text());
      ASSERT_TRUE(vcpu.Traps(ZX_PKT_TYPE_GUEST_MEM, 5));
      EXPECT_EQ(vcpu.packet().guest_mem.addr, form.address);
      EXPECT_EQ(vcpu.packet().guest_mem.rip, form.offset);
      EXPECT_EQ(vcpu.packet().guest_mem.instruction_size, form.size);
      EXPECT_EQ(vcpu.packet().guest_mem.default_operand_size, 2);
    }
    ASSERT_TRUE(vcpu.Reaches(2));
    ASSERT_TRUE(vcpu.Traps(ZX_PKT_TYPE_GUEST_IO, 6));
    EXPECT_TRUE(vcpu.packet().guest_io.input);
    EXPECT_EQ(vcpu.WriteIo(1, 0x9C), ZX_OK);
    ASSERT_TRUE(vcpu.Reaches(3));
    EXPECT_EQ(vcpu.State().rax & 0xFF, 0x9Cu);
    handle = vcpu.get();
    halts = true;
    EXPECT_TRUE(vcpu.Reaches(4)) << "out of HLT by the interrupt";
  });
  EXPECT_TRUE(WaitUntil([&] { return halts.load(); }));
  EXPECT_EQ(zx_vcpu_interrupt(handle, 0x40), ZX_OK);
}

// As a VMM does it: the guest's boot processor sends INIT and STARTUP.
TEST_F(SecondaryTest, StartedByTheGuest) {
  Shows("ICR-3 ICR-4 STATE-INIT-21 VCPU-CREATE-13");
  Service guest;
  LoadSecond(guest.machine());
  const uint64_t to_second = uint64_t{1} << 32;
  ASSERT_TRUE(guest.WriteMsr(0x830, to_second | 5u << 8 | 1u << 14));
  const zx_port_packet_t packet =
      guest.WriteMsrForPacket(0x830, to_second | 6u << 8 | kSecondEntry >> 12);
  ASSERT_EQ(packet.guest_vcpu.type, ZX_PKT_GUEST_VCPU_STARTUP);
  ASSERT_EQ(packet.guest_vcpu.startup.id, 1u);
  Thread second([&] {
    Vcpu vcpu(guest.machine().guest(), packet.guest_vcpu.startup.entry);
    ASSERT_TRUE(vcpu.Reaches(0));
    EXPECT_EQ(vcpu.State().rax & 0xFFFFFFFF, packet.guest_vcpu.startup.id);
  });
}

// With the kernel's local APICs: nobody is told of a processor that there cannot be, nor of one
// that has a VCPU; that begins anew, as a processor does.
TEST_F(SecondaryTest, BegunAnewByTheKernelsApic) {
  Shows("ACCEL-11 ACCEL-12");
  NEEDS(ProbeKernelInterrupts());
  const KernelInterrupts kernels;
  Service guest;
  LoadSecond(guest.machine());
  const auto start = [&](uint64_t id) {
    ASSERT_TRUE(guest.WriteMsr(0x830, id << 32 | 5u << 8 | 1u << 14));
    ASSERT_TRUE(guest.WriteMsr(0x830, id << 32 | 6u << 8 | kSecondEntry >> 12));
  };
  start(7);
  std::atomic<bool> began = false;
  std::atomic<bool> again = false;
  Thread second([&] {
    Vcpu vcpu(guest.machine().guest(), kSecondEntry);
    EXPECT_TRUE(vcpu.Reaches(0));
    began = true;
    EXPECT_TRUE(WaitUntil([&] { return again.load(); }));
    EXPECT_TRUE(vcpu.Reaches(0)) << "instead of going on";
    EXPECT_EQ(vcpu.State().rax & 0xFFFFFFFF, 1u) << "its x2APIC id";
  });
  EXPECT_TRUE(WaitUntil([&] { return began.load(); }));
  start(1);
  again = true;
}

// ---- Ids ----

TEST_F(StateTest, AnIdIsUsedAnewWithBootState) {
  Shows("VCPU-CREATE-14");
  Service guest(Machine::kWithoutVcpu);
  for (int round = 0; round < 5; ++round) {
    guest.machine().CreateVcpu();
    const zx_vcpu_state_t zero{};
    const zx_vcpu_state_t first = guest.vcpu().State();
    EXPECT_EQ(memcmp(&first, &zero, sizeof(first)), 0);
    EXPECT_FALSE(guest.vcpu().Kicked());
    guest.machine().At<uint64_t>(GUEST_LOG) = 0;
    guest.Finish();
    EXPECT_EQ(guest.ReadMsr(0x802), 0u);
    for (const uint32_t msr : {0xC0000082u, 0xC0000100u, 0xC0000101u, 0xC0000102u, 0x175u}) {
      EXPECT_EQ(guest.ReadMsr(msr), 0u) << std::hex << msr << " in round " << round;
      EXPECT_TRUE(guest.WriteMsr(msr, 0x77000));
    }
    EXPECT_EQ(guest.ReadMsr(0x832), 0x10000u) << "LVT timer";
    EXPECT_EQ(guest.machine().LogCount(), 0u);
    // Leave as much behind as there can be.
    ASSERT_TRUE(guest.WriteMsr(0x832, 1u << 17 | 0x40));
    ASSERT_TRUE(guest.WriteMsr(0x838, 0xFFFFFF));
    EXPECT_EQ(zx_vcpu_interrupt(guest.vcpu().get(), 0x41), ZX_OK);
    EXPECT_EQ(zx_vcpu_kick(guest.vcpu().get()), ZX_OK);
    guest.machine().CloseVcpu();
  }
}

// With an IN that was never completed, a load too.
TEST_F(StateTest, AnIdIsUsedAnewInTheMiddleOfAnIn) {
  Shows("VCPU-CREATE-14 STATE-16");
  Machine machine(GUEST_BLOB(io_in));
  machine.TrapIo(0x40, 1, 1);
  machine.TrapIo(0x500, 4, 1);
  for (int round = 0; round < 4; ++round) {
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
    ASSERT_EQ(machine.vcpu().WriteIo(1, 0x99), ZX_OK);
    machine.CloseVcpu();
    machine.CreateVcpu();
    EXPECT_EQ(machine.vcpu().State().rax, 0u);
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
    EXPECT_EQ(machine.vcpu().packet().guest_io.access_size, 1) << "the first IN again";
    ASSERT_TRUE(machine.vcpu().Reaches(0));
    EXPECT_EQ(machine.vcpu().State().r8, 0x1122334455667788u);
  }
}

TEST_F(StateTest, SixtyFourIds) {
  Shows("VCPU-CREATE-3 VCPU-CREATE-13 VCPU-CREATE-14 LIFE-1");
  Machine machine(GUEST_BLOB(first_state), Machine::kWithoutVcpu);
  constexpr int kIds = 64;
  std::atomic<int> created = 0;
  std::atomic<bool> end = false;
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 0; i < kIds; ++i) {
      threads.push_back(std::make_unique<Thread>([&] {
        zx_handle_t vcpu = ZX_HANDLE_INVALID;
        EXPECT_EQ(zx_vcpu_create(machine.guest(), 0, 0, &vcpu), ZX_OK);
        ++created;
        WaitUntil([&] { return end.load(); });
        zx_handle_close(vcpu);
      }));
    }
    EXPECT_TRUE(WaitUntil([&] { return created == kIds; }));
    zx_handle_t vcpu = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_vcpu_create(machine.guest(), 0, 0, &vcpu), ZX_ERR_NO_RESOURCES);
    end = true;
  }
  machine.CreateVcpu();
  ASSERT_TRUE(machine.vcpu().Reaches(0)) << "id 0 again: 64-bit code runs";
}

}  // namespace
}  // namespace conformance
