// One thread plays with objects (models/object_world.h).

#include <cstddef>
#include <cstdint>

#include "models/play.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zircon::models::Play<zircon::models::ObjectWorld>({data, size});
  return 0;
}
