// Virtual interrupts. Rows: IRQ, PORT-4.

#include <gtest/gtest.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include "contract.h"
#include "fake/machine_test.h"
#include "handles_in_tests.h"
#include "sleeping_thread.h"

// Declared by the headers under ZX_API_2018.
extern "C" zx_status_t zx_interrupt_bind_vcpu(zx_handle_t handle, zx_handle_t vcpu,
                                              uint32_t options);

namespace zircon::test {
namespace {

constexpr uint64_t kKey = 0x99;
constexpr zx_signals_t kUntriggered = ZX_VIRTUAL_INTERRUPT_UNTRIGGERED;

class IrqTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL, &irq_), ZX_OK);
    ASSERT_EQ(zx_port_create(ZX_PORT_BIND_TO_INTERRUPT, &port_), ZX_OK);
  }
  void TearDown() override {
    zx_handle_close(irq_);
    zx_handle_close(port_);
  }
  void Bind() { ASSERT_EQ(zx_interrupt_bind(irq_, port_, kKey, ZX_INTERRUPT_BIND), ZX_OK); }
  void Trigger(zx_time_t timestamp) { ASSERT_EQ(zx_interrupt_trigger(irq_, 0, timestamp), ZX_OK); }
  zx_status_t Ack() { return zx_interrupt_ack(irq_); }
  zx_time_t Wait() {
    zx_time_t timestamp = -1;
    EXPECT_EQ(zx_interrupt_wait(irq_, &timestamp), ZX_OK);
    return timestamp;
  }
  zx_port_packet_t Next() {
    zx_port_packet_t packet{};
    EXPECT_EQ(zx_port_wait(port_, kPast, &packet), ZX_OK);
    return packet;
  }
  bool Empty() {
    zx_port_packet_t packet;
    return zx_port_wait(port_, kPast, &packet) == ZX_ERR_TIMED_OUT;
  }
  zx_handle_t irq_ = ZX_HANDLE_INVALID;
  zx_handle_t port_ = ZX_HANDLE_INVALID;
};

TEST_F(IrqTest, CreateGivesAnInterrupt) {
  Shows("IRQ-CREATE-2 IRQ-CREATE-5 IRQ-5 RIGHTS-51");
  EXPECT_EQ(Basic(irq_).type, ZX_OBJ_TYPE_INTERRUPT);
  EXPECT_EQ(Basic(irq_).rights, 0xD00Fu);
  EXPECT_EQ(Signals(irq_), kUntriggered);
  zx_handle_t other = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_interrupt_create(77, 77, ZX_INTERRUPT_VIRTUAL | ZX_INTERRUPT_TIMESTAMP_MONO, &other),
            ZX_OK);
  zx_handle_close(other);
}

TEST_F(IrqTest, CreateChecksInOrder) {
  Shows("IRQ-CREATE-1 IRQ-CREATE-2 IRQ-CREATE-4 PTR-5");
  zx_handle_t root = ZX_HANDLE_INVALID;
  ASSERT_EQ(zircon_kvm_root_resource(&root), ZX_OK);
  zx_handle_t irqs = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_resource_create(root, ZX_RSRC_KIND_IRQ, 5, 3, "", 0, &irqs), ZX_OK);
  zx_handle_t ports = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_resource_create(root, ZX_RSRC_KIND_IOPORT, 5, 3, "", 0, &ports), ZX_OK);
  zx_handle_t out = 7;
  EXPECT_EQ(zx_interrupt_create(0, 5, 0, &out), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_interrupt_create(port_, 5, 0, &out), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_interrupt_create(ports, 5, 0, &out), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_interrupt_create(irqs, 4, 0, &out), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_interrupt_create(irqs, 8, 0, &out), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_interrupt_create(irqs, 7, 0, &out), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(zx_interrupt_create(root, 7, 0, &out), ZX_ERR_NOT_SUPPORTED);
  for (const uint32_t extra : {1u, 2u, 0x20u, 0x80u, 0x80000000u}) {
    EXPECT_EQ(zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL | extra, &out), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(out, 7u);
  const uint32_t live = LiveHandles();
  EXPECT_EQ(zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(LiveHandles(), live);
  for (const zx_handle_t handle : {root, irqs, ports}) zx_handle_close(handle);
}

TEST_F(IrqTest, ATriggerWaitsForTheWaiter) {
  Shows("IRQ-1 IRQ-2 IRQ-5 IRQ-TRIGGER-3 IRQ-WAIT-5");
  Trigger(10);
  EXPECT_EQ(Signals(irq_), 0u);
  Trigger(11);  // they are one, with the time of the first
  EXPECT_EQ(Wait(), 10);
  Trigger(0);
  Trigger(12);
  EXPECT_EQ(Wait(), 0);
}

TEST_F(IrqTest, AWaiterIsWoken) {
  Shows("IRQ-2 IRQ-5 IRQ-WAIT-4 IRQ-WAIT-5");
  Trigger(1);
  Wait();
  for (zx_time_t round = 2; round < 5; ++round) {
    zx_time_t timestamp = -1;
    SleepingThread waiter([&] { timestamp = Wait(); });
    ASSERT_TRUE(waiter.AwaitSleep());
    EXPECT_EQ(Signals(irq_), kUntriggered);
    EXPECT_EQ(zx_interrupt_wait(irq_, nullptr), ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_interrupt_bind(irq_, port_, kKey, ZX_INTERRUPT_BIND), ZX_ERR_BAD_STATE);
    Trigger(round);
    waiter.Join();
    EXPECT_EQ(timestamp, round);
    EXPECT_EQ(Signals(irq_), 0u);
  }
}

TEST_F(IrqTest, ABoundOneGivesPackets) {
  Shows("IRQ-3 IRQ-4 IRQ-5 IRQ-ACK-3 IRQ-ACK-4 IRQ-WAIT-2");
  Bind();
  EXPECT_EQ(zx_interrupt_wait(irq_, nullptr), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Ack(), ZX_OK);  // nothing to acknowledge
  Trigger(5);
  EXPECT_EQ(Ack(), ZX_ERR_BAD_STATE);
  const zx_port_packet_t packet = Next();
  EXPECT_EQ(packet.key, kKey);
  EXPECT_EQ(packet.type, ZX_PKT_TYPE_INTERRUPT);
  EXPECT_EQ(packet.status, ZX_OK);
  EXPECT_EQ(packet.interrupt.timestamp, 5);
  EXPECT_EQ(packet.interrupt.reserved0 | packet.interrupt.reserved1 | packet.interrupt.reserved2,
            0u);
  Trigger(0);
  Trigger(6);
  EXPECT_TRUE(Empty());
  EXPECT_EQ(Ack(), ZX_OK);
  EXPECT_EQ(Signals(irq_), 0u);
  EXPECT_EQ(Next().interrupt.timestamp, 0);
  EXPECT_EQ(Ack(), ZX_OK);
  EXPECT_EQ(Signals(irq_), kUntriggered);
  EXPECT_TRUE(Empty());
  Trigger(7);
  EXPECT_EQ(Next().interrupt.timestamp, 7);
}

TEST_F(IrqTest, ItsPacketsGoFirst) {
  Shows("IRQ-4 PORT-1 PORT-4");
  Bind();
  zx_port_packet_t user{};
  user.key = kKey;
  for (int i = 0; i <= 4096; ++i) ASSERT_EQ(zx_port_queue(port_, &user), ZX_OK);
  zx_handle_t second = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL, &second), ZX_OK);
  ASSERT_EQ(zx_interrupt_bind(second, port_, 2, ZX_INTERRUPT_BIND), ZX_OK);
  ASSERT_EQ(zx_interrupt_trigger(second, 0, 0), ZX_OK);
  Trigger(5);
  EXPECT_EQ(zx_port_cancel(port_, irq_, kKey), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Next().key, 2u);
  EXPECT_EQ(zx_port_cancel_key(port_, 0, kKey), ZX_OK);  // the user's
  EXPECT_EQ(Next().type, ZX_PKT_TYPE_INTERRUPT);
  EXPECT_TRUE(Empty());
  zx_handle_close(second);
}

TEST_F(IrqTest, AThreadAtThePortIsWoken) {
  Shows("IRQ-3");
  Bind();
  zx_port_packet_t packet{};
  SleepingThread waiter([&] { EXPECT_EQ(zx_port_wait(port_, ZX_TIME_INFINITE, &packet), ZX_OK); });
  ASSERT_TRUE(waiter.AwaitSleep());
  Trigger(8);
  waiter.Join();
  EXPECT_EQ(packet.interrupt.timestamp, 8);
  EXPECT_EQ(Ack(), ZX_OK);
}

TEST_F(IrqTest, BindingATriggeredOne) {
  Shows("IRQ-BIND-6 GEN-46");
  Trigger(3);
  Bind();
  EXPECT_EQ(Next().interrupt.timestamp, 3);
  EXPECT_EQ(Ack(), ZX_OK);
}

TEST_F(IrqTest, Unbinding) {
  Shows("IRQ-BIND-4 IRQ-BIND-5 IRQ-BIND-6 IRQ-ACK-2");
  zx_handle_t other = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(ZX_PORT_BIND_TO_INTERRUPT, &other), ZX_OK);
  EXPECT_EQ(zx_interrupt_bind(irq_, port_, 0, ZX_INTERRUPT_UNBIND), ZX_ERR_NOT_FOUND);
  Bind();
  EXPECT_EQ(zx_interrupt_bind(irq_, other, 0, ZX_INTERRUPT_BIND), ZX_ERR_ALREADY_BOUND);
  EXPECT_EQ(zx_interrupt_bind(irq_, other, 0, ZX_INTERRUPT_UNBIND), ZX_ERR_NOT_FOUND);
  Trigger(1);
  Trigger(1);
  EXPECT_EQ(zx_interrupt_bind(irq_, port_, 0, ZX_INTERRUPT_UNBIND), ZX_OK);
  EXPECT_TRUE(Empty());
  EXPECT_EQ(Signals(irq_), kUntriggered);
  EXPECT_EQ(Ack(), ZX_ERR_BAD_STATE);
  Trigger(2);
  EXPECT_EQ(Wait(), 2);
  ASSERT_EQ(zx_interrupt_bind(irq_, other, 4, ZX_INTERRUPT_BIND), ZX_OK);
  zx_handle_close(other);
}

TEST_F(IrqTest, BindChecksInOrder) {
  Shows("IRQ-BIND-1 IRQ-BIND-2 IRQ-BIND-3 RIGHTS-55");
  zx_handle_t plain = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &plain), ZX_OK);
  const zx_handle_t no_read = WithRights(irq_, 0xD00F & ~ZX_RIGHT_READ);
  const zx_handle_t no_write = WithRights(port_, 0x800F & ~ZX_RIGHT_WRITE);
  EXPECT_EQ(zx_interrupt_bind(0, 0, 0, 2), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_interrupt_bind(0, 0, 0, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_interrupt_bind(port_, 0, 0, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_interrupt_bind(no_read, 0, 0, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_interrupt_bind(irq_, 0, 0, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_interrupt_bind(irq_, irq_, 0, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_interrupt_bind(irq_, no_write, 0, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_interrupt_bind(irq_, plain, 0, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_interrupt_bind(irq_, plain, 0, 1), ZX_ERR_WRONG_TYPE);
  const zx_handle_t read = WithRights(irq_, ZX_RIGHT_READ);
  const zx_handle_t write = WithRights(port_, ZX_RIGHT_WRITE);
  EXPECT_EQ(zx_interrupt_bind(read, write, 0, 0), ZX_OK);
  for (const zx_handle_t handle : {plain, no_read, no_write, read, write}) zx_handle_close(handle);
}

TEST_F(IrqTest, EachCallTakesItsRight) {
  Shows("IRQ-TRIGGER-1 IRQ-TRIGGER-2 IRQ-WAIT-1 IRQ-ACK-1 IRQ-DESTROY-1 RIGHTS-55");
  EXPECT_EQ(zx_interrupt_trigger(0, 1, 0), ZX_ERR_INVALID_ARGS);
  const auto trigger = [](zx_handle_t h) { return zx_interrupt_trigger(h, 0, 0); };
  const auto wait = [](zx_handle_t h) { return zx_interrupt_wait(h, nullptr); };
  const auto check = [&](auto call, zx_rights_t right, zx_status_t alone_gives) {
    EXPECT_EQ(call(0), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(call(port_), ZX_ERR_WRONG_TYPE);
    const zx_handle_t without = WithRights(irq_, 0xD00F & ~right);
    if (right != 0) {
      EXPECT_EQ(call(without), ZX_ERR_ACCESS_DENIED);
    }
    const zx_handle_t alone = WithRights(irq_, right);
    EXPECT_EQ(call(alone), alone_gives);
    zx_handle_close(without);
    zx_handle_close(alone);
  };
  check(trigger, ZX_RIGHT_SIGNAL, ZX_OK);
  check(wait, ZX_RIGHT_WAIT, ZX_OK);
  check(zx_interrupt_ack, ZX_RIGHT_WRITE, ZX_ERR_BAD_STATE);
  check(zx_interrupt_destroy, 0, ZX_OK);
}

TEST_F(IrqTest, WaitWithAWildPointer) {
  Shows("IRQ-WAIT-6");
  Trigger(1);
  EXPECT_EQ(zx_interrupt_wait(irq_, Wild<zx_time_t>()), ZX_ERR_INVALID_ARGS);
  Trigger(2);
  EXPECT_EQ(zx_interrupt_wait(irq_, nullptr), ZX_OK);
}

TEST_F(IrqTest, DestroyingOneThatIsNotBound) {
  Shows("IRQ-DESTROY-3 IRQ-TRIGGER-3 IRQ-WAIT-3 IRQ-WAIT-5 IRQ-ACK-2 IRQ-BIND-4 IRQ-5");
  SleepingThread waiter([&] { EXPECT_EQ(zx_interrupt_wait(irq_, nullptr), ZX_ERR_CANCELED); });
  ASSERT_TRUE(waiter.AwaitSleep());
  EXPECT_EQ(zx_interrupt_destroy(irq_), ZX_OK);
  waiter.Join();
  EXPECT_EQ(zx_interrupt_destroy(irq_), ZX_OK);
  EXPECT_EQ(zx_interrupt_trigger(irq_, 0, 0), ZX_ERR_CANCELED);
  EXPECT_EQ(zx_interrupt_wait(irq_, nullptr), ZX_ERR_CANCELED);
  EXPECT_EQ(Ack(), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_interrupt_bind(irq_, port_, 0, 0), ZX_ERR_CANCELED);
  EXPECT_EQ(Signals(irq_), kUntriggered);
}

TEST_F(IrqTest, DestroyingABoundOne) {
  Shows("IRQ-5 IRQ-DESTROY-2 IRQ-DESTROY-3 IRQ-ACK-2 IRQ-BIND-5 IRQ-WAIT-2");
  Bind();
  EXPECT_EQ(zx_interrupt_destroy(irq_), ZX_OK);
  EXPECT_EQ(Ack(), ZX_ERR_CANCELED);
  EXPECT_EQ(zx_interrupt_bind(irq_, port_, 0, ZX_INTERRUPT_BIND), ZX_ERR_CANCELED);
  EXPECT_EQ(zx_interrupt_bind(irq_, port_, 0, ZX_INTERRUPT_UNBIND), ZX_ERR_CANCELED);
  EXPECT_EQ(zx_interrupt_wait(irq_, nullptr), ZX_ERR_BAD_STATE) << "it is bound, first of all";
  for (const bool take : {false, true}) {
    zx_handle_close(irq_);
    ASSERT_EQ(zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL, &irq_), ZX_OK);
    Bind();
    Trigger(1);
    if (take) Next();
    // Waiting sets the signal too; destroying does it by itself.
    if (!take) {
      EXPECT_EQ(Signals(irq_), 0u);
    }
    EXPECT_EQ(zx_interrupt_destroy(irq_), take ? ZX_ERR_NOT_FOUND : ZX_OK);
    EXPECT_EQ(Signals(irq_), kUntriggered);
    EXPECT_TRUE(Empty());
    EXPECT_EQ(zx_interrupt_trigger(irq_, 0, 0), ZX_ERR_CANCELED);
  }
}

TEST_F(IrqTest, ClosingTheLastHandle) {
  Shows("IRQ-7");
  Bind();
  Trigger(1);
  const zx_handle_t copy = WithRights(irq_, 0);
  zx_handle_close(irq_);
  EXPECT_EQ(Next().key, kKey);
  irq_ = copy;
  zx_handle_close(irq_);
  ASSERT_EQ(zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL, &irq_), ZX_OK);
  Bind();
  Trigger(1);
  zx_handle_close(irq_);
  EXPECT_TRUE(Empty());
  ASSERT_EQ(zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL, &irq_), ZX_OK);
  SleepingThread waiter([&] { EXPECT_EQ(zx_interrupt_wait(irq_, nullptr), ZX_ERR_CANCELED); });
  ASSERT_TRUE(waiter.AwaitSleep());
  zx_handle_close(irq_);
}

// Destroying sets the signal, when nobody waits by that handle any more.
TEST_F(IrqTest, ItsLastHandleTakesTheWaitsWithIt) {
  Shows("IRQ-7 WAIT-1 WAIT-ONE-6 WAIT-ASYNC-11");
  Ends channel;
  ASSERT_EQ(zx_channel_create(0, &channel.a, &channel.b), ZX_OK);
  zx_handle_close(channel.b);
  enum How { kClosed, kClosedWithOthers, kInAMessageThatIsRefused };
  for (const How how : {kClosed, kClosedWithOthers, kInAMessageThatIsRefused}) {
    Trigger(1);
    ASSERT_EQ(zx_object_wait_async(irq_, port_, kKey, kUntriggered, 0), ZX_OK);
    zx_signals_t observed = 0;
    SleepingThread waiter([&] {
      EXPECT_EQ(zx_object_wait_one(irq_, kUntriggered, ZX_TIME_INFINITE, &observed),
                ZX_ERR_CANCELED);
    });
    ASSERT_TRUE(waiter.AwaitSleep());
    switch (how) {
      case kClosed:
        EXPECT_EQ(zx_handle_close(irq_), ZX_OK);
        break;
      case kClosedWithOthers:
        EXPECT_EQ(zx_handle_close_many(&irq_, 1), ZX_OK);
        break;
      case kInAMessageThatIsRefused:
        EXPECT_EQ(zx_channel_write(channel.a, 0, nullptr, 0, &irq_, 1), ZX_ERR_PEER_CLOSED);
        break;
    }
    waiter.Join();
    EXPECT_EQ(observed & kUntriggered, 0u) << how;
    EXPECT_TRUE(Empty()) << how;
    ASSERT_EQ(zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL, &irq_), ZX_OK);
  }
}

TEST_F(IrqTest, ThePortDies) {
  Shows("IRQ-6");
  Bind();
  Trigger(1);
  zx_handle_close(port_);
  EXPECT_EQ(Ack(), ZX_ERR_BAD_STATE);  // it is there, and nobody can take it
  Trigger(2);
  ASSERT_EQ(zx_port_create(ZX_PORT_BIND_TO_INTERRUPT, &port_), ZX_OK);
  EXPECT_EQ(zx_interrupt_bind(irq_, port_, 0, ZX_INTERRUPT_BIND), ZX_ERR_ALREADY_BOUND);
  EXPECT_EQ(zx_interrupt_destroy(irq_), ZX_OK);
}

// Who waits at a port that has died waits on, and gets nothing any more.
TEST_F(IrqTest, ThePortDiesWhileAThreadWaits) {
  Shows("IRQ-6 PORT-WAIT-7");
  Bind();
  zx_status_t status = ZX_OK;
  SleepingThread waiter([&] {
    zx_port_packet_t packet;
    status = zx_port_wait(port_, zx_clock_get_monotonic() + ZX_MSEC(300), &packet);
  });
  ASSERT_TRUE(waiter.AwaitSleep());
  zx_handle_close(port_);
  Trigger(1);
  waiter.Join();
  EXPECT_EQ(status, ZX_ERR_TIMED_OUT);
  ASSERT_EQ(zx_port_create(ZX_PORT_BIND_TO_INTERRUPT, &port_), ZX_OK);
}

TEST_F(IrqTest, CanBeWaitedForAsAnyObject) {
  Shows("IRQ-8");
  ASSERT_EQ(zx_object_signal(irq_, 0, ZX_USER_SIGNAL_0), ZX_OK);
  EXPECT_EQ(zx_object_wait_one(irq_, ZX_USER_SIGNAL_0, kPast, nullptr), ZX_OK);
  EXPECT_EQ(zx_object_signal(irq_, kUntriggered, 0), ZX_ERR_INVALID_ARGS);
}

class IrqVcpuTest : public fake::OnMachine {};

TEST_F(IrqVcpuTest, CannotBeBoundToAVcpu) {
  Shows("IRQ-BIND-VCPU-1 IRQ-BIND-VCPU-2 RIGHTS-55");
  zx_handle_t irq = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL, &irq), ZX_OK);
  const zx_handle_t no_read = WithRights(irq, 0xD00F & ~ZX_RIGHT_READ);
  const zx_handle_t no_write = WithRights(machine().vcpu, 0xD01F & ~ZX_RIGHT_WRITE);
  EXPECT_EQ(zx_interrupt_bind_vcpu(0, 0, 9), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_interrupt_bind_vcpu(machine().vcpu, 0, 9), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_interrupt_bind_vcpu(no_read, 0, 9), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_interrupt_bind_vcpu(irq, 0, 9), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_interrupt_bind_vcpu(irq, irq, 9), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_interrupt_bind_vcpu(irq, no_write, 9), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_interrupt_bind_vcpu(irq, machine().vcpu, 9), ZX_ERR_NOT_SUPPORTED);
  for (const zx_handle_t handle : {irq, no_read, no_write}) zx_handle_close(handle);
}

}  // namespace
}  // namespace zircon::test
