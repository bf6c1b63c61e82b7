// StoreModel: what a store does, by another disassembler (Capstone) and by the processor's manual:
// address, size, bytes, and the registers behind it. It shares no code with the library. Where
// KVM's emulator, whose accesses the library sees, differs from the manual, it does as KVM.
//
// Covered are the instructions that store without reading first and that KVM's emulator knows; of
// encodings that Capstone 4 reads wrongly none (store_model.cc names them).
//
// Ownership: owns the disassembler's handles. Thread safety: one thread at a time.

#pragma once

#include <capstone/capstone.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "kvm/kvm_abi.h"

namespace zircon::fuzz {

struct ModelStore {
  size_t length = 0;      // of the instruction
  uint64_t linear = 0;    // where it stores
  uint64_t wraps_at = 0;  // mask of linear addresses
  size_t size = 0;
  uint8_t bytes[16] = {};
  kvm_regs after = {};
  bool repeats = false;  // one iteration of a REP: RIP is on it
};

class StoreModel {
 public:
  StoreModel();
  ~StoreModel();
  StoreModel(const StoreModel&) = delete;
  StoreModel& operator=(const StoreModel&) = delete;

  // Memory at a linear address; false where there is none.
  using Read = std::function<bool(uint64_t linear, uint8_t* to, size_t size)>;

  // Executes the instruction in `code`, RIP on it. False when it is no store that is covered.
  bool Execute(const uint8_t* code, size_t size, const kvm_regs& regs, const kvm_sregs& sregs,
               const kvm_fpu& fpu, const Read& read, ModelStore* store);

 private:
  struct Machine;

  csh handles_[3] = {};  // 16, 32, 64 bits
};

}  // namespace zircon::fuzz
