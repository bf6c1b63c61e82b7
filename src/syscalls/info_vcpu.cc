// Topics of zx_object_get_info() about VCPUs.

#include <zircon/rights.h>
#include <zircon/syscalls/object.h>

#include "handles/handle_table.h"
#include "syscalls/info_topics.h"
#include "vcpu/vcpu.h"

namespace zircon::syscalls {

zx_status_t VcpuInfo(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<vcpu::Vcpu> vcpu;
  const zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  zx_info_vcpu_t info{};
  info.flags = vcpu->kicked() ? ZX_INFO_VCPU_FLAG_KICKED : 0;
  return answer.PutRecord(info);
}

}  // namespace zircon::syscalls
