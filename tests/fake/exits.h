// Steps for a FakeVcpu's script: what a guest does next, and how KVM reports and completes it.
//
//   vcpu.Push(PioIn(0x60, 1));
//   vcpu.Push(Hlt());
//
// RIP: KVM reports IN, RDMSR, WRMSR and memory reads with RIP on the instruction and moves it on
// when the exit is completed; memory writes and HLT with RIP moved on. The bytes of the instruction
// are the test's to put into guest memory; `length` says how long it is.
//
// Thread safety: pure.

#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "fake/fake_vcpu.h"

namespace zircon::fake {

// ---- Ports ----

// IN: the bytes of the run buffer are merged into RAX (4 bytes clear the upper half). On a host
// that emulates port instructions, RAX as user space gave it stays.
Step PioIn(uint16_t port, uint8_t size, uint8_t length = 1);
// OUT of the low bytes of RAX; RIP is on it, or past it on a host that emulates.
Step PioOut(uint16_t port, uint8_t size, uint8_t length = 1);
// INS or OUTS, `count` elements at once; RIP past it unless `stays` (a repeated one, not done yet).
// What is written out is what stands at RSI, guest-physical.
Step StringIo(uint16_t port, uint8_t size, bool in, uint32_t count, uint8_t length, bool stays);

// ---- Memory ----

// How a load changes the register that it is for.
struct LoadInto {
  uint8_t reg = 0;   // number: rax 0 … r15 15
  uint8_t size = 8;  // bytes of the register
  bool sign = false;
  bool high_byte = false;
};
// A load of `size` bytes. Where user space gives registers back, the destination is what they say
// and the bytes are lost; RFLAGS is the emulator's own in any case.
Step MmioRead(uint64_t gpa, uint32_t size, uint8_t length, LoadInto into = {});
// A read whose bytes `finish` uses; it may change registers, exit again, or give kGoOn. RIP and
// RFLAGS are set before.
using Finish = std::function<int(FakeVcpu&, uint64_t data)>;
Step MmioReadThen(uint64_t gpa, uint32_t size, uint8_t length, Finish finish);
// A store; RIP moves on by `length` at the exit.
Step MmioWrite(uint64_t gpa, uint64_t value, uint32_t size, uint8_t length);
// A store that KVM reports in pieces.
struct Piece {
  uint64_t gpa = 0;
  uint32_t size = 0;
  uint64_t value = 0;
};
Step MmioWritePieces(std::vector<Piece> pieces, uint8_t length);
// Fills the page with a memory exit; for steps of a test's own.
int ExitForRead(FakeVcpu& vcpu, uint64_t gpa, uint32_t size);
int ExitForWrite(FakeVcpu& vcpu, uint64_t gpa, uint64_t value, uint32_t size);

// ---- Model-specific registers ----

// RAX and RDX get the answer, RIP moves on by 2; or the guest gets #GP and RIP stays.
Step RdMsr(uint32_t index);
Step WrMsr(uint32_t index, uint64_t value);

// ---- Others ----

Step Hlt();
Step ExitWith(uint32_t reason);  // nothing but the reason: SHUTDOWN, IRQ_WINDOW_OPEN, SET_TPR …
Step FailEntry();
// A stop for a debugger: the exception (1 #DB, 3 #BP), and what DR6 says.
Step DebugStop(uint32_t exception, uint64_t dr6);
Step InternalError(uint32_t suberror);
Step Errno(int error);  // KVM_RUN fails
// The guest runs until a signal comes.
Step Block();
// The guest computes something and goes on.
Step Do(std::function<void(FakeVcpu&)> work);
// The guest opens or closes interrupts.
Step SetInterruptFlag(bool on);

__u64* Register(kvm_regs& regs, uint8_t number);

}  // namespace zircon::fake
