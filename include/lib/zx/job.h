// lib/zx/job.h: zx::job, the owner of a job.
// There are none here: it is for programs that name it. Ownership and thread safety:
// <lib/zx/object.h>.

#ifndef LIB_ZX_JOB_H_
#define LIB_ZX_JOB_H_

#include <lib/zx/task.h>

ZX_DETAIL_ZX_BEGIN

class job final : public task<job> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_JOB;

  using task::task;
};

using unowned_job = unowned<job>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_JOB_H_
