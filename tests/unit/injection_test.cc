// Injection and pending interrupts. Rows: INT.

#include "vcpu/x86/injection.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "contract.h"

namespace zircon::vcpu::x86 {
namespace {

class Injection : public ::testing::Test {
 protected:
  kvm_vcpu_events& events() { return run_.s.regs.events; }
  bool Dirty() const { return (run_.kvm_dirty_regs & KVM_SYNC_X86_EVENTS) != 0; }
  zx_status_t Inject() {
    const InjectionResult result = InjectNext(&run_, fault_owed_, events_known_, &pending_, &more_);
    EXPECT_NE(result, InjectionResult::kNeedsEvents);
    return result == InjectionResult::kNotSupported ? ZX_ERR_NOT_SUPPORTED : ZX_OK;
  }

  kvm_run run_ = {};
  PendingInterrupts pending_;
  bool more_ = true;
  bool fault_owed_ = false;
  bool events_known_ = true;
};

// Of events that are not in the page: an external interrupt needs nothing of them but readiness.
TEST_F(Injection, WithoutTheEventsOnlyExternalInterruptsGoIn) {
  Shows("INT-9");
  events_known_ = false;
  std::memset(&events(), 0xEE, sizeof(events()));
  for (const uint32_t vector : {2u, 0u, 13u, 20u}) {
    pending_.Set(vector);
    run_.ready_for_interrupt_injection = 1;
    EXPECT_EQ(InjectNext(&run_, false, false, &pending_, &more_), InjectionResult::kNeedsEvents);
    EXPECT_FALSE(Dirty());
    EXPECT_TRUE(pending_.Take(vector));
  }
  pending_.Set(40);
  run_.ready_for_interrupt_injection = 0;
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_FALSE(Dirty());
  EXPECT_EQ(run_.request_interrupt_window, 1);
  run_.ready_for_interrupt_injection = 1;
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_TRUE(Dirty());
  kvm_vcpu_events only = {};
  only.interrupt.injected = 1;
  only.interrupt.nr = 40;
  EXPECT_EQ(std::memcmp(&events(), &only, sizeof(only)), 0);
}

TEST_F(Injection, NothingPending) {
  run_.request_interrupt_window = 1;
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_FALSE(Dirty());
  EXPECT_FALSE(more_);
  EXPECT_EQ(run_.request_interrupt_window, 0);
}

TEST_F(Injection, ExternalInterruptWhenTheGuestIsReady) {
  Shows("INT-9");
  run_.ready_for_interrupt_injection = 1;
  pending_.Set(255);
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_TRUE(Dirty());
  EXPECT_EQ(events().interrupt.injected, 1);
  EXPECT_EQ(events().interrupt.nr, 255);
  EXPECT_EQ(events().interrupt.soft, 0);
  EXPECT_FALSE(more_);
  EXPECT_EQ(run_.ready_for_interrupt_injection, 0);  // what was true before it
}

TEST_F(Injection, WindowIsRequestedElseAndLowerExceptionsWait) {
  Shows("INT-9");
  pending_.Set(32);
  pending_.Set(16);
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_FALSE(Dirty());
  EXPECT_EQ(run_.request_interrupt_window, 1);
  EXPECT_TRUE(more_);
  EXPECT_EQ(pending_.Highest(), 32);
  EXPECT_TRUE(pending_.Take(16));
}

TEST_F(Injection, WindowForTheNextOne) {
  run_.ready_for_interrupt_injection = 1;
  pending_.Set(40);
  pending_.Set(41);
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_EQ(events().interrupt.nr, 41);
  EXPECT_TRUE(more_);
  EXPECT_EQ(run_.request_interrupt_window, 1);
}

TEST_F(Injection, NmiFirstWhateverIf) {
  Shows("INT-8 INT-12");
  pending_.Set(2);
  pending_.Set(200);
  pending_.Set(13);
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_TRUE(Dirty());
  EXPECT_EQ(events().nmi.pending, 1);
  EXPECT_NE(events().flags & KVM_VCPUEVENT_VALID_NMI_PENDING, 0u);
  EXPECT_EQ(events().interrupt.injected, 0);
  EXPECT_TRUE(more_);
  EXPECT_EQ(run_.request_interrupt_window, 1);
  EXPECT_FALSE(pending_.Take(13));  // "after any injection: pending exceptions are dropped"
}

TEST_F(Injection, ReservedVectorsAreConsumedWithAnError) {
  Shows("INT-10 VCPU-ENTER-6");
  for (uint32_t vector = 21; vector < 32; ++vector) {
    pending_.Set(vector);
    pending_.Set(5);
    EXPECT_EQ(Inject(), ZX_ERR_NOT_SUPPORTED);
    EXPECT_FALSE(Dirty());
    EXPECT_TRUE(more_);
    EXPECT_EQ(pending_.Highest(), 5);
  }
}

TEST_F(Injection, ExceptionsAndTheirErrorCodes) {
  Shows("INT-11");
  for (uint32_t vector = 0; vector <= 20; ++vector) {
    if (vector == 2) continue;
    run_ = {};
    pending_.Set(vector);
    EXPECT_EQ(Inject(), ZX_OK);
    EXPECT_TRUE(Dirty());
    EXPECT_EQ(events().exception.injected, 1);
    EXPECT_EQ(events().exception.nr, vector);
    // "vectors 8, 10–14, 17 carry error code 0"
    const bool has_code = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
    EXPECT_EQ(events().exception.has_error_code != 0, has_code) << vector;
    EXPECT_EQ(events().exception.error_code, 0u);
    EXPECT_FALSE(more_);
  }
}

TEST_F(Injection, TheHighestExceptionAndTheOthersAreDropped) {
  Shows("INT-11 INT-12");
  for (const uint32_t vector : {0u, 6u, 14u}) pending_.Set(vector);
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_EQ(events().exception.nr, 14);
  EXPECT_FALSE(more_);
  EXPECT_FALSE(pending_.Any());
}

TEST_F(Injection, AnEventUnderWayComesFirst) {
  Shows("INT-13");
  // "An event whose delivery is interrupted by a second-level fault is re-delivered".
  for (const uint32_t vector : {14u, 64u}) {
    for (int kind = 0; kind < 4; ++kind) {
      run_ = {};
      run_.ready_for_interrupt_injection = 1;
      (kind == 0   ? events().exception.injected
       : kind == 1 ? events().exception.pending
       : kind == 2 ? events().interrupt.injected
                   : events().nmi.injected) = 1;
      pending_.Set(vector);
      EXPECT_EQ(Inject(), ZX_OK);
      EXPECT_FALSE(Dirty());
      EXPECT_TRUE(more_);
      EXPECT_EQ(run_.request_interrupt_window, 1);
      EXPECT_TRUE(pending_.Take(vector));
    }
  }
}

TEST_F(Injection, AFaultThatIsOwedComesFirst) {
  for (const uint32_t vector : {6u, 80u}) {
    run_ = {};
    run_.ready_for_interrupt_injection = 1;
    pending_.Set(vector);
    fault_owed_ = true;
    EXPECT_EQ(Inject(), ZX_OK);
    EXPECT_FALSE(Dirty());
    EXPECT_EQ(run_.request_interrupt_window, 1);
    fault_owed_ = false;
    EXPECT_EQ(Inject(), ZX_OK);
    EXPECT_TRUE(Dirty());
  }
}

// What the page has left of another exit says nothing.
TEST_F(Injection, TheExitInThePageIsNoFaultThatIsOwed) {
  Shows("INT-11");
  run_.exit_reason = KVM_EXIT_X86_WRMSR;
  run_.msr.error = 1;
  pending_.Set(6);
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_TRUE(Dirty());
}

// It is handed to KVM, which keeps it; this entry is another's.
TEST_F(Injection, ANmiWhileNmisAreBlockedIsNoDelivery) {
  Shows("INT-8 INT-12");
  events().nmi.masked = 1;
  pending_.Set(2);
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_EQ(events().nmi.pending, 1);
  EXPECT_TRUE(Dirty());
  EXPECT_FALSE(more_);

  run_ = {};
  events().nmi.masked = 1;
  for (const uint32_t vector : {2u, 13u, 40u}) pending_.Set(vector);
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_EQ(events().nmi.pending, 1);
  EXPECT_EQ(run_.request_interrupt_window, 1);
  EXPECT_TRUE(pending_.Take(40));
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_EQ(events().exception.injected, 1) << "it has not been dropped";
  EXPECT_EQ(events().exception.nr, 13);

  run_ = {};
  events().nmi.masked = 1;
  run_.ready_for_interrupt_injection = 1;
  for (const uint32_t vector : {2u, 40u}) pending_.Set(vector);
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_EQ(events().nmi.pending, 1);
  EXPECT_EQ(events().interrupt.nr, 40);
  EXPECT_FALSE(more_);
}

TEST_F(Injection, OtherEventStateIsKept) {
  events().nmi.masked = 1;
  events().interrupt.shadow = 0;
  events().sipi_vector = 9;
  run_.ready_for_interrupt_injection = 1;
  pending_.Set(77);
  EXPECT_EQ(Inject(), ZX_OK);
  EXPECT_EQ(events().nmi.masked, 1);
  EXPECT_EQ(events().sipi_vector, 9u);
}

// What is requested while an event is chosen is not dropped with the exceptions that are.
TEST(PendingInterrupts, AnNmiThatComesMeanwhileStays) {
  constexpr int kEnough = 500;
  PendingInterrupts pending;
  std::atomic<bool> over{false};
  std::atomic<int> sent{0};
  std::thread sender([&] {
    while (!over) {
      if (pending.Has(kNmi)) continue;
      pending.Set(kNmi);
      ++sent;
    }
  });
  int delivered = 0;
  kvm_run run = {};
  while (sent < kEnough) {
    run.s.regs.events = {};
    pending.Set(13);
    bool more = false;
    EXPECT_EQ(InjectNext(&run, false, true, &pending, &more), InjectionResult::kChosen);
    if (run.s.regs.events.nmi.pending != 0) ++delivered;
  }
  over = true;
  sender.join();
  if (pending.Has(kNmi)) ++delivered;
  EXPECT_EQ(delivered, sent);
}

TEST(PendingInterrupts, EveryVectorOnce) {
  Shows("INT-4");
  PendingInterrupts pending;
  EXPECT_FALSE(pending.Any());
  EXPECT_EQ(pending.Highest(), kNoVector);
  for (uint32_t vector = 0; vector < kVectors; ++vector) {
    pending.Set(vector);
    pending.Set(vector);  // "repeated requests of the same vector merge"
    EXPECT_EQ(pending.Highest(), static_cast<int>(vector));
  }
  for (uint32_t vector = 0; vector < kVectors; ++vector) {
    EXPECT_TRUE(pending.Take(vector));
    EXPECT_FALSE(pending.Take(vector));
  }
  EXPECT_FALSE(pending.Any());
}

TEST(PendingInterrupts, DropsTheLowOnesOfAMask) {
  PendingInterrupts pending;
  for (const uint32_t vector : {0u, 2u, 20u, 63u, 64u}) pending.Set(vector);
  pending.DropLow(0x1FFFFB);
  EXPECT_FALSE(pending.Take(0));
  EXPECT_TRUE(pending.Take(2));
  EXPECT_FALSE(pending.Take(20));
  EXPECT_TRUE(pending.Take(63));
  EXPECT_TRUE(pending.Take(64));
}

TEST(PendingInterrupts, SettersOnManyThreads) {
  PendingInterrupts pending;
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (uint32_t vector = t; vector < kVectors; vector += 4) pending.Set(vector);
    });
  }
  for (std::thread& thread : threads) thread.join();
  uint32_t taken = 0;
  for (uint32_t vector = 0; vector < kVectors; ++vector) taken += pending.Take(vector);
  EXPECT_EQ(taken, kVectors);
}

}  // namespace
}  // namespace zircon::vcpu::x86
