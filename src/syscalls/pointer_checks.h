// How closely a caller's pointers are looked at: by the program's choice (zircon-kvm/host.h), or by
// that of the environment variable ZIRCON_KVM_POINTERS, which is read once.
//
// Thread safety: any thread.

#pragma once

namespace zircon::user {

// Whether pages that were found good stay so until the library itself changes them. Else each call
// asks the kernel.
bool PagesAreRemembered();

// From the calls on that begin afterwards.
void RememberPages(bool remember);

}  // namespace zircon::user
