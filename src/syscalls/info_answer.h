// Answer: where zx_object_get_info() puts what it tells, under that call's rules for buffers and
// counts (contract: INFO rows).
//
//   zx_info_vmar_t info{};
//   ...
//   return answer.PutRecord(info);
//
// Thread safety: belongs to one call.

#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

#include <algorithm>
#include <cstddef>

#include "syscalls/user_memory.h"

namespace zircon::syscalls {

// As the caller gave it.
struct Answer {
  void* buffer;
  size_t buffer_size;
  size_t* actual;  // optional, both
  size_t* avail;

  // The last step of a topic with one record.
  template <typename Record>
  zx_status_t PutRecord(const Record& record) const {
    if (buffer_size < sizeof(Record)) {
      const zx_status_t status = PutCounts(0, 1);
      return status == ZX_OK ? ZX_ERR_BUFFER_TOO_SMALL : status;
    }
    const zx_status_t status = user::CopyOut(buffer, &record, sizeof(Record));
    return status == ZX_OK ? PutCounts(1, 1) : status;
  }

  // The last step of a topic with any number of records: as many as fit.
  template <typename Record>
  zx_status_t PutRecords(const Record* records, size_t count) const {
    const size_t fit = std::min(count, buffer_size / sizeof(Record));
    const zx_status_t status = user::CopyOut(buffer, records, fit * sizeof(Record));
    return status == ZX_OK ? PutCounts(fit, count) : status;
  }

 private:
  zx_status_t PutCounts(size_t written, size_t available) const {
    if (actual != nullptr) {
      const zx_status_t status = user::Put(actual, written);
      if (status != ZX_OK) return status;
    }
    return avail == nullptr ? ZX_OK : user::Put(avail, available);
  }
};

}  // namespace zircon::syscalls
