// Slots and traps of a guest against a naive map (models/guest_space_world.h).

#include <cstddef>
#include <cstdint>

#include "models/play.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zircon::models::PlayQuietly<zircon::models::GuestSpaceWorld>({data, size});
  return 0;
}
