// What an MSR access that reached us comes to.

#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

namespace zircon::vcpu::x86 {

struct MsrResult {
  enum Kind {
    kDone,    // the access is over; RIP moves on
    kFault,   // #GP(0) in the guest
    kPacket,  // over, and the VMM gets a packet
    kError,   // over, and enter gives `status`
    kRefuse,  // enter gives `status`, RIP stays on the instruction
    kHost,    // the host's kernel has failed with `error`
  };
  Kind kind = kDone;
  zx_status_t status = ZX_OK;
  int error = 0;

  static MsrResult Done() { return {kDone}; }
  static MsrResult Fault() { return {kFault}; }
  static MsrResult Packet() { return {kPacket}; }
  static MsrResult Error(zx_status_t status) { return {kError, status}; }
  static MsrResult Refuse(zx_status_t status) { return {kRefuse, status}; }
  static MsrResult Host(int error) { return error == 0 ? Done() : MsrResult{kHost, ZX_OK, error}; }
};

}  // namespace zircon::vcpu::x86
