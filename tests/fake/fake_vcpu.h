// FakeVcpu: one VCPU of the fake kernel. It has no guest code: KVM_RUN takes the next step of a
// script (fake/exits.h makes them), and around it does what KVM does with the run page, in KVM's
// order:
//
//   1. what kvm_dirty_regs names is taken from the page, and the bits are cleared
//   2. what the last exit still owed is completed with what the page holds by then; that may exit
//   again
//   3. immediate_exit: EINTR
//   4. a signal that the thread does not block is pending: EINTR. All of it is in the kernel, where
//      no handler runs: signals that come are delivered when KVM_RUN returns.
//   5. events that were injected are delivered (deliveries()); a bad injection is a failed entry
//   6. an interrupt window was asked for and is open: exit
//   7. the script's next step
//   8. what kvm_valid_regs names is put into the page, whatever came of it; so is readiness
//
// Where the machine has the kernel's local APICs a VCPU may be halted, which a signal interrupts
// and KVM_SET_MP_STATE ends, and all but the first wait in KVM_RUN for INIT and STARTUP before all
// that: with EAGAIN, but where they wait for STARTUP alone.
//
// Thread safety: the members and KVM_RUN are the owner thread's (or a test's, while that is joined
// or idle); Push(), Always(), ForgetScript(), SendInit(), SendStartup(), runs(), blocked() are for
// any thread.

#pragma once

#include <signal.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "fake/fake_vm.h"
#include "kvm/kvm_abi.h"

namespace zircon::fake {

class FakeVcpu;

// What a step, or the completion of an exit, comes to: kExit with the page filled, kGoOn without an
// exit, or -errno.
inline constexpr int kExit = 0;
inline constexpr int kGoOn = 1;
using Step = std::function<int(FakeVcpu&)>;

// An event as the guest got it.
struct Delivery {
  enum Kind { kInterrupt, kNmi, kException };
  Kind kind = kInterrupt;
  uint32_t vector = 0;
  bool has_error_code = false;
  uint32_t error_code = 0;

  friend bool operator==(const Delivery&, const Delivery&) = default;
};

class FakeVcpu {
 public:
  FakeVcpu(std::shared_ptr<FakeVm> vm, uint32_t id);
  ~FakeVcpu();

  // ---- Scripts ----

  void Push(Step step);
  // What follows when the script has been used up. Without it the VCPU exits with KVM_EXIT_DEBUG,
  // which no guest of the library does.
  void Always(Step step);
  // What a signal handler of the thread does when the next KVM_RUN is about to be made. Once.
  void BeforeNextRun(std::function<void()> handler) { before_run_ = std::move(handler); }
  // What the thread does when the KVM_RUN that is under way is over. Once.
  void AfterThisRun(std::function<void()> handler) { after_run_ = std::move(handler); }
  // The steps that have not been taken are not taken any more.
  void ForgetScript();

  // ---- From another processor of the guest ----

  void SendInit();
  void SendStartup(uint8_t vector);
  // One that is there as soon as an INIT is.
  void HoldStartup(uint8_t vector) { startup_pending_ = vector; }

  // ---- For steps ----

  kvm_run& run() { return *reinterpret_cast<kvm_run*>(page_.data()); }
  uint8_t* port_data() { return page_.data() + kPortDataOffset; }
  static constexpr size_t kPortDataOffset = 4096;
  // What the next KVM_RUN does before anything else.
  void CompleteWith(Step completion) { completion_ = std::move(completion); }
  // Whether user space gave the general registers back in the KVM_RUN that is under way.
  bool regs_given() const { return regs_given_; }
  // How often it gave the segments back, which costs most.
  uint64_t sregs_given() const { return sregs_given_; }
  // KVM's own #GP: the guest sees a fault.
  void RaiseException(uint8_t vector, bool has_error_code);
  // Waits, as a running guest does, until a signal ends it.
  int Block();
  // As that, halted in the kernel.
  int Halt();
  FakeVm& vm() { return *vm_; }

  // ---- The kernel's state of the VCPU ----

  kvm_regs regs = {};
  kvm_sregs sregs = {};
  // What the processor holds of PAE paging, if it holds any.
  bool has_pdptrs = false;
  std::array<uint64_t, 4> pdptrs = {};
  kvm_fpu fpu = {};
  kvm_vcpu_events events = {};
  kvm_debugregs debugregs = {};
  kvm_guest_debug guest_debug = {};
  kvm_xsave xsave = {};
  uint64_t xcr0 = 1;
  std::map<uint32_t, uint64_t> msrs;
  std::vector<kvm_cpuid_entry2> cpuid;
  uint64_t tsc_offset = 0;
  bool has_tsc_offset = false;
  std::map<uint32_t, uint64_t> caps;
  uint64_t rip_given = 0;  // RIP of the registers given last
  kvm_lapic_state lapic = {};
  std::atomic<uint32_t> mp_state{KVM_MP_STATE_RUNNABLE};

  // ---- What happened ----

  const std::vector<Delivery>& deliveries() const { return deliveries_; }
  void ForgetDeliveries() { deliveries_.clear(); }
  uint64_t runs() const { return runs_.load(std::memory_order_acquire); }
  // Exits with immediate_exit set.
  uint64_t immediate_runs() const { return immediate_runs_.load(std::memory_order_acquire); }
  // How often Block() was entered.
  uint64_t blocked() const { return blocked_.load(std::memory_order_acquire); }
  uint32_t id() const { return id_; }

  // The ioctls of a VCPU's descriptor: ≥ 0, or -errno.
  int Ioctl(unsigned long request, uintptr_t argument);
  uint8_t* page() { return page_.data(); }

 private:
  int Run();
  int RunInKernel();
  int RunToExit();
  // As KVM: what the flags do not name stays.
  void SetEvents(const kvm_vcpu_events& wanted);
  // Until INIT or STARTUP comes, and with it the state they make. -EINTR for a signal.
  int AwaitApic();
  void TakeDirty();
  void StoreValid();
  kvm_vcpu_events EventsToTell() const;
  bool SignalPending() const;
  bool ReadyForInterrupt() const;
  // False for a state that hardware refuses.
  bool DeliverEvents();
  int NextStep();
  // The library's own test guest, by its bytes at RIP.
  bool AtDeadlineProbe();
  int RunDeadlineProbe();
  int SetSregs(const kvm_sregs& wanted);
  int SetCpuid(const kvm_cpuid2* wanted);
  int GetMsr(kvm_msrs* wanted);
  int SetMsrs(const kvm_msrs* wanted);
  int SetAttribute(const kvm_device_attr& attribute);

  const std::shared_ptr<FakeVm> vm_;
  const uint32_t id_;
  std::vector<uint8_t> page_;
  sigset_t blocked_signals_ = {};  // the thread's, in KVM_RUN
  bool has_run_ = false;
  bool regs_given_ = false;
  uint64_t sregs_given_ = 0;
  uint64_t step_begins_at_ = 0;  // RIP when a step was asked for last
  bool triple_fault_ = false;
  std::atomic<bool> init_pending_{false};
  std::atomic<int> startup_pending_{-1};  // its vector
  const int apic_event_;                  // an eventfd, where there are APICs
  Step completion_;
  std::function<void()> before_run_;
  std::function<void()> after_run_;
  std::vector<Delivery> deliveries_;
  std::atomic<uint64_t> runs_{0};
  std::atomic<uint64_t> immediate_runs_{0};
  std::atomic<uint64_t> blocked_{0};

  std::mutex script_mutex_;
  std::deque<Step> script_;
  Step always_;
};

}  // namespace zircon::fake
