// The public headers as C11: layouts, when compiled and once more when run; what the inline
// functions give. (Numbers and prototypes: names_test.c.) Needs the headers only; nothing of the
// library is linked.
// Shows: ABI-1 ZBI-1 ZBI-5 ZBI-6 ZBI-7 ZBI-8 ZBI-9 ZBI-10 ZBI-11 TIME-7 ZX-6
// Shows: GEN-1 GEN-45

#include <stddef.h>
#include <stdio.h>
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

// When compiled.
#define MEMBER_SIZE(type, member) sizeof(((type*)NULL)->member)
#define LAYOUT(type, size) _Static_assert(sizeof(type) == (size), #type);
#define MEMBER(type, member, offset, size)                               \
  _Static_assert(offsetof(type, member) == (offset), #type "." #member); \
  _Static_assert(MEMBER_SIZE(type, member) == (size), #type "." #member);
#include "layouts.inc"
#undef LAYOUT
#undef MEMBER

_Static_assert(_Alignof(zx_port_packet_t) == 8, "packets are aligned to 8");
_Static_assert(_Alignof(zx_vcpu_io_t) == 4, "zx_vcpu_io_t is aligned to 4");
_Static_assert((zx_status_t)-1 < 0, "a status is signed");
_Static_assert((zx_time_t)-1 < 0, "a time is signed");
_Static_assert((zx_duration_t)-1 < 0, "a duration is signed");
#if defined(ZX_API_2018)
_Static_assert((zx_ticks_t)-1 > 0, "ticks were unsigned");
#else
_Static_assert((zx_ticks_t)-1 < 0, "ticks are signed");
#endif
_Static_assert((zx_handle_t)-1 > 0, "a handle is unsigned");
_Static_assert((zx_koid_t)-1 > 0, "a koid is unsigned");
_Static_assert((zx_vaddr_t)-1 > 0, "an address is unsigned");

// When run: what offsets the compiler really uses, seen from outside of the struct.
typedef struct {
  const char* name;
  size_t got;
  size_t want;
} Measure;

static const Measure kMeasures[] = {
#define LAYOUT(type, size) {"sizeof " #type, sizeof(type), (size)},
#define MEMBER(type, member, offset, size)                            \
  {"offset of " #type "." #member, offsetof(type, member), (offset)}, \
      {"size of " #type "." #member, MEMBER_SIZE(type, member), (size)},
#include "layouts.inc"
};

static int failures;

static void expect(int holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "failed: %s\n", what);
  failures++;
}

#define EXPECT(condition) expect((condition) != 0, #condition)

static void check_packet_predicates(void) {
  // Each is true for its own type alone.
  for (uint32_t type = 0; type < 300; type++) {
    EXPECT(ZX_PKT_IS_USER(type) == (type == 0));
    EXPECT(ZX_PKT_IS_SIGNAL_ONE(type) == (type == 1));
    EXPECT(ZX_PKT_IS_GUEST_BELL(type) == (type == 3));
    EXPECT(ZX_PKT_IS_GUEST_MEM(type) == (type == 4));
    EXPECT(ZX_PKT_IS_GUEST_IO(type) == (type == 5));
    EXPECT(ZX_PKT_IS_GUEST_VCPU(type) == (type == 6));
    EXPECT(ZX_PKT_IS_INTERRUPT(type) == (type == 7));
#if defined(ZX_API_2018)
    EXPECT(ZX_PKT_IS_SIGNAL_REP(type) == (type == 2));
    EXPECT(ZX_PKT_IS_EXCEPTION(type) == ((type & 0xff) == 8));
#else
    EXPECT(ZX_PKT_IS_PAGE_REQUEST(type) == (type == 9));
#endif
  }
}

// Both names of what a STARTUP packet says, one after the other or in a compound literal.
static void check_startup(void) {
#if !defined(ZX_API_2018)
  zx_packet_guest_vcpu_startup_t startup = {.target = 3, .context = 0x8000};
  EXPECT(startup.id == 3 && startup.entry == 0x8000);
#else
  zx_packet_guest_vcpu_startup_t startup;
#endif
  startup = (zx_packet_guest_vcpu_startup_t){.id = 4, .entry = 0x9000};
  EXPECT(startup.id == 4 && startup.entry == 0x9000);
}

static void check_time(void) {
  EXPECT(zx_time_add_duration(5, 3) == 8);
  EXPECT(zx_time_add_duration(5, -8) == -3);
  EXPECT(zx_time_add_duration(ZX_TIME_INFINITE, 1) == ZX_TIME_INFINITE);
  EXPECT(zx_time_add_duration(1, ZX_TIME_INFINITE) == ZX_TIME_INFINITE);
  EXPECT(zx_time_add_duration(ZX_TIME_INFINITE_PAST, -1) == ZX_TIME_INFINITE_PAST);
  EXPECT(zx_time_sub_duration(5, 3) == 2);
  EXPECT(zx_time_sub_duration(ZX_TIME_INFINITE, -1) == ZX_TIME_INFINITE);
  EXPECT(zx_time_sub_duration(ZX_TIME_INFINITE_PAST, 1) == ZX_TIME_INFINITE_PAST);
  EXPECT(zx_time_sub_duration(0, ZX_TIME_INFINITE_PAST) == ZX_TIME_INFINITE);
  EXPECT(zx_time_sub_time(8, 5) == 3);
  EXPECT(zx_time_sub_time(5, 8) == -3);
  EXPECT(zx_time_sub_time(ZX_TIME_INFINITE, ZX_TIME_INFINITE_PAST) == ZX_TIME_INFINITE);
  EXPECT(zx_time_sub_time(ZX_TIME_INFINITE_PAST, ZX_TIME_INFINITE) == ZX_TIME_INFINITE_PAST);
  EXPECT(zx_duration_add_duration(ZX_SEC(1), ZX_MSEC(1)) == 1001000000);
  EXPECT(zx_duration_add_duration(ZX_TIME_INFINITE, 1) == ZX_TIME_INFINITE);
  EXPECT(zx_duration_sub_duration(ZX_SEC(1), ZX_MSEC(1)) == 999000000);
  EXPECT(zx_duration_sub_duration(ZX_TIME_INFINITE_PAST, 1) == ZX_TIME_INFINITE_PAST);
  EXPECT(zx_duration_mul_int64(ZX_MSEC(3), 4) == 12000000);
  EXPECT(zx_duration_mul_int64(ZX_TIME_INFINITE, 2) == ZX_TIME_INFINITE);
  EXPECT(zx_duration_mul_int64(ZX_TIME_INFINITE, -2) == ZX_TIME_INFINITE_PAST);
  EXPECT(zx_duration_mul_int64(ZX_TIME_INFINITE_PAST, 2) == ZX_TIME_INFINITE_PAST);
  EXPECT(zx_duration_mul_int64(ZX_TIME_INFINITE_PAST, -1) == ZX_TIME_INFINITE);
  EXPECT(zx_duration_mul_int64(ZX_TIME_INFINITE_PAST, 0) == 0);
}

// The bytes of a packet, as a program of either language writes them.
static void check_packet_bytes(void) {
  union {
    zx_port_packet_t packet;
    unsigned char bytes[48];
  } image = {.bytes = {0}};
  image.packet.key = 0x1122334455667788;
  image.packet.type = ZX_PKT_TYPE_GUEST_IO;
  image.packet.guest_io.port = 0x3f8;
  image.packet.guest_io.access_size = 2;
  image.packet.guest_io.input = true;
  image.packet.guest_io.u16 = 0xa1b2;
  const unsigned char want[48] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 5, 0,    0,
                                  0,    0,    0,    0,    0,    0xf8, 0x03, 2,    1, 0xb2, 0xa1};
  for (size_t i = 0; i < sizeof(want); i++) {
    EXPECT(image.bytes[i] == want[i]);
  }
}

int main(void) {
  const size_t count = sizeof(kMeasures) / sizeof(kMeasures[0]);
  for (size_t i = 0; i < count; i++) {
    const Measure* measure = &kMeasures[i];
    if (measure->got == measure->want) continue;
    fprintf(stderr, "failed: %s is %zu, not %zu\n", measure->name, measure->got, measure->want);
    failures++;
  }
  check_packet_predicates();
  check_startup();
  check_time();
  check_packet_bytes();
  printf("C11: %zu measures of layout, %d failed\n", count, failures);
  return failures == 0 ? 0 : 1;
}
