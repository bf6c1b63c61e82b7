// Several threads, each with a world of objects of its own, and all in a crowd (models/crowd.h).

#include <cstddef>
#include <cstdint>

#include "models/play.h"

#if defined(__clang__)
// The counters of libFuzzer's own, which all threads add to without a lock. They have no name: it
// is that of the last symbol before them. Called before the sanitizer is ready.
extern "C" __attribute__((disable_sanitizer_instrumentation)) const char*
__tsan_default_suppressions() {
  return "race:^__TMC_END__$\n";
}
#endif

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zircon::models::PlayInThreads({data, size});
  return 0;
}
