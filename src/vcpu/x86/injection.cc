#include "vcpu/x86/injection.h"

#include "base/probes.h"

namespace zircon::vcpu::x86 {
namespace {

// Vectors 0..20 without NMI.
constexpr uint64_t kExceptions =
    ((uint64_t{1} << (kLastException + 1)) - 1) & ~(uint64_t{1} << kNmi);

constexpr bool HasErrorCode(int vector) {
  return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

// Whether an event is on its way already: one that was interrupted by a second-level fault and is
// delivered again, or one that was put in before a run that never reached the guest.
bool EventUnderWay(const kvm_vcpu_events& events) {
  return events.exception.injected != 0 || events.exception.pending != 0 ||
         events.interrupt.injected != 0 || events.nmi.injected != 0;
}

// The event of this entry is chosen: what waits still, and how it is to come in.
void EventIsChosen(kvm_run* run, PendingInterrupts* pending, bool* more) {
  run->kvm_dirty_regs |= KVM_SYNC_X86_EVENTS;
  pending->DropLow(kExceptions);
  *more = pending->Any();
  run->request_interrupt_window = pending->Highest() >= kFirstExternal;
}

}  // namespace

void QueueException(kvm_run* run, int vector) {
  kvm_vcpu_events& events = run->s.regs.events;
  events.exception = {};
  events.exception.injected = 1;
  events.exception.nr = static_cast<uint8_t>(vector);
  events.exception.has_error_code = HasErrorCode(vector);
  run->kvm_dirty_regs |= KVM_SYNC_X86_EVENTS;
}

InjectionResult InjectNext(kvm_run* run, bool fault_owed, bool events_known,
                           PendingInterrupts* pending, bool* more) {
  kvm_vcpu_events& events = run->s.regs.events;
  run->request_interrupt_window = 0;
  *more = true;

  if (!events_known) {
    if (pending->Has(kNmi)) return InjectionResult::kNeedsEvents;
  } else if (pending->Take(kNmi)) {
    events.nmi.pending = 1;
    events.flags |= KVM_VCPUEVENT_VALID_NMI_PENDING;
    run->kvm_dirty_regs |= KVM_SYNC_X86_EVENTS;
    PROBE(injection, kNmi);
    if (events.nmi.masked == 0) {
      EventIsChosen(run, pending, more);
      return InjectionResult::kChosen;
    }
  }

  const int vector = pending->Highest();
  *more = vector != kNoVector;
  if (vector == kNoVector) return InjectionResult::kChosen;

  if (!IsException(vector) && vector > kNmi && vector < kFirstExternal) {
    pending->Take(static_cast<uint32_t>(vector));
    *more = pending->Any();
    return InjectionResult::kNotSupported;
  }

  const bool external = vector >= kFirstExternal;
  if (!external && !events_known) return InjectionResult::kNeedsEvents;
  // The delivery of what is under way comes first: KVM would drop what is put in beside it. The
  // window's exit brings us back, or the next try (core.cc).
  if (fault_owed || (events_known && EventUnderWay(events)) ||
      (external && run->ready_for_interrupt_injection == 0)) {
    run->request_interrupt_window = 1;
    return InjectionResult::kChosen;
  }
  if (external) {
    if (!events_known) events = {};
    events.interrupt.injected = 1;
    events.interrupt.nr = static_cast<uint8_t>(vector);
    events.interrupt.soft = 0;
    // What the page says of readiness was true before this.
    run->ready_for_interrupt_injection = 0;
  } else {
    QueueException(run, vector);
  }
  PROBE(injection, vector);
  pending->Take(static_cast<uint32_t>(vector));
  EventIsChosen(run, pending, more);
  return external ? InjectionResult::kInterrupt : InjectionResult::kChosen;
}

}  // namespace zircon::vcpu::x86
