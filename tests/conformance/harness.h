// What the tests on a real KVM stand on: guests from the blobs in guests/, their memory and VCPUs,
// and a watchdog over every entry so that nothing hangs.
//
//   TEST_F(IoTest, OutReachesTheVmm) {
//     Machine machine(GUEST_BLOB(io_out));
//     machine.TrapIo(0x500, 1, 7);
//     ASSERT_EQ(machine.vcpu().Enter(), ZX_OK);
//     EXPECT_EQ(machine.vcpu().packet().guest_io.port, 0x500);
//   }
//
// A step of the harness that fails throws, which gtest reports as a failure of the test.

#ifndef ZIRCON_TESTS_CONFORMANCE_HARNESS_H_
#define ZIRCON_TESTS_CONFORMANCE_HARNESS_H_

#include <gtest/gtest.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "guests/layout.h"
#include "verdict.h"

namespace conformance {

// ---- Blobs ----

// An instruction written with FORM in a guest.
struct Form {
  uint32_t offset;  // From the start of the guest.
  uint32_t size;
  int32_t text_offset;  // From this member.
  uint32_t address;     // What it accesses.

  uint64_t rip() const { return GUEST_CODE + offset; }
  const char* text() const { return reinterpret_cast<const char*>(&text_offset) + text_offset; }
};

struct Blob {
  const char* name;
  const uint8_t* begin;
  const uint8_t* end;
  const Form* forms_begin;
  const Form* forms_end;

  size_t size() const { return static_cast<size_t>(end - begin); }
  size_t form_count() const { return static_cast<size_t>(forms_end - forms_begin); }
  const Form& form(size_t index) const { return forms_begin[index]; }
};

// At namespace scope: makes the guest of that name known to the file.
#define DECLARE_GUEST(name)                                  \
  extern "C" const uint8_t guest_##name##_begin[];           \
  extern "C" const uint8_t guest_##name##_end[];             \
  extern "C" const conformance::Form guest_##name##_forms[]; \
  extern "C" const conformance::Form guest_##name##_forms_end[]

#define GUEST_BLOB(name)                                                   \
  conformance::Blob {                                                      \
#name, guest_##name##_begin, guest_##name##_end, guest_##name##_forms, \
        guest_##name##_forms_end                                           \
  }

// ---- Handles and statuses ----

// Throws unless the status is ZX_OK.
void Require(zx_status_t status, const char* what);

// Owns a handle.
class Handle {
 public:
  Handle() = default;
  explicit Handle(zx_handle_t value) : value_(value) {}
  Handle(Handle&& other) noexcept : value_(other.Release()) {}
  Handle& operator=(Handle&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  ~Handle() { Reset(); }

  zx_handle_t get() const { return value_; }
  bool valid() const { return value_ != ZX_HANDLE_INVALID; }
  zx_handle_t Release() {
    const zx_handle_t value = value_;
    value_ = ZX_HANDLE_INVALID;
    return value;
  }
  void Reset(zx_handle_t value = ZX_HANDLE_INVALID) {
    zx_handle_close(value_);
    value_ = value;
  }
  zx_handle_t* Receive() {
    Reset();
    return &value_;
  }
  // The same object with these rights only.
  Handle WithRights(zx_rights_t rights) const;
  zx_rights_t Rights() const;

 private:
  zx_handle_t value_ = ZX_HANDLE_INVALID;
};

Handle CreatePort();
Handle CreateVmo(size_t size, uint32_t options = 0);  // Mappable with every permission.
// "ZX_ERR_NOT_FOUND", or for ZX_OK what the packet says.
std::string Describe(zx_status_t status, const zx_port_packet_t& packet);

zircon_kvm_stats_t Stats();

// ---- Memory seen by the test ----

// A VMO mapped into this process.
class HostMapping {
 public:
  HostMapping(zx_handle_t vmo, size_t size);
  HostMapping(const HostMapping&) = delete;
  HostMapping& operator=(const HostMapping&) = delete;
  ~HostMapping();

  uint8_t* bytes() const { return reinterpret_cast<uint8_t*>(address_); }
  template <typename T>
  volatile T& At(size_t offset) const {
    return *reinterpret_cast<volatile T*>(address_ + offset);
  }

 private:
  zx_vaddr_t address_ = 0;
  size_t size_;
};

// ---- Guests ----

constexpr uint64_t kCheckpointKey = 0xC4EC'0000'0000'0001;

// A VCPU of the thread that makes it.
class Vcpu {
 public:
  Vcpu(zx_handle_t guest, uint64_t entry);
  Vcpu(const Vcpu&) = delete;
  Vcpu& operator=(const Vcpu&) = delete;

  zx_handle_t get() const { return handle_.get(); }
  Handle& handle() { return handle_; }

  // zx_vcpu_enter() under the watchdog.
  zx_status_t Enter();
  const zx_port_packet_t& packet() const { return packet_; }
  // Enters once and expects CHECKPOINT number.
  testing::AssertionResult Reaches(int number);
  // Enters once and expects that error.
  testing::AssertionResult Fails(zx_status_t error);
  // Enters once and expects a packet of that type and key.
  testing::AssertionResult Traps(uint32_t type, uint64_t key);
  bool AtCheckpoint(int number) const;

  zx_vcpu_state_t State() const;
  void SetState(const zx_vcpu_state_t& state);
  zx_status_t WriteIo(uint8_t access_size, uint32_t value);
  bool Kicked() const;  // From ZX_INFO_VCPU.

 private:
  Handle handle_;
  zx_port_packet_t packet_{};
};

// Whether Machine makes guests whose local APICs are the kernel's, for four processors. Gives what
// was chosen before.
bool UseKernelInterrupts(bool use);

// They are, while this lives.
class KernelInterrupts {
 public:
  KernelInterrupts() : before_(UseKernelInterrupts(true)) {}
  ~KernelInterrupts() { UseKernelInterrupts(before_); }
  KernelInterrupts(const KernelInterrupts&) = delete;
  KernelInterrupts& operator=(const KernelInterrupts&) = delete;

 private:
  const bool before_;
};

// A guest with 2 MiB of memory at 0, page tables, code, and, unless told otherwise, a VCPU of the
// calling thread.
class Machine {
 public:
  enum VcpuChoice { kWithVcpu, kWithoutVcpu };
  explicit Machine(const Blob& blob, VcpuChoice choice = kWithVcpu, uint64_t entry = GUEST_CODE);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  zx_handle_t guest() const { return guest_.get(); }
  zx_handle_t space() const { return space_.get(); }
  zx_handle_t memory() const { return memory_.get(); }
  Handle& guest_handle() { return guest_; }
  Handle& space_handle() { return space_; }
  Vcpu& vcpu() { return *vcpu_; }
  const Blob& blob() const { return blob_; }
  void CreateVcpu(uint64_t entry = GUEST_CODE) { vcpu_ = std::make_unique<Vcpu>(guest(), entry); }
  void CloseVcpu() { vcpu_.reset(); }

  template <typename T>
  volatile T& At(uint64_t gpa) {
    return mapping_->At<T>(gpa);
  }
  uint8_t* bytes(uint64_t gpa) { return mapping_->bytes() + gpa; }

  void TrapIo(uint16_t port, size_t count, uint64_t key);
  void TrapMem(uint64_t gpa, size_t size, uint64_t key);
  void TrapBell(uint64_t gpa, size_t size, zx_handle_t port, uint64_t key);
  zx_status_t Map(uint64_t gpa, zx_handle_t vmo, size_t size,
                  zx_vm_option_t permissions = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE,
                  uint64_t vmo_offset = 0);
  zx_status_t Unmap(uint64_t gpa, size_t size);

  // What the guest's LOGS handlers wrote.
  size_t LogCount() { return At<uint64_t>(GUEST_LOG); }
  std::vector<int> LogVectors();
  uint64_t LogError(size_t index) { return At<uint64_t>(GUEST_LOG_FRAMES + 16 * index); }
  uint64_t LogRip(size_t index) { return At<uint64_t>(GUEST_LOG_FRAMES + 16 * index + 8); }

 private:
  Blob blob_;
  Handle guest_;
  Handle space_;
  Handle memory_;
  std::unique_ptr<HostMapping> mapping_;
  std::unique_ptr<Vcpu> vcpu_;
};

// ---- Time ----

void SleepMs(int milliseconds);
// Waits until the condition holds, 15 s at most; says whether it does.
bool WaitUntil(const std::function<bool()>& condition);
// Loops of a test: `full`, or a tenth of it on an emulated processor (scripts/with-kvm). The
// environment variable CONFORMANCE_SHORT chooses: 1 a tenth, 0 all.
int Rounds(int full);

// A thread that is joined at the end of the scope.
class Thread {
 public:
  explicit Thread(std::function<void()> body) : thread_(std::move(body)) {}
  ~Thread() { Join(); }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

// While it lives: the process is aborted, with the name of the test, when the time is over. With a
// VCPU that VCPU is kicked first, and aborting waits a little longer.
class Watch {
 public:
  explicit Watch(const char* what, zx_handle_t vcpu = ZX_HANDLE_INVALID);
  Watch(const char* what, std::chrono::duration<double> limit);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  bool kicked() const { return kicked_; }

 private:
  friend class Watchdog;
  const char* what_;
  zx_handle_t vcpu_;
  std::chrono::steady_clock::time_point deadline_;
  bool kicked_ = false;
};

// How long an entry may take: 20 s, or what the environment variable CONFORMANCE_WATCHDOG says.
void SetEntryLimit(double seconds);
// Is called, in the watchdog's thread, before it aborts, with the words of the Watch.
void SetWatchdogHook(void (*hook)(const char* what));

// Its tests are not testable where no guests can run.
class KvmTest : public testing::Test {
 protected:
  void SetUp() override;
};

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_HARNESS_H_
