// The registers of a local APIC: as MSRs of an x2APIC, and by their places in the page of
// KVM_GET_LAPIC, which is that of an xAPIC.

#pragma once

#include <cstddef>
#include <cstdint>

namespace zircon::vcpu::x86::apic {

inline constexpr uint32_t kId = 0x802;
inline constexpr uint32_t kVersion = 0x803;
inline constexpr uint32_t kTpr = 0x808;
inline constexpr uint32_t kEoi = 0x80B;
inline constexpr uint32_t kLdr = 0x80D;
inline constexpr uint32_t kSvr = 0x80F;
inline constexpr uint32_t kIsrFirst = 0x810;
inline constexpr uint32_t kIrrFirst = 0x820;
inline constexpr uint32_t kIrrLast = 0x827;
inline constexpr uint32_t kEsr = 0x828;
inline constexpr uint32_t kLvtCmci = 0x82F;
inline constexpr uint32_t kIcr = 0x830;
inline constexpr uint32_t kIcrHigh = 0x831;  // in xAPIC pages only
inline constexpr uint32_t kLvtTimer = 0x832;
inline constexpr uint32_t kLvtThermal = 0x833;
inline constexpr uint32_t kLvtPerf = 0x834;
inline constexpr uint32_t kLvtLint0 = 0x835;
inline constexpr uint32_t kLvtLint1 = 0x836;
inline constexpr uint32_t kLvtError = 0x837;
inline constexpr uint32_t kInitialCount = 0x838;
inline constexpr uint32_t kCurrentCount = 0x839;
inline constexpr uint32_t kDivide = 0x83E;
inline constexpr uint32_t kSelfIpi = 0x83F;

inline constexpr uint32_t kTscDeadline = 0x6E0;  // beside them

// Of the registers of vectors: nothing is delivered.
inline constexpr uint32_t kLvtMasked = 1u << 16;
enum TimerMode : uint32_t { kOneShot = 0, kPeriodic = 1, kDeadlineMode = 2, kReservedMode = 3 };
constexpr uint32_t TimerModeOf(uint32_t lvt) { return (lvt >> 17) & 3; }

// Where a register is in the page.
constexpr size_t PlaceOf(uint32_t msr) { return size_t{msr - 0x800} << 4; }

}  // namespace zircon::vcpu::x86::apic
