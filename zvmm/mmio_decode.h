// Carries out a trapped access to memory.
//
// The packet of zx_vcpu_enter() says where the access went and which instruction made it, but not
// what the instruction does: its bytes are read through the guest's page tables and decoded here.
// Understood are the instructions that drivers use on device registers: MOV, MOVZX, MOVSX(D), XCHG,
// ADD, SUB, AND, OR, XOR, CMP and TEST with one operand in memory, in 64-bit code.
//
//   zx_vcpu_state_t state = …;             // zx_vcpu_read_state()
//   auto instruction = FetchMmioInstruction(packet.guest_mem, memory);
//   if (ExecuteMmio(*instruction, packet.guest_mem.addr, device, state)) {
//     …                                    // zx_vcpu_write_state()
//   }

#pragma once

#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "devices/device.h"
#include "guest_memory.h"

namespace zvmm {

// A decoded instruction with one operand in memory. A value.
struct MmioInstruction {
  enum class Operation : uint8_t {
    kLoad,      // register = extend(memory)
    kStore,     // memory = source
    kExchange,  // both
    kCompute,   // destination = destination (operation) source, and flags
    kTest,      // flags only
  };
  enum class Arithmetic : uint8_t { kAdd, kSub, kAnd, kOr, kXor };

  struct Register {
    uint8_t index = 0;       // In the order of the instruction set: rax, rcx, rdx, rbx, rsp, …
    uint8_t size = 0;        // Bytes.
    bool high_byte = false;  // ah, ch, dh, bh.
  };

  Operation operation = Operation::kLoad;
  Arithmetic arithmetic = Arithmetic::kAdd;
  uint8_t length = 0;       // Bytes of the instruction.
  uint8_t access_size = 0;  // Bytes of the operand in memory: 1, 2, 4 or 8.
  bool sign_extend = false;
  bool memory_is_destination = false;
  // The other operand: a register, or else an immediate value.
  bool has_register = false;
  Register reg{};
  uint64_t immediate = 0;
};

// Decodes the instruction at the start of `bytes`. Fails for one that is not understood.
absl::StatusOr<MmioInstruction> DecodeMmio(std::span<const uint8_t> bytes);

// Finds and decodes the instruction that made an access.
absl::StatusOr<MmioInstruction> FetchMmioInstruction(const zx_packet_guest_mem_t& access,
                                                     const MemoryView& memory);

// Does what the instruction does, with `device` in the place of memory. Tells whether `state` has
// changed and must be written back. (Flags have bit 1 set then, without which they would not
// count.)
bool ExecuteMmio(const MmioInstruction& instruction, uint64_t address, MmioDevice& device,
                 zx_vcpu_state_t& state);

}  // namespace zvmm
