// The examples in the banners of the public headers, so that they cannot rot. Compiled, never run.

#include <stdio.h>
#include <zircon-kvm/debug.h>
#include <zircon-kvm/host.h>
#include <zircon/assert.h>
#include <zircon/boot/e820.h>
#include <zircon/listnode.h>
#include <zircon/processargs.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/thread_annotations.h>
#include <zircon/threads.h>
#include <zircon/time.h>

void example_types(void);
void example_errors(zx_handle_t handle);
void example_rights(zx_handle_t port);
void example_time(void);
void example_status(zx_status_t status);
void example_hypervisor(zx_handle_t vcpu, uint64_t value);
void example_port(zx_handle_t vcpu);
void example_object(zx_handle_t guest_vmar);
int example_syscalls(size_t memory_size, zx_vaddr_t entry, uint64_t key);
int example_host(void);
void example_debug(zx_handle_t vcpu);
void example_assert(size_t size, zx_status_t status);
int example_features(void);
void example_threads(thrd_start_t run, void* vcpu, zx_time_t deadline);
uint64_t example_e820(uint64_t size);
zx_handle_t example_processargs(void);

__BEGIN_CDECLS
__EXPORT int print(const char* format, ...) __PRINTFLIKE(1, 2);
__END_CDECLS

void answer(const zx_port_packet_t* packet);
void answer_io(uint64_t key, uint16_t port);

// zircon/types.h
void example_types(void) {
  zx_handle_t port = ZX_HANDLE_INVALID;
  zx_status_t status = zx_port_create(0, &port);
  (void)status;
}

// zircon/errors.h
void example_errors(zx_handle_t handle) {
  zx_status_t status = zx_handle_close(handle);
  if (status == ZX_ERR_BAD_HANDLE) {
    return;
  }
}

// zircon/rights.h
void example_rights(zx_handle_t port) {
  zx_handle_t reader = ZX_HANDLE_INVALID;
  zx_handle_duplicate(port, ZX_RIGHT_READ | ZX_RIGHT_TRANSFER, &reader);
}

// zircon/time.h
void example_time(void) {
  zx_time_t deadline = zx_time_add_duration(zx_clock_get_monotonic(), ZX_MSEC(10));
  zx_nanosleep(deadline);
}

// zircon/status.h
void example_status(zx_status_t status) {
  fprintf(stderr, "guest: %s\n", zx_status_get_string(status));
}

// zircon/syscalls/hypervisor.h
void example_hypervisor(zx_handle_t vcpu, uint64_t value) {
#if defined(__x86_64__)
  zx_vcpu_state_t state;
  zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state));
  state.rax = value;
  zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state));
#else
  (void)vcpu;
  (void)value;
#endif
}

// zircon/syscalls/port.h
void example_port(zx_handle_t vcpu) {
  zx_port_packet_t packet;
  if (zx_vcpu_enter(vcpu, &packet) == ZX_OK && ZX_PKT_IS_GUEST_IO(packet.type)) {
    answer_io(packet.key, packet.guest_io.port);
  }
}

// zircon/syscalls/object.h
void example_object(zx_handle_t guest_vmar) {
  zx_info_vmar_t space;
  zx_object_get_info(guest_vmar, ZX_INFO_VMAR, &space, sizeof(space), NULL, NULL);
}

// zircon/syscalls.h
int example_syscalls(size_t memory_size, zx_vaddr_t entry, uint64_t key) {
  zx_handle_t resource, guest, space, memory, vcpu;
  zx_vaddr_t address;
  zx_port_packet_t packet;
  zircon_kvm_hypervisor_resource(&resource);
  zx_guest_create(resource, 0, &guest, &space);
  zx_vmo_create(memory_size, 0, &memory);
  zx_vmar_map(space, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC, 0, memory, 0, memory_size,
              &address);
  zx_guest_set_trap(guest, ZX_GUEST_TRAP_IO, 0x3f8, 8, ZX_HANDLE_INVALID, key);
  zx_vcpu_create(guest, 0, entry, &vcpu);
  while (zx_vcpu_enter(vcpu, &packet) == ZX_OK) {
    answer(&packet);
  }
  return 0;
}

// zircon-kvm/host.h
int example_host(void) {
  char why[256];
  if (zircon_kvm_check(why, sizeof(why)) != ZX_OK) {
    fprintf(stderr, "%s\n", why);
    return 1;
  }
  zx_handle_t resource = ZX_HANDLE_INVALID;
  zircon_kvm_hypervisor_resource(&resource);  // For zx_guest_create().
  return 0;
}

// zircon/assert.h
void example_assert(size_t size, zx_status_t status) {
  char buffer[64];
  ZX_ASSERT(size <= sizeof(buffer));
  ZX_ASSERT_MSG(status == ZX_OK, "cannot map %zu bytes: %d", size, status);
}

// zircon/features.h
int example_features(void) {
  uint32_t features = 0;
  return zx_system_get_features(ZX_FEATURE_KIND_CPU, &features) == ZX_OK && features != 0;
}

// zircon/listnode.h
typedef struct {
  int value;
  list_node_t node;
} element_t;

void example_listnode(element_t* element);
void example_listnode(element_t* element) {
  list_node_t list = LIST_INITIAL_VALUE(list);
  list_add_tail(&list, &element->node);
  ZX_DEBUG_ASSERT(list_in_list(&element->node));
  list_for_every_entry(&list, element, element_t, node) { print("%d", element->value); }
}

// zircon/threads.h
void example_threads(thrd_start_t run, void* vcpu, zx_time_t deadline) {
  thrd_t thread;
  if (thrd_create_with_name(&thread, run, vcpu, "vcpu-0") == thrd_success) {
    zx_object_wait_one(thrd_get_zx_handle(thread), ZX_THREAD_TERMINATED, deadline, NULL);
  }
}

// zircon/boot/e820.h
uint64_t example_e820(uint64_t size) {
  e820entry_t ram = {0x100000, size, E820_RAM};
  return ram.size;
}

// zircon/processargs.h
zx_handle_t example_processargs(void) {
  zx_handle_t root = zx_take_startup_handle(PA_HND(PA_RESOURCE, 0));
  return root;
}

// zircon-kvm/debug.h
void example_debug(zx_handle_t vcpu) {
  zx_port_packet_t packet;
  zircon_kvm_general_registers_t general;
  zircon_kvm_vcpu_read_registers(vcpu, ZIRCON_KVM_REGISTERS_GENERAL, &general, sizeof(general));
  printf("the guest is at %#lx\n", general.rip);

  zircon_kvm_debug_t debug = {.flags = ZIRCON_KVM_DEBUG_STEP};
  zircon_kvm_vcpu_set_debug(vcpu, &debug, sizeof(debug));
  zx_vcpu_enter(vcpu, &packet);
}
