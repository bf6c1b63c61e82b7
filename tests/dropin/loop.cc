#include "loop.h"

#include <zircon/assert.h>
#include <zircon/status.h>
#include <zircon/threads.h>

#include <utility>

namespace {

// Keys that are no address of a receiver.
constexpr uint64_t kQuitKey = 0;
constexpr uint64_t kTimerKey = 1;

}  // namespace

zx_status_t SignalWait::Begin(Loop* loop) {
  return zx_object_wait_async(object_->get(), loop->port().get(),
                              reinterpret_cast<uint64_t>(static_cast<Receiver*>(this)), signals_,
                              ZX_WAIT_ASYNC_ONCE);
}

void SignalWait::OnPacket(Loop* /*loop*/, const zx_port_packet_t& packet) {
  ZX_ASSERT(ZX_PKT_IS_SIGNAL_ONE(packet.type));
  ZX_ASSERT((packet.signal.observed & packet.signal.trigger) != 0);
  body_(packet.signal.observed);
}

zx_status_t BellTrap::SetTrap(Loop* loop, const zx::guest& guest, zx_gpaddr_t address,
                              size_t size) {
  return guest.set_trap(ZX_GUEST_TRAP_BELL, address, size, loop->port(),
                        reinterpret_cast<uint64_t>(static_cast<Receiver*>(this)));
}

void BellTrap::OnPacket(Loop* /*loop*/, const zx_port_packet_t& packet) {
  ZX_ASSERT(ZX_PKT_IS_GUEST_BELL(packet.type));
  body_(packet.guest_bell.addr);
}

Loop::~Loop() { ZX_ASSERT(!has_thread_); }

zx_status_t Loop::Init() {
  zx_status_t status = zx::port::create(0, &port_);
  if (status != ZX_OK) return status;
  status = zx::timer::create(ZX_TIMER_SLACK_LATE, ZX_CLOCK_MONOTONIC, &timer_);
  if (status != ZX_OK) return status;
  return timer_.wait_async(port_, kTimerKey, ZX_TIMER_SIGNALED, ZX_WAIT_ASYNC_ONCE);
}

zx_status_t Loop::StartThread(const char* name) {
  const int result = thrd_create_with_name(&thread_, &Loop::Thread, this, name);
  has_thread_ = result == thrd_success;
  return thrd_status_to_zx_status(result);
}

int Loop::Thread(void* loop) {
  static_cast<Loop*>(loop)->Run();
  return 0;
}

void Loop::Run() {
  for (;;) {
    zx_port_packet_t packet;
    const zx_status_t status = port_.wait(zx::time::infinite(), &packet);
    ZX_ASSERT_MSG(status == ZX_OK, "%s", zx_status_get_string(status));
    if (packet.key == kQuitKey) return;
    if (packet.key == kTimerKey) {
      RunDueTasks();
    } else {
      reinterpret_cast<Receiver*>(packet.key)->OnPacket(this, packet);
    }
  }
}

zx_status_t Loop::PostTask(Task* task) {
  PostTaskFor(task, zx::duration());
  return ZX_OK;
}

void Loop::PostTaskFor(Task* task, zx::duration delay) {
  std::lock_guard<std::mutex> lock(mutex_);
  task->deadline = zx::clock::get_monotonic() + delay;
  list_node_t* before = &tasks_;
  Task* at;
  list_for_every_entry(&tasks_, at, Task, node) {
    if (at->deadline > task->deadline) break;
    before = &at->node;
  }
  list_add_after(before, &task->node);
  if (before == &tasks_) ArmTimer();
}

bool Loop::CancelTask(Task* task) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!list_in_list(&task->node)) return false;
  list_delete(&task->node);
  return true;
}

void Loop::ArmTimer() {
  const Task* const first = list_peek_head_type(&tasks_, Task, node);
  if (first == nullptr) return;
  const zx_status_t status = timer_.set(first->deadline, zx::duration());
  ZX_ASSERT(status == ZX_OK);
}

// Its packet has come, so that the wait is over.
void Loop::RunDueTasks() {
  const zx::time now = zx::clock::get_monotonic();
  for (;;) {
    Task* task = nullptr;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      task = list_peek_head_type(&tasks_, Task, node);
      if (task == nullptr || task->deadline > now) break;
      list_delete(&task->node);
    }
    task->run(task->context);
  }
  std::lock_guard<std::mutex> lock(mutex_);
  timer_.cancel();
  ArmTimer();
  const zx_status_t status =
      timer_.wait_async(port_, kTimerKey, ZX_TIMER_SIGNALED, ZX_WAIT_ASYNC_ONCE);
  ZX_ASSERT(status == ZX_OK);
}

void Loop::Quit() {
  zx_port_packet_t packet = {};
  packet.key = kQuitKey;
  packet.type = ZX_PKT_TYPE_USER;
  const zx_status_t status = port_.queue(&packet);
  ZX_ASSERT(status == ZX_OK);
  int result = -1;
  ZX_ASSERT(thrd_join(thread_, &result) == thrd_success && result == 0);
  has_thread_ = false;
}
