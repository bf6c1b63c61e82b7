// WaitableRef: looks a handle up for a call that is good for every object with signals. Such a call
// checks the right before the kind of object (contract: SIGNAL, WAIT rows).

#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

#include "base/ref_ptr.h"
#include "handles/handle_table.h"
#include "objects/waitable.h"

namespace zircon::syscalls {

class WaitableRef {
 public:
  objects::Waitable* operator->() const { return get(); }
  objects::Waitable* get() const { return static_cast<objects::Waitable*>(ref_.object()); }
  base::RefPtr<objects::Waitable> share() const {
    return base::RefPtr<objects::Waitable>::Share(get());
  }
  const handles::HandleRef& ref() const { return ref_; }

  // ZX_ERR_BAD_HANDLE, ZX_ERR_ACCESS_DENIED, ZX_ERR_NOT_SUPPORTED (no signals).
  [[nodiscard]] zx_status_t Lookup(zx_handle_t handle, zx_rights_t rights) {
    const zx_status_t status = handles::HandleTable::Process().Lookup(handle, &ref_);
    if (status != ZX_OK) return status;
    if ((ref_.rights() & rights) != rights) return ZX_ERR_ACCESS_DENIED;
    return ref_.object()->is_waitable() ? ZX_OK : ZX_ERR_NOT_SUPPORTED;
  }

 private:
  handles::HandleRef ref_;
};

}  // namespace zircon::syscalls
