// What an access comes to where it is neither done nor trapped, and where this library differs from
// Zircon there. Rows: FAULT, GPAS-6, GPAS-13, GPAS-14.

#include <sys/mman.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "contract.h"
#include "harness.h"

DECLARE_GUEST(page_fault);
DECLARE_GUEST(space_access);
DECLARE_GUEST(space_call);

namespace conformance {
namespace {

constexpr size_t kPage = 4096;
constexpr zx_vm_option_t kRead = ZX_VM_PERM_READ;
constexpr uint8_t kCheckpoint5[] = {0xE6, GUEST_CHECKPOINT_PORT + 5};

class FaultTest : public KvmTest {
 protected:
  // The form of that text, blanks apart.
  static const Form& FormOf(const Blob& blob, const std::string& wanted) {
    for (size_t i = 0; i < blob.form_count(); ++i) {
      std::string text = blob.form(i).text();
      while (text.find(", ") != std::string::npos) text.replace(text.find(", "), 2, ",");
      if (text == wanted) return blob.form(i);
    }
    throw std::runtime_error(wanted);
  }
  // A VCPU that jumps to RBX.
  static void SetJump(Machine& machine, uint64_t target) {
    zx_vcpu_state_t state{};
    state.rbx = target;
    machine.vcpu().SetState(state);
  }
  // page_fault, up to where it loads from `address`.
  static void BeginLoad(Machine& machine, uint64_t address) {
    ASSERT_TRUE(machine.vcpu().Reaches(2));
    zx_vcpu_state_t state = machine.vcpu().State();
    state.rbx = address;
    machine.vcpu().SetState(state);
  }
  // Lets the page table entry for `address`, which is in the tables' 2 MiB entry, lie at `table`.
  static void PutTable(Machine& machine, uint64_t address, uint64_t table) {
    machine.At<uint64_t>(GUEST_DIRECTORY + 8 * (address >> 21)) = table | 3;
  }
};

TEST_F(FaultTest, RegistersWrittenAfterTheErrorCount) {
  Shows("FAULT-10");
  const Blob blob = GUEST_BLOB(space_access);
  const Form& form = FormOf(blob, "mov [rbx],rax");
  Machine machine(blob, Machine::kWithVcpu, form.rip());
  zx_vcpu_state_t state{};
  state.rax = 1;
  state.rbx = GUEST_WINDOW;
  machine.vcpu().SetState(state);
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
  state.rax = 0x1122334455667788;
  state.rbx = GUEST_DATA + 8;
  machine.vcpu().SetState(state);
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  EXPECT_EQ(machine.At<uint64_t>(GUEST_DATA + 8), 0x1122334455667788u);
}

TEST_F(FaultTest, AFetchFromATrapIsAnError) {
  Shows("FAULT-13");
  const Blob blob = GUEST_BLOB(space_call);
  Machine machine(blob, Machine::kWithVcpu, blob.form(1).rip());
  machine.TrapMem(GUEST_WINDOW, kPage, 1);
  SetJump(machine, GUEST_WINDOW);
  for (int round = 0; round < 3; ++round) ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
  Handle vmo = CreateVmo(kPage);
  ASSERT_EQ(zx_vmo_write(vmo.get(), kCheckpoint5, 0, sizeof(kCheckpoint5)), ZX_OK);
  ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), kPage, kRead | ZX_VM_PERM_EXECUTE), ZX_OK);
  EXPECT_NE(machine.vcpu().Enter(), ZX_OK);
}

TEST_F(FaultTest, AMappingWithoutExecuteIsFetchedFrom) {
  Shows("GPAS-13");
  const Blob blob = GUEST_BLOB(space_call);
  Machine machine(blob, Machine::kWithVcpu, blob.form(1).rip());
  Handle vmo = CreateVmo(kPage);
  ASSERT_EQ(zx_vmo_write(vmo.get(), kCheckpoint5, 0, sizeof(kCheckpoint5)), ZX_OK);
  ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), kPage, kRead), ZX_OK);
  SetJump(machine, GUEST_WINDOW);
  const zx_status_t status = machine.vcpu().Enter();
  if (status == ZX_ERR_ACCESS_DENIED) return;
  ASSERT_EQ(status, ZX_OK);
  EXPECT_TRUE(machine.vcpu().AtCheckpoint(5));
  KnownDifference("GPAS-13", "the guest fetches from a mapping without EXECUTE");
}

TEST_F(FaultTest, AnInstructionThatGoesOnInUnmappedMemory) {
  Shows("FAULT-12");
  const Blob blob = GUEST_BLOB(space_call);
  Machine machine(blob, Machine::kWithVcpu, blob.form(1).rip());
  Handle vmo = CreateVmo(2 * kPage);
  // mov eax, 0x12345678 from the last byte of the page on.
  const uint8_t code[] = {0xB8, 0x78, 0x56, 0x34, 0x12, kCheckpoint5[0], kCheckpoint5[1]};
  ASSERT_EQ(zx_vmo_write(vmo.get(), code, kPage - 1, sizeof(code)), ZX_OK);
  const zx_vm_option_t permissions = kRead | ZX_VM_PERM_EXECUTE;
  ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), kPage, permissions), ZX_OK);
  SetJump(machine, GUEST_WINDOW + kPage - 1);
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
  ASSERT_EQ(machine.Map(GUEST_WINDOW + kPage, vmo.get(), kPage, permissions, kPage), ZX_OK);
  ASSERT_TRUE(machine.vcpu().Reaches(5));
  EXPECT_EQ(machine.vcpu().State().rax, 0x12345678u);
}

TEST_F(FaultTest, AStoreThatReachesIntoUnmappedMemory) {
  Shows("FAULT-4 FAULT-8 FAULT-9");
  const Blob blob = GUEST_BLOB(space_access);
  const Form& form = FormOf(blob, "mov [rbx],rax");
  Machine machine(blob, Machine::kWithVcpu, form.rip());
  Handle vmo = CreateVmo(2 * kPage);
  HostMapping window(vmo.get(), 2 * kPage);
  ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), kPage), ZX_OK);
  zx_vcpu_state_t state{};
  state.rax = 0x1122334455667788;
  state.rbx = GUEST_WINDOW + kPage - 4;
  machine.vcpu().SetState(state);
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
  if (window.At<uint32_t>(kPage - 4) != 0) {
    EXPECT_EQ(window.At<uint32_t>(kPage - 4), 0x55667788u);
    KnownDifference("FAULT-8", "the part of a refused store in mapped memory has been stored");
  }
  ASSERT_EQ(machine.Map(GUEST_WINDOW + kPage, vmo.get(), kPage, kRead | ZX_VM_PERM_WRITE, kPage),
            ZX_OK);
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  EXPECT_EQ(window.At<uint32_t>(kPage - 4), 0x55667788u);
  EXPECT_EQ(window.At<uint32_t>(kPage), 0x11223344u);
}

// ---- Page tables ----

TEST_F(FaultTest, AboveWhatTheProcessorCanAddress) {
  Shows("GPAS-14");
  constexpr uint64_t kHigh = uint64_t{1} << 47;
  constexpr uint64_t kVirtual = 0x20000000;
  Machine machine(GUEST_BLOB(page_fault));
  Handle vmo = CreateVmo(2 * 1024 * 1024);
  ASSERT_EQ(machine.Map(kHigh, vmo.get(), 2 * 1024 * 1024), ZX_OK);
  machine.At<uint64_t>(GUEST_DIRECTORY + 8 * (kVirtual >> 21)) = kHigh | 0x83;
  BeginLoad(machine, kVirtual);
  ASSERT_EQ(machine.vcpu().Enter(), ZX_OK);
  if (machine.vcpu().AtCheckpoint(0)) return;  // A wide processor.
  ASSERT_TRUE(machine.vcpu().AtCheckpoint(1));
  const zx_vcpu_state_t state = machine.vcpu().State();
  EXPECT_EQ(state.r8 & ~uint64_t{1}, 8u) << "a reserved bit is set in the tables";
  EXPECT_EQ(state.r9, kVirtual);
  KnownDifference("GPAS-14", "the guest has a page fault above the processor's addresses");
}

TEST_F(FaultTest, APageTableInUnmappedMemory) {
  Shows("FAULT-14");
  constexpr uint64_t kVirtual = 0x20000000;
  Machine machine(GUEST_BLOB(page_fault));
  PutTable(machine, kVirtual, GUEST_WINDOW);
  BeginLoad(machine, kVirtual);
  const zx_status_t status = machine.vcpu().Enter();
  if (status == ZX_ERR_NOT_FOUND) return;
  ASSERT_EQ(status, ZX_OK);
  ASSERT_TRUE(machine.vcpu().AtCheckpoint(1));
  EXPECT_EQ(machine.vcpu().State().r9, kVirtual);
  KnownDifference("FAULT-14", "a page table in unmapped memory is a page fault in the guest");
}

TEST_F(FaultTest, APageTableInReadOnlyMemory) {
  Shows("FAULT-15");
  constexpr uint64_t kVirtual = 0x20000000;
  Machine machine(GUEST_BLOB(page_fault));
  Handle vmo = CreateVmo(kPage);
  const uint64_t entry = GUEST_DATA | 3;  // Present, writable, not accessed yet.
  ASSERT_EQ(zx_vmo_write(vmo.get(), &entry, 0, sizeof(entry)), ZX_OK);
  ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), kPage, kRead), ZX_OK);
  PutTable(machine, kVirtual, GUEST_WINDOW);
  machine.At<uint64_t>(GUEST_DATA) = 0x1234;
  BeginLoad(machine, kVirtual);
  const zx_status_t status = machine.vcpu().Enter();
  if (status == ZX_ERR_ACCESS_DENIED) return;
  ASSERT_EQ(status, ZX_OK);
  if (machine.vcpu().AtCheckpoint(0)) {
    // KVM, emulating the load because of a fault in the table, may load from there.
    const uint64_t loaded = machine.vcpu().State().rcx;
    EXPECT_TRUE(loaded == 0x1234 || loaded == entry) << loaded;
  } else {
    EXPECT_TRUE(machine.vcpu().AtCheckpoint(1));
  }
  KnownDifference("FAULT-15", "a page table in read-only memory gives no exit");
}

// ---- Memory at first touch ----

TEST_F(FaultTest, MemoryIsZeroAndComesAtFirstTouch) {
  Shows("GPAS-6 VMO-1");
  const Blob blob = GUEST_BLOB(space_access);
  const Form& form = FormOf(blob, "mov rcx,[rbx]");
  Machine machine(blob, Machine::kWithVcpu, form.rip());
  constexpr size_t kPages = 64;
  Handle vmo = CreateVmo(kPages * kPage);
  HostMapping window(vmo.get(), kPages * kPage);
  ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), kPages * kPage), ZX_OK);
  const auto resident = [&] {
    unsigned char pages[kPages] = {};
    EXPECT_EQ(mincore(window.bytes(), kPages * kPage, pages), 0);
    size_t count = 0;
    for (const unsigned char page : pages) count += page & 1;
    return count;
  };
  EXPECT_EQ(resident(), 0u);
  zx_vcpu_state_t state{};
  state.rbx = GUEST_WINDOW + 5 * kPage;
  state.rcx = ~uint64_t{0};
  machine.vcpu().SetState(state);
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  EXPECT_EQ(machine.vcpu().State().rcx, 0u);
  EXPECT_LT(resident(), kPages);
}

}  // namespace
}  // namespace conformance
