// libFuzzer's entry for the backward decoder (fuzz/store_finder_input.h says what must hold). It is
// linked with -fsanitize=fuzzer by clang; the unit tests play a few thousand random inputs in every
// build.

#include <cstddef>
#include <cstdint>

#include "fuzz/store_finder_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* input = new zircon::fuzz::StoreFinderInput;
  input->Play(data, size);
  return 0;
}
