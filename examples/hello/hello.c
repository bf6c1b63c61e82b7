// hello: the smallest guest. Its only device is one I/O port for text and one for the end.
//
//   hello              the guest writes "Hello from the guest", hello prints it
//   hello --writes N   the guest writes N bytes: N traps, each one return of zx_vcpu_enter()
//
// What a VMM does, in order: a guest, memory for it with page tables and code, traps for its
// devices, a VCPU with its first registers, and then a loop around zx_vcpu_enter().

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

static const char kMessage[] = "Hello from the guest\n";
#define MESSAGE_LENGTH (sizeof(kMessage) - 1)

// More bytes than this are counted, not printed.
#define MOST_PRINTED 65536u

// Where things are in the guest's physical memory. The first VCPU starts in 64-bit mode with
// CR3 = 0: the page tables must be at address 0.
enum {
  kPml4 = 0x0000,
  kPointerTable = 0x1000,
  kDirectory = 0x2000,
  kCode = 0x3000,
  kText = 0x4000,
  kMemorySize = 0x5000,
};

enum {
  kTextPort = 0x3F8,
  kEndPort = 0x3F9,
};

// The keys of the two traps: packets carry them back.
enum {
  kTextKey = 1,
  kEndKey = 2,
};

// Writes RCX bytes to the port in DX: the text from RBX up to RBP, again and again. It needs no
// stack and changes no memory.
static const uint8_t kGuestCode[] = {
    0x48, 0x89, 0xDE,  // again: mov rsi, rbx
    0x8A, 0x06,        // next:  mov al, [rsi]
    0xEE,              //        out dx, al
    0x48, 0xFF, 0xC6,  //        inc rsi
    0x48, 0xFF, 0xC9,  //        dec rcx
    0x74, 0x07,        //        jz done
    0x48, 0x39, 0xEE,  //        cmp rsi, rbp
    0x72, 0xF0,        //        jb next
    0xEB, 0xEB,        //        jmp again
    0xFF, 0xC2,        // done:  inc edx          ; kEndPort
    0xEE,              //        out dx, al
    0xEB, 0xFE,        //        jmp .
};

static zx_status_t Failed(const char* what, zx_status_t status) {
  fprintf(stderr, "hello: %s: %s\n", what, zx_status_get_string(status));
  return status;
}

// Creates the guest; `space` is its physical memory, still empty.
static zx_status_t CreateGuest(zx_handle_t* guest, zx_handle_t* space) {
  zx_handle_t resource = ZX_HANDLE_INVALID;
  zx_status_t status = zircon_kvm_hypervisor_resource(&resource);
  if (status != ZX_OK) {
    return Failed("zircon_kvm_hypervisor_resource", status);
  }
  status = zx_guest_create(resource, 0, guest, space);
  zx_handle_close(resource);
  if (status != ZX_OK) {
    char why[256] = "";
    zircon_kvm_check(why, sizeof(why));
    Failed("zx_guest_create", status);
    fprintf(stderr, "hello: %s\n", why);
  }
  return status;
}

// Writes the page tables, the code and the text.
static zx_status_t FillMemory(zx_handle_t vmo) {
  const uint64_t kPresentWritable = 0x03;
  const uint64_t kLargePage = 0x80;
  // One page of 2 MiB, mapped to itself.
  const uint64_t pml4_entry = kPointerTable | kPresentWritable;
  const uint64_t pointer_entry = kDirectory | kPresentWritable;
  const uint64_t directory_entry = 0 | kPresentWritable | kLargePage;
  const struct {
    const void* bytes;
    size_t size;
    uint64_t address;
  } parts[] = {
      {&pml4_entry, sizeof(pml4_entry), kPml4},
      {&pointer_entry, sizeof(pointer_entry), kPointerTable},
      {&directory_entry, sizeof(directory_entry), kDirectory},
      {kGuestCode, sizeof(kGuestCode), kCode},
      {kMessage, MESSAGE_LENGTH, kText},
  };
  for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); ++i) {
    const zx_status_t status = zx_vmo_write(vmo, parts[i].bytes, parts[i].address, parts[i].size);
    if (status != ZX_OK) {
      return Failed("zx_vmo_write", status);
    }
  }
  return ZX_OK;
}

// Gives the guest its memory.
static zx_status_t MapMemory(zx_handle_t space) {
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  zx_handle_t vmex = ZX_HANDLE_INVALID;
  zx_status_t status = zx_vmo_create(kMemorySize, 0, &vmo);
  if (status != ZX_OK) {
    return Failed("zx_vmo_create", status);
  }
  status = zircon_kvm_vmex_resource(&vmex);
  if (status != ZX_OK) {
    zx_handle_close(vmo);
    return Failed("zircon_kvm_vmex_resource", status);
  }
  // Exchanges the handle for one that may be mapped executable; the old one is gone in any case.
  status = zx_vmo_replace_as_executable(vmo, vmex, &vmo);
  zx_handle_close(vmex);
  if (status != ZX_OK) {
    return Failed("zx_vmo_replace_as_executable", status);
  }
  status = FillMemory(vmo);
  if (status == ZX_OK) {
    zx_vaddr_t address = 0;
    status =
        zx_vmar_map(space, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC,
                    0, vmo, 0, kMemorySize, &address);
    if (status != ZX_OK) {
      Failed("zx_vmar_map", status);
    }
  }
  zx_handle_close(vmo);  // The mapping keeps the memory.
  return status;
}

static zx_status_t SetTraps(zx_handle_t guest) {
  zx_status_t status =
      zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, kTextPort, 1, ZX_HANDLE_INVALID, kTextKey);
  if (status == ZX_OK) {
    status = zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, kEndPort, 1, ZX_HANDLE_INVALID, kEndKey);
  }
  return status == ZX_OK ? ZX_OK : Failed("zx_guest_set_trap", status);
}

// Enters the guest until it is done; counts what it wrote.
static zx_status_t RunLoop(zx_handle_t vcpu, bool print, uint64_t* written) {
  for (;;) {
    zx_port_packet_t packet;
    const zx_status_t status = zx_vcpu_enter(vcpu, &packet);
    if (status != ZX_OK) {
      return Failed("zx_vcpu_enter", status);
    }
    if (!ZX_PKT_IS_GUEST_IO(packet.type) || packet.guest_io.input) {
      fprintf(stderr, "hello: the guest did what it has no code for\n");
      return ZX_ERR_BAD_STATE;
    }
    if (packet.key == kEndKey) {
      return ZX_OK;
    }
    ++*written;
    if (print) {
      putchar(packet.guest_io.u8);
    }
  }
}

static zx_status_t RunVcpu(zx_handle_t guest, uint64_t writes, bool print, uint64_t* written) {
  zx_handle_t vcpu = ZX_HANDLE_INVALID;
  zx_status_t status = zx_vcpu_create(guest, 0, kCode, &vcpu);
  if (status != ZX_OK) {
    return Failed("zx_vcpu_create", status);
  }
  zx_vcpu_state_t state;
  memset(&state, 0, sizeof(state));
  state.rcx = writes;
  state.rdx = kTextPort;
  state.rbx = kText;
  state.rbp = kText + MESSAGE_LENGTH;
  status = zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state));
  if (status != ZX_OK) {
    Failed("zx_vcpu_write_state", status);
  } else {
    status = RunLoop(vcpu, print, written);
  }
  zx_handle_close(vcpu);
  return status;
}

// Makes a guest, runs it to its end, and removes it.
static zx_status_t RunGuest(uint64_t writes, bool print, uint64_t* written) {
  zx_handle_t guest = ZX_HANDLE_INVALID;
  zx_handle_t space = ZX_HANDLE_INVALID;
  zx_status_t status = CreateGuest(&guest, &space);
  if (status == ZX_OK) {
    status = MapMemory(space);
  }
  if (status == ZX_OK) {
    status = SetTraps(guest);
  }
  if (status == ZX_OK) {
    status = RunVcpu(guest, writes, print, written);
  }
  zx_handle_close(space);
  zx_handle_close(guest);
  return status;
}

static int Usage(FILE* out) {
  fprintf(out,
          "hello: runs the smallest guest of the Zircon hypervisor calls\n"
          "\n"
          "Usage: hello [--writes N]\n"
          "\n"
          "  --writes N   let the guest write N bytes (1 or more); up to %u are printed, more are\n"
          "               counted. Without it the guest writes its message once.\n",
          MOST_PRINTED);
  return out == stdout ? EXIT_SUCCESS : EXIT_FAILURE;
}

// A decimal number of at least 1, and nothing else.
static bool ParseCount(const char* text, uint64_t* count) {
  if (*text < '0' || *text > '9') {
    return false;
  }
  char* end = NULL;
  *count = strtoull(text, &end, 10);
  return *end == '\0' && *count >= 1 && *count < UINT64_MAX;
}

int main(int argc, char** argv) {
  uint64_t writes = MESSAGE_LENGTH;
  if (argc == 2 && strcmp(argv[1], "--help") == 0) {
    return Usage(stdout);
  }
  if (argc != 1 &&
      !(argc == 3 && strcmp(argv[1], "--writes") == 0 && ParseCount(argv[2], &writes))) {
    return Usage(stderr);
  }
  const bool print = writes <= MOST_PRINTED;
  uint64_t written = 0;
  const zx_time_t start = zx_clock_get_monotonic();
  if (RunGuest(writes, print, &written) != ZX_OK) {
    return EXIT_FAILURE;
  }
  if (written != writes) {
    fprintf(stderr, "hello: %" PRIu64 " bytes came, not %" PRIu64 "\n", written, writes);
    return EXIT_FAILURE;
  }
  if (!print) {
    const zx_duration_t time = zx_clock_get_monotonic() - start;
    printf("%" PRIu64 " bytes in %.3f s, %.2f us each\n", written, (double)time / 1e9,
           (double)time / 1e3 / (double)written);
  }
  if (fflush(stdout) != 0 || ferror(stdout)) {
    fprintf(stderr, "hello: cannot write to standard output\n");
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
