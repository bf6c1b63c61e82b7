// What a debugger does with a machine: the protocol's side (gdb_session.h) knows nothing of VCPUs,
// threads and page tables, the machine's side (machine_target.h) nothing of packets.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "debug/debug_registers.h"

namespace zvmm {

// What stops the guest where.
struct Breakpoint {
  enum class Kind : uint8_t {
    kSoftware,  // The instruction at the address; any number.
    kExecute,   // The same, by the processor; the rest too, four in all.
    kWrite,
    kAccess,
  };
  Kind kind = Kind::kSoftware;
  uint64_t address = 0;  // Linear.
  uint32_t size = 1;     // Of kWrite and kAccess: 1, 2, 4 or 8 bytes.

  friend bool operator==(const Breakpoint&, const Breakpoint&) = default;
};

// Why the machine has stopped.
struct DebugStop {
  enum class Why : uint8_t {
    kAsked,  // The debugger wanted it.
    kStep,
    kBreakpoint,  // `hit`
    kCrash,       // The guest cannot go on.
  };
  Why why = Why::kAsked;
  unsigned vcpu = 0;
  Breakpoint hit{};
};

// What a VCPU does when the machine goes on.
enum class DebugGo : uint8_t { kStay, kRun, kStep };

// The machine, stopped. All calls are one thread's.
class DebugTarget {
 public:
  enum class Result : uint8_t { kDone, kFailed, kNotSupported };

  virtual ~DebugTarget() = default;

  // Those that there are, by their ids; at least one.
  virtual std::vector<unsigned> Vcpus() = 0;
  virtual bool ReadRegisters(unsigned vcpu, DebugRegisters& registers) = 0;
  virtual bool WriteRegisters(unsigned vcpu, const DebugRegisters& registers) = 0;
  // By that VCPU's page tables. Gives how many bytes could be read.
  virtual size_t ReadMemory(unsigned vcpu, uint64_t address, std::span<uint8_t> bytes) = 0;
  // All or nothing.
  virtual bool WriteMemory(unsigned vcpu, uint64_t address, std::span<const uint8_t> bytes) = 0;
  virtual Result Insert(unsigned vcpu, const Breakpoint& breakpoint) = 0;
  virtual Result Remove(unsigned vcpu, const Breakpoint& breakpoint) = 0;

  // The machine goes on, each VCPU as told.
  virtual void GoOn(const std::function<DebugGo(unsigned vcpu)>& how) = 0;
  // Ends the machine.
  virtual void Kill() = 0;
};

}  // namespace zvmm
