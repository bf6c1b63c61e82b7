// What calls give when there is no room: for a handle, or for an object. Rows: GUEST-CREATE-7,
// VMO-CREATE-4, PORT-CREATE-2, PORT-QUEUE-4, EVENT-CREATE-2, WAIT-ASYNC-4, TRAP-9, HOST-3.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <cstdlib>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"
#include "guest/guest.h"
#include "handles/handle_table.h"
#include "sanitizers.h"

namespace zircon {
namespace {

class FullTable : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    ASSERT_EQ(zircon_kvm_hypervisor_resource(&resource_), ZX_OK);
    zx_handle_t copy = ZX_HANDLE_INVALID;
    while (zx_handle_duplicate(resource_, ZX_RIGHT_SAME_RIGHTS, &copy) == ZX_OK) {
      copies_.push_back(copy);
    }
  }
  void TearDown() override {
    zx_handle_close_many(copies_.data(), copies_.size());
    zx_handle_close(resource_);
    OnMachine::TearDown();
  }
  void FreeOne() {
    ASSERT_EQ(zx_handle_close(copies_.back()), ZX_OK);
    copies_.pop_back();
  }
  zx_handle_t resource_ = ZX_HANDLE_INVALID;
  std::vector<zx_handle_t> copies_;
};

TEST_F(FullTable, NoCallMakesAHandle) {
  Shows(
      "HANDLE-6 HANDLE-DUP-4 VMO-CREATE-4 PORT-CREATE-2 EVENT-CREATE-2 HOST-3 GUEST-CREATE-7 "
      "EVENTPAIR-CREATE-2 CHANNEL-CREATE-2 SOCKET-CREATE-2 FIFO-CREATE-3 TIMER-CREATE-4 "
      "IRQ-CREATE-3 RESOURCE-CREATE-7");
  const uint32_t live = handles::HandleTable::Process().live();
  zx_handle_t out = 77;
  EXPECT_EQ(zx_vmo_create(4096, 0, &out), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(zx_port_create(0, &out), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(zx_event_create(0, &out), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(zircon_kvm_hypervisor_resource(&out), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(zircon_kvm_vmex_resource(&out), ZX_ERR_NO_MEMORY);
  zx_handle_t other = 77;
  EXPECT_EQ(zx_guest_create(resource_, 0, &out, &other), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(zx_channel_create(0, &out, &other), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(zx_eventpair_create(0, &out, &other), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(zx_socket_create(0, &out, &other), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(zx_fifo_create(1, 1, 0, &out, &other), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &out), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL, &out), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(zircon_kvm_root_resource(&out), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(handles::HandleTable::Process().live(), live);
  // A guest takes two.
  FreeOne();
  EXPECT_EQ(zx_guest_create(resource_, 0, &out, &other), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(out, 77u);
  EXPECT_EQ(other, 77u);
  EXPECT_EQ(handles::HandleTable::Process().live(), live - 1);
  EXPECT_EQ(guest::Guest::live_count(), 1u);
}

// What it has made is gone, place and all.
TEST_F(FullTable, AChildVmarIsNotLeft) {
  Shows("VMAR-ALLOC-12 CALL-4");
  constexpr zx_vm_option_t kOptions = ZX_VM_SPECIFIC | ZX_VM_CAN_MAP_READ;
  zx_handle_t child = 77;
  zx_vaddr_t base = 77;
  EXPECT_EQ(zx_vmar_allocate(machine().vmar, kOptions, 1 << 21, 4096, &child, &base),
            ZX_ERR_NO_MEMORY);
  EXPECT_EQ(child, 77u);
  FreeOne();
  ASSERT_EQ(zx_vmar_allocate(machine().vmar, kOptions, 1 << 21, 4096, &child, &base), ZX_OK);
  EXPECT_EQ(zx_handle_close(child), ZX_OK);
}

// Two handles come, and there is room for one: neither stays, and the message is gone.
TEST_F(FullTable, AMessageWithoutRoomForItsHandles) {
  Shows("CHANNEL-READ-6");
  FreeOne();
  FreeOne();
  FreeOne();
  zx_handle_t ends[2];
  ASSERT_EQ(zx_channel_create(0, &ends[0], &ends[1]), ZX_OK);
  for (int i = 0; i < 2; ++i) {
    zx_handle_t event = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_event_create(0, &event), ZX_OK);
    zx_handle_t sent[] = {event, copies_.back()};
    copies_.pop_back();
    ASSERT_EQ(zx_channel_write(ends[0], 0, nullptr, 0, sent, 2), ZX_OK);
    zx_handle_t copy = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_handle_duplicate(resource_, ZX_RIGHT_SAME_RIGHTS, &copy), ZX_OK);
    copies_.push_back(copy);
  }
  const uint32_t live = handles::HandleTable::Process().live();
  ASSERT_EQ(live, handles::HandleTable::kCapacity - 1);
  zx_handle_t received[2] = {77, 77};
  EXPECT_EQ(zx_channel_read(ends[1], 0, nullptr, received, 0, 2, nullptr, nullptr),
            ZX_ERR_NO_MEMORY);
  EXPECT_EQ(received[0], 77u);
  EXPECT_EQ(handles::HandleTable::Process().live(), live);
  FreeOne();
  EXPECT_EQ(zx_channel_read(ends[1], 0, nullptr, received, 0, 2, nullptr, nullptr), ZX_OK);
  EXPECT_EQ(zx_channel_read(ends[1], 0, nullptr, nullptr, 0, 0, nullptr, nullptr),
            ZX_ERR_SHOULD_WAIT);
  zx_handle_close_many(received, 2);
  zx_handle_close_many(ends, 2);
}

#if !defined(TESTS_SANITIZED)
// While it lives: nothing that the C library could give out is left, and the kernel gives no more.
class NoMemory {
 public:
  NoMemory() {
    blocks_.reserve(4'000'000);
    getrlimit(RLIMIT_AS, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_AS, &none);
    for (size_t size = size_t{1} << 26; size >= 16; size = size > 4096 ? size / 2 : size - 16) {
      while (void* block = malloc(size)) blocks_.push_back(block);
    }
  }
  ~NoMemory() {
    setrlimit(RLIMIT_AS, &before_);
    for (void* block : blocks_) free(block);
  }

 private:
  rlimit before_;
  std::vector<void*> blocks_;
};

class WithoutMemory : public fake::OnMachine {};

TEST_F(WithoutMemory, CallsSaySo) {
  Shows(
      "PORT-CREATE-2 PORT-QUEUE-4 EVENT-CREATE-2 WAIT-ASYNC-4 VMO-CREATE-4 TRAP-9 CALL-6 "
      "EVENTPAIR-CREATE-2 CHANNEL-CREATE-2 CHANNEL-WRITE-5 SOCKET-CREATE-2 FIFO-CREATE-3 "
      "IRQ-CREATE-3");
  zx_handle_t out = 77;
  const zx_port_packet_t packet{};
  zx_status_t queued = ZX_OK;
  zx_status_t port = ZX_OK;
  zx_status_t vmo = ZX_OK;
  zx_status_t io = ZX_OK;
  zx_status_t mem = ZX_OK;
  zx_status_t event = ZX_OK;
  zx_status_t channel = ZX_OK;
  zx_status_t eventpair = ZX_OK;
  zx_status_t socket = ZX_OK;
  zx_status_t fifo = ZX_OK;
  zx_status_t irq = ZX_OK;
  zx_status_t write = ZX_OK;
  zx_handle_t other = 77;
  zx_handle_t ends[2];
  ASSERT_EQ(zx_channel_create(0, &ends[0], &ends[1]), ZX_OK);
  zx_status_t wait = ZX_OK;
  zx_handle_t waited = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_event_create(0, &waited), ZX_OK);
  {
    NoMemory none;
    for (int i = 0; i < 4097 && queued == ZX_OK; ++i) {
      queued = zx_port_queue(machine().port, &packet);
    }
    port = zx_port_create(0, &out);
    vmo = zx_vmo_create(4096, 0, &out);
    event = zx_event_create(0, &out);
    channel = zx_channel_create(0, &out, &other);
    eventpair = zx_eventpair_create(0, &out, &other);
    socket = zx_socket_create(0, &out, &other);
    fifo = zx_fifo_create(1, 1, 0, &out, &other);
    irq = zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL, &out);
    write = zx_channel_write(ends[0], 0, "x", 1, nullptr, 0);
    wait = zx_object_wait_async(waited, machine().port, 1, ZX_EVENT_SIGNALED, 0);
    for (uint16_t number = 0; number < 100 && io == ZX_OK; ++number) {
      io = machine().TrapIo(static_cast<uint16_t>(0x1000 + number), 1);
    }
    for (uint64_t page = 0; page < 100 && mem == ZX_OK; ++page) {
      mem = machine().TrapMemory(0x40000000 + page * 0x1000, 0x1000);
    }
  }
  EXPECT_EQ(queued, ZX_ERR_NO_MEMORY);
  EXPECT_EQ(port, ZX_ERR_NO_MEMORY);
  EXPECT_EQ(vmo, ZX_ERR_NO_MEMORY);
  EXPECT_EQ(event, ZX_ERR_NO_MEMORY);
  EXPECT_EQ(channel, ZX_ERR_NO_MEMORY);
  EXPECT_EQ(eventpair, ZX_ERR_NO_MEMORY);
  EXPECT_EQ(socket, ZX_ERR_NO_MEMORY);
  EXPECT_EQ(fifo, ZX_ERR_NO_MEMORY);
  EXPECT_EQ(irq, ZX_ERR_NO_MEMORY);
  EXPECT_EQ(write, ZX_ERR_NO_MEMORY);
  zx_handle_close_many(ends, 2);
  EXPECT_EQ(wait, ZX_ERR_NO_MEMORY);
  zx_handle_close(waited);
  EXPECT_EQ(io, ZX_ERR_NO_MEMORY);
  EXPECT_EQ(mem, ZX_ERR_NO_MEMORY);
  EXPECT_EQ(out, 77u);
  // With memory all goes on.
  EXPECT_EQ(zx_port_queue(machine().port, &packet), ZX_OK);
  EXPECT_EQ(machine().TrapMemory(0x50000000, 0x1000), ZX_OK);
}
#endif

}  // namespace
}  // namespace zircon
