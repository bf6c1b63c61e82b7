// lib/zx/interrupt.h: zx::interrupt, the owner of an interrupt.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_INTERRUPT_H_
#define LIB_ZX_INTERRUPT_H_

#include <lib/zx/object.h>
#include <lib/zx/port.h>
#include <lib/zx/resource.h>
#include <lib/zx/time.h>
#include <lib/zx/vcpu.h>
#include <zircon/syscalls.h>

#include <cstddef>

ZX_DETAIL_ZX_BEGIN

class interrupt final : public object<interrupt> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_INTERRUPT;

  using object::object;

  // zx_interrupt_create().
  static zx_status_t create(const resource& source, uint32_t number, uint32_t options,
                            interrupt* result) {
    return zx_interrupt_create(source.get(), number, options, result->reset_and_get_address());
  }
  // zx_interrupt_bind().
  zx_status_t bind(const port& to, uint64_t key, uint32_t options) const {
    return zx_interrupt_bind(get(), to.get(), key, options);
  }
#if ZX_DETAIL_API_2018
  // zx_interrupt_bind_vcpu().
  zx_status_t bind_vcpu(const vcpu& to, uint32_t options) const {
    return zx_interrupt_bind_vcpu(get(), to.get(), options);
  }
#endif
  // zx_interrupt_wait().
  zx_status_t wait(zx::time* timestamp) const {
    return zx_interrupt_wait(get(), timestamp == nullptr ? nullptr : timestamp->get_address());
  }
  // The same without the time.
  zx_status_t wait(std::nullptr_t) const { return zx_interrupt_wait(get(), nullptr); }
#if !ZX_DETAIL_API_2018
  // zx_interrupt_wait(), of an interrupt that is triggered with times of the clock BOOT.
  zx_status_t wait(zx::time_boot* timestamp) const {
    return zx_interrupt_wait(get(), timestamp == nullptr ? nullptr : timestamp->get_address());
  }
  // zx_interrupt_trigger(), likewise.
  zx_status_t trigger(uint32_t options, zx::time_boot timestamp) const {
    return zx_interrupt_trigger(get(), options, timestamp.get());
  }
#endif
  // zx_interrupt_ack().
  zx_status_t ack() const { return zx_interrupt_ack(get()); }
  // zx_interrupt_destroy().
  zx_status_t destroy() const { return zx_interrupt_destroy(get()); }
  // zx_interrupt_trigger().
  zx_status_t trigger(uint32_t options, zx::time timestamp) const {
    return zx_interrupt_trigger(get(), options, timestamp.get());
  }
};

using unowned_interrupt = unowned<interrupt>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_INTERRUPT_H_
