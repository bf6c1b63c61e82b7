// The exit statuses of zvmm, as --help lists them.

#pragma once

namespace zvmm {

inline constexpr int kExitPowerOff = 0;
inline constexpr int kExitNotRun = 1;    // Bad option, bad file, no KVM.
inline constexpr int kExitCrashed = 2;   // The guest, or a part of zvmm, could not go on.
inline constexpr int kExitPanicked = 3;  // The guest's kernel said so.
inline constexpr int kExitReset = 4;     // The guest asked for a reset.
inline constexpr int kExitSignalBase = 128;

}  // namespace zvmm
