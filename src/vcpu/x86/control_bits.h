// Bits of CR0, CR4, EFER and RFLAGS: how a processor runs, translates and reads its code; and the
// size of its pages.

#pragma once

#include <cstdint>

namespace zircon::vcpu::x86 {

inline constexpr uint64_t kPageSize = 4096;

inline constexpr uint64_t kCr0Protection = 1u << 0;
inline constexpr uint64_t kCr0Paging = 1u << 31;

inline constexpr uint64_t kCr4PageSizeExtension = 1u << 4;
inline constexpr uint64_t kCr4Pae = 1u << 5;
inline constexpr uint64_t kCr4Pge = 1u << 7;
inline constexpr uint64_t kCr4OsFxsr = 1u << 9;
inline constexpr uint64_t kCr4FiveLevels = 1u << 12;
inline constexpr uint64_t kCr4FsGsBase = 1u << 16;
inline constexpr uint64_t kCr4OsXsave = 1u << 18;

inline constexpr uint64_t kEferLongModeActive = 1u << 10;

inline constexpr uint64_t kResumeFlag = 1u << 16;

}  // namespace zircon::vcpu::x86
