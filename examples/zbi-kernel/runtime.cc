// What the compiler takes for granted: it may make calls of these out of plain code.

#include <cstddef>
#include <cstdint>

extern "C" {

void* memcpy(void* to, const void* from, size_t size) {
  void* const result = to;
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
  return result;
}

int memcmp(const void* a, const void* b, size_t size) {
  const auto* first = static_cast<const volatile uint8_t*>(a);
  const auto* second = static_cast<const volatile uint8_t*>(b);
  for (size_t i = 0; i < size; ++i) {
    if (first[i] != second[i]) {
      return first[i] < second[i] ? -1 : 1;
    }
  }
  return 0;
}

}  // extern "C"
