// VMOs and VMARs of the process, every page compared (models/memory_world.h).

#include <cstddef>
#include <cstdint>

#include "models/play.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zircon::models::Play<zircon::models::MemoryWorld>({data, size});
  return 0;
}
