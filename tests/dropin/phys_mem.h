// PhysMem: the memory of the guest: a VMO, mapped into this process.

#pragma once

#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <zircon/assert.h>
#include <zircon/types.h>

class PhysMem {
 public:
  PhysMem() = default;
  ~PhysMem();
  PhysMem(const PhysMem&) = delete;
  PhysMem& operator=(const PhysMem&) = delete;

  // `vmex`: what permits executable memory.
  zx_status_t Init(size_t size, zx::resource vmex);
  // Whole, into the guest's space.
  zx_status_t MapInto(const zx::vmar& space) const;

  const zx::vmo& vmo() const { return vmo_; }
  size_t size() const { return size_; }

  // A T at a guest-physical address, or several.
  template <typename T>
  T* as(zx_gpaddr_t address, size_t count = 1) const {
    ZX_ASSERT_MSG(address <= size_ && count * sizeof(T) <= size_ - address, "%#lx is no memory",
                  address);
    return reinterpret_cast<T*>(host_ + address);
  }

 private:
  zx::vmo vmo_;
  zx_vaddr_t host_ = 0;
  size_t size_ = 0;
};
