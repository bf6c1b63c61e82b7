// operator new for fake/memory_shortage.h.

#include <cstdlib>
#include <new>

#include "fake/memory_shortage.h"

namespace {

void* Take(std::size_t size, std::size_t alignment) {
  zircon::fake::AtAllocation::Note();
  if (zircon::fake::t_memory_is_short) return nullptr;
  if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return std::malloc(size != 0 ? size : 1);
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* TakeOrThrow(std::size_t size, std::size_t alignment) {
  void* memory = Take(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

constexpr std::size_t Usual() { return __STDCPP_DEFAULT_NEW_ALIGNMENT__; }
std::size_t Of(std::align_val_t alignment) { return static_cast<std::size_t>(alignment); }

}  // namespace

void* operator new(std::size_t size) { return TakeOrThrow(size, Usual()); }
void* operator new[](std::size_t size) { return TakeOrThrow(size, Usual()); }
void* operator new(std::size_t size, std::align_val_t align) {
  return TakeOrThrow(size, Of(align));
}
void* operator new[](std::size_t size, std::align_val_t align) {
  return TakeOrThrow(size, Of(align));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return Take(size, Usual()); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return Take(size, Usual());
}
void* operator new(std::size_t size, std::align_val_t align, const std::nothrow_t&) noexcept {
  return Take(size, Of(align));
}
void* operator new[](std::size_t size, std::align_val_t align, const std::nothrow_t&) noexcept {
  return Take(size, Of(align));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
