// The records that programs of the 2018 generation (ZX_API_2018) see with another layout, and the
// numbers that have another value. The library works with the current ones and translates where it
// gives one to such a program.

#pragma once

#include <zircon/errors.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace zircon::syscalls::api_2018 {

struct GuestMem {
  uint64_t addr;
  uint8_t inst_len;
  std::array<uint8_t, 15> inst_buf;
  uint8_t default_operand_size;
  uint8_t reserved[7];
};
static_assert(sizeof(GuestMem) == sizeof(zx_packet_guest_mem_t));
static_assert(offsetof(GuestMem, inst_buf) == 9 && offsetof(GuestMem, default_operand_size) == 24);

struct GuestVcpu {
  union {
    zx_packet_guest_vcpu_interrupt_t interrupt;
    zx_packet_guest_vcpu_startup_t startup;
  };
  uint8_t type;
  uint8_t padding[7];
  uint64_t reserved;
};
static_assert(sizeof(GuestVcpu) == sizeof(zx_packet_guest_vcpu_t));
static_assert(offsetof(GuestVcpu, type) == 16);

struct HandleBasic {
  zx_koid_t koid;
  zx_rights_t rights;
  zx_obj_type_t type;
  zx_koid_t related_koid;
  uint32_t props;
  uint8_t padding[4];
};
static_assert(sizeof(HandleBasic) == sizeof(zx_info_handle_basic_t));
static_assert(offsetof(HandleBasic, props) == 24);

inline constexpr uint32_t kInfoVmo = 23;  // ZX_INFO_VMO

struct InfoVmo {
  zx_koid_t koid;
  char name[ZX_MAX_NAME_LEN];
  uint64_t size_bytes;
  zx_koid_t parent_koid;
  size_t num_children;
  size_t num_mappings;
  size_t share_count;
  uint32_t flags;
  uint8_t padding1[4];
  uint64_t committed_bytes;
  zx_rights_t handle_rights;
  uint32_t create_options;
  uint32_t cache_policy;
  uint8_t padding2[4];
};
static_assert(sizeof(InfoVmo) == 112);
static_assert(offsetof(InfoVmo, create_options) == 100 && offsetof(InfoVmo, cache_policy) == 104);

inline constexpr uint32_t kPropWaitable = 1;  // ZX_OBJ_PROP_WAITABLE

struct Process {
  int64_t return_code;
  bool started;
  bool exited;
  bool debugger_attached;
  uint8_t padding[5];
};
static_assert(sizeof(Process) == 16 && offsetof(Process, debugger_attached) == 10);

struct Thread {
  uint32_t state;
  uint32_t wait_exception_port_type;
};
static_assert(sizeof(Thread) == 8);

struct ThreadStats {
  zx_duration_t total_runtime;
};
static_assert(sizeof(ThreadStats) == 8);

// Kinds of resource, ZX_RSRC_KIND_*, that had other numbers.
inline constexpr uint32_t kKindHypervisor = 3;
inline constexpr uint32_t kKindRoot = 4;
inline constexpr uint32_t kKindVmex = 5;
inline constexpr uint32_t kKindSmc = 6;

inline constexpr uint32_t kInfoProcess = 3;    // ZX_INFO_PROCESS
inline constexpr zx_clock_t kClockUtc = 1;     // ZX_CLOCK_UTC
inline constexpr zx_clock_t kClockThread = 2;  // ZX_CLOCK_THREAD

inline constexpr uint32_t kSocketShutdownWrite = 1;  // ZX_SOCKET_SHUTDOWN_WRITE
inline constexpr uint32_t kSocketShutdownRead = 2;   // ZX_SOCKET_SHUTDOWN_READ

inline constexpr size_t kWaitManyMaxItems = 16;     // ZX_WAIT_MANY_MAX_ITEMS
inline constexpr uint32_t kWaitAsyncRepeating = 1;  // ZX_WAIT_ASYNC_REPEATING

// What a port answers whose last handle another thread is just closing.
constexpr zx_status_t DeadPortStatus(zx_status_t status) {
  return status == ZX_ERR_BAD_HANDLE ? ZX_ERR_BAD_STATE : status;
}

inline constexpr uint32_t kVmoOptionResizable = 1;     // in ZX_INFO_VMO
inline constexpr uint32_t kVmoNonResizable = 1;        // ZX_VMO_NON_RESIZABLE
inline constexpr uint32_t kVmoCloneCopyOnWrite = 1;    // ZX_VMO_CLONE_COPY_ON_WRITE
inline constexpr uint32_t kVmoCloneNonResizeable = 2;  // ZX_VMO_CLONE_NON_RESIZEABLE

}  // namespace zircon::syscalls::api_2018
