// lib/zx/channel.h: zx::channel, the owner of an end of a channel.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_CHANNEL_H_
#define LIB_ZX_CHANNEL_H_

#include <lib/zx/object.h>
#include <lib/zx/time.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class channel final : public object<channel> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_CHANNEL;

  using object::object;

  // zx_channel_create(): both ends or neither.
  static zx_status_t create(uint32_t options, channel* end0, channel* end1) {
    zx_handle_t handle0 = ZX_HANDLE_INVALID;
    zx_handle_t handle1 = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_channel_create(options, &handle0, &handle1);
    end0->reset(status == ZX_OK ? handle0 : ZX_HANDLE_INVALID);
    end1->reset(status == ZX_OK ? handle1 : ZX_HANDLE_INVALID);
    return status;
  }

#if ZX_DETAIL_API_2018
  // zx_channel_read(), the arguments in that year's order.
  zx_status_t read(uint32_t options, void* bytes, uint32_t num_bytes, uint32_t* actual_bytes,
                   zx_handle_t* handles, uint32_t num_handles, uint32_t* actual_handles) const {
    return zx_channel_read(get(), options, bytes, handles, num_bytes, num_handles, actual_bytes,
                           actual_handles);
  }
  // zx_channel_read_etc(), likewise.
  zx_status_t read_etc(uint32_t options, void* bytes, uint32_t num_bytes, uint32_t* actual_bytes,
                       zx_handle_info_t* handles, uint32_t num_handles,
                       uint32_t* actual_handles) const {
    return zx_channel_read_etc(get(), options, bytes, handles, num_bytes, num_handles, actual_bytes,
                               actual_handles);
  }
#endif
  // zx_channel_read().
  zx_status_t read(uint32_t options, void* bytes, zx_handle_t* handles, uint32_t num_bytes,
                   uint32_t num_handles, uint32_t* actual_bytes, uint32_t* actual_handles) const {
    return zx_channel_read(get(), options, bytes, handles, num_bytes, num_handles, actual_bytes,
                           actual_handles);
  }
  // zx_channel_read_etc().
  zx_status_t read_etc(uint32_t options, void* bytes, zx_handle_info_t* handles, uint32_t num_bytes,
                       uint32_t num_handles, uint32_t* actual_bytes,
                       uint32_t* actual_handles) const {
    return zx_channel_read_etc(get(), options, bytes, handles, num_bytes, num_handles, actual_bytes,
                               actual_handles);
  }
  // zx_channel_write().
  zx_status_t write(uint32_t options, const void* bytes, uint32_t num_bytes,
                    const zx_handle_t* handles, uint32_t num_handles) const {
    return zx_channel_write(get(), options, bytes, num_bytes, handles, num_handles);
  }
  // zx_channel_write_etc().
  zx_status_t write_etc(uint32_t options, const void* bytes, uint32_t num_bytes,
                        zx_handle_disposition_t* handles, uint32_t num_handles) const {
    return zx_channel_write_etc(get(), options, bytes, num_bytes, handles, num_handles);
  }
  // zx_channel_call().
  zx_status_t call(uint32_t options, zx::time deadline, const zx_channel_call_args_t* args,
                   uint32_t* actual_bytes, uint32_t* actual_handles) const {
    return zx_channel_call(get(), options, deadline.get(), args, actual_bytes, actual_handles);
  }
  // zx_channel_call_etc().
  zx_status_t call_etc(uint32_t options, zx::time deadline, zx_channel_call_etc_args_t* args,
                       uint32_t* actual_bytes, uint32_t* actual_handles) const {
    return zx_channel_call_etc(get(), options, deadline.get(), args, actual_bytes, actual_handles);
  }
};

using unowned_channel = unowned<channel>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_CHANNEL_H_
