#include "vcpus.h"

#include <lib/zx/vcpu.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "host/log.h"
#include "host/processor_share.h"
#include "host/start_thread.h"

namespace zvmm {

Vcpus::Vcpus(const zx::guest& guest, unsigned count, const MemoryView& memory, StopLatch& stop,
             bool timed)
    : guest_(guest),
      count_(count),
      crowded_(HasFewerProcessorsThan(count)),
      memory_(memory),
      stop_(stop),
      timed_(timed) {}

Vcpus::~Vcpus() {
  stop_.Request({.message = "the machine is gone"});
  Join();
}

absl::Status Vcpus::Boot(const CpuEntry& entry) {
  std::lock_guard lock(mutex_);
  return StartNext(entry);
}

void Vcpus::Join() {
  {
    // From here on no thread is added.
    std::lock_guard lock(mutex_);
    joining_ = true;
  }
  for (unsigned i = 0; i < started_; ++i) {
    // A VCPU that is not there yet looks for the stop before it enters.
    if (const zx_handle_t handle = slots_[i].handle.load(); handle != ZX_HANDLE_INVALID) {
      zx::unowned_vcpu(handle)->kick();
    }
  }
  for (unsigned i = 0; i < started_; ++i) {
    if (slots_[i].thread.joinable()) {
      slots_[i].thread.join();
    }
  }
}

void Vcpus::AddTo(Statistics& statistics) {
  std::lock_guard lock(mutex_);
  for (unsigned i = 0; i < started_; ++i) {
    statistics.Add(slots_[i].counts);
  }
}

void Vcpus::Interrupt(uint64_t vcpu_mask, uint8_t vector) {
  for (unsigned i = 0; i < count_; ++i) {
    const zx_handle_t handle = slots_[i].handle.load();
    if ((vcpu_mask >> i & 1) != 0 && handle != ZX_HANDLE_INVALID) {
      // Fails only for vectors that a byte cannot hold.
      zx::unowned_vcpu(handle)->interrupt(vector);
    }
  }
}

void Vcpus::Startup(uint64_t id, uint64_t entry) {
  std::lock_guard lock(mutex_);
  if (joining_) {
    return;
  }
  if (id < started_) {
    // Perhaps it is off line; or this is the second of two requests, as guests send them.
    Slot& slot = slots_[id];
    slot.startup.Set(entry);
    if (const zx_handle_t handle = slot.handle.load(); handle != ZX_HANDLE_INVALID) {
      zx::unowned_vcpu(handle)->kick();
    }
    return;
  }
  if (id != started_ || id >= count_) {
    Say(absl::StrFormat("the guest starts processor %d; the next one is %d of %d: ignored", id,
                        started_, count_));
    return;
  }
  if (absl::Status status = StartNext({.rip = entry, .rsi = 0}); !status.ok()) {
    stop_.Request({.message = absl::StrCat("processor ", id, ": ", std::string(status.message()))});
  }
}

absl::Status Vcpus::StartNext(CpuEntry entry) {
  const unsigned id = started_;
  Slot& slot = slots_[id];
  auto thread =
      StartThread(absl::StrCat("vcpu-", id), [this, id, entry] { ThreadMain(id, entry); });
  if (!thread.ok()) {
    return thread.status();
  }
  slot.thread = *std::move(thread);
  ++started_;
  slot.tried.wait(false);
  return slot.failure;
}

void Vcpus::ThreadMain(unsigned id, CpuEntry entry) {
  Slot& slot = slots_[id];
  if (crowded_) {
    LetOthersFinish();
  }
  slot.failure = CreateVcpu(slot, entry);
  slot.tried.store(true);
  slot.tried.notify_one();
  if (!slot.vcpu) {
    return;
  }
  // What was asked for before it ran was about this start.
  for (std::optional<uint64_t> again = RunVcpu(id); again; again = RunVcpu(id)) {
    if (absl::Status status = ReplaceVcpu(slot, *again); !status.ok()) {
      stop_.Request(
          {.message = absl::StrCat("processor ", id, ": ", std::string(status.message()))});
      return;
    }
  }
}

std::optional<uint64_t> Vcpus::RunVcpu(unsigned id) {
  Slot& slot = slots_[id];
  const std::unique_ptr<DebuggedVcpu> debugged =
      gdb_ != nullptr ? gdb_->Attach(id, slot.vcpu->handle()) : nullptr;
  const auto track = trace_ != nullptr ? std::make_unique<TraceTrack>(*trace_, id) : nullptr;
  const Vcpu::Watchers watchers = {
      .times = timed_, .track = track.get(), .debugged = debugged.get()};
  const auto again = slot.vcpu->Run(stop_, slot.startup, watchers);
  if (track != nullptr) {
    track->Outside(std::chrono::steady_clock::now());
  }
  if (!again.ok()) {
    stop_.Request(
        {.message = absl::StrCat("VCPU ", id, ": ", std::string(again.status().message()))});
    return std::nullopt;
  }
  return *again;
}

absl::Status Vcpus::ReplaceVcpu(Slot& slot, uint64_t entry) {
  // No other comes or goes meanwhile: the new one gets the id that becomes free.
  std::lock_guard lock(mutex_);
  slot.handle.store(ZX_HANDLE_INVALID);
  slot.vcpu.reset();
  return CreateVcpu(slot, {.rip = entry, .rsi = 0});
}

absl::Status Vcpus::CreateVcpu(Slot& slot, const CpuEntry& entry) {
  absl::StatusOr<Vcpu> vcpu = Vcpu::Create(guest_, entry.rip, memory_, *this, slot.counts);
  if (!vcpu.ok()) {
    return vcpu.status();
  }
  if (entry.rsi != 0) {
    if (absl::Status status = vcpu->SetRegisters(entry); !status.ok()) {
      return status;
    }
  }
  slot.vcpu = *std::move(vcpu);
  slot.handle.store(slot.vcpu->handle());
  return absl::OkStatus();
}

}  // namespace zvmm
