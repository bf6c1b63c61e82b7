// Loop: one port and one thread, which does what packets say: bells of a guest, signals of objects,
// tasks of the program, and tasks that are due. Whoever wants to hear of something has a record in
// his own memory that the packet's key points to, as an async dispatcher's users have.

#pragma once

#include <lib/zx/guest.h>
#include <lib/zx/port.h>
#include <lib/zx/time.h>
#include <lib/zx/timer.h>
#include <threads.h>
#include <zircon/assert.h>
#include <zircon/compiler.h>
#include <zircon/listnode.h>
#include <zircon/syscalls/port.h>

#include <functional>
#include <mutex>
#include <utility>

class Loop;

// What a packet's key points to.
class Receiver {
 public:
  virtual void OnPacket(Loop* loop, const zx_port_packet_t& packet) = 0;

 protected:
  ~Receiver() = default;
};

// Something to be done once, now or later; in no loop or in one.
struct Task {
  Task(void (*run)(void* context), void* context) : run(run), context(context) {}
  ~Task() { ZX_DEBUG_ASSERT(!list_in_list(&node)); }

  void (*const run)(void* context);
  void* const context;
  zx::time deadline;
  list_node_t node = LIST_INITIAL_CLEARED_VALUE;
};

// The next time that an object has one of some signals.
class SignalWait : public Receiver {
 public:
  SignalWait(const zx::object_base& object, zx_signals_t signals,
             std::function<void(zx_signals_t)> body)
      : object_(&object), signals_(signals), body_(std::move(body)) {}
  zx_status_t Begin(Loop* loop);

 private:
  void OnPacket(Loop* loop, const zx_port_packet_t& packet) override;

  const zx::object_base* const object_;
  const zx_signals_t signals_;
  const std::function<void(zx_signals_t)> body_;
};

// A page of the guest's: each store into it.
class BellTrap : public Receiver {
 public:
  explicit BellTrap(std::function<void(zx_gpaddr_t)> body) : body_(std::move(body)) {}
  zx_status_t SetTrap(Loop* loop, const zx::guest& guest, zx_gpaddr_t address, size_t size);

 private:
  void OnPacket(Loop* loop, const zx_port_packet_t& packet) override;

  const std::function<void(zx_gpaddr_t)> body_;
};

class Loop {
 public:
  Loop() = default;
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  zx_status_t Init();
  zx_status_t StartThread(const char* name);

  // Any thread. A task of which the deadline is past runs behind those that are queued.
  zx_status_t PostTask(Task* task);
  void PostTaskFor(Task* task, zx::duration delay);
  // False if it has run, or runs.
  bool CancelTask(Task* task);
  // Ends the thread when it has done what it does, and waits for it.
  void Quit();

  const zx::port& port() const { return port_; }

 private:
  static int Thread(void* loop);
  void Run();
  void Dispatch(const zx_port_packet_t& packet);
  void RunDueTasks();
  void ArmTimer() __TA_REQUIRES(mutex_);

  zx::port port_;
  zx::timer timer_;
  thrd_t thread_{};
  bool has_thread_ = false;

  std::mutex mutex_;
  // By deadline.
  list_node_t tasks_ __TA_GUARDED(mutex_) = LIST_INITIAL_VALUE(tasks_);
};
