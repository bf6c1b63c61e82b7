// zircon/process.h: the handles that a process has of itself: zx_process_self(), zx_thread_self(),
// zx_vmar_root_self().
//
//   zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, vmo, 0, size, &address);
//
// Each belongs to the library: it is duplicated, never closed. The comments at the calls say more.
//
// Contract: TASK, VMAR-ROOT.

#ifndef ZIRCON_PROCESS_H_
#define ZIRCON_PROCESS_H_

#include <zircon/calls/task.h>
#include <zircon/calls/vmar.h>

#endif  // ZIRCON_PROCESS_H_
