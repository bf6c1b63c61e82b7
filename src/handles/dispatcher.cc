#include "handles/dispatcher.h"

namespace zircon::handles {
namespace {

zx_koid_t NextKoid() {
  static std::atomic<zx_koid_t> next{1024};
  // relaxed: only that no two objects get the same number.
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Dispatcher::Dispatcher(zx_obj_type_t type, Handles handles) noexcept
    : type_(type), handles_are_remembered_(handles == Handles::kRemembered), koid_(NextKoid()) {}

}  // namespace zircon::handles
