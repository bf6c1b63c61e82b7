// Every number of the public headers, as C11, when compiled and once more when run. Needs the
// headers only.
// Shows: GEN-1

#include <stdint.h>
#include <stdio.h>
#include <zircon-kvm/host.h>
#include <zircon/boot/image.h>
#include <zircon/syscalls.h>
#include <zircon/types.h>

#define NUMBER(type, name, value)                 \
  _Static_assert((name) == (type)(value), #name); \
  _Static_assert(_Generic((name), type : 1, default : 0), #name);
#include "constants.inc"
#undef NUMBER

typedef struct {
  const char* name;
  long long got;
  long long want;
} Number;

static const Number kNumbers[] = {
#define NUMBER(type, name, value) {#name, (long long)(name), (long long)(type)(value)},
#include "constants.inc"
#undef NUMBER
    // The host functions' own numbers.
    {"ZIRCON_KVM_LOG_TRACE", ZIRCON_KVM_LOG_TRACE, 0},
    {"ZIRCON_KVM_LOG_DEBUG", ZIRCON_KVM_LOG_DEBUG, 1},
    {"ZIRCON_KVM_LOG_INFO", ZIRCON_KVM_LOG_INFO, 2},
    {"ZIRCON_KVM_LOG_WARN", ZIRCON_KVM_LOG_WARN, 3},
    {"ZIRCON_KVM_LOG_ERROR", ZIRCON_KVM_LOG_ERROR, 4},
    {"ZIRCON_KVM_LOG_CRITICAL", ZIRCON_KVM_LOG_CRITICAL, 5},
    {"ZIRCON_KVM_LOG_OFF", ZIRCON_KVM_LOG_OFF, 6},
    {"ZIRCON_KVM_EXIT_IO", ZIRCON_KVM_EXIT_IO, 0},
    {"ZIRCON_KVM_EXIT_MMIO", ZIRCON_KVM_EXIT_MMIO, 1},
    {"ZIRCON_KVM_EXIT_HLT", ZIRCON_KVM_EXIT_HLT, 2},
    {"ZIRCON_KVM_EXIT_RDMSR", ZIRCON_KVM_EXIT_RDMSR, 3},
    {"ZIRCON_KVM_EXIT_WRMSR", ZIRCON_KVM_EXIT_WRMSR, 4},
    {"ZIRCON_KVM_EXIT_IRQ_WINDOW", ZIRCON_KVM_EXIT_IRQ_WINDOW, 5},
    {"ZIRCON_KVM_EXIT_INTR", ZIRCON_KVM_EXIT_INTR, 6},
    {"ZIRCON_KVM_EXIT_SHUTDOWN", ZIRCON_KVM_EXIT_SHUTDOWN, 7},
    {"ZIRCON_KVM_EXIT_FAIL_ENTRY", ZIRCON_KVM_EXIT_FAIL_ENTRY, 8},
    {"ZIRCON_KVM_EXIT_INTERNAL_ERROR", ZIRCON_KVM_EXIT_INTERNAL_ERROR, 9},
    {"ZIRCON_KVM_EXIT_OTHER", ZIRCON_KVM_EXIT_OTHER, 10},
    {"ZIRCON_KVM_EXIT_COUNT", ZIRCON_KVM_EXIT_COUNT, 11},
    {"ZIRCON_KVM_EXIT_SLOTS", ZIRCON_KVM_EXIT_SLOTS, 16},
};

int main(void) {
  int failures = 0;
  const size_t count = sizeof(kNumbers) / sizeof(kNumbers[0]);
  for (size_t i = 0; i < count; i++) {
    const Number* number = &kNumbers[i];
    if (number->got == number->want) continue;
    fprintf(stderr, "failed: %s is %lld, not %lld\n", number->name, number->got, number->want);
    failures++;
  }
  printf("%zu numbers, %d failed\n", count, failures);
  return failures == 0 ? 0 : 1;
}
