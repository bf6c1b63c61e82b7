// lib/zx/handle.h: zx::handle, the owner of a handle to any kind of object.
//
//   zx::handle any = std::move(event);
//   zx::event same(std::move(any));
//
// It is zx::object<void>, in <lib/zx/object.h>, where ownership and thread safety are said.

#ifndef LIB_ZX_HANDLE_H_
#define LIB_ZX_HANDLE_H_

#include <lib/zx/object.h>

#endif  // LIB_ZX_HANDLE_H_
