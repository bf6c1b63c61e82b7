// The entry of the backward decoder's fuzzer (fuzz/store_finder_input.h says what must hold).

#include <cstddef>
#include <cstdint>

#include "fuzz/store_finder_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* input = new zircon::fuzz::StoreFinderInput;
  input->Play(data, size);
  return 0;
}
