// lib/zx/fifo.h: zx::fifo, the owner of an end of a FIFO.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_FIFO_H_
#define LIB_ZX_FIFO_H_

#include <lib/zx/object.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class fifo final : public object<fifo> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_FIFO;

  using object::object;

  // zx_fifo_create(): both ends or neither.
  static zx_status_t create(size_t element_count, size_t element_size, uint32_t options, fifo* end0,
                            fifo* end1) {
    zx_handle_t handle0 = ZX_HANDLE_INVALID;
    zx_handle_t handle1 = ZX_HANDLE_INVALID;
    const zx_status_t status =
        zx_fifo_create(element_count, element_size, options, &handle0, &handle1);
    end0->reset(status == ZX_OK ? handle0 : ZX_HANDLE_INVALID);
    end1->reset(status == ZX_OK ? handle1 : ZX_HANDLE_INVALID);
    return status;
  }

  // zx_fifo_write().
  zx_status_t write(size_t element_size, const void* buffer, size_t count,
                    size_t* actual_count) const {
    return zx_fifo_write(get(), element_size, buffer, count, actual_count);
  }
  // zx_fifo_read().
  zx_status_t read(size_t element_size, void* buffer, size_t count, size_t* actual_count) const {
    return zx_fifo_read(get(), element_size, buffer, count, actual_count);
  }
};

using unowned_fifo = unowned<fifo>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_FIFO_H_
