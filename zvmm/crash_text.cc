#include "crash_text.h"

#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "debug/linear_address.h"

namespace zvmm {
namespace {

constexpr uint64_t kPageMask = 0xFFF;
constexpr size_t kCodeBytes = 16;
constexpr const char* kTables[] = {"", "PT", "PD", "PDPT", "PML4", "PML5"};

std::string WalkText(Paging paging, const std::vector<PageWalkStep>& way) {
  if (paging == Paging::kOff) return "\n  paging is off";
  if (paging == Paging::k32Bit) return "\n  page tables of 32 bits, which are not shown";
  std::string text = "\n  page walk:";
  for (const PageWalkStep& step : way) {
    const char* const name = kTables[step.level];
    if (!step.entry) {
      absl::StrAppendFormat(&text, " %s at %#x is not in RAM", name, step.table);
    } else {
      absl::StrAppendFormat(&text, " %s[%d] %#x%s", name, step.index, *step.entry,
                            step.present() ? "" : " (not present)");
    }
  }
  return text;
}

}  // namespace

std::string CrashText(const zircon_kvm_general_registers_t& general,
                      const zircon_kvm_system_registers_t& system, const MemoryView& memory) {
  std::string text =
      absl::StrFormat("  rip %016x  cs %04x base %x  cr0 %x  cr2 %x  cr3 %x  cr4 %x  efer %x",
                      general.rip, system.cs.selector, system.cs.base, system.cr0, system.cr2,
                      system.cr3, system.cr4, system.efer);
  // In 64-bit code the segment's base does not count, and is 0.
  const uint64_t linear = system.cs.base + general.rip;
  std::vector<PageWalkStep> way;
  const std::optional<uint64_t> physical = TranslateFor(memory, system, linear, &way);
  text += WalkText(PagingOf(system), way);
  text += "\n  code at rip:";
  size_t shown = 0;
  // To the page's end: what comes after needs another walk.
  for (; physical && shown < kCodeBytes; ++shown) {
    if (shown > 0 && ((linear + shown) & kPageMask) == 0) break;
    const auto byte = memory.Range(*physical + shown, 1);
    if (byte.empty()) break;
    absl::StrAppendFormat(&text, " %02x", byte[0]);
  }
  if (shown == 0)
    text += physical ? absl::StrFormat(" %#x is not in RAM", *physical) : " not mapped";
  return text;
}

}  // namespace zvmm
