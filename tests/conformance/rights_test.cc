// Rights of the hypervisor calls, one at a time, and pointers that lead nowhere. Rows: RIGHTS, PTR.

#include <sys/mman.h>

#include <cstring>

#include "contract.h"
#include "harness.h"

DECLARE_GUEST(io_many);
DECLARE_GUEST(busy_loop);

namespace conformance {
namespace {

class RightsTest : public KvmTest {
 protected:
  using Call = std::function<zx_status_t(zx_handle_t)>;

  // Without `right` the call gives ACCESS_DENIED, with nothing but it ZX_OK.
  static void ExpectRight(const char* name, const Handle& handle, zx_rights_t right,
                          const Call& call) {
    SCOPED_TRACE(name);
    const zx_rights_t all = handle.Rights();
    ASSERT_EQ(all & right, right) << "the handle has it at first";
    const Handle without = handle.WithRights(all & ~right);
    EXPECT_EQ(call(without.get()), ZX_ERR_ACCESS_DENIED);
    const Handle only = handle.WithRights(right);
    EXPECT_EQ(call(only.get()), ZX_OK);
  }
};

TEST_F(RightsTest, DefaultRights) {
  Shows("GUEST-CREATE-9 RIGHTS-4 RIGHTS-5 RIGHTS-6 RIGHTS-9 INFO-8 INFO-10");
  Machine machine(GUEST_BLOB(io_many));
  EXPECT_EQ(machine.guest_handle().Rights(), 0x6800Bu);
  EXPECT_EQ(machine.space_handle().Rights(), 0x20801Fu);
  EXPECT_EQ(machine.vcpu().handle().Rights(), 0xD01Fu);
  EXPECT_EQ(CreatePort().Rights(), 0x800Fu);
  zx_info_handle_basic_t info{};
  ASSERT_EQ(zx_object_get_info(machine.guest(), ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr,
                               nullptr),
            ZX_OK);
  EXPECT_EQ(info.type, ZX_OBJ_TYPE_GUEST);
  EXPECT_EQ(info.related_koid, 0u);
  ASSERT_EQ(zx_object_get_info(machine.vcpu().get(), ZX_INFO_HANDLE_BASIC, &info, sizeof(info),
                               nullptr, nullptr),
            ZX_OK);
  EXPECT_EQ(info.type, ZX_OBJ_TYPE_VCPU);
}

TEST_F(RightsTest, Guest) {
  Shows("RIGHTS-12 RIGHTS-13 TRAP-1 TRAP-2");
  Machine machine(GUEST_BLOB(io_many), Machine::kWithoutVcpu);
  uint16_t port = 0x1000;
  ExpectRight("set_trap", machine.guest_handle(), ZX_RIGHT_WRITE, [&](zx_handle_t guest) {
    return zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, port++, 1, ZX_HANDLE_INVALID, 0);
  });
  Handle bell_port = CreatePort();
  uint64_t page = GUEST_BELL_TRAP;
  ExpectRight("set_trap's port", bell_port, ZX_RIGHT_WRITE, [&](zx_handle_t handle) {
    page += 0x1000;
    return zx_guest_set_trap(machine.guest(), ZX_GUEST_TRAP_BELL, page, 0x1000, handle, 0);
  });
  ExpectRight("vcpu_create", machine.guest_handle(), ZX_RIGHT_WRITE, [&](zx_handle_t guest) {
    zx_handle_t vcpu = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_vcpu_create(guest, 0, 0, &vcpu);
    zx_handle_close(vcpu);
    return status;
  });
  const Handle newer = machine.guest_handle().WithRights(ZX_RIGHT_MANAGE_THREAD);
  zx_handle_t vcpu = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vcpu_create(newer.get(), 0, 0, &vcpu), ZX_ERR_ACCESS_DENIED);
  const Handle older = machine.guest_handle().WithRights(ZX_RIGHT_MANAGE_PROCESS);
  EXPECT_EQ(zx_vcpu_create(older.get(), 0, 0, &vcpu), ZX_ERR_ACCESS_DENIED);
}

TEST_F(RightsTest, GuestCreateNeedsNoRight) {
  Shows(
      "GUEST-CREATE-1 GUEST-CREATE-2 GUEST-CREATE-4 GUEST-CREATE-5 GUEST-CREATE-10 RIGHTS-10 "
      "RIGHTS-11");
  Handle resource;
  ASSERT_EQ(zircon_kvm_hypervisor_resource(resource.Receive()), ZX_OK);
  EXPECT_EQ(resource.Rights(), 0x800Bu);
  const Handle bare = resource.WithRights(0);
  Handle guest;
  Handle space;
  EXPECT_EQ(zx_guest_create(bare.get(), 0, guest.Receive(), space.Receive()), ZX_OK);
  zx_handle_t out[2];
  EXPECT_EQ(zx_guest_create(ZX_HANDLE_INVALID, 0, &out[0], &out[1]), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_guest_create(guest.get(), 0, &out[0], &out[1]), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_guest_create(bare.get(), ZX_GUEST_OPT_DIRECT, &out[0], &out[1]),
            ZX_ERR_INVALID_ARGS);
  Handle vmex;
  ASSERT_EQ(zircon_kvm_vmex_resource(vmex.Receive()), ZX_OK);
  EXPECT_EQ(zx_guest_create(vmex.get(), 0, &out[0], &out[1]), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(RightsTest, Vcpu) {
  Shows("RIGHTS-14 RIGHTS-15 RIGHTS-16 RIGHTS-22");
  Machine machine(GUEST_BLOB(io_many));
  const Handle& vcpu = machine.vcpu().handle();
  zx_vcpu_state_t state{};
  ExpectRight("read_state", vcpu, ZX_RIGHT_READ, [&](zx_handle_t handle) {
    return zx_vcpu_read_state(handle, ZX_VCPU_STATE, &state, sizeof(state));
  });
  state.rcx = 10;
  ExpectRight("write_state", vcpu, ZX_RIGHT_WRITE, [&](zx_handle_t handle) {
    return zx_vcpu_write_state(handle, ZX_VCPU_STATE, &state, sizeof(state));
  });
  zx_vcpu_io_t io{};
  io.access_size = 1;
  ExpectRight("write_state IO", vcpu, ZX_RIGHT_WRITE, [&](zx_handle_t handle) {
    return zx_vcpu_write_state(handle, ZX_VCPU_IO, &io, sizeof(io));
  });
  ExpectRight("interrupt", vcpu, ZX_RIGHT_SIGNAL,
              [&](zx_handle_t handle) { return zx_vcpu_interrupt(handle, 0x40); });
  ExpectRight("info", vcpu, ZX_RIGHT_INSPECT, [&](zx_handle_t handle) {
    zx_info_vcpu_t info;
    return zx_object_get_info(handle, ZX_INFO_VCPU, &info, sizeof(info), nullptr, nullptr);
  });
  machine.TrapIo(0x500, 1, 1);
  zx_port_packet_t packet;
  ExpectRight("enter", vcpu, ZX_RIGHT_EXECUTE,
              [&](zx_handle_t handle) { return zx_vcpu_enter(handle, &packet); });
  ExpectRight("resume", vcpu, ZX_RIGHT_EXECUTE,
              [&](zx_handle_t handle) { return zx_vcpu_resume(handle, &packet); });
  ExpectRight("kick", vcpu, ZX_RIGHT_EXECUTE,
              [&](zx_handle_t handle) { return zx_vcpu_kick(handle); });
}

// Type before right, and both before anything else.
TEST_F(RightsTest, WrongTypeComesBeforeMissingRights) {
  Shows("CALL-1 CALL-2 HANDLE-7 TRAP-1 TRAP-2");
  Machine machine(GUEST_BLOB(io_many));
  const Handle bare = machine.guest_handle().WithRights(0);
  const Handle bare_port = CreatePort().WithRights(0);
  zx_port_packet_t packet;
  zx_vcpu_state_t state{};
  EXPECT_EQ(zx_vcpu_enter(bare.get(), &packet), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vcpu_kick(bare.get()), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vcpu_interrupt(bare.get(), 1000), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vcpu_read_state(bare.get(), 99, &state, 1), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vcpu_write_state(bare.get(), 99, &state, 1), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_guest_set_trap(bare_port.get(), 99, 1, 1, ZX_HANDLE_INVALID, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_guest_set_trap(machine.guest(), 99, 1, 1, machine.space(), 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vcpu_create(bare_port.get(), 0, ~uint64_t{0}, nullptr), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vcpu_interrupt(machine.vcpu().handle().WithRights(0).get(), 1000),
            ZX_ERR_ACCESS_DENIED);
  for (const zx_handle_t bad :
       {zx_handle_t{0}, zx_handle_t{0xFFFFFFFF}, zx_handle_t{4}, machine.vcpu().get() ^ 0x40000}) {
    EXPECT_EQ(zx_vcpu_enter(bad, &packet), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(zx_vcpu_kick(bad), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(zx_vcpu_interrupt(bad, 0x40), ZX_ERR_BAD_HANDLE);
  }
}

TEST_F(RightsTest, Mapping) {
  Shows("RIGHTS-19 RIGHTS-20 VMAR-MAP-3 VMAR-MAP-6");
  Machine machine(GUEST_BLOB(io_many), Machine::kWithoutVcpu);
  Handle vmo = CreateVmo(0x1000);
  uint64_t gpa = GUEST_WINDOW;
  struct Case {
    zx_rights_t right;
    zx_vm_option_t permission;
  };
  const Case cases[] = {{ZX_RIGHT_READ, ZX_VM_PERM_READ},
                        {ZX_RIGHT_WRITE, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE},
                        {ZX_RIGHT_EXECUTE, ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE}};
  const zx_rights_t vmo_rights = vmo.Rights();
  const zx_rights_t space_rights = machine.space_handle().Rights();
  for (const Case& c : cases) {
    const auto map = [&](zx_handle_t space, zx_handle_t memory) {
      zx_vaddr_t address = 0;
      gpa += 0x1000;
      return zx_vmar_map(space, c.permission | ZX_VM_SPECIFIC, gpa, memory, 0, 0x1000, &address);
    };
    EXPECT_EQ(map(machine.space(), vmo.WithRights(vmo_rights & ~c.right).get()),
              ZX_ERR_ACCESS_DENIED);
    EXPECT_EQ(map(machine.space_handle().WithRights(space_rights & ~c.right).get(), vmo.get()),
              ZX_ERR_ACCESS_DENIED);
    EXPECT_EQ(map(machine.space(), vmo.WithRights(vmo_rights & ~ZX_RIGHT_MAP).get()),
              ZX_ERR_ACCESS_DENIED);
    const zx_rights_t needed = c.right | ZX_RIGHT_READ;
    EXPECT_EQ(map(machine.space_handle().WithRights(needed).get(),
                  vmo.WithRights(needed | ZX_RIGHT_MAP).get()),
              ZX_OK);
  }
  // Unmapping needs none.
  EXPECT_EQ(zx_vmar_unmap(machine.space_handle().WithRights(0).get(), GUEST_WINDOW, 0x10000),
            ZX_OK);
}

// ---- Pointers ----

class PointerTest : public KvmTest {
 protected:
  // Nothing, the first page, kernel addresses, and a page without permissions.
  std::vector<void*> Wild() {
    return {nullptr, reinterpret_cast<void*>(8), reinterpret_cast<void*>(~uint64_t{0} - 7),
            reinterpret_cast<void*>(uint64_t{0xFFFF800000000000}), nowhere_};
  }
  void SetUp() override {
    KvmTest::SetUp();
    nowhere_ = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    read_only_ = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  void TearDown() override {
    munmap(nowhere_, 4096);
    munmap(read_only_, 4096);
  }
  std::vector<void*> WildForWriting() {
    std::vector<void*> all = Wild();
    all.push_back(read_only_);
    return all;
  }

  void* nowhere_ = nullptr;
  void* read_only_ = nullptr;
};

// The guest has run and the packet is lost.
TEST_F(PointerTest, PacketOfEnter) {
  Shows("PTR-1 PTR-2 PTR-4 PTR-6");
  Machine machine(GUEST_BLOB(io_many));
  machine.TrapIo(0x500, 1, 1);
  zx_vcpu_state_t state{};
  state.rcx = 20;
  machine.vcpu().SetState(state);
  uint32_t next = 20;
  for (void* wild : WildForWriting()) {
    EXPECT_EQ(zx_vcpu_enter(machine.vcpu().get(), static_cast<zx_port_packet_t*>(wild)),
              ZX_ERR_INVALID_ARGS);
    --next;
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
    ASSERT_EQ(machine.vcpu().packet().guest_io.u32, next--);
  }
  // Another status is not hidden by the pointer.
  EXPECT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
  EXPECT_EQ(zx_vcpu_enter(machine.vcpu().get(), nullptr), ZX_ERR_CANCELED);
}

TEST_F(PointerTest, StateBuffers) {
  Shows("PTR-1 PTR-2 CALL-4");
  Machine machine(GUEST_BLOB(io_many));
  const zx_handle_t vcpu = machine.vcpu().get();
  zx_vcpu_state_t state{};
  state.rax = 0x1234;
  machine.vcpu().SetState(state);
  for (void* wild : WildForWriting()) {
    EXPECT_EQ(zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, wild, sizeof(state)), ZX_ERR_INVALID_ARGS);
  }
  for (void* wild : Wild()) {
    EXPECT_EQ(zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, wild, sizeof(state)), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_vcpu_write_state(vcpu, ZX_VCPU_IO, wild, sizeof(zx_vcpu_io_t)),
              ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(machine.vcpu().State().rax, 0x1234u);
  // A buffer that begins in a page and ends behind it.
  auto* pages = static_cast<uint8_t*>(
      mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_EQ(mprotect(pages + 4096, 4096, PROT_NONE), 0);
  EXPECT_EQ(zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, pages + 4096 - 64, sizeof(state)),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, pages + 4096 - 64, sizeof(state)),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, pages + 4096 - sizeof(state), sizeof(state)),
            ZX_OK);
  munmap(pages, 8192);
}

// The new handles are closed again and nothing is left.
TEST_F(PointerTest, OutHandles) {
  Shows("PTR-1 PTR-2 PTR-5 GUEST-CREATE-8 PORT-CREATE-3 VMO-CREATE-5 HOST-3");
  Machine machine(GUEST_BLOB(io_many), Machine::kWithoutVcpu);
  Handle resource;
  ASSERT_EQ(zircon_kvm_hypervisor_resource(resource.Receive()), ZX_OK);
  const zircon_kvm_stats_t before = Stats();
  for (void* wild : WildForWriting()) {
    auto* out = static_cast<zx_handle_t*>(wild);
    EXPECT_EQ(zx_vcpu_create(machine.guest(), 0, 0, out), ZX_ERR_INVALID_ARGS);
    zx_handle_t good = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_guest_create(resource.get(), 0, out, &good), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_guest_create(resource.get(), 0, &good, out), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_vmo_create(4096, 0, out), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_port_create(0, out), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zircon_kvm_hypervisor_resource(out), ZX_ERR_INVALID_ARGS);
  }
  const zircon_kvm_stats_t after = Stats();
  EXPECT_EQ(after.live_handles, before.live_handles);
  EXPECT_EQ(after.guests, before.guests);
  EXPECT_EQ(after.vcpus, before.vcpus);
  EXPECT_EQ(after.vm_fds, before.vm_fds);
  // The failed vcpu_create calls have not left the thread an owner, nor taken an id.
  machine.CreateVcpu();
  machine.TrapIo(0x500, 1, 1);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
}

TEST_F(PointerTest, PacketOfPortWait) {
  Shows("PTR-2 PTR-6 PORT-WAIT-5");
  Handle port = CreatePort();
  zx_port_packet_t packet{};
  for (void* wild : WildForWriting()) {
    packet.key = 1;
    ASSERT_EQ(zx_port_queue(port.get(), &packet), ZX_OK);
    packet.key = 2;
    ASSERT_EQ(zx_port_queue(port.get(), &packet), ZX_OK);
    EXPECT_EQ(zx_port_wait(port.get(), 0, static_cast<zx_port_packet_t*>(wild)),
              ZX_ERR_INVALID_ARGS);
    zx_port_packet_t seen{};
    EXPECT_EQ(zx_port_wait(port.get(), 0, &seen), ZX_OK);
    EXPECT_EQ(seen.key, 2u) << "the first is lost";
  }
}

}  // namespace
}  // namespace conformance
