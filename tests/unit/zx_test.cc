// What the owners of include/lib/zx call, kind by kind. What all have: zx_object_test.cc. Rows: ZX.

#include <gtest/gtest.h>
#include <lib/zx/channel.h>
#include <lib/zx/event.h>
#include <lib/zx/eventpair.h>
#include <lib/zx/fifo.h>
#include <lib/zx/guest.h>
#include <lib/zx/handle.h>
#include <lib/zx/interrupt.h>
#include <lib/zx/port.h>
#include <lib/zx/process.h>
#include <lib/zx/resource.h>
#include <lib/zx/socket.h>
#include <lib/zx/thread.h>
#include <lib/zx/time.h>
#include <lib/zx/timer.h>
#include <lib/zx/vcpu.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <zircon-kvm/host.h>

#include <cstring>

#include "contract.h"
#include "fake/exits.h"
#include "fake/machine_test.h"
#include "handles_in_tests.h"

namespace zircon::test {
namespace {

zx::event MakeEvent() {
  zx::event event;
  EXPECT_EQ(zx::event::create(0, &event), ZX_OK);
  return event;
}

TEST(ZxTest, Pairs) {
  Shows("ZX-4");
  zx::eventpair left, right;
  ASSERT_EQ(zx::eventpair::create(0, &left, &right), ZX_OK);
  EXPECT_EQ(left.signal_peer(0, ZX_EVENTPAIR_SIGNALED), ZX_OK);
  EXPECT_EQ(right.wait_one(ZX_EVENTPAIR_SIGNALED, zx::time(), nullptr), ZX_OK);
  EXPECT_EQ(zx::eventpair::create(1, &left, &right), ZX_ERR_NOT_SUPPORTED);
  EXPECT_FALSE(left || right);

  zx::channel a, b;
  ASSERT_EQ(zx::channel::create(0, &a, &b), ZX_OK);
  zx_handle_t event = MakeEvent().release();
  EXPECT_EQ(a.write(0, "hello", 5, &event, 1), ZX_OK);
  char bytes[8];
  zx_handle_t handles[1];
  uint32_t num_bytes = 0;
  uint32_t num_handles = 0;
  EXPECT_EQ(b.read(0, bytes, handles, 8, 1, &num_bytes, &num_handles), ZX_OK);
  EXPECT_EQ(num_bytes, 5u);
  zx_handle_disposition_t move = {ZX_HANDLE_OP_MOVE, handles[0], ZX_OBJ_TYPE_EVENT,
                                  ZX_RIGHT_SAME_RIGHTS, ZX_OK};
  EXPECT_EQ(b.write_etc(0, "x", 1, &move, 1), ZX_OK);
  zx_handle_info_t info{};
  EXPECT_EQ(a.read_etc(0, bytes, &info, 8, 1, nullptr, nullptr), ZX_OK);
  zx::event received(info.handle);
  EXPECT_TRUE(IsOpen(received.get()));
  const zx_channel_call_args_t args = {"call", nullptr, bytes, nullptr, 4, 0, 8, 0};
  EXPECT_EQ(a.call(0, zx::time(), &args, &num_bytes, &num_handles), ZX_ERR_TIMED_OUT);
  zx_channel_call_etc_args_t etc_args = {"call", nullptr, bytes, nullptr, 4, 0, 8, 0};
  EXPECT_EQ(a.call_etc(0, zx::time(), &etc_args, &num_bytes, &num_handles), ZX_ERR_TIMED_OUT);

  zx::socket in, out;
  ASSERT_EQ(zx::socket::create(ZX_SOCKET_DATAGRAM, &in, &out), ZX_OK);
  size_t actual = 0;
  EXPECT_EQ(in.write(0, "abc", 3, &actual), ZX_OK);
  EXPECT_EQ(out.read(ZX_SOCKET_PEEK, bytes, 8, &actual), ZX_OK);
  EXPECT_EQ(actual, 3u);
  EXPECT_EQ(in.set_disposition(ZX_SOCKET_DISPOSITION_WRITE_DISABLED, 0), ZX_OK);
  EXPECT_EQ(in.write(0, "abc", 3, &actual), ZX_ERR_BAD_STATE);

  zx::fifo front, back;
  ASSERT_EQ(zx::fifo::create(4, 2, 0, &front, &back), ZX_OK);
  EXPECT_EQ(front.write(2, "abcd", 2, &actual), ZX_OK);
  EXPECT_EQ(back.read(2, bytes, 4, &actual), ZX_OK);
  EXPECT_EQ(actual, 2u);
}

TEST(ZxTest, MemoryAndSpace) {
  Shows("ZX-4");
  zx::vmo vmo;
  ASSERT_EQ(zx::vmo::create(8192, ZX_VMO_RESIZABLE, &vmo), ZX_OK);
  EXPECT_EQ(vmo.write("hello", 4000, 5), ZX_OK);
  zx::vmo child;
  EXPECT_EQ(vmo.create_child(ZX_VMO_CHILD_SNAPSHOT, 0, 4096, &child), ZX_OK);
  char bytes[5];
  EXPECT_EQ(child.read(bytes, 4000, 5), ZX_OK);
  EXPECT_EQ(std::memcmp(bytes, "hello", 5), 0);
  EXPECT_EQ(vmo.set_size(4096), ZX_OK);
  uint64_t size = 0;
  EXPECT_EQ(vmo.get_size(&size), ZX_OK);
  EXPECT_EQ(size, 4096u);
  EXPECT_EQ(child.op_range(ZX_VMO_OP_ZERO, 4000, 1, nullptr, 0), ZX_OK);
  EXPECT_EQ(child.set_cache_policy(99), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(child.replace_as_executable(zx::resource(), &child), ZX_OK);
  EXPECT_EQ(child.replace_as_executable(zx::handle(), &child), ZX_OK);
  EXPECT_NE(Basic(child.get()).rights & ZX_RIGHT_EXECUTE, 0u);

  const auto root = zx::vmar::root_self();
  zx::vmar region;
  uintptr_t start = 0;
  ASSERT_EQ(root->allocate(ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC, 0,
                           65536, &region, &start),
            ZX_OK);
  uintptr_t address = 0;
  EXPECT_EQ(
      region.map(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC, 4096, vmo, 0, 4096, &address),
      ZX_OK);
  EXPECT_EQ(address, start + 4096);
  *reinterpret_cast<char*>(address) = 'x';
  EXPECT_EQ(region.op_range(ZX_VMAR_OP_COMMIT, address, 4096, nullptr, 0), ZX_OK);
  EXPECT_EQ(region.protect(ZX_VM_PERM_READ, address, 4096), ZX_OK);
  EXPECT_EQ(region.unmap(address, 4096), ZX_OK);
  EXPECT_EQ(region.destroy(), ZX_OK);
}

TEST(ZxTest, MemoryUnderOlderNames) {
  Shows("ZX-10");
  zx::vmo vmo;
  ASSERT_EQ(zx::vmo::create(8192, 0, &vmo), ZX_OK);
  zx::vmar region;
  uintptr_t start = 0;
  ASSERT_EQ(zx::vmar::root_self()->allocate2(
                ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC, 0, 65536,
                &region, &start),
            ZX_OK);
  uintptr_t address = 0;
  EXPECT_EQ(region.map(4096, vmo, 0, 4096, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, &address), ZX_OK);
  EXPECT_EQ(address, start + 4096);
  EXPECT_EQ(region.protect2(ZX_VM_PERM_READ, address, 4096), ZX_OK);
  // Into the region that it is a part of.
  EXPECT_EQ(region.allocate(ZX_VM_CAN_MAP_READ, 0, 4096, &region, &start), ZX_OK);
  EXPECT_EQ(vmo.create_child(ZX_VMO_CHILD_SLICE, 4096, 4096, &vmo), ZX_OK);
  uint64_t size = 0;
  EXPECT_EQ(vmo.get_size(&size), ZX_OK);
  EXPECT_EQ(size, 4096u);
  EXPECT_EQ(zx::vcpu().resume(nullptr), ZX_ERR_BAD_HANDLE);
}

TEST(ZxTest, MemoryOfAStreamAndOfDevices) {
  Shows("ZX-4");
  zx::vmo vmo;
  ASSERT_EQ(zx::vmo::create(5000, 0, &vmo), ZX_OK);
  uint64_t size = 0;
  EXPECT_EQ(vmo.get_stream_size(&size), ZX_OK);
  EXPECT_EQ(size, 5000u);
  EXPECT_EQ(vmo.set_stream_size(6000), ZX_OK);
  EXPECT_EQ(vmo.get_prop_content_size(&size), ZX_OK);
  EXPECT_EQ(size, 6000u);
  EXPECT_EQ(vmo.set_prop_content_size(8193), ZX_ERR_OUT_OF_RANGE);
  zx::resource root;
  ASSERT_EQ(zircon_kvm_root_resource(root.reset_and_get_address()), ZX_OK);
  EXPECT_EQ(zx::vmo::create_physical(root, 4096, 4096, &vmo), ZX_ERR_NOT_SUPPORTED);
  EXPECT_FALSE(vmo);
  EXPECT_EQ(zx::vmo::create_contiguous(zx::bti(), 4096, 0, &vmo), ZX_ERR_BAD_HANDLE);
}

TEST(ZxTest, TimersInterruptsResources) {
  Shows("ZX-4");
  zx::timer timer;
  ASSERT_EQ(zx::timer::create(0, ZX_CLOCK_MONOTONIC, &timer), ZX_OK);
  EXPECT_EQ(timer.set(zx::deadline_after(zx::msec(1)), zx::nsec(0)), ZX_OK);
  EXPECT_EQ(timer.wait_one(ZX_TIMER_SIGNALED, zx::time::infinite(), nullptr), ZX_OK);
  EXPECT_EQ(timer.cancel(), ZX_OK);
  const zx::time before = zx::clock::get_monotonic();
  EXPECT_EQ(zx::nanosleep(before + zx::usec(10)), ZX_OK);
  EXPECT_GT(zx::clock::get_monotonic(), before);
  EXPECT_GT(zx::ticks::now(), zx::ticks());
  EXPECT_EQ(zx::ticks::per_second().get(), 1'000'000'000);

  zx::resource root;
  ASSERT_EQ(zircon_kvm_root_resource(root.reset_and_get_address()), ZX_OK);
  zx::resource irqs;
  EXPECT_EQ(zx::resource::create(root, ZX_RSRC_KIND_IRQ, 0, 8, "irqs", 4, &irqs), ZX_OK);
  zx::interrupt irq;
  EXPECT_EQ(zx::interrupt::create(irqs, 3, 0, &irq), ZX_ERR_NOT_SUPPORTED);
  ASSERT_EQ(zx::interrupt::create(zx::resource(), 0, ZX_INTERRUPT_VIRTUAL, &irq), ZX_OK);
  EXPECT_EQ(irq.trigger(0, zx::time(77)), ZX_OK);
  zx::time when;
  EXPECT_EQ(irq.wait(&when), ZX_OK);
  EXPECT_EQ(when, zx::time(77));
  zx::port port;
  ASSERT_EQ(zx::port::create(ZX_PORT_BIND_TO_INTERRUPT, &port), ZX_OK);
  EXPECT_EQ(irq.bind(port, 5, ZX_INTERRUPT_BIND), ZX_OK);
  EXPECT_EQ(irq.ack(), ZX_OK);
  EXPECT_EQ(irq.destroy(), ZX_OK);
}

TEST(ZxTest, TimesOfTheBootClock) {
  Shows("ZX-TIME-4");
  zx::timer timer;
  ASSERT_EQ(zx::timer::create(0, ZX_CLOCK_BOOT, &timer), ZX_OK);
  const zx::time_boot before = zx::clock::get_boot();
  EXPECT_EQ(timer.set(before + zx::duration_boot(zx::msec(1)), zx::duration_boot()), ZX_OK);
  EXPECT_EQ(timer.wait_one(ZX_TIMER_SIGNALED, zx::time::infinite(), nullptr), ZX_OK);
  EXPECT_GE(zx::clock::get_boot() - before, zx::duration_boot(zx::msec(1)));
  const zx::ticks earlier = zx::ticks::now();
  EXPECT_GE(zx::ticks_boot::now().get(), earlier.get());

  zx::interrupt irq;
  ASSERT_EQ(zx::interrupt::create(zx::resource(), 0, ZX_INTERRUPT_VIRTUAL, &irq), ZX_OK);
  EXPECT_EQ(irq.trigger(0, zx::time_boot(99)), ZX_OK);
  zx::time_boot when;
  EXPECT_EQ(irq.wait(&when), ZX_OK);
  EXPECT_EQ(when, zx::time_boot(99));
  EXPECT_EQ(irq.trigger(0, zx::time(1)), ZX_OK);
  EXPECT_EQ(irq.wait(nullptr), ZX_OK);
}

class ZxGuestTest : public fake::OnMachine {};

TEST_F(ZxGuestTest, GuestsAndVcpus) {
  Shows("ZX-4");
  const zx::unowned_guest guest(machine().guest);
  EXPECT_EQ(guest->set_trap(ZX_GUEST_TRAP_IO, 0x7000, 1, zx::port(), 9), ZX_OK);
  EXPECT_EQ(guest->set_trap(ZX_GUEST_TRAP_BELL, 0x70000000, 4096, zx::port(), 9),
            ZX_ERR_INVALID_ARGS);
  const zx::unowned_vcpu vcpu(machine().vcpu);
  zx_vcpu_state_t state{};
  EXPECT_EQ(vcpu->read_state(ZX_VCPU_STATE, &state, sizeof(state)), ZX_OK);
  EXPECT_EQ(vcpu->write_state(ZX_VCPU_STATE, &state, sizeof(state)), ZX_OK);
  EXPECT_EQ(vcpu->interrupt(256), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(vcpu->kick(), ZX_OK);
  zx_port_packet_t packet;
  EXPECT_EQ(vcpu->enter(&packet), ZX_ERR_CANCELED);

  zx::guest second;
  zx::vmar space;
  EXPECT_EQ(zx::guest::create(zx::resource(), 0, &second, &space), ZX_ERR_BAD_HANDLE);
  EXPECT_FALSE(second || space);
  zx::resource hypervisor;
  ASSERT_EQ(zircon_kvm_hypervisor_resource(hypervisor.reset_and_get_address()), ZX_OK);
  ASSERT_EQ(zx::guest::create(hypervisor, 0, &second, &space), ZX_OK);
  EXPECT_TRUE(second && space);
  zx::vcpu more;
  EXPECT_EQ(zx::vcpu::create(second, 0, 0, &more), ZX_ERR_BAD_STATE);  // the thread has one
}

}  // namespace
}  // namespace zircon::test
