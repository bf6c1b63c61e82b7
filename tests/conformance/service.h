// What the guest guests/service.S does for a test. For the assembler too.

#ifndef ZIRCON_TESTS_CONFORMANCE_SERVICE_H_
#define ZIRCON_TESTS_CONFORMANCE_SERVICE_H_

#define SERVICE_RDMSR 1    // ECX; EDX:EAX
#define SERVICE_WRMSR 2    // ECX, EDX:EAX
#define SERVICE_CPUID 3    // EAX, ECX
#define SERVICE_CONTROL 4  // RAX: CR0, RBX: CR3, RCX: CR4, DX: CS
#define SERVICE_HALT 5     // halts until the log's count is not RCX
#define SERVICE_LOOP 6     // loops so
#define SERVICE_RDTSC 7
#define SERVICE_XGETBV 8  // ECX
#define SERVICE_VMCALL 9

#if !defined(__ASSEMBLER__)

#include <optional>

#include "harness.h"

namespace conformance {

// The guest, from its start up to where it waits for the first request.
class Service {
 public:
  explicit Service(Machine::VcpuChoice choice = Machine::kWithVcpu);

  Machine& machine() { return machine_; }
  Vcpu& vcpu() { return machine_.vcpu(); }

  // With registers of the caller's choice; throws if the guest does not do it.
  zx_vcpu_state_t Call(uint64_t what, zx_vcpu_state_t state = {});
  // Starts a request only: the caller enters, and expects checkpoint 1 or something before it.
  void Begin(uint64_t what, zx_vcpu_state_t state = {});
  // After Begin() and checkpoint 1: to the place for the next request.
  void Finish();

  // Nothing after #GP.
  std::optional<uint64_t> ReadMsr(uint32_t msr);
  // False after #GP.
  bool WriteMsr(uint32_t msr, uint64_t value);
  // What zx_vcpu_enter() gives for the write when that is an error; throws if it is none.
  zx_status_t WriteMsrFails(uint32_t msr, uint64_t value);
  // The write gives a packet, and the guest goes on behind it.
  zx_port_packet_t WriteMsrForPacket(uint32_t msr, uint64_t value);

  struct Cpuid {
    uint32_t eax, ebx, ecx, edx;
  };
  Cpuid ReadCpuid(uint32_t leaf, uint32_t subleaf = 0);
  uint64_t Tsc();
  // Lets the guest wait, by HLT or in a loop, until it has taken more interrupts than `count`.
  void WaitForInterrupt(bool halt, size_t count);

 private:
  void BeginMsrWrite(uint32_t msr, uint64_t value);

  Machine machine_;
};

}  // namespace conformance

#endif  // __ASSEMBLER__
#endif  // ZIRCON_TESTS_CONFORMANCE_SERVICE_H_
