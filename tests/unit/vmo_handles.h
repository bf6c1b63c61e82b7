// What tests of the vmo calls say often: VMOs, weaker handles, single bytes, records.
//
// Thread safety: any thread.

#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <cstring>

namespace zircon::objects {

inline zx_handle_t CreateVmo(uint64_t size, uint32_t options = 0) {
  zx_handle_t handle = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vmo_create(size, options, &handle), ZX_OK);
  return handle;
}

inline zx_handle_t WithRights(zx_handle_t handle, zx_rights_t rights) {
  zx_handle_t reduced = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_handle_duplicate(handle, rights, &reduced), ZX_OK);
  return reduced;
}

inline zx_info_handle_basic_t BasicOf(zx_handle_t handle) {
  zx_info_handle_basic_t info{};
  EXPECT_EQ(zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr),
            ZX_OK);
  return info;
}

// All rights but one.
inline zx_handle_t Without(zx_handle_t handle, zx_rights_t right) {
  return WithRights(handle, BasicOf(handle).rights & ~right);
}

inline zx_info_vmo_t InfoOf(zx_handle_t handle) {
  zx_info_vmo_t info;
  std::memset(&info, 0xEE, sizeof(info));
  EXPECT_EQ(zx_object_get_info(handle, ZX_INFO_VMO, &info, sizeof(info), nullptr, nullptr), ZX_OK);
  return info;
}

inline uint64_t SizeOf(zx_handle_t handle) {
  uint64_t size = UINT64_MAX;
  EXPECT_EQ(zx_vmo_get_size(handle, &size), ZX_OK);
  return size;
}

inline void Store(zx_handle_t vmo, uint64_t offset, uint8_t byte) {
  EXPECT_EQ(zx_vmo_write(vmo, &byte, offset, 1), ZX_OK) << offset;
}

// The byte there, or a status.
inline int Load(zx_handle_t vmo, uint64_t offset) {
  uint8_t byte = 0xEE;
  const zx_status_t status = zx_vmo_read(vmo, &byte, offset, 1);
  return status == ZX_OK ? byte : status;
}

inline zx_status_t Op(zx_handle_t vmo, uint32_t op, uint64_t offset, uint64_t size) {
  return zx_vmo_op_range(vmo, op, offset, size, nullptr, 0);
}

inline zx_handle_t CreateChild(zx_handle_t parent, uint32_t options, uint64_t offset = 0,
                               uint64_t size = 0) {
  zx_handle_t child = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vmo_create_child(parent, options, offset, size, &child), ZX_OK) << options;
  return child;
}

inline zx_signals_t SignalsOf(zx_handle_t handle) {
  zx_signals_t signals = 0;
  (void)zx_object_wait_one(handle, 0, ZX_TIME_INFINITE_PAST, &signals);
  return signals;
}

// A mapping in this process, unmapped in the end.
class ProcessMapping {
 public:
  ProcessMapping(zx_handle_t vmo, uint64_t offset, uint64_t length) : length_(length) {
    EXPECT_EQ(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, offset,
                          length, &address_),
              ZX_OK);
  }
  ~ProcessMapping() { EXPECT_EQ(zx_vmar_unmap(zx_vmar_root_self(), address_, length_), ZX_OK); }
  ProcessMapping(const ProcessMapping&) = delete;
  ProcessMapping& operator=(const ProcessMapping&) = delete;

  zx_vaddr_t address() const { return address_; }
  volatile uint8_t& operator[](uint64_t offset) const {
    return reinterpret_cast<volatile uint8_t*>(address_)[offset];
  }

 private:
  const uint64_t length_;
  zx_vaddr_t address_ = 0;
};

}  // namespace zircon::objects
