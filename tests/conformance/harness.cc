#include "harness.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <stdexcept>

#include "host.h"

namespace conformance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kPage = 4096;
constexpr uint64_t kLargePage = 0x200000;
using Seconds = std::chrono::duration<double>;

// When a kick does not bring the VCPU out.
constexpr Seconds kAbortAfterKick(10);
constexpr Seconds kEntryLimit(20);

std::atomic<bool> kernel_interrupts = false;
std::atomic<double> entry_limit = 0;
std::atomic<void (*)(const char*)> watchdog_hook = nullptr;

Seconds EntryLimit() {
  const double chosen = entry_limit;
  if (chosen > 0) return Seconds(chosen);
  const char* text = getenv("CONFORMANCE_WATCHDOG");
  const int seconds = text == nullptr ? 0 : atoi(text);
  return seconds > 0 ? Seconds(seconds) : kEntryLimit;
}

// On an emulated processor everything takes ten times as long.
bool IsShort() {
  const char* text = getenv("CONFORMANCE_SHORT");
  if (text != nullptr && *text != '\0') return strcmp(text, "0") != 0;
  return IsEmulated();
}

std::string TestName() {
  const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
  return info == nullptr ? "no test" : fmt::format("{}.{}", info->test_suite_name(), info->name());
}

}  // namespace

// ---- Watchdog ----

// One thread that looks after all watches. Never destroyed: it works until the process ends.
class Watchdog {
 public:
  static Watchdog& Get() {
    static Watchdog* dog = new Watchdog;
    return *dog;
  }

  void Add(Watch* watch) {
    std::lock_guard lock(mutex_);
    watches_.insert(watch);
    if (watch->deadline_ < next_) changed_.notify_one();
  }

  void Remove(Watch* watch) {
    std::lock_guard lock(mutex_);
    watches_.erase(watch);
  }

 private:
  Watchdog() {
    std::thread([this] { Run(); }).detach();
  }

  [[noreturn]] void Run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      const auto now = Clock::now();
      next_ = now + std::chrono::seconds(1);
      for (Watch* watch : watches_) {
        if (watch->deadline_ <= now) Expire(watch);
      }
      changed_.wait_until(lock, next_);
    }
  }

  static void Expire(Watch* watch) {
    if (watch->vcpu_ != ZX_HANDLE_INVALID && !watch->kicked_) {
      fprintf(stderr, "watchdog: %s: %s takes too long: kicking the VCPU\n", TestName().c_str(),
              watch->what_);
      watch->kicked_ = true;
      watch->deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                            std::min(kAbortAfterKick, EntryLimit()));
      zx_vcpu_kick(watch->vcpu_);
      return;
    }
    fprintf(stderr, "watchdog: %s: %s does not end%s: aborting\n", TestName().c_str(), watch->what_,
            watch->kicked_ ? ", kicked or not" : "");
    fflush(stderr);
    if (void (*const hook)(const char*) = watchdog_hook; hook != nullptr) hook(watch->what_);
    abort();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Watch*> watches_;
  Clock::time_point next_;
};

Watch::Watch(const char* what, zx_handle_t vcpu)
    : what_(what),
      vcpu_(vcpu),
      deadline_(Clock::now() + std::chrono::duration_cast<Clock::duration>(EntryLimit())) {
  Watchdog::Get().Add(this);
}

Watch::Watch(const char* what, Seconds limit)
    : what_(what),
      vcpu_(ZX_HANDLE_INVALID),
      deadline_(Clock::now() + std::chrono::duration_cast<Clock::duration>(limit)) {
  Watchdog::Get().Add(this);
}

Watch::~Watch() { Watchdog::Get().Remove(this); }

// ---- Handles and statuses ----

void Require(zx_status_t status, const char* what) {
  if (status == ZX_OK) return;
  throw std::runtime_error(fmt::format("{}: {}", what, zx_status_get_string(status)));
}

Handle Handle::WithRights(zx_rights_t rights) const {
  Handle result;
  Require(zx_handle_duplicate(value_, rights, result.Receive()), "zx_handle_duplicate");
  return result;
}

zx_rights_t Handle::Rights() const {
  zx_info_handle_basic_t info{};
  Require(zx_object_get_info(value_, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr),
          "ZX_INFO_HANDLE_BASIC");
  return info.rights;
}

Handle CreatePort() {
  Handle port;
  Require(zx_port_create(0, port.Receive()), "zx_port_create");
  return port;
}

Handle CreateVmo(size_t size, uint32_t options) {
  Handle vmo;
  Require(zx_vmo_create(size, options, vmo.Receive()), "zx_vmo_create");
  Handle vmex;
  Require(zircon_kvm_vmex_resource(vmex.Receive()), "zircon_kvm_vmex_resource");
  zx_handle_t executable = ZX_HANDLE_INVALID;
  Require(zx_vmo_replace_as_executable(vmo.Release(), vmex.get(), &executable),
          "zx_vmo_replace_as_executable");
  return Handle(executable);
}

std::string Describe(zx_status_t status, const zx_port_packet_t& packet) {
  if (status != ZX_OK) return zx_status_get_string(status);
  switch (packet.type) {
    case ZX_PKT_TYPE_GUEST_IO:
      return fmt::format("GUEST_IO key {:#x} port {:#x} {} {} bytes {:#x}", packet.key,
                         packet.guest_io.port, packet.guest_io.input ? "in" : "out",
                         packet.guest_io.access_size, packet.guest_io.u32);
    case ZX_PKT_TYPE_GUEST_MEM:
      return fmt::format("GUEST_MEM key {:#x} addr {:#x} rip {:#x} size {}", packet.key,
                         packet.guest_mem.addr, packet.guest_mem.rip,
                         packet.guest_mem.instruction_size);
    case ZX_PKT_TYPE_GUEST_VCPU:
      return fmt::format("GUEST_VCPU type {}", packet.guest_vcpu.type);
    default:
      return fmt::format("packet of type {} key {:#x}", packet.type, packet.key);
  }
}

zircon_kvm_stats_t Stats() {
  zircon_kvm_stats_t stats{};
  Require(zircon_kvm_get_stats(&stats, sizeof(stats)), "zircon_kvm_get_stats");
  return stats;
}

// ---- HostMapping ----

HostMapping::HostMapping(zx_handle_t vmo, size_t size) : size_(size) {
  Require(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, 0, size,
                      &address_),
          "zx_vmar_map into this process");
}

HostMapping::~HostMapping() { zx_vmar_unmap(zx_vmar_root_self(), address_, size_); }

// ---- Vcpu ----

Vcpu::Vcpu(zx_handle_t guest, uint64_t entry) {
  Require(zx_vcpu_create(guest, 0, entry, handle_.Receive()), "zx_vcpu_create");
}

zx_status_t Vcpu::Enter() {
  memset(&packet_, 0xA5, sizeof(packet_));
  Watch watch("zx_vcpu_enter", handle_.get());
  const zx_status_t status = zx_vcpu_enter(handle_.get(), &packet_);
  if (watch.kicked()) ADD_FAILURE() << "zx_vcpu_enter came back only when the watchdog kicked";
  return status;
}

bool Vcpu::AtCheckpoint(int number) const {
  return packet_.type == ZX_PKT_TYPE_GUEST_IO && packet_.key == kCheckpointKey &&
         packet_.guest_io.port == GUEST_CHECKPOINT_PORT + number;
}

testing::AssertionResult Vcpu::Reaches(int number) {
  const zx_status_t status = Enter();
  if (status == ZX_OK && AtCheckpoint(number)) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << "instead of checkpoint " << number << ": " << Describe(status, packet_);
}

testing::AssertionResult Vcpu::Fails(zx_status_t error) {
  const zx_status_t status = Enter();
  if (status == error) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << "instead of " << zx_status_get_string(error) << ": " << Describe(status, packet_);
}

testing::AssertionResult Vcpu::Traps(uint32_t type, uint64_t key) {
  const zx_status_t status = Enter();
  if (status == ZX_OK && packet_.type == type && packet_.key == key) {
    if (packet_.status == ZX_OK) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "packet.status is " << packet_.status;
  }
  return testing::AssertionFailure() << "instead of a packet of type " << type << " with key "
                                     << key << ": " << Describe(status, packet_);
}

zx_vcpu_state_t Vcpu::State() const {
  zx_vcpu_state_t state;
  Require(zx_vcpu_read_state(handle_.get(), ZX_VCPU_STATE, &state, sizeof(state)),
          "zx_vcpu_read_state");
  return state;
}

void Vcpu::SetState(const zx_vcpu_state_t& state) {
  Require(zx_vcpu_write_state(handle_.get(), ZX_VCPU_STATE, &state, sizeof(state)),
          "zx_vcpu_write_state");
}

zx_status_t Vcpu::WriteIo(uint8_t access_size, uint32_t value) {
  zx_vcpu_io_t io{};
  io.access_size = access_size;
  io.u32 = value;
  return zx_vcpu_write_state(handle_.get(), ZX_VCPU_IO, &io, sizeof(io));
}

bool Vcpu::Kicked() const {
  zx_info_vcpu_t info{};
  Require(zx_object_get_info(handle_.get(), ZX_INFO_VCPU, &info, sizeof(info), nullptr, nullptr),
          "ZX_INFO_VCPU");
  return (info.flags & ZX_INFO_VCPU_FLAG_KICKED) != 0;
}

// ---- Machine ----

Machine::Machine(const Blob& blob, VcpuChoice choice, uint64_t entry) : blob_(blob) {
  Handle resource;
  Require(zircon_kvm_hypervisor_resource(resource.Receive()), "zircon_kvm_hypervisor_resource");
  zx_handle_t guest = ZX_HANDLE_INVALID;
  zx_handle_t space = ZX_HANDLE_INVALID;
  Require(zx_guest_create(resource.get(), 0, &guest, &space), "zx_guest_create");
  guest_.Reset(guest);
  space_.Reset(space);
  if (kernel_interrupts) {
    constexpr uint32_t kProcessors = 4;
    Require(zircon_kvm_guest_set_interrupts(guest, ZIRCON_KVM_INTERRUPTS_KERNEL, kProcessors),
            "zircon_kvm_guest_set_interrupts");
  }
  memory_ = CreateVmo(GUEST_MEMORY_SIZE);
  mapping_ = std::make_unique<HostMapping>(memory_.get(), GUEST_MEMORY_SIZE);
  Require(Map(0, memory_.get(), GUEST_MEMORY_SIZE,
              ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE),
          "zx_vmar_map of the guest's memory");

  const uint64_t present_writable = 0x03;
  const uint64_t large = 0x80;
  At<uint64_t>(GUEST_PML4) = GUEST_POINTER_TABLE | present_writable;
  At<uint64_t>(GUEST_POINTER_TABLE) = GUEST_DIRECTORY | present_writable;
  for (uint64_t i = 0; i < GUEST_IDENTITY_SIZE / kLargePage; ++i) {
    At<uint64_t>(GUEST_DIRECTORY + 8 * i) = i * kLargePage | present_writable | large;
  }
  At<uint64_t>(GUEST_GDT + GUEST_CODE_SELECTOR) = 0x00AF'9B00'0000'FFFF;  // 64-bit code
  At<uint16_t>(GUEST_GDT_POINTER) = 0xFF;
  At<uint64_t>(GUEST_GDT_POINTER + 2) = GUEST_GDT;
  At<uint16_t>(GUEST_IDT_POINTER) = kPage - 1;
  At<uint64_t>(GUEST_IDT_POINTER + 2) = GUEST_IDT;
  memcpy(bytes(GUEST_CODE), blob_.begin, blob_.size());

  TrapIo(GUEST_CHECKPOINT_PORT, 16, kCheckpointKey);
  if (choice == kWithVcpu) CreateVcpu(entry);
}

void Machine::TrapIo(uint16_t port, size_t count, uint64_t key) {
  Require(zx_guest_set_trap(guest(), ZX_GUEST_TRAP_IO, port, count, ZX_HANDLE_INVALID, key),
          "zx_guest_set_trap IO");
}

void Machine::TrapMem(uint64_t gpa, size_t size, uint64_t key) {
  Require(zx_guest_set_trap(guest(), ZX_GUEST_TRAP_MEM, gpa, size, ZX_HANDLE_INVALID, key),
          "zx_guest_set_trap MEM");
}

void Machine::TrapBell(uint64_t gpa, size_t size, zx_handle_t port, uint64_t key) {
  Require(zx_guest_set_trap(guest(), ZX_GUEST_TRAP_BELL, gpa, size, port, key),
          "zx_guest_set_trap BELL");
}

zx_status_t Machine::Map(uint64_t gpa, zx_handle_t vmo, size_t size, zx_vm_option_t permissions,
                         uint64_t vmo_offset) {
  zx_vaddr_t address = 0;
  const zx_status_t status =
      zx_vmar_map(space(), permissions | ZX_VM_SPECIFIC, gpa, vmo, vmo_offset, size, &address);
  if (status == ZX_OK && address != gpa) throw std::runtime_error("zx_vmar_map: another address");
  return status;
}

zx_status_t Machine::Unmap(uint64_t gpa, size_t size) { return zx_vmar_unmap(space(), gpa, size); }

std::vector<int> Machine::LogVectors() {
  std::vector<int> vectors;
  for (size_t i = 0; i < LogCount(); ++i) vectors.push_back(At<uint8_t>(GUEST_LOG_VECTORS + i));
  return vectors;
}

// ---- Time ----

void SleepMs(int milliseconds) { zx_nanosleep(zx_deadline_after(ZX_MSEC(milliseconds))); }

bool WaitUntil(const std::function<bool()>& condition) {
  const zx_time_t end = zx_deadline_after(ZX_SEC(15));
  while (!condition()) {
    if (zx_clock_get_monotonic() > end) return condition();
    zx_nanosleep(zx_deadline_after(ZX_USEC(200)));
  }
  return true;
}

int Rounds(int full) {
  static const bool shorter = IsShort();
  return shorter ? full / 10 : full;
}

bool UseKernelInterrupts(bool use) { return kernel_interrupts.exchange(use); }

void SetEntryLimit(double seconds) { entry_limit = seconds; }

void SetWatchdogHook(void (*hook)(const char* what)) { watchdog_hook = hook; }

void KvmTest::SetUp() {
  char words[256] = "";
  const bool works = zircon_kvm_check(words, sizeof(words)) == ZX_OK;
  NEEDS(works ? "" : fmt::format("probe kvm: {}", words));
}

}  // namespace conformance
