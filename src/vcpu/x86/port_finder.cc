#include "vcpu/x86/port_finder.h"

#include <cstring>

#include "vcpu/x86/instruction.h"
#include "vcpu/x86/operand.h"

namespace zircon::vcpu::x86 {
namespace {

// OUT and OUTS with the prefixes that a program has use for.
constexpr size_t kLongestOut = 4;

const uint8_t* Data(const kvm_run& run) {
  return reinterpret_cast<const uint8_t*>(&run) + run.io.data_offset;
}

bool IsOut(const Instruction& insn, const kvm_regs& regs, const kvm_run& run) {
  const uint64_t port = insn.immediate_port ? insn.immediate : regs.rdx & 0xFFFF;
  return insn.form == Form::kPortOut && insn.port_size == run.io.size && port == run.io.port &&
         std::memcmp(&regs.rax, Data(run), run.io.size) == 0;
}

// Whether OUTS wrote this; *before gets the registers of the iteration.
bool IsOuts(GuestView& view, const Instruction& insn, Progress progress, const kvm_regs& moved,
            const kvm_sregs& sregs, const kvm_run& run, kvm_regs* before) {
  const bool outs = insn.form == Form::kPortString && insn.memory.read &&
                    insn.port_size == run.io.size && (moved.rdx & 0xFFFF) == run.io.port &&
                    insn.repeated == (progress == Progress::kRepeats);
  if (!outs) return false;
  *before = RegistersBefore(insn, progress, moved, sregs, 0);
  uint8_t source[8];
  const uint64_t linear = LinearAddress(insn.memory, *before, 0, sregs);
  return view.Read(sregs, linear, source, run.io.size) == run.io.size &&
         std::memcmp(source, Data(run), run.io.size) == 0;
}

}  // namespace

PortInstruction FindPortInstruction(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                                    const kvm_run& run) {
  const CodeMode mode = CodeModeOf(sregs);
  const uint64_t rip = LinearCode(sregs, regs.rip);
  uint8_t bytes[kMaxInstructionLength];
  Instruction at_rip;
  const size_t have = view.Read(sregs, rip, bytes, sizeof(bytes));
  const bool decoded = Decode(bytes, have, mode, &at_rip);
  if (run.io.direction == KVM_EXIT_IO_IN) {
    PortInstruction in{.string = !decoded || at_rip.form != Form::kPortIn, .before = regs};
    if (!in.string) in.length = at_rip.length;
    if (decoded && in.string && at_rip.has_memory) {
      in.stores = true;
      in.destination = LinearAddress(at_rip.memory, regs, 0, sregs);
    }
    return in;
  }
  if (decoded && IsOut(at_rip, regs, run)) {
    return {.string = false, .length = at_rip.length, .before = regs};
  }
  PortInstruction repeating{.string = true, .before = regs};
  const bool repeats =
      decoded && IsOuts(view, at_rip, Progress::kRepeats, regs, sregs, run, &repeating.before);
  // KVM says so of a REP, and of nothing else.
  if (repeats && (regs.rflags & kResumeFlag) != 0) return repeating;

  // What ends at RIP: OUT rather than OUTS, the longest that fits, since a prefix belongs to it.
  PortInstruction ending;
  bool found = false;
  for (size_t length = 1; length <= kLongestOut && length <= regs.rip; ++length) {
    Instruction insn;
    if (view.Read(sregs, rip - length, bytes, length) != length) break;
    if (!Decode(bytes, length, mode, &insn) || insn.length != length) continue;
    PortInstruction candidate;
    if (IsOut(insn, regs, run)) {
      candidate = {.string = false, .length = static_cast<uint8_t>(length), .before = regs};
      candidate.before.rip = regs.rip - length;
    } else {
      candidate.string = true;
      if (!IsOuts(view, insn, Progress::kOver, regs, sregs, run, &candidate.before)) continue;
    }
    if (found && candidate.string && !ending.string) continue;
    ending = candidate;
    found = true;
  }
  if (found && !ending.string) return ending;
  if (repeats) return repeating;
  if (found) return ending;
  // Nothing fits: the guest has changed its code or its memory meanwhile. By what stands at RIP.
  return {.string = decoded && at_rip.form == Form::kPortString, .before = regs};
}

void PortMemory::Remember(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                          const PortInstruction& found, bool input) {
  Site& site = sites_[IndexOf(regs.rip)];
  site = Site{};
  Place code, before;
  const uint64_t linear = LinearCode(sregs, found.before.rip);
  const bool fits = found.length >= 1 && found.length <= sizeof(site.bytes) &&
                    linear % kPageSize <= kPageSize - sizeof(site.bytes);
  if (!fits || !view.Find(sregs, linear, &code) || code.host == nullptr) return;
  const auto outs = [](uint8_t byte) { return (byte & 0xFE) == 0x6E; };
  site.before = code.host;
  if (!input && found.before.rip == regs.rip) {
    // An OUTS that ends here has its RIP here too.
    if (!view.Find(sregs, linear - 1, &before) || before.host == nullptr) return;
    if (outs(*before.host)) return;
    site.before = before.host;
  } else if (!input && outs(code.host[found.length - 1])) {
    return;  // the port's number, or an OUTS that ends where the OUT does
  }
  site.code = code.host;
  site.byte_before = *site.before;
  std::memcpy(&site.bytes, code.host, sizeof(site.bytes));
  site.mask = found.length == sizeof(site.bytes) ? ~uint32_t{0} : (1u << (8 * found.length)) - 1;
  site.input = input;
  site.rip = regs.rip;
}

}  // namespace zircon::vcpu::x86
