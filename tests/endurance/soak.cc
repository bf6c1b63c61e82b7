// soak: threads that make guests, run, kick, interrupt and end them, on a real KVM, for as long as
// one likes; what the process holds stays the same. --help says how it is run, docs/RELIABILITY.md
// what it shows.
//
// All threads meet now and then; while they stand still the holdings are compared.

#include <fmt/format.h>
#include <lib/zx/channel.h>
#include <lib/zx/event.h>
#include <lib/zx/timer.h>
#include <lib/zx/vcpu.h>
#include <sys/prctl.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "endurance/fail.h"
#include "endurance/process_holdings.h"
#include "endurance/seeded.h"
#include "endurance/seeded_guest.h"

extern "C" const uint8_t guest_bystander_begin[];
extern "C" const uint8_t guest_bystander_end[];

namespace endurance {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  uint64_t seconds = 60;
  uint64_t threads = 8;
  uint64_t cycles = 20;  // of each thread between two meetings
};

// What the memory of the process may grow by after the first meetings: what the allocator keeps,
// and stacks of which a thread uses a page more.
constexpr uint64_t kRssTolerance = uint64_t{256} << 10;
// Of the handle table (HANDLE-6).
constexpr int kHandleSlots = 1 << 18;
// Meetings until what is made at first use has been made.
constexpr int kFirstMeetings = 3;

struct Counts {
  std::atomic<uint64_t> guests{0};
  std::atomic<uint64_t> vcpus{0};
  std::atomic<uint64_t> enters{0};
  std::atomic<uint64_t> kicks{0};
  std::atomic<uint64_t> interrupts{0};
};

// A thread that troubles the VCPU of another while it lives.
class Neighbour {
 public:
  Neighbour(const zx::vcpu& vcpu, Counts& counts)
      : vcpu_(vcpu), counts_(counts), thread_([this] { Run(); }) {}
  ~Neighbour() {
    ended_ = true;
    thread_.join();
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

 private:
  void Run() {
    while (!ended_) {
      Require(vcpu_.interrupt(TIMER_VECTOR), "zx_vcpu_interrupt");
      ++counts_.interrupts;
      Require(vcpu_.kick(), "zx_vcpu_kick");
      ++counts_.kicks;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  const zx::vcpu& vcpu_;
  Counts& counts_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

// A VCPU for some packets; one in four is left in the middle of an instruction's completion.
void RunVcpu(const SeededGuest& guest, Seeded& random, Counts& counts) {
  zx::vcpu vcpu;
  Require(zx::vcpu::create(guest.guest(), 0, GUEST_CODE, &vcpu), "zx_vcpu_create");
  ++counts.vcpus;
  const Neighbour neighbour(vcpu, counts);
  uint64_t canceled = 0;
  for (uint64_t packets = 3 + random.Below(20); packets > 0 || canceled == 0;) {
    zx_port_packet_t packet = {};
    const zx_status_t status = vcpu.enter(&packet);
    ++counts.enters;
    if (status == ZX_ERR_CANCELED) {
      ++canceled;
      continue;
    }
    Require(status, "zx_vcpu_enter");
    if (packet.type == ZX_PKT_TYPE_GUEST_IO && packet.guest_io.port == TROUBLE_PORT) {
      Fail("the guest has met what it does not know");
    }
    if (packets > 0) --packets;
  }
}

// A guest with memory that changes, VCPUs one after the other, and the objects that a VMM has
// besides.
void Cycle(Seeded& random, Counts& counts) {
  SeededGuest guest;
  ++counts.guests;
  guest.Write(GUEST_CODE, {guest_bystander_begin, guest_bystander_end});
  for (uint64_t i = 1 + random.Below(3); i > 0; --i) RunVcpu(guest, random, counts);
  for (int i = 0; i < 10; ++i) {
    const uint64_t page = (0x90 + random.Below(0x20)) * kPage;
    zx_vaddr_t address = 0;
    Require(guest.space().unmap(page, kPage), "zx_vmar_unmap");
    Require(guest.space().map(ZX_VM_PERM_READ | ZX_VM_SPECIFIC, page, guest.memory(),
                              SeededGuest::kGuard + page, kPage, &address),
            "zx_vmar_map");
  }
  zx::channel ends[2];
  Require(zx::channel::create(0, &ends[0], &ends[1]), "zx_channel_create");
  zx::event event;
  Require(zx::event::create(0, &event), "zx_event_create");
  zx::timer timer;
  Require(zx::timer::create(0, ZX_CLOCK_MONOTONIC, &timer), "zx_timer_create");
  Require(timer.set(zx::deadline_after(zx::sec(random.Below(2) * 3600)), zx::duration(0)),
          "zx_timer_set");
  Require(event.wait_async(guest.bells(), 1, ZX_EVENT_SIGNALED, 0), "zx_object_wait_async");
  Require(timer.wait_async(guest.bells(), 2, ZX_TIMER_SIGNALED, 0), "zx_object_wait_async");
  zx_handle_t travels = event.release();
  Require(ends[0].write(0, "soak", 4, &travels, 1), "zx_channel_write");
  guest.CheckGuards();
}

// Compares what there is with what there was at the first meetings.
class Meetings {
 public:
  // While all threads stand still.
  void Look(const Counts& counts) {
    ProcessHoldings now = ProcessHoldings::Now();
    ++number_;
    SetDoing(fmt::format("meeting {}", number_));
    if (number_ <= kFirstMeetings) {
      first_ = now;
    }
    // A thread that has been joined is in the list for a moment more.
    for (int i = 0; i < 1000 && !now.Since(first_).empty(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      now = ProcessHoldings::Now();
    }
    const std::string more = now.Since(first_);
    if (!more.empty()) Fail(more);
    if (now.rss > first_.rss + kRssTolerance) {
      Fail(fmt::format("{} KiB of memory more than at meeting {}", (now.rss - first_.rss) / 1024,
                       kFirstMeetings));
    }
    printf("meeting %d: %s; %lu guests, %lu VCPUs, %lu enters, %lu kicks, %lu interrupts\n",
           number_, now.Text().c_str(), counts.guests.load(), counts.vcpus.load(),
           counts.enters.load(), counts.kicks.load(), counts.interrupts.load());
    fflush(stdout);
  }
  int number() const { return number_; }

 private:
  int number_ = 0;
  ProcessHoldings first_;
};

// Memory is compared to the page, so what grows by design is at its end before the first look: the
// handle table takes slots that were never used first, and each is touched once; and no huge page,
// which would be 2 MiB for the first byte of a stack that grows.
void TouchWhatGrowsByDesign() {
  if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) Fail("PR_SET_THP_DISABLE");
  for (int slot = 0; slot < kHandleSlots; ++slot) {
    zx::event event;
    Require(zx::event::create(0, &event), "zx_event_create");
  }
}

int Run(const Options& options) {
  TouchWhatGrowsByDesign();
  const Clock::time_point end = Clock::now() + std::chrono::seconds(options.seconds);
  Counts counts;
  Meetings meetings;
  bool goes_on = true;
  std::barrier meet(static_cast<std::ptrdiff_t>(options.threads), [&]() noexcept {
    meetings.Look(counts);
    // At least one comparison.
    goes_on = Clock::now() < end || meetings.number() <= kFirstMeetings;
  });
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < options.threads; ++i) {
    threads.emplace_back([&, i] {
      Seeded random(1, i);
      while (goes_on) {
        for (uint64_t cycle = 0; cycle < options.cycles; ++cycle) Cycle(random, counts);
        meet.arrive_and_wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  printf("soak passed: descriptors, threads, handles and memory are as they were\n");
  return 0;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Guests that are made, run, kicked, interrupted and ended; nothing may grow.",
               "soak");
  app.add_option("--seconds", options.seconds, "How long")->capture_default_str();
  app.add_option("--threads", options.threads, "How many threads")->capture_default_str();
  app.add_option("--cycles", options.cycles, "Guests of a thread between two looks")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  char words[256] = "";
  if (zircon_kvm_check(words, sizeof(words)) != ZX_OK) {
    printf("not run: %s\n", words);
    return 77;
  }
  return Run(options);
}

}  // namespace
}  // namespace endurance

int main(int argc, char** argv) { return endurance::Main(argc, argv); }
