// Counts kicks on a real KVM, a million and more of them (conformance/kick_counts.h says how), with
// a guest that loops, one that halts and one that exits to a trap all the time.
//
//   kick_counts --acknowledged 1000000 --unacknowledged 10000000 [--guest halts]
//
// Each number is for each guest, or for the one that is named. Exit status: 0 when every count is
// right, 1 when one is not, 2 for a wrong option, 77 without KVM. A kick that is lost ends it by
// SIGABRT.

#include <zircon-kvm/host.h>

#include <cstring>
#include <initializer_list>
#include <vector>

#include "conformance/kick_counts.h"

namespace {

using conformance::KickCounts;

constexpr uint64_t kMemorySize = 0x10000;
constexpr uint64_t kEntry = 0x8000;
constexpr uint16_t kPort = 0x10;

struct Guest {
  const char* name;
  std::vector<uint8_t> code;
};

const Guest kGuests[] = {
    {"loops", {0xEB, 0xFE}},               // 1: jmp 1b
    {"halts", {0xF4, 0xEB, 0xFD}},         // 1: hlt; jmp 1b
    {"exits", {0xE6, kPort, 0xEB, 0xFC}},  // 1: out %al, $port; jmp 1b
};

void Require(zx_status_t status, const char* what) {
  if (status == ZX_OK) return;
  fprintf(stderr, "kick_counts: %s gave %s\n", what, zx_status_get_string(status));
  exit(1);
}

// A guest and its VCPU, of the calling thread.
class Machine {
 public:
  explicit Machine(const Guest& guest) {
    // The lowest 2 MiB at their own addresses, in one page.
    static const uint64_t kTables[3][512] = {{0x1003}, {0x2003}, {0x83}};
    zx_handle_t resource = ZX_HANDLE_INVALID;
    zx_handle_t vmex = ZX_HANDLE_INVALID;
    zx_handle_t memory = ZX_HANDLE_INVALID;
    zx_vaddr_t where = 0;
    Require(zircon_kvm_hypervisor_resource(&resource), "zircon_kvm_hypervisor_resource");
    Require(zircon_kvm_vmex_resource(&vmex), "zircon_kvm_vmex_resource");
    Require(zx_guest_create(resource, 0, &guest_, &space_), "zx_guest_create");
    Require(zx_vmo_create(kMemorySize, 0, &memory), "zx_vmo_create");
    Require(zx_vmo_replace_as_executable(memory, vmex, &memory), "zx_vmo_replace_as_executable");
    Require(zx_vmo_write(memory, kTables, 0, sizeof(kTables)), "zx_vmo_write");
    Require(zx_vmo_write(memory, guest.code.data(), kEntry, guest.code.size()), "zx_vmo_write");
    Require(zx_vmar_map(space_,
                        ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC, 0,
                        memory, 0, kMemorySize, &where),
            "zx_vmar_map");
    Require(zx_guest_set_trap(guest_, ZX_GUEST_TRAP_IO, kPort, 1, ZX_HANDLE_INVALID, 0),
            "zx_guest_set_trap");
    Require(zx_vcpu_create(guest_, 0, kEntry, &vcpu_), "zx_vcpu_create");
    for (const zx_handle_t handle : {resource, vmex, memory}) zx_handle_close(handle);
  }
  ~Machine() {
    for (const zx_handle_t handle : {vcpu_, space_, guest_}) zx_handle_close(handle);
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  zx_handle_t vcpu() const { return vcpu_; }

 private:
  zx_handle_t guest_ = ZX_HANDLE_INVALID;
  zx_handle_t space_ = ZX_HANDLE_INVALID;
  zx_handle_t vcpu_ = ZX_HANDLE_INVALID;
};

// Says what was counted; whether it is right.
bool Tell(const char* form, const Guest& guest, const KickCounts& counts) {
  printf("%s, guest %s: %llu kicks, %llu CANCELED, %llu packets", form, guest.name,
         static_cast<unsigned long long>(counts.kicks),
         static_cast<unsigned long long>(counts.canceled),
         static_cast<unsigned long long>(counts.packets));
  if (counts.rounds != 0) {
    printf(", %llu last kicks, %llu foreign signals",
           static_cast<unsigned long long>(counts.rounds),
           static_cast<unsigned long long>(counts.signals));
  }
  printf(": %s\n", counts.problem.empty() ? "right" : counts.problem.c_str());
  fflush(stdout);
  return counts.problem.empty();
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t acknowledged = 0;
  uint64_t unacknowledged = 0;
  const char* only = nullptr;
  for (int i = 1; i < argc; i += 2) {
    if (strcmp(argv[i], "--guest") == 0 && i + 1 < argc) {
      only = argv[i + 1];
      continue;
    }
    uint64_t* number = strcmp(argv[i], "--acknowledged") == 0     ? &acknowledged
                       : strcmp(argv[i], "--unacknowledged") == 0 ? &unacknowledged
                                                                  : nullptr;
    char* end = nullptr;
    if (number != nullptr && i + 1 < argc) *number = strtoull(argv[i + 1], &end, 10);
    if (end == nullptr || *end != '\0') {
      fprintf(stderr,
              "usage: kick_counts [--acknowledged N] [--unacknowledged N] [--guest NAME]\n");
      return 2;
    }
  }
  char why[256] = "";
  if (zircon_kvm_check(why, sizeof(why)) != ZX_OK) {
    puts(why);
    return 77;
  }
  bool right = only == nullptr;
  for (const Guest& guest : kGuests) {
    if (only != nullptr && strcmp(only, guest.name) != 0) continue;
    right |= only != nullptr;
    Machine machine(guest);
    if (acknowledged != 0) {
      const KickCounts counts = conformance::CountAcknowledgedKicks(machine.vcpu(), acknowledged);
      right &= Tell("acknowledged", guest, counts);
    }
    if (unacknowledged != 0) {
      const KickCounts counts =
          conformance::CountUnacknowledgedKicks(machine.vcpu(), unacknowledged);
      right &= Tell("unacknowledged", guest, counts);
    }
  }
  return right ? 0 : 1;
}
