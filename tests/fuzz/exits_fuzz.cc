// What KVM reports of a hostile guest, with kicks (models/exits_world.h).

#include <cstddef>
#include <cstdint>

#include "models/play.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zircon::models::PlayQuietly<zircon::models::ExitsWorld>({data, size});
  return 0;
}
