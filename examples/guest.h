// guest.h: what the small programs here begin with. hello does all of it by itself, step by step,
// and explains it.
//
//   GUEST_CODE(code, "mov al, 42; out 0x10, al");
//   Guest guest = MakeGuest(code, code_end);

#ifndef EXAMPLES_GUEST_H_
#define EXAMPLES_GUEST_H_

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zircon-kvm/host.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

// Instructions for the guest, in Intel's syntax: `name` is their first byte, `name_end` the byte
// behind the last. Their labels are symbols of this program, so that a label's place in the guest
// is CODE + (label - name).
#define GUEST_CODE(name, text)                                                                     \
  extern const uint8_t name[] __attribute__((visibility("hidden")));                               \
  extern const uint8_t name##_end[] __attribute__((visibility("hidden")));                         \
  __asm__(".pushsection .rodata\n.intel_syntax noprefix\n.balign 16\n" #name ":\n" text "\n" #name \
          "_end:\n"                                                                                \
          ".att_syntax\n.popsection")

// Where things are in the guest's physical memory. The first GiB is mapped to itself; the memory is
// 2 MiB.
enum {
  PAGE_TABLES = 0x0000,  // Three pages. The first VCPU starts in 64-bit mode with CR3 = 0.
  CODE = 0x10000,
  STACK_TOP = 0x80000,
  DATA = 0x90000,
  MEMORY_SIZE = 0x200000,
};

typedef struct Guest {
  zx_handle_t guest;
  zx_handle_t space;  // Its physical address space.
  uint8_t* memory;    // Its memory, as this process sees it.
} Guest;

// These programs end at the first error; a VMM would tell what it can do about it.
static inline void Check(zx_status_t status, const char* what) {
  if (status != ZX_OK) {
    fprintf(stderr, "%s: %s\n", what, zx_status_get_string(status));
    exit(EXIT_FAILURE);
  }
}

static inline Guest MakeGuest(const uint8_t* code, const uint8_t* code_end) {
  Guest made = {ZX_HANDLE_INVALID, ZX_HANDLE_INVALID, NULL};
  zx_handle_t resource, vmex, vmo;
  zx_vaddr_t address;
  char why[256];
  if (zircon_kvm_check(why, sizeof(why)) != ZX_OK) {
    fprintf(stderr, "%s\n", why);
    exit(EXIT_FAILURE);
  }
  Check(zircon_kvm_hypervisor_resource(&resource), "zircon_kvm_hypervisor_resource");
  Check(zx_guest_create(resource, 0, &made.guest, &made.space), "zx_guest_create");
  zx_handle_close(resource);

  // One VMO is the memory of the guest and a mapping of this process.
  Check(zx_vmo_create(MEMORY_SIZE, 0, &vmo), "zx_vmo_create");
  Check(zircon_kvm_vmex_resource(&vmex), "zircon_kvm_vmex_resource");
  Check(zx_vmo_replace_as_executable(vmo, vmex, &vmo), "zx_vmo_replace_as_executable");
  zx_handle_close(vmex);
  Check(zx_vmar_map(made.space,
                    ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC, 0,
                    vmo, 0, MEMORY_SIZE, &address),
        "zx_vmar_map into the guest");
  Check(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, 0, MEMORY_SIZE,
                    &address),
        "zx_vmar_map into this process");
  zx_handle_close(vmo);  // The mappings keep the memory.
  made.memory = (uint8_t*)address;

  uint64_t* const tables = (uint64_t*)made.memory;
  tables[0] = 0x1003;    // Present, writable: the table at 0x1000,
  tables[512] = 0x2003;  // which has the one at 0x2000,
  for (uint64_t i = 0; i < 512; ++i) {
    tables[1024 + i] = i << 21 | 0x83;  // which has 512 pages of 2 MiB.
  }
  memcpy(made.memory + CODE, code, (size_t)(code_end - code));
  return made;
}

#endif  // EXAMPLES_GUEST_H_
