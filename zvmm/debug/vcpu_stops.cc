#include "debug/vcpu_stops.h"

#include <lib/zx/vcpu.h>

#include <algorithm>

namespace zvmm {

void VcpuStops::Add(unsigned id, zx_handle_t vcpu) {
  std::lock_guard lock(mutex_);
  vcpus_[id] = {.handle = vcpu};
}

void VcpuStops::Remove(unsigned id) {
  {
    std::lock_guard lock(mutex_);
    vcpus_.erase(id);
  }
  changed_.notify_all();
}

DebugGo VcpuStops::Stay(unsigned id, const std::optional<DebugStop>& stop) {
  std::unique_lock lock(mutex_);
  if (ended_) {
    return DebugGo::kRun;
  }
  if (stop) {
    stops_.push_back(*stop);
    wanted_.store(true, std::memory_order_seq_cst);
    news_();
  }
  Vcpu& vcpu = vcpus_.at(id);
  vcpu.go = DebugGo::kStay;
  vcpu.stays = true;
  changed_.notify_all();
  while (true) {
    changed_.wait(lock,
                  [&] { return ended_ || vcpu.work != nullptr || vcpu.go != DebugGo::kStay; });
    if (vcpu.work == nullptr) {
      break;
    }
    lock.unlock();
    (*vcpu.work)(vcpu.handle);
    lock.lock();
    vcpu.work = nullptr;
    changed_.notify_all();
  }
  vcpu.stays = false;
  return ended_ ? DebugGo::kRun : vcpu.go;
}

bool VcpuStops::AllStay() const {
  return !vcpus_.empty() && std::all_of(vcpus_.begin(), vcpus_.end(),
                                        [](const auto& entry) { return entry.second.stays; });
}

bool VcpuStops::StopAll() {
  std::unique_lock lock(mutex_);
  wanted_.store(true, std::memory_order_seq_cst);
  for (const auto& [id, vcpu] : vcpus_) {
    if (!vcpu.stays) {
      zx::unowned_vcpu(vcpu.handle)->kick();
    }
  }
  changed_.wait(lock, [this] { return ended_ || AllStay(); });
  return !ended_;
}

void VcpuStops::GoOn(const std::function<DebugGo(unsigned)>& how) {
  std::lock_guard lock(mutex_);
  // Something else that happened at the same moment comes first.
  if (!stops_.empty()) {
    news_();
    return;
  }
  wanted_.store(false, std::memory_order_seq_cst);
  for (auto& [id, vcpu] : vcpus_) {
    vcpu.go = how(id);
    // Until its thread has noticed, it stays for nobody.
    vcpu.stays = vcpu.go == DebugGo::kStay;
  }
  changed_.notify_all();
}

bool VcpuStops::Do(unsigned id, absl::FunctionRef<void(zx_handle_t vcpu)> work) {
  std::unique_lock lock(mutex_);
  const auto found = vcpus_.find(id);
  if (ended_ || found == vcpus_.end() || !found->second.stays) {
    return false;
  }
  Vcpu& vcpu = found->second;
  vcpu.work = &work;
  changed_.notify_all();
  // A thread that stays does it, also when the end comes meanwhile.
  changed_.wait(lock, [&vcpu] { return vcpu.work == nullptr; });
  return true;
}

std::vector<unsigned> VcpuStops::ids() {
  std::lock_guard lock(mutex_);
  std::vector<unsigned> ids;
  for (const auto& [id, vcpu] : vcpus_) {
    ids.push_back(id);
  }
  return ids;
}

std::optional<DebugStop> VcpuStops::TakeStop() {
  std::lock_guard lock(mutex_);
  if (stops_.empty()) {
    return std::nullopt;
  }
  const DebugStop stop = stops_.front();
  stops_.pop_front();
  // A breakpoint in front of which another VCPU stands stops it again.
  std::erase_if(stops_, [](const DebugStop& other) {
    return other.why == DebugStop::Why::kBreakpoint &&
           (other.hit.kind == Breakpoint::Kind::kSoftware ||
            other.hit.kind == Breakpoint::Kind::kExecute);
  });
  return stop;
}

void VcpuStops::End() {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
    wanted_.store(false, std::memory_order_seq_cst);
  }
  changed_.notify_all();
}

}  // namespace zvmm
