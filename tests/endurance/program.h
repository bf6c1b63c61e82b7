// Program: random instructions for a guest, chosen so that many of them reach what the library
// does: traps, page ends, model-specific registers, tables, interrupts.

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "endurance/seeded.h"

namespace endurance {

class Program {
 public:
  explicit Program(Seeded& random) : random_(random) {}

  // Each adds one or a few instructions.
  void Anything();    // any of the kinds below, or bytes without a meaning
  void Memory();      // an access to one of the interesting addresses
  void Register();    // RDMSR or WRMSR
  void Port();        // IN or OUT, INS or OUTS
  void System();      // control registers, tables, ways into the system and out of it
  void Interrupts();  // STI, CLI, HLT, the local APIC's ICR and self-IPI
  void Timer();       // the local APIC's timer
  void BellStore();
  void BrokenTables();  // page tables, descriptor tables or stack in what is no memory

  void Bytes(std::initializer_list<uint8_t> bytes) { code_.insert(code_.end(), bytes); }
  void Number(uint64_t value, size_t size);
  // A jump to that offset of the program.
  void JumpTo(size_t offset);
  size_t size() const { return code_.size(); }
  std::span<const uint8_t> code() const { return code_; }

  // An address that is worth an access.
  static uint64_t Address(Seeded& random);
  // The byte at which RIP stands is exchanged with others of that kind: one instruction.
  static std::vector<uint8_t> Instruction(Seeded& random);

 private:
  void Load(unsigned reg, uint64_t value);  // MOV reg, imm64
  void WriteMsr(uint32_t index, uint64_t value);

  Seeded& random_;
  std::vector<uint8_t> code_;
};

}  // namespace endurance
