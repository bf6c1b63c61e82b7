#include "fake/fake_vcpu.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "guest/x86/deadline_probe.h"

namespace zircon::fake {
namespace {

constexpr uint64_t kInterruptFlag = 1u << 9;
constexpr uint64_t kX2ApicEnabled = 1u << 10;
constexpr uint64_t kCr4OsXsave = 1u << 18;

template <typename T>
const T& In(uintptr_t argument) {
  return *reinterpret_cast<const T*>(argument);
}

}  // namespace

FakeVcpu::FakeVcpu(std::shared_ptr<FakeVm> vm, uint32_t id)
    : vm_(std::move(vm)),
      id_(id),
      page_(vm_->host().run_page_size),
      apic_event_(vm_->has_kernel_apics() ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1) {
  regs.rip = 0xFFF0;
  regs.rflags = 0x2;
  // What the library has to put right.
  std::memset(lapic.regs, 0xEE, sizeof(lapic.regs));
  if (vm_->has_kernel_apics() && id_ != 0) mp_state = KVM_MP_STATE_UNINITIALIZED;
}

FakeVcpu::~FakeVcpu() {
  if (apic_event_ >= 0) close(apic_event_);
}

void FakeVcpu::SendInit() {
  init_pending_ = true;
  eventfd_write(apic_event_, 1);
}

void FakeVcpu::SendStartup(uint8_t vector) {
  startup_pending_ = vector;
  eventfd_write(apic_event_, 1);
}

void FakeVcpu::Push(Step step) {
  std::lock_guard lock(script_mutex_);
  script_.push_back(std::move(step));
}

void FakeVcpu::Always(Step step) {
  std::lock_guard lock(script_mutex_);
  always_ = std::move(step);
}

void FakeVcpu::ForgetScript() {
  std::lock_guard lock(script_mutex_);
  script_.clear();
  always_ = nullptr;
}

void FakeVcpu::RaiseException(uint8_t vector, bool has_error_code) {
  events.exception.injected = 1;
  events.exception.nr = vector;
  events.exception.has_error_code = has_error_code;
  events.exception.error_code = 0;
}

int FakeVcpu::Ioctl(unsigned long request, uintptr_t argument) {
  switch (request) {
    case KVM_RUN:
      return Run();
    case KVM_SET_REGS:
      regs = In<kvm_regs>(argument);
      return 0;
    case KVM_GET_SREGS:
      *reinterpret_cast<kvm_sregs*>(argument) = sregs;
      return 0;
    case KVM_SET_SREGS:
      return SetSregs(In<kvm_sregs>(argument));
    case KVM_GET_SREGS2: {
      auto* out = reinterpret_cast<kvm_sregs2*>(argument);
      *out = {};
      if (has_pdptrs) {
        out->flags = KVM_SREGS2_FLAGS_PDPTRS_VALID;
        std::copy(pdptrs.begin(), pdptrs.end(), out->pdptrs);
      }
      return 0;
    }
    case KVM_GET_XCRS: {
      auto* out = reinterpret_cast<kvm_xcrs*>(argument);
      *out = {};
      out->nr_xcrs = 1;
      out->xcrs[0].value = xcr0;
      return 0;
    }
    case KVM_SET_XCRS:
      if ((In<kvm_xcrs>(argument).xcrs[0].value & 1) == 0) return -EINVAL;
      xcr0 = In<kvm_xcrs>(argument).xcrs[0].value;
      return 0;
    case KVM_GET_FPU:
      *reinterpret_cast<kvm_fpu*>(argument) = fpu;
      return 0;
    case KVM_SET_FPU:
      return 0;
    case KVM_GET_XSAVE:
      *reinterpret_cast<kvm_xsave*>(argument) = xsave;
      return 0;
    case KVM_SET_XSAVE:
      xsave = In<kvm_xsave>(argument);
      return 0;
    case KVM_GET_DEBUGREGS:
      *reinterpret_cast<kvm_debugregs*>(argument) = debugregs;
      return 0;
    case KVM_SET_DEBUGREGS:
      debugregs = In<kvm_debugregs>(argument);
      return 0;
    case KVM_SET_GUEST_DEBUG:
      guest_debug = In<kvm_guest_debug>(argument);
      step_begins_at_ = regs.rip;
      return 0;
    case KVM_GET_VCPU_EVENTS:
      *reinterpret_cast<kvm_vcpu_events*>(argument) = EventsToTell();
      return 0;
    case KVM_SET_VCPU_EVENTS:
      if ((In<kvm_vcpu_events>(argument).flags & KVM_VCPUEVENT_VALID_TRIPLE_FAULT) != 0) {
        if (!vm_->has_cap(KVM_CAP_X86_TRIPLE_FAULT_EVENT)) return -EINVAL;
        triple_fault_ = In<kvm_vcpu_events>(argument).triple_fault.pending != 0;
      }
      SetEvents(In<kvm_vcpu_events>(argument));
      return 0;
    case KVM_SET_CPUID2:
      return SetCpuid(reinterpret_cast<const kvm_cpuid2*>(argument));
    case KVM_GET_MSRS:
      return GetMsr(reinterpret_cast<kvm_msrs*>(argument));
    case KVM_SET_MSRS:
      return SetMsrs(reinterpret_cast<const kvm_msrs*>(argument));
    case KVM_ENABLE_CAP:
      caps[In<kvm_enable_cap>(argument).cap] = In<kvm_enable_cap>(argument).args[0];
      return 0;
    case KVM_SET_DEVICE_ATTR:
      return SetAttribute(In<kvm_device_attr>(argument));
    case KVM_GET_LAPIC:
      if (!vm_->has_kernel_apics()) return -EINVAL;
      *reinterpret_cast<kvm_lapic_state*>(argument) = lapic;
      return 0;
    case KVM_SET_LAPIC:
      if (!vm_->has_kernel_apics()) return -EINVAL;
      lapic = In<kvm_lapic_state>(argument);
      return 0;
    case KVM_GET_MP_STATE:
      reinterpret_cast<kvm_mp_state*>(argument)->mp_state = mp_state;
      return 0;
    case KVM_SET_MP_STATE:
      mp_state = In<kvm_mp_state>(argument).mp_state;
      return 0;
    case KVM_GET_TSC_KHZ: {
      const uint32_t khz = vm_->host().tsc_khz;
      return static_cast<int>(khz != 0 ? khz : MeasuredTscKhz());
    }
    default:
      return -ENOTTY;
  }
}

int FakeVcpu::SetSregs(const kvm_sregs& wanted) {
  // What KVM refuses: bits that the processor, as CPUID shows it, does not have.
  const kvm_cpuid_entry2* features = FindCpuid(cpuid, 1);
  const uint32_t ecx = features != nullptr ? features->ecx : 0;
  if ((wanted.apic_base & kX2ApicEnabled) != 0 && (ecx & 1u << 21) == 0) return -EINVAL;
  if ((wanted.cr4 & kCr4OsXsave) != 0 && (ecx & 1u << 26) == 0) return -EINVAL;
  sregs = wanted;
  return 0;
}

int FakeVcpu::SetCpuid(const kvm_cpuid2* wanted) {
  const auto* first = reinterpret_cast<const kvm_cpuid_entry2*>(wanted + 1);
  std::vector<kvm_cpuid_entry2> table(first, first + wanted->nent);
  const bool same = table.size() == cpuid.size() &&
                    std::memcmp(table.data(), cpuid.data(), table.size() * sizeof(table[0])) == 0;
  if (has_run_ && !same) return -EINVAL;
  cpuid = std::move(table);
  return 0;
}

int FakeVcpu::SetMsrs(const kvm_msrs* wanted) {
  const auto* entries = reinterpret_cast<const kvm_msr_entry*>(wanted + 1);
  for (uint32_t i = 0; i < wanted->nmsrs; ++i) {
    if (vm_->host().unknown_msrs.count(entries[i].index) != 0) return static_cast<int>(i);
    msrs[entries[i].index] = entries[i].data;
  }
  return static_cast<int>(wanted->nmsrs);
}

int FakeVcpu::GetMsr(kvm_msrs* wanted) {
  auto* entry = reinterpret_cast<kvm_msr_entry*>(wanted + 1);
  if (vm_->host().unknown_msrs.count(entry->index) != 0) return 0;
  entry->data = msrs[entry->index];
  return 1;
}

int FakeVcpu::SetAttribute(const kvm_device_attr& attribute) {
  if (attribute.group != KVM_VCPU_TSC_CTRL || attribute.attr != KVM_VCPU_TSC_OFFSET) return -ENXIO;
  tsc_offset = *reinterpret_cast<const uint64_t*>(attribute.addr);
  has_tsc_offset = true;
  return 0;
}

int FakeVcpu::Run() {
  if (before_run_) std::exchange(before_run_, nullptr)();
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &blocked_signals_);
  const int result = RunInKernel();
  pthread_sigmask(SIG_SETMASK, &blocked_signals_, nullptr);
  if (after_run_) std::exchange(after_run_, nullptr)();
  return result;
}

int FakeVcpu::RunInKernel() {
  runs_.fetch_add(1, std::memory_order_acq_rel);
  TakeDirty();
  const int result = RunToExit();
  StoreValid();
  regs_given_ = false;
  return result;
}

void FakeVcpu::SetEvents(const kvm_vcpu_events& wanted) {
  const kvm_vcpu_events before = std::exchange(events, wanted);
  if ((wanted.flags & KVM_VCPUEVENT_VALID_NMI_PENDING) == 0) {
    events.nmi.pending = before.nmi.pending;
  }
  if ((wanted.flags & KVM_VCPUEVENT_VALID_SHADOW) == 0) {
    events.interrupt.shadow = before.interrupt.shadow;
  }
}

void FakeVcpu::TakeDirty() {
  kvm_run& page = run();
  if ((page.kvm_dirty_regs & KVM_SYNC_X86_REGS) != 0) {
    regs = page.s.regs.regs;
    regs_given_ = true;
    // As KVM does: the flag of a step is set again only where the step began.
    if (regs.rip != step_begins_at_) guest_debug.control &= ~KVM_GUESTDBG_SINGLESTEP;
    rip_given = regs.rip;
  }
  if ((page.kvm_dirty_regs & KVM_SYNC_X86_SREGS) != 0) {
    sregs = page.s.regs.sregs;
    ++sregs_given_;
  }
  if ((page.kvm_dirty_regs & KVM_SYNC_X86_EVENTS) != 0) SetEvents(page.s.regs.events);
  page.kvm_dirty_regs = 0;
}

int FakeVcpu::AwaitApic() {
  blocked_.fetch_add(1, std::memory_order_acq_rel);
  pollfd event = {.fd = apic_event_, .events = POLLIN, .revents = 0};
  if (ppoll(&event, 1, nullptr, &blocked_signals_) < 0) return -EINTR;
  eventfd_t count = 0;
  eventfd_read(apic_event_, &count);
  if (init_pending_.exchange(false)) mp_state = KVM_MP_STATE_INIT_RECEIVED;
  const int vector = startup_pending_.exchange(-1);
  if (vector >= 0 && mp_state == KVM_MP_STATE_INIT_RECEIVED) {
    mp_state = KVM_MP_STATE_RUNNABLE;
    regs.rip = 0;
    sregs.cs.selector = static_cast<uint16_t>(vector << 8);
    sregs.cs.base = static_cast<uint64_t>(vector) << 12;
  }
  return 0;
}

int FakeVcpu::RunToExit() {
  kvm_run& page = run();
  if (mp_state == KVM_MP_STATE_UNINITIALIZED) {
    const int result = page.immediate_exit != 0 ? -EINTR : AwaitApic();
    return result != 0 ? result : -EAGAIN;
  }
  if (completion_) {
    const Step complete = std::move(completion_);
    completion_ = nullptr;
    const int result = complete(*this);
    if (result != kGoOn) return result;
  }
  if (page.immediate_exit != 0) {
    immediate_runs_.fetch_add(1, std::memory_order_acq_rel);
    return -EINTR;
  }
  has_run_ = true;
  while (mp_state == KVM_MP_STATE_INIT_RECEIVED) {
    const int result = AwaitApic();
    if (result != 0) return result;
  }
  if (std::exchange(triple_fault_, false)) {
    page.exit_reason = KVM_EXIT_SHUTDOWN;
    return kExit;
  }
  if (mp_state == KVM_MP_STATE_HALTED) return Block();
  for (;;) {
    if (SignalPending()) {
      page.exit_reason = KVM_EXIT_INTR;
      return -EINTR;
    }
    if (!DeliverEvents()) {
      page.exit_reason = KVM_EXIT_FAIL_ENTRY;
      page.fail_entry.hardware_entry_failure_reason = 0x80000021;
      return kExit;
    }
    if (page.request_interrupt_window != 0 && ReadyForInterrupt()) {
      page.exit_reason = KVM_EXIT_IRQ_WINDOW_OPEN;
      return kExit;
    }
    const int result = NextStep();
    if (result != kGoOn) return result;
  }
}

kvm_vcpu_events FakeVcpu::EventsToTell() const {
  kvm_vcpu_events told = events;
  told.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
  return told;
}

// What is not asked for is old news in KVM's page. Here it is nonsense, so that nobody relies on
// it.
void FakeVcpu::StoreValid() {
  kvm_run& page = run();
  const auto store = [&page](uint64_t set, auto& to, const auto& from) {
    if ((page.kvm_valid_regs & set) != 0) {
      to = from;
    } else {
      std::memset(&to, 0xEE, sizeof(to));
    }
  };
  store(KVM_SYNC_X86_REGS, page.s.regs.regs, regs);
  store(KVM_SYNC_X86_SREGS, page.s.regs.sregs, sregs);
  store(KVM_SYNC_X86_EVENTS, page.s.regs.events, EventsToTell());
  page.if_flag = (regs.rflags & kInterruptFlag) != 0;
  page.cr8 = sregs.cr8;
  page.apic_base = sregs.apic_base;
  page.ready_for_interrupt_injection = ReadyForInterrupt();
}

bool FakeVcpu::SignalPending() const {
  sigset_t pending;
  sigpending(&pending);
  for (int signo = 1; signo <= SIGRTMAX; ++signo) {
    if (sigismember(&pending, signo) == 1 && sigismember(&blocked_signals_, signo) == 0) {
      return true;
    }
  }
  return false;
}

int FakeVcpu::Block() {
  blocked_.fetch_add(1, std::memory_order_acq_rel);
  // Its handler runs in there, where the run is over.
  ppoll(nullptr, 0, nullptr, &blocked_signals_);
  run().exit_reason = KVM_EXIT_INTR;
  return -EINTR;
}

int FakeVcpu::Halt() {
  mp_state = KVM_MP_STATE_HALTED;
  return Block();
}

bool FakeVcpu::ReadyForInterrupt() const {
  return (regs.rflags & kInterruptFlag) != 0 && events.interrupt.shadow == 0 &&
         events.interrupt.injected == 0 && events.exception.injected == 0 &&
         events.exception.pending == 0 && events.nmi.injected == 0;
}

bool FakeVcpu::DeliverEvents() {
  if (events.exception.injected != 0) {
    deliveries_.push_back({Delivery::kException, events.exception.nr,
                           events.exception.has_error_code != 0, events.exception.error_code});
    events.exception = {};
    // What was put in beside it is gone, as in KVM.
    events.interrupt.injected = 0;
  } else if (events.interrupt.injected != 0) {
    // The processor refuses an external interrupt for a guest that cannot take one.
    if ((regs.rflags & kInterruptFlag) == 0 || events.interrupt.shadow != 0) return false;
    deliveries_.push_back({Delivery::kInterrupt, events.interrupt.nr});
    events.interrupt.injected = 0;
  }
  if (events.nmi.pending != 0 && events.nmi.masked == 0) {
    deliveries_.push_back({Delivery::kNmi, 2});
    events.nmi.pending = 0;
  }
  return true;
}

int FakeVcpu::NextStep() {
  Step step;
  {
    std::lock_guard lock(script_mutex_);
    if (!script_.empty()) {
      step = std::move(script_.front());
      script_.pop_front();
    } else {
      step = always_;
    }
  }
  if (step) return step(*this);
  if (AtDeadlineProbe()) return RunDeadlineProbe();
  run().exit_reason = KVM_EXIT_DEBUG;
  return kExit;
}

bool FakeVcpu::AtDeadlineProbe() {
  const auto& code = guest::x86::kDeadlineProbeCode;
  const uint8_t* host = vm_->Host(regs.rip, sizeof(code));
  return host != nullptr && std::memcmp(host, code, sizeof(code)) == 0;
}

int FakeVcpu::RunDeadlineProbe() {
  kvm_run& page = run();
  if (vm_->host().probe_exit != 0) {
    page.exit_reason = vm_->host().probe_exit;
    return kExit;
  }
  if (vm_->host().swallows_deadline) {
    regs.rip += sizeof(guest::x86::kDeadlineProbeCode);
    page.exit_reason = KVM_EXIT_HLT;
    return kExit;
  }
  page.exit_reason = KVM_EXIT_X86_WRMSR;
  page.msr.reason = KVM_MSR_EXIT_REASON_FILTER;
  page.msr.index = 0x6E0;
  page.msr.data = 0;
  return kExit;
}

}  // namespace zircon::fake
