// The public headers as C++17: layouts, when compiled and once more when run. (Numbers, prototypes
// and <lib/zx/...>: names_test.cc.) Needs the headers only; nothing of the library is linked.
// Shows: GEN-1

#include <zircon-kvm/debug.h>
#include <zircon-kvm/host.h>
#include <zircon/boot/image.h>
#include <zircon/compiler.h>
#include <zircon/errors.h>
#include <zircon/processargs.h>
#include <zircon/rights.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/resource.h>
#include <zircon/time.h>
#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <type_traits>

namespace {

// When compiled. Structs cross a C boundary: they must be what C takes them for.
#define LAYOUT(type, size)                                  \
  static_assert(sizeof(type) == (size), #type);             \
  static_assert(std::is_standard_layout_v<type>, #type);    \
  static_assert(std::is_trivially_copyable_v<type>, #type); \
  static_assert(std::is_trivially_default_constructible_v<type>, #type);
#define MEMBER(type, member, offset, size)                              \
  static_assert(offsetof(type, member) == (offset), #type "." #member); \
  static_assert(sizeof(type::member) == (size), #type "." #member);
#include "layouts.inc"
#undef LAYOUT
#undef MEMBER

static_assert(alignof(zx_port_packet_t) == 8);
static_assert(alignof(zx_vcpu_io_t) == 4);
static_assert(std::is_same_v<zx_handle_t, std::uint32_t>);
static_assert(std::is_same_v<zx_status_t, std::int32_t>);
static_assert(std::is_same_v<zx_time_t, std::int64_t>);
static_assert(std::is_same_v<zx_duration_t, std::int64_t>);
static_assert(std::is_same_v<zx_vaddr_t, std::uintptr_t>);
static_assert(std::is_same_v<zx_gpaddr_t, std::uintptr_t>);

// The helpers work in constant expressions.
static_assert(zx_time_add_duration(ZX_TIME_INFINITE, ZX_SEC(1)) == ZX_TIME_INFINITE);
static_assert(zx_time_sub_time(ZX_SEC(2), ZX_SEC(1)) == ZX_SEC(1));
static_assert(zx_duration_mul_int64(ZX_HOUR(1), -1) == ZX_HOUR(-1));
static_assert(ZX_PKT_IS_GUEST_MEM(ZX_PKT_TYPE_GUEST_MEM));

// When run.
struct Measure {
  const char* name;
  long long got;
  long long want;
};

constexpr Measure kMeasures[] = {
#define LAYOUT(type, size) {"sizeof " #type, sizeof(type), (size)},
#define MEMBER(type, member, offset, size)                            \
  {"offset of " #type "." #member, offsetof(type, member), (offset)}, \
      {"size of " #type "." #member, sizeof(type::member), (size)},
#include "layouts.inc"
};

int CheckMeasures() {
  int failures = 0;
  for (const Measure& measure : kMeasures) {
    if (measure.got == measure.want) continue;
    std::fprintf(stderr, "failed: %s is %lld, not %lld\n", measure.name, measure.got, measure.want);
    ++failures;
  }
  return failures;
}

// A packet that is zeroed and filled the C++ way.
int CheckPacket() {
  zx_port_packet_t packet = {};
  packet.type = ZX_PKT_TYPE_GUEST_VCPU;
  packet.guest_vcpu.type = ZX_PKT_GUEST_VCPU_STARTUP;
  packet.guest_vcpu.startup.id = 1;
  packet.guest_vcpu.startup.entry = 0x8000;
  auto* bytes = reinterpret_cast<const unsigned char*>(&packet);
#if defined(ZX_API_2018)
  constexpr size_t kType = 32, kId = 16, kEntry = 24;
#else
  constexpr size_t kType = 16, kId = 24, kEntry = 32;
#endif
  const bool good =
      bytes[8] == 6 && bytes[kType] == 1 && bytes[kId] == 1 && bytes[kEntry + 1] == 0x80;
  if (!good) std::fprintf(stderr, "failed: the bytes of a STARTUP packet\n");
  return good ? 0 : 1;
}

}  // namespace

int main() {
  const int failures = CheckMeasures() + CheckPacket();
  std::printf("C++%ld: %zu measures, %d failed\n", __cplusplus / 100 % 100, std::size(kMeasures),
              failures);
  return failures == 0 ? 0 : 1;
}
