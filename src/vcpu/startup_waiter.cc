#include "vcpu/startup_waiter.h"

#include <signal.h>
#include <sys/prctl.h>
#include <zircon/errors.h>

#include <cerrno>
#include <ctime>
#include <new>
#include <utility>

#include "base/log.h"
#include "guest/kvm_status.h"
#include "vcpu/kick_signal.h"
#include "vcpu/x86/initial_state.h"

namespace zircon::vcpu {

zx_status_t StartupWaiter::Start(guest::Guest& guest, uint32_t id, kvm::VcpuFd& fd,
                                 std::unique_ptr<guest::VcpuShelf::Tenant>* out) {
  std::unique_ptr<StartupWaiter> waiter(new (std::nothrow) StartupWaiter(guest, id, fd));
  if (waiter == nullptr) return ZX_ERR_NO_MEMORY;
  // A new thread has its creator's mask; no signal of the program's is to be handled here, and the
  // library's not before the thread is ready for it.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&waiter->thread_, nullptr, &RunThread, waiter.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) {
    // There is no thread that its end could wait for.
    waiter->thread_ = {};
    return ZX_ERR_NO_RESOURCES;
  }
  *out = std::move(waiter);
  return ZX_OK;
}

StartupWaiter::~StartupWaiter() {
  if (thread_ == pthread_t{}) return;
  stop_.store(true, std::memory_order_seq_cst);
  // EAGAIN: as many signals are queued as may be. The thread may have ended by itself.
  constexpr timespec kShortTime = {.tv_sec = 0, .tv_nsec = 200'000};
  while (pthread_kill(thread_, KickSignal::number()) == EAGAIN) nanosleep(&kShortTime, nullptr);
  pthread_join(thread_, nullptr);
}

void* StartupWaiter::RunThread(void* waiter) {
  prctl(PR_SET_NAME, "zircon-startup");
  static_cast<StartupWaiter*>(waiter)->Wait();
  return nullptr;
}

void StartupWaiter::Wait() {
  volatile uint8_t& immediate_exit = fd_.run().immediate_exit;
  // First what the handler sets, then the signal is opened.
  const KickSignal::Target target(&immediate_exit);
  KickSignal::Attach();
  for (;;) {
    // In this order: a signal that comes after the look ends the run (vcpu/kick_signal.h).
    immediate_exit = 0;
    if (stop_.load(std::memory_order_seq_cst)) return;
    int error = fd_.Run();
    if (error == EINTR) continue;
    bool started = false;
    if (error == 0 || error == EAGAIN) error = LookAtState(&started);
    kvm_sregs sregs = {};
    if (error == 0 && started) error = fd_.GetSregs(&sregs);
    if (error != 0) {
      LOG_ERROR("processor {}: the guest cannot start it (errno {})", id_, error);
      return;
    }
    if (started) {
      guest_.AnnounceStartup({.id = id_, .entry = sregs.cs.base});
      return;
    }
  }
}

int StartupWaiter::LookAtState(bool* started) {
  uint32_t state = KVM_MP_STATE_UNINITIALIZED;
  const int error = fd_.GetMpState(&state);
  *started = state == KVM_MP_STATE_RUNNABLE;
  if (error != 0 || state != KVM_MP_STATE_INIT_RECEIVED) return error;
  // INIT has come and STARTUP has not. The next run waits for that, and would go on into the guest:
  // a triple fault that is due beforehand ends it in front of the first instruction.
  kvm_vcpu_events events = {};
  events.flags = KVM_VCPUEVENT_VALID_TRIPLE_FAULT;
  events.triple_fault.pending = 1;
  return fd_.SetEvents(events);
}

namespace {

// Has the processor wait in its place. What a call before has made of it is there still.
zx_status_t AwaitStartup(guest::Guest& guest, uint32_t id, guest::VcpuShelf::Place* place) {
  int error = place->fd == nullptr ? guest.vm().CreateVcpu(id, &place->fd) : 0;
  if (error == 0) error = place->fd->MapRun();
  if (error == 0 && !place->used) error = x86::SetWaitingState(*place->fd, guest.host(), id);
  if (error != 0) return guest::StatusFromErrno(error);
  place->used = true;
  return StartupWaiter::Start(guest, id, *place->fd, &place->tenant);
}

}  // namespace

zx_status_t AwaitStartups(guest::Guest& guest) {
  const int error = guest::x86::OpenKernelApicMsrs(guest.vm(), guest.host());
  if (error != 0) return guest::StatusFromErrno(error);
  return guest.shelf().Fill(guest.processors(), [&](uint32_t id, guest::VcpuShelf::Place* place) {
    return AwaitStartup(guest, id, place);
  });
}

}  // namespace zircon::vcpu
