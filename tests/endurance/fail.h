// Ends the program, loudly: a check of guests that run for long has found something. What the
// program is doing (its seed, its round) is told by the words that SetDoing() was given last.

#pragma once

#include <zircon/status.h>
#include <zircon/types.h>

#include <string>

namespace endurance {

// Any thread.
void SetDoing(std::string words);
// Prints what was found and ends the process with status 1, whatever its threads are at.
[[noreturn]] void Fail(const std::string& what);

// Fails unless the status is ZX_OK.
inline void Require(zx_status_t status, const char* what) {
  if (status != ZX_OK) Fail(std::string(what) + ": " + zx_status_get_string(status));
}

}  // namespace endurance
