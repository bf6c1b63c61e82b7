// --latch and --registers: what the library's two choices of design cost at each KVM_RUN. Raw
// programs, the OUT loop, alternating.

#include <signal.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "raw_guest.h"
#include "reports.h"

namespace bench {
namespace {

struct RawPair {
  RawMemory memory{Program::kIoOut};
  RawGuest guest{memory};
};

class BareSide final : public Side {
 public:
  explicit BareSide(uint32_t synced) { pair_.guest.page().kvm_valid_regs = synced; }
  double Run(int count) override {
    const int64_t start = ThreadTime();
    for (int i = 0; i < count; ++i) Must(pair_.guest.Run() == 0, "KVM_RUN");
    return static_cast<double>(ThreadTime() - start);
  }

 private:
  RawPair pair_;
};

// A: the signal is blocked in the thread and open inside KVM_RUN.
class SignalMaskSide final : public Side {
 public:
  SignalMaskSide() {
    sigset_t kick, before;
    sigemptyset(&kick);
    sigaddset(&kick, SIGRTMAX);
    pthread_sigmask(SIG_BLOCK, &kick, &before);
    struct {
      kvm_signal_mask header;
      uint8_t set[8];
    } __attribute__((packed)) mask;
    mask.header.len = sizeof(mask.set);
    std::memcpy(mask.set, &before, sizeof(mask.set));
    Must(ioctl(pair_.guest.vcpu(), KVM_SET_SIGNAL_MASK, &mask) == 0, "KVM_SET_SIGNAL_MASK");
  }
  ~SignalMaskSide() override {
    sigset_t kick;
    sigemptyset(&kick);
    sigaddset(&kick, SIGRTMAX);
    pthread_sigmask(SIG_UNBLOCK, &kick, nullptr);
  }
  double Run(int count) override {
    const int64_t start = ThreadTime();
    for (int i = 0; i < count; ++i) {
      if (latch_.load(std::memory_order_seq_cst) != 0) return 0;
      Must(pair_.guest.Run() == 0, "KVM_RUN");
    }
    return static_cast<double>(ThreadTime() - start);
  }

 private:
  RawPair pair_;
  std::atomic<uint32_t> latch_{0};
};

// B: the signal is open; its handler sets immediate_exit.
class ImmediateExitSide final : public Side {
 public:
  double Run(int count) override {
    const int64_t start = ThreadTime();
    volatile uint8_t* immediate_exit = &pair_.guest.page().immediate_exit;
    for (int i = 0; i < count; ++i) {
      // In this order, or a kick between the two is lost.
      *immediate_exit = 0;
      std::atomic_thread_fence(std::memory_order_seq_cst);
      if (latch_.load(std::memory_order_seq_cst) != 0) return 0;
      Must(pair_.guest.Run() == 0, "KVM_RUN");
    }
    return static_cast<double>(ThreadTime() - start);
  }

 private:
  RawPair pair_;
  std::atomic<uint32_t> latch_{0};
};

void Print(const char* name, const std::vector<double>& side, const std::vector<double>& base) {
  const Ratio ratio = RatioOf(side, base);
  std::vector<double> more;
  for (size_t i = 0; i < side.size(); ++i) more.push_back(side[i] - base[i]);
  std::printf("%-34s %9.0f  %+9.1f  %7.4f (%.4f-%.4f)\n", name, Median(side), Median(more),
              ratio.median, ratio.low, ratio.high);
}

}  // namespace

void ReportLatch(const RatioOptions& options) {
  const MakeSide sides[] = {[] { return std::make_unique<BareSide>(0); },
                            [] { return std::make_unique<SignalMaskSide>(); },
                            [] { return std::make_unique<ImmediateExitSide>(); }};
  const Rounds rounds = Alternate(sides, options);
  std::printf("%-34s %9s  %9s  %s\n", "an OUT exit by KVM_RUN", "ns", "more ns", "ratio (95 %)");
  Print("no kick", rounds[0], rounds[0]);
  Print("A signal mask for KVM_RUN", rounds[1], rounds[0]);
  Print("B handler and immediate_exit", rounds[2], rounds[0]);
  Print("A against B", rounds[1], rounds[2]);
}

void ReportRegisters(const RatioOptions& options) {
  auto synced = [](uint32_t sets) -> MakeSide {
    return [sets] { return std::make_unique<BareSide>(sets); };
  };
  const MakeSide sides[] = {
      synced(0),
      synced(KVM_SYNC_X86_REGS),
      synced(KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS),
      synced(KVM_SYNC_X86_REGS | KVM_SYNC_X86_EVENTS),
      synced(KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS),
  };
  const Rounds rounds = Alternate(sides, options);
  std::printf("%-34s %9s  %9s  %s\n", "an OUT exit; registers copied out", "ns", "more ns",
              "ratio (95 %)");
  Print("none", rounds[0], rounds[0]);
  Print("REGS", rounds[1], rounds[0]);
  Print("REGS, SREGS", rounds[2], rounds[0]);
  Print("REGS, EVENTS", rounds[3], rounds[0]);
  Print("REGS, SREGS, EVENTS", rounds[4], rounds[0]);
  Print("all three against REGS", rounds[4], rounds[1]);
}

}  // namespace bench
