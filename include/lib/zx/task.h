// lib/zx/task.h: zx::task, what owners of processes, threads and jobs have in common.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_TASK_H_
#define LIB_ZX_TASK_H_

#include <lib/zx/object.h>
#include <lib/zx/suspend_token.h>

ZX_DETAIL_ZX_BEGIN

// The owner of a handle to a T that is a task. Tasks cannot be killed or suspended here, so that it
// has nothing of its own.
template <typename T>
class task : public object<T> {
 public:
  using object<T>::object;
};

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_TASK_H_
