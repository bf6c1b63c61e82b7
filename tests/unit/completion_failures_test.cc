// A KVM_RUN that is only to finish an instruction fails: the enter gives what the errno is, another
// goes on from there, and all comes out as if nothing had failed. Rows: KVM-ERR-6, KVM-ERR-7,
// VCPU-ENTER-20.

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"

namespace zircon {
namespace {

using fake::FakeVcpu;
using fake::kGoOn;
using fake::Machine;

constexpr uint64_t kDevice = Machine::kDeviceAddress;
constexpr uint64_t kHole = 0x300000;
constexpr uint16_t kPort = 0x60;
constexpr uint64_t kEnd = 0x7000;  // the guest goes there behind what is tested

struct Case {
  const char* name;
  std::vector<uint8_t> code;  // `at` bytes before the instruction, and it
  uint64_t at;
  uint64_t address;  // in RBX and RDI
  fake::Step instruction;
};

// mov $0x48,%al; mov %eax,(%rbx) at a page's end, which may as well be one of 8 bytes.
Case DoubtfulStore(const char* name, uint64_t address) {
  return {
      name, {0xB0, 0x48, 0x89, 0x03}, 2, address, fake::MmioWritePieces({{address, 4, 0x48}}, 2)};
}

// movups %xmm0,(%rbx), behind a byte that would make it %xmm8; in three pieces.
Case VectorStore(const char* name, uint64_t address) {
  return {name, {0xB0, 0x44, 0x0F, 0x11, 0x03}, 2, address, [address](FakeVcpu& vcpu) {
            vcpu.fpu = {};
            vcpu.fpu.xmm[0][0] = 0x77;
            const std::vector<fake::Piece> pieces = {
                {address, 4, 0x77}, {address + 4, 4, 0}, {address + 8, 8, 0}};
            return fake::MmioWritePieces(pieces, 3)(vcpu);
          }};
}

// add %eax,(%rbx): read, then written.
Case ReadModifyWrite(const char* name, uint64_t address) {
  return {name,
          {0x01, 0x03},
          0,
          address,
          fake::MmioReadThen(address, 4, 2, [address](FakeVcpu& vcpu, uint64_t data) {
            vcpu.regs.rflags |= 0x40;
            return fake::MmioWritePieces({{address, 4, data + 0x48}}, 0)(vcpu);
          })};
}

std::vector<Case> Cases() {
  return {
      DoubtfulStore("a store in a trap", kDevice + 0xFFC),
      DoubtfulStore("a store to nothing", kHole + 0xFFC),
      VectorStore("a vector's store in a trap", kDevice + 0xFFC),
      VectorStore("a vector's store to nothing", kHole + 0xFFC),
      ReadModifyWrite("a read-modify-write in a trap", kDevice),
      ReadModifyWrite("a read-modify-write of nothing", kHole),
      {"a load that cannot be folded",
       {0x8E, 0x1B},  // mov (%rbx),%ds
       0,
       kDevice,
       fake::MmioReadThen(kDevice, 2, 2,
                          [](FakeVcpu& vcpu, uint64_t) {
                            vcpu.sregs.ds.present = 0;
                            return kGoOn;
                          })},
      {"a load of a segment in pieces",
       {0x8E, 0x1B},
       0,
       kDevice + 0xFFF,
       fake::MmioReadThen(kDevice + 0xFFF, 1, 2,
                          [](FakeVcpu& vcpu, uint64_t) {
                            vcpu.sregs.ds.present = 0;
                            vcpu.CompleteWith([](FakeVcpu&) { return kGoOn; });
                            return fake::ExitForRead(vcpu, kDevice + 0x1000, 1);
                          })},
      {"a load of nothing", {0x8B, 0x03}, 0, kHole, fake::MmioRead(kHole, 4, 2)},
      {"a load of sixteen bytes",
       {0x0F, 0x10, 0x03},  // movups (%rbx),%xmm0
       0,
       kDevice,
       fake::MmioReadThen(kDevice, 8, 3,
                          [](FakeVcpu& vcpu, uint64_t) {
                            vcpu.CompleteWith([](FakeVcpu&) { return kGoOn; });
                            return fake::ExitForRead(vcpu, kDevice + 8, 8);
                          })},
      {"a repeated store",
       {0xF3, 0xAA},  // rep stosb
       0,
       kDevice,
       [](FakeVcpu& vcpu) {
         vcpu.regs.rdi += 1;
         vcpu.regs.rcx -= 1;
         vcpu.regs.rflags |= 0x10000;
         return fake::MmioWrite(kDevice, 0x48, 1, 0)(vcpu);
       }},
      {"a string of a port", {0x6C}, 0, 0x8000, fake::StringIo(kPort, 1, true, 1, 1, false)},
      {"an IN that nothing traps", {0xE4, 0x61}, 0, 0, fake::PioIn(0x61, 1, 2)},
      {"an OUT that nothing traps", {0xE6, 0x61}, 0, 0, fake::PioOut(0x61, 1, 2)},
      {"a WRMSR that is refused", {0x0F, 0x30}, 0, 0, fake::WrMsr(0x1B, 0xFEC00C00)},
  };
}

// What a VMM sees of the instruction and of the registers after it, and where the guest goes on.
struct Seen {
  zx_status_t status;
  zx_port_packet_t packet;
  zx_vcpu_state_t state;
  zx_status_t end_status;
  uint64_t goes_on_at;
  uint64_t ds_present;
  zx_vcpu_state_t end;

  bool operator==(const Seen& other) const { return std::memcmp(this, &other, sizeof(*this)) == 0; }
};

class CompletionFailures : public fake::OnMachine {
 protected:
  // The `nth` KVM_RUN fails, and `times` - 1 after it. *runs: how many there were; *refused: how
  // often enter had no memory.
  Seen Play(const Case& c, int nth, int error, int times, uint64_t* runs, int* refused) {
    Use(fake::DefaultHost());
    EXPECT_EQ(machine().TrapMemory(kDevice, 0x2000, 1), ZX_OK);
    EXPECT_EQ(machine().TrapIo(kPort, 1), ZX_OK);
    machine().CodeAt(Machine::kEntry, c.code);
    machine().CodeAt(kEnd, {0xEE});
    zx_vcpu_state_t state = {};
    state.rax = 0x48;
    state.rbx = state.rdi = c.address;
    state.rcx = 1000;
    state.rdx = kPort;
    EXPECT_EQ(machine().SetState(state), ZX_OK);
    cpu().run().s.regs.regs.rip = cpu().regs.rip = Machine::kEntry + c.at;

    Seen seen;
    std::memset(&seen, 0, sizeof(seen));
    const fake::Step end = [&seen](FakeVcpu& vcpu) {
      seen.goes_on_at = vcpu.regs.rip;
      seen.ds_present = vcpu.sregs.ds.present;
      vcpu.regs.rip = kEnd;
      vcpu.regs.rdx = kPort;
      return fake::PioOut(kPort, 1)(vcpu);
    };
    cpu().Always([&](FakeVcpu& vcpu) {
      return (vcpu.regs.rip == Machine::kEntry + c.at ? c.instruction : end)(vcpu);
    });
    const auto enter = [&] {
      zx_status_t status = ZX_ERR_NO_MEMORY;
      for (int i = 0; i < 10 && status == ZX_ERR_NO_MEMORY; ++i) {
        status = machine().Enter();
        if (status == ZX_ERR_NO_MEMORY) ++*refused;
      }
      return status;
    };
    *refused = 0;
    const uint64_t before = cpu().runs();
    if (nth != 0) machine().kernel.Fail(KVM_RUN, error, nth, times);
    seen.status = enter();
    if (seen.status == ZX_OK) seen.packet = packet();
    seen.state = machine().State();
    cpu().Always(end);
    seen.end_status = enter();
    seen.end = machine().State();
    *runs = cpu().runs() - before;
    machine().kernel.FailNothing();
    return seen;
  }
};

TEST_F(CompletionFailures, ChangeNothingButTheTimeItTakes) {
  Shows("KVM-ERR-6 KVM-ERR-7 VCPU-ENTER-20 VCPU-ENTER-12");
  const struct {
    int error;
    int times;
    bool is_told;
  } kFailures[] = {{ENOMEM, 1, true},
                   {ENOMEM, 3, true},
                   {EFAULT, 1, true},
                   {EAGAIN, 1, false},
                   {EAGAIN, 5, false}};
  for (const Case& c : Cases()) {
    uint64_t runs = 0;
    int refused = 0;
    const Seen wanted = Play(c, 0, 0, 0, &runs, &refused);
    ASSERT_GE(runs, 3u) << c.name;
    ASSERT_EQ(refused, 0) << c.name;
    ASSERT_EQ(wanted.end_status, ZX_OK) << c.name;
    for (const auto& failure : kFailures) {
      for (uint64_t nth = 1; nth <= runs; ++nth) {
        SCOPED_TRACE(::testing::Message() << c.name << ": run " << nth << " fails " << failure.times
                                          << " times with " << strerrorname_np(failure.error));
        uint64_t took = 0;
        const Seen seen =
            Play(c, static_cast<int>(nth), failure.error, failure.times, &took, &refused);
        EXPECT_EQ(refused, failure.is_told ? failure.times : 0);
        EXPECT_EQ(seen.status, wanted.status);
        EXPECT_EQ(seen.goes_on_at, wanted.goes_on_at);
        EXPECT_TRUE(seen == wanted);
      }
    }
  }
}

// More often than the library tries by itself: enter comes back, so that the VMM can do something
// else.
TEST_F(CompletionFailures, AKernelThatIsAlwaysBusyHasNoMemory) {
  Shows("KVM-ERR-6");
  for (const Case& c : Cases()) {
    if (c.at == 0) continue;  // of the others the second run is the first that only finishes
    SCOPED_TRACE(c.name);
    uint64_t runs = 0;
    int refused = 0;
    const Seen wanted = Play(c, 0, 0, 0, &runs, &refused);
    EXPECT_EQ(refused, 0);
    const Seen seen = Play(c, 2, EAGAIN, 400, &runs, &refused);
    EXPECT_GT(refused, 0);
    EXPECT_LT(runs, 400u + 20u);
    EXPECT_TRUE(seen == wanted);
  }
}

TEST_F(CompletionFailures, OfOtherKindsEndTheVcpu) {
  Shows("VCPU-ENTER-18 VCPU-ENTER-5");
  for (const Case& c : Cases()) {
    if (c.at == 0) continue;
    SCOPED_TRACE(c.name);
    uint64_t runs = 0;
    int refused = 0;
    const Seen seen = Play(c, 2, EIO, 1, &runs, &refused);
    EXPECT_EQ(seen.status, ZX_ERR_INTERNAL);
    EXPECT_EQ(seen.end_status, ZX_ERR_INTERNAL);
    EXPECT_EQ(refused, 0);
  }
}

}  // namespace
}  // namespace zircon
