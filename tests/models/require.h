// Require: what must hold in a model's run. If it does not the process ends, which a fuzzer and a
// test both take for a finding, with words about where.
//
// Thread safety: any thread.

#pragma once

#include <zircon/status.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace zircon::models {

// What the calling thread's model does at the moment, for the words.
struct Step {
  const char* call = "";
  uint64_t number = 0;
};
inline constinit thread_local Step step;
// Which of many inputs is played, 0 where nobody counts them.
inline std::atomic<uint64_t> current_input{0};

[[noreturn]] inline void Fail(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: input %llu, step %llu, %s: %s\n", file, line,
               static_cast<unsigned long long>(current_input.load()),
               static_cast<unsigned long long>(step.number), step.call, what);
  std::abort();
}

inline void RequireStatus(zx_status_t got, zx_status_t wanted, const char* file, int line) {
  if (got == wanted) return;
  char words[160];
  std::snprintf(words, sizeof(words), "gives %s, by the model %s", zx_status_get_string(got),
                zx_status_get_string(wanted));
  Fail(words, file, line);
}

}  // namespace zircon::models

#define REQUIRE(condition) \
  ((condition) ? (void)0 : zircon::models::Fail(#condition, __FILE__, __LINE__))
#define REQUIRE_STATUS(got, wanted) zircon::models::RequireStatus(got, wanted, __FILE__, __LINE__)
