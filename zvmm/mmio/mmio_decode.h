// Decodes the instruction that made a trapped access to memory.
//
// The packet of zx_vcpu_enter() says where the access went and which instruction made it, but not
// what the instruction does: its bytes are read through the guest's page tables and decoded here.
// Understood are, in 64-bit code, the instructions with one operand in memory that move a general
// register or compute with it: MOV and its kin, XCHG, all of arithmetic, logic, shifts and bit
// tests, CMOVcc, SETcc. Not: divisions, strings, vector and segment registers, the stack.

#pragma once

#include <zircon/syscalls/port.h>

#include <array>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "guest_memory.h"
#include "mmio/mmio_instruction.h"

namespace zvmm {

// Decodes the instruction at the start of `bytes`. Fails for one that is not understood.
absl::StatusOr<MmioInstruction> DecodeMmio(std::span<const uint8_t> bytes);

// Finds and decodes the instructions that make accesses. Those of a driver are few, and come again
// and again: they are remembered, by where they are and by their bytes. Not thread-safe.
class MmioDecoder {
 public:
  absl::StatusOr<MmioInstruction> Decode(const zx_packet_guest_mem_t& access,
                                         const MemoryView& memory);

 private:
  static constexpr size_t kMostBytes = 15;

  struct Known {
    std::array<uint8_t, kMostBytes> bytes{};
    MmioInstruction instruction{};  // Of length 0 if none is known.
  };

  absl::StatusOr<MmioInstruction> DecodeBytes(uint64_t rip, std::span<const uint8_t> bytes);

  std::array<Known, 64> known_{};
};

}  // namespace zvmm
