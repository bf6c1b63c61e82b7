#include "instruction.h"

#include <zircon/assert.h>

#include <cstring>

namespace {

constexpr size_t kMaxLength = 15;

struct Bytes {
  uint8_t code[kMaxLength + 1] = {};
  uint8_t length = 0;
  uint8_t operand_size = 0;
};

#if defined(ZX_API_2018)
zx_status_t Fetch(const PhysMem& /*memory*/, const zx_packet_guest_mem_t& packet, Bytes* result) {
  result->length = packet.inst_len;
  result->operand_size = packet.default_operand_size;
  std::memcpy(result->code, packet.inst_buf, packet.inst_len);
  return ZX_OK;
}
#else
// By the guest's page tables, all of which present entries lead to its memory.
zx_status_t Translate(const PhysMem& memory, uint64_t table, zx_vaddr_t address,
                      zx_gpaddr_t* result) {
  constexpr uint64_t kPresent = 1, kLarge = 0x80, kAddress = 0x000FFFFFFFFFF000;
  for (int shift = 39; shift >= 12; shift -= 9) {
    const uint64_t entry = memory.as<uint64_t>(table & kAddress, 512)[(address >> shift) & 511];
    if ((entry & kPresent) == 0) return ZX_ERR_NOT_FOUND;
    const uint64_t offset_mask = (uint64_t{1} << shift) - 1;
    if (shift == 12 || (shift < 39 && (entry & kLarge) != 0)) {
      *result = (entry & kAddress & ~offset_mask) | (address & offset_mask);
      return ZX_OK;
    }
    table = entry;
  }
  return ZX_ERR_NOT_FOUND;
}

zx_status_t Fetch(const PhysMem& memory, const zx_packet_guest_mem_t& packet, Bytes* result) {
  result->length = packet.instruction_size;
  result->operand_size = packet.default_operand_size;
  for (uint8_t i = 0; i < packet.instruction_size; ++i) {
    zx_gpaddr_t address = 0;
    const zx_status_t status = Translate(memory, packet.cr3, packet.rip + i, &address);
    if (status != ZX_OK) return status;
    result->code[i] = *memory.as<uint8_t>(address);
  }
  return ZX_OK;
}
#endif

// In the order of their numbers in instructions.
uint64_t* Register(zx_vcpu_state_t* state, int number) {
  uint64_t* const registers[] = {&state->rax, &state->rcx, &state->rdx, &state->rbx,
                                 &state->rsp, &state->rbp, &state->rsi, &state->rdi,
                                 &state->r8,  &state->r9,  &state->r10, &state->r11,
                                 &state->r12, &state->r13, &state->r14, &state->r15};
  return registers[number];
}

uint64_t Mask(uint8_t bytes) { return bytes == 8 ? UINT64_MAX : (uint64_t{1} << (bytes * 8)) - 1; }

}  // namespace

uint32_t Instruction::Stored() const {
  const uint64_t value = reg != nullptr ? *reg : immediate;
  return static_cast<uint32_t>(value & Mask(access_size));
}

void Instruction::Load(uint32_t value) const {
  ZX_DEBUG_ASSERT(is_load);
  // What is written as 32 bits clears the upper half.
  const uint64_t kept = register_size < 4 ? *reg & ~Mask(register_size) : 0;
  *reg = kept | (value & Mask(access_size));
}

zx_status_t Decode(const PhysMem& memory, const zx_packet_guest_mem_t& packet,
                   zx_vcpu_state_t* state, Instruction* result) {
  Bytes bytes;
  const zx_status_t status = Fetch(memory, packet, &bytes);
  if (status != ZX_OK) return status;
  const uint8_t* at = bytes.code;
  uint8_t operand_size = bytes.operand_size;
  if (*at == 0x66) {
    operand_size = 2;
    ++at;
  }
  const uint8_t rex = (*at & 0xF0) == 0x40 ? *at++ : 0;
  const bool is_two_bytes = *at == 0x0F;
  if (is_two_bytes) ++at;
  const uint8_t opcode = *at++;
  const uint8_t modrm = *at++;
  // The address is the packet's: what of the instruction says it is only skipped.
  const uint8_t mod = modrm >> 6;
  if (mod == 3) return ZX_ERR_NOT_SUPPORTED;
  const bool has_sib = (modrm & 7) == 4;
  const bool has_no_base = mod == 0 && ((modrm & 7) == 5 || (has_sib && (*at & 7) == 5));
  if (has_sib) ++at;
  at += has_no_base || mod == 2 ? 4 : mod;

  Instruction decoded;
  decoded.register_size = operand_size;
  decoded.reg = Register(state, ((modrm >> 3) & 7) | ((rex & 4) << 1));
  const bool is_byte = (opcode & 1) == 0;
  decoded.access_size = is_byte ? 1 : operand_size;
  if (is_two_bytes && (opcode == 0xB6 || opcode == 0xB7)) {
    decoded.is_load = true;
    decoded.access_size = is_byte ? 1 : 2;
  } else if (!is_two_bytes && (opcode == 0x8A || opcode == 0x8B)) {
    decoded.is_load = true;
    if (is_byte) decoded.register_size = 1;
  } else if (!is_two_bytes && (opcode == 0xC6 || opcode == 0xC7)) {
    decoded.reg = nullptr;
    std::memcpy(&decoded.immediate, at, decoded.access_size);
    at += decoded.access_size;
  } else if (is_two_bytes || (opcode != 0x88 && opcode != 0x89)) {
    return ZX_ERR_NOT_SUPPORTED;
  }
  if (at - bytes.code != bytes.length) return ZX_ERR_NOT_SUPPORTED;
  *result = decoded;
  return ZX_OK;
}
