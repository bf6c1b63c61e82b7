#include "io_ports.h"

#include <cassert>
#include <iterator>

#include "absl/strings/str_format.h"
#include "zx_error.h"

namespace zvmm {

void IoPorts::Add(uint16_t first, uint16_t count, IoDevice& device) {
  const uint32_t end = uint32_t{first} + count;
  assert(count > 0 && end <= kEnd);
  const auto next = ranges_.lower_bound(first);
  assert(next == ranges_.end() || end <= next->first);
  assert(next == ranges_.begin() || std::prev(next)->second.end <= first);
  ranges_.emplace_hint(next, first, Range{.end = end, .device = &device});
}

void IoPorts::FillGaps(IoDevice& device) {
  std::map<uint32_t, Range> gaps;
  uint32_t covered = 0;
  for (const auto& [first, range] : ranges_) {
    if (covered < first) {
      gaps.emplace(covered, Range{.end = first, .device = &device});
    }
    covered = range.end;
  }
  if (covered < kEnd) {
    gaps.emplace(covered, Range{.end = kEnd, .device = &device});
  }
  ranges_.merge(gaps);
}

IoDevice* IoPorts::Find(uint16_t port) const {
  auto range = ranges_.upper_bound(port);
  if (range == ranges_.begin()) {
    return nullptr;
  }
  --range;
  return port < range->second.end ? range->second.device : nullptr;
}

std::vector<uint16_t> IoPorts::first_ports() const {
  std::vector<uint16_t> ports;
  for (const auto& [first, range] : ranges_) {
    ports.push_back(static_cast<uint16_t>(first));
  }
  return ports;
}

std::set<const IoDevice*> IoPorts::devices() const {
  std::set<const IoDevice*> devices;
  for (const auto& [first, range] : ranges_) {
    devices.insert(range.device);
  }
  return devices;
}

absl::Status IoPorts::SetTraps(const zx::guest& guest) const {
  for (const auto& [first, range] : ranges_) {
    const zx_status_t status = guest.set_trap(ZX_GUEST_TRAP_IO, first, range.end - first,
                                              zx::port(), reinterpret_cast<uint64_t>(range.device));
    if (status != ZX_OK) {
      return ZxError(
          absl::StrFormat("zx_guest_set_trap for I/O ports %#x to %#x", first, range.end - 1),
          status);
    }
  }
  return absl::OkStatus();
}

}  // namespace zvmm
