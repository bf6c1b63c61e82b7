// Several threads, each with a world of objects of its own, and all in a crowd (models/crowd.h).

#include <cstddef>
#include <cstdint>

#include "models/play.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zircon::models::PlayInThreads({data, size});
  return 0;
}
