// Judges what a call gave when a call under it had failed, by the contract: rows HOST-ERR and
// KVM-ERR, those of the call, and its header.
//
// Thread safety: pure.

#pragma once

#include <zircon/types.h>

#include <string>

#include "faults/plan.h"

namespace zircon::faults {

// In the pass that makes the handle table (HANDLE-9).
inline bool judging_first_use = false;

// Empty if `call` may have given `status` because `failed` did with `error`; else what is wrong.
std::string Judge(const char* call, CallId failed, int error, zx_status_t status);

}  // namespace zircon::faults
