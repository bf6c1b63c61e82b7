// Core::WriteState(), inline: a VMM that answers a load calls it at each exit.

#pragma once

#include <emmintrin.h>
#include <zircon/syscalls/hypervisor.h>

#include <cstddef>
#include <cstdint>

#include "vcpu/x86/core.h"
#include "vcpu/x86/operand.h"

namespace zircon::vcpu::x86 {

// CF PF AF ZF SF TF DF OF NT AC ID: what read_state shows and write_state takes of RFLAGS.
inline constexpr uint64_t kUserFlags = 0x244DD5;
// write_state changes flags only when this bit, which is always 1 on hardware, is set in its input.
inline constexpr uint64_t kFlagsGiven = 0x2;

// The registers of the state stand in the order of their numbers.
static_assert(offsetof(zx_vcpu_state_t, rsp) == 4 * sizeof(uint64_t) &&
              offsetof(zx_vcpu_state_t, r15) == 15 * sizeof(uint64_t));

// 0 where the general registers are the same. Two at a time, where they follow each other in both.
inline uint64_t Differences(const kvm_regs& regs, const zx_vcpu_state_t& state) {
  __m128i any = _mm_setzero_si128();
  const auto compare = [&any](const __u64* of_regs, const uint64_t* of_state) {
    any = _mm_or_si128(any,
                       _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(of_regs)),
                                     _mm_loadu_si128(reinterpret_cast<const __m128i*>(of_state))));
  };
  compare(&regs.rcx, &state.rcx);  // and RDX
  compare(&regs.rsi, &state.rsi);  // and RDI
  compare(&regs.rsp, &state.rsp);  // and RBP
  compare(&regs.r8, &state.r8);
  compare(&regs.r10, &state.r10);
  compare(&regs.r12, &state.r12);
  compare(&regs.r14, &state.r14);
  any = _mm_or_si128(any, _mm_unpackhi_epi64(any, any));
  return (regs.rax ^ state.rax) | (regs.rbx ^ state.rbx) |
         static_cast<uint64_t>(_mm_cvtsi128_si64(any));
}
static_assert(offsetof(kvm_regs, rdx) == offsetof(kvm_regs, rcx) + sizeof(uint64_t) &&
              offsetof(kvm_regs, rdi) == offsetof(kvm_regs, rsi) + sizeof(uint64_t) &&
              offsetof(kvm_regs, rbp) == offsetof(kvm_regs, rsp) + sizeof(uint64_t) &&
              offsetof(kvm_regs, r15) == offsetof(kvm_regs, r8) + 7 * sizeof(uint64_t));

inline void Core::WriteState(const zx_vcpu_state_t& state) {
  kvm_regs& to = regs();
  if (owed_.kind == PendingExit::kLoad && owed_.destination.size >= 4) {
    // A load that is owed takes its whole register from the run buffer. If nothing else changes,
    // the kernel is spared taking all registers, which costs it more than everything that happens
    // here.
    const uint64_t* by_number = &state.rax;
    *RegisterSlot(&to, owed_.destination.number) = by_number[owed_.destination.number];
  }
  uint64_t rflags = to.rflags;
  if ((state.rflags & kFlagsGiven) != 0) {
    rflags = (to.rflags & ~kUserFlags) | (state.rflags & kUserFlags);
  }
  const uint64_t changes = (to.rflags ^ rflags) | Differences(to, state);
  // Mostly there is none: a VMM gives back what it has read, but for the answer.
  if (changes != 0) TakeState(state, rflags);
}

}  // namespace zircon::vcpu::x86
