// Rights: the default masks of new handles and the algebra of reducing them.
// (contract: RIGHTS rows)

#pragma once

#include <zircon/rights.h>
#include <zircon/types.h>

namespace zircon::rights {

inline constexpr zx_rights_t kGuest = 0x6800B;  // WRITE is what vcpu_create asks (SEED)
inline constexpr zx_rights_t kVcpu = 0xD01F;
inline constexpr zx_rights_t kRootVmar = 0x20801F;
inline constexpr zx_rights_t kVmar = 0x208003;  // a child has ForCanMap() as well
inline constexpr zx_rights_t kVmo = 0xD0EF;
inline constexpr zx_rights_t kVmoResizable = kVmo | ZX_RIGHT_RESIZE;
inline constexpr zx_rights_t kVmo2018 = 0xD0FF;  // of either size; RESIZE is younger
inline constexpr zx_rights_t kPort = 0x800F;     // no WAIT: a port has no signals
inline constexpr zx_rights_t kTimer = 0xD00B;
inline constexpr zx_rights_t kInterrupt = 0xD00F;
inline constexpr zx_rights_t kProcess = 0x6D3CF;
inline constexpr zx_rights_t kThread = 0x4D2CF;
inline constexpr zx_rights_t kEvent = 0xD003;
inline constexpr zx_rights_t kEventpair = 0xF003;
inline constexpr zx_rights_t kChannel = 0xF00E;  // no DUPLICATE
inline constexpr zx_rights_t kFifo = 0xF00F;
inline constexpr zx_rights_t kSocket = 0x10F0CF;
inline constexpr zx_rights_t kResource = 0x800B;

constexpr bool IsSubset(zx_rights_t wanted, zx_rights_t held) { return (wanted & ~held) == 0; }

// What zx_vmar_allocate asks of the parent's handle, and adds to the child's, for ZX_VM_CAN_MAP_*.
constexpr zx_rights_t ForCanMap(zx_vm_option_t options) {
  zx_rights_t rights = 0;
  if ((options & ZX_VM_CAN_MAP_READ) != 0) rights |= ZX_RIGHT_READ;
  if ((options & ZX_VM_CAN_MAP_WRITE) != 0) rights |= ZX_RIGHT_WRITE;
  if ((options & ZX_VM_CAN_MAP_EXECUTE) != 0) rights |= ZX_RIGHT_EXECUTE;
  return rights;
}

// What a duplicate or a replacement of a handle with `held` gets when the caller asks for `wanted`:
// the same for ZX_RIGHT_SAME_RIGHTS (alone), else `wanted`, which must be a subset. False if it
// is not; rights never grow.
[[nodiscard]] constexpr bool Reduce(zx_rights_t wanted, zx_rights_t held, zx_rights_t* reduced) {
  if (wanted == ZX_RIGHT_SAME_RIGHTS) {
    *reduced = held;
    return true;
  }
  if (!IsSubset(wanted, held)) return false;
  *reduced = wanted;
  return true;
}

}  // namespace zircon::rights
