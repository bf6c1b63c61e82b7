// ExitsWorld: a VCPU whose KVM reports whatever its input says: exits of every kind with any
// contents that KVM can give for a hostile guest, registers and modes as a guest may have set them,
// instructions that end or come back, errors of KVM_RUN, kicks and interrupts at any moment. Enter
// must come back with a status or packet that its contract names, guest memory must stay as it is,
// and a VCPU that is made afterwards must run.
//
// Ownership: owns its machine. Thread safety: one world at a time.

#pragma once

#include <zircon/syscalls.h>

#include <memory>
#include <string>

#include "fake/machine.h"
#include "models/input.h"

namespace zircon::models {

class ExitsWorld {
 public:
  ExitsWorld();
  ~ExitsWorld();
  ExitsWorld(const ExitsWorld&) = delete;
  ExitsWorld& operator=(const ExitsWorld&) = delete;

  void Do(Input& input);

 private:
  // What the guest has done before its exit.
  void PickRegisters(Input& input);
  void PickMode(Input& input);
  void PickCode(Input& input);
  void PushExit(Input& input);
  void AnswerLikeAVmm(Input& input);
  void CheckPacket() const;
  void CheckMemory() const;
  void Renew();

  fake::Machine machine_;
  // What guest memory holds, byte by byte.
  std::string memory_;
};

}  // namespace zircon::models
