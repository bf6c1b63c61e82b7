// SelfHandle: a handle of the library's own to a thing that the process has: made on first use, and
// then the same for ever.
//
//   constinit SelfHandle root_handle;
//   return root_handle.Get(rights::kRootVmar, [] { return RefPtr<Dispatcher>(...); });
//
// Thread safety: any thread.

#pragma once

#include <zircon/types.h>

#include <atomic>
#include <utility>

#include "base/mutex.h"
#include "base/ref_ptr.h"
#include "handles/handle_table.h"

namespace zircon::syscalls {

class SelfHandle {
 public:
  // `make` gives the object, or null when memory is short; then so is the result, until later.
  template <typename Make>
  zx_handle_t Get(zx_rights_t rights, Make make) {
    // acquire: pairs with the release below.
    const zx_handle_t handle = handle_.load(std::memory_order_acquire);
    // A program that has closed this one is on its own.
    return handle != ZX_HANDLE_INVALID ? handle : MakeHandle(rights, make);
  }

 private:
  template <typename Make>
  zx_handle_t MakeHandle(zx_rights_t rights, Make make) {
    base::MutexLock lock(mutex_);
    zx_handle_t handle = handle_.load(std::memory_order_relaxed);
    if (handle != ZX_HANDLE_INVALID) return handle;
    base::RefPtr<handles::Dispatcher> object = make();
    if (!object) return ZX_HANDLE_INVALID;
    if (handles::HandleTable::Process().Insert(std::move(object), rights, &handle) != ZX_OK) {
      return ZX_HANDLE_INVALID;
    }
    handle_.store(handle, std::memory_order_release);
    return handle;
  }

  base::Mutex mutex_;
  std::atomic<zx_handle_t> handle_{ZX_HANDLE_INVALID};
};

}  // namespace zircon::syscalls
