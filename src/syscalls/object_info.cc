// zx_object_get_info.

#include <zircon/syscalls.h>

#include <type_traits>

#include "handles/handle_table.h"
#include "objects/vmar.h"
#include "syscalls/layouts_2018.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"
#include "vcpu/vcpu.h"

using zircon::handles::HandleRef;
using zircon::handles::HandleTable;
using zircon::handles::TypedRef;
using zircon::objects::Vmar;
using zircon::vcpu::Vcpu;
namespace api_2018 = zircon::syscalls::api_2018;

namespace {

// Where the answer goes, as the caller gave it.
struct Answer {
  void* buffer;
  size_t buffer_size;
  size_t* actual;  // optional, both
  size_t* avail;

  // The last step of a topic with one record.
  template <typename Record>
  zx_status_t PutRecord(const Record& record) const {
    if (buffer_size < sizeof(Record)) {
      const zx_status_t status = PutCounts(0);
      return status == ZX_OK ? ZX_ERR_BUFFER_TOO_SMALL : status;
    }
    const zx_status_t status = zircon::user::CopyOut(buffer, &record, sizeof(Record));
    return status == ZX_OK ? PutCounts(1) : status;
  }

  zx_status_t PutCounts(size_t written) const {
    if (actual != nullptr) {
      const zx_status_t status = zircon::user::Put(actual, written);
      if (status != ZX_OK) return status;
    }
    return avail == nullptr ? ZX_OK : zircon::user::Put(avail, 1);
  }
};

zx_status_t HandleValid(zx_handle_t handle) {
  HandleRef ref;
  return HandleTable::Process().Lookup(handle, &ref);
}

// Whether handles to such objects are waitable: their default rights have ZX_RIGHT_WAIT.
bool IsWaitable(zx_obj_type_t type) { return type == ZX_OBJ_TYPE_VCPU || type == ZX_OBJ_TYPE_VMO; }

// Record: of either generation.
template <typename Record>
zx_status_t HandleBasic(zx_handle_t handle, const Answer& answer) {
  HandleRef ref;
  const zx_status_t status = HandleTable::Process().Lookup(handle, &ref);
  if (status != ZX_OK) return status;
  Record info{};
  info.koid = ref.object()->koid();
  info.rights = ref.rights();
  info.type = ref.object()->type();
  info.related_koid = ref.object()->related_koid();
  if constexpr (std::is_same_v<Record, api_2018::HandleBasic>) {
    info.props = IsWaitable(info.type) ? api_2018::kPropWaitable : 0;
  }
  return answer.PutRecord(info);
}

zx_status_t VmarInfo(zx_handle_t handle, const Answer& answer) {
  TypedRef<Vmar> vmar;
  const zx_status_t status = vmar.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  zx_info_vmar_t info{};
  info.base = vmar->base();
  info.len = vmar->size();
  return answer.PutRecord(info);
}

zx_status_t VcpuInfo(zx_handle_t handle, const Answer& answer) {
  TypedRef<Vcpu> vcpu;
  const zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  zx_info_vcpu_t info{};
  info.flags = vcpu->kicked() ? ZX_INFO_VCPU_FLAG_KICKED : 0;
  return answer.PutRecord(info);
}

}  // namespace

ZIRCON_SYSCALL(zx_status_t, object_get_info, zx_handle_t handle, uint32_t topic, void* buffer,
               size_t buffer_size, size_t* actual, size_t* avail) {
  const Answer answer{buffer, buffer_size, actual, avail};
  switch (topic) {
    case ZX_INFO_HANDLE_VALID:
      return HandleValid(handle);
    case ZX_INFO_HANDLE_BASIC:
      return HandleBasic<zx_info_handle_basic_t>(handle, answer);
    case ZX_INFO_VMAR:
      return VmarInfo(handle, answer);
    case ZX_INFO_VCPU:
      return VcpuInfo(handle, answer);
    default:
      return ZX_ERR_NOT_SUPPORTED;
  }
}

ZIRCON_SYSCALL(zx_status_t, object_get_info_2018, zx_handle_t handle, uint32_t topic, void* buffer,
               size_t buffer_size, size_t* actual, size_t* avail) {
  if (topic == ZX_INFO_HANDLE_BASIC) {
    return HandleBasic<api_2018::HandleBasic>(handle, {buffer, buffer_size, actual, avail});
  }
  return _zx_object_get_info(handle, topic, buffer, buffer_size, actual, avail);
}
