// The library's seccomp filter: what it lets through, and what not. zircon-conformance --sandbox
// has all of it, on a real KVM. Rows: HOST-34.

// First: what it includes of KVM's headers has to be seen so.
#include "fake/machine_test.h"
// Then the others.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zircon-kvm/host.h>
#include <zircon-kvm/seccomp.h>
#include <zircon/syscalls.h>

#include <cstdint>

#include "contract.h"
#include "sanitizers.h"

namespace zircon {
namespace {

using testing::ExitedWithCode;
using testing::KilledBySignal;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kLarge = 2 << 20;

bool EnterFilter(uint32_t options) {
  scmp_filter_ctx const filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  const bool works = filter != nullptr && zircon_kvm_seccomp_allow(filter, options) == 0 &&
                     seccomp_load(filter) == 0;
  seccomp_release(filter);
  return works;
}

// Memory in a file and in the process, sizes, children, random numbers, waits with a deadline, a
// timer with its thread, times of a thread. The first wrong status, by its place in here.
int UseObjects() {
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  zx_handle_t child = ZX_HANDLE_INVALID;
  if (zx_vmo_create(4 * kPage, ZX_VMO_RESIZABLE, &vmo) != ZX_OK) return 1;
  uint64_t number = 7;
  if (zx_vmo_write(vmo, &number, kPage, sizeof(number)) != ZX_OK) return 2;
  if (zx_vmo_read(vmo, &number, 0, sizeof(number)) != ZX_OK || number != 0) return 3;
  if (zx_vmo_set_size(vmo, 8 * kPage) != ZX_OK) return 4;
  if (zx_vmo_op_range(vmo, ZX_VMO_OP_COMMIT, 0, kPage, nullptr, 0) != ZX_OK) return 5;
  if (zx_vmo_create_child(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, kPage, &child) != ZX_OK) return 6;
  zx_vaddr_t address = 0;
  constexpr uint32_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
  if (zx_vmar_map(zx_vmar_root_self(), kReadWrite, 0, vmo, 0, kPage, &address) != ZX_OK) return 7;
  if (zx_vmar_protect(zx_vmar_root_self(), ZX_VM_PERM_READ, address, kPage) != ZX_OK) return 8;
  if (zx_vmar_unmap(zx_vmar_root_self(), address, kPage) != ZX_OK) return 9;
  zx_cprng_draw(&number, sizeof(number));
  zx_handle_t timer = ZX_HANDLE_INVALID;
  if (zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer) != ZX_OK) return 10;
  if (zx_timer_set(timer, zx_deadline_after(ZX_MSEC(1)), 0) != ZX_OK) return 11;
  if (zx_object_wait_one(timer, ZX_TIMER_SIGNALED, ZX_TIME_INFINITE, nullptr) != ZX_OK) return 12;
  if (zx_object_wait_one(timer, ZX_USER_SIGNAL_0, zx_deadline_after(ZX_MSEC(1)), nullptr) !=
      ZX_ERR_TIMED_OUT) {
    return 13;
  }
  if (zx_nanosleep(zx_deadline_after(ZX_MSEC(1))) != ZX_OK) return 14;
  zx_info_thread_stats_t stats;
  if (zx_object_get_info(zx_thread_self(), ZX_INFO_THREAD_STATS, &stats, sizeof(stats), nullptr,
                         nullptr) != ZX_OK) {
    return 15;
  }
  // Where large pages are looked for.
  zx_handle_t large = ZX_HANDLE_INVALID;
  if (zx_vmo_create(kLarge, 0, &large) != ZX_OK) return 16;
  if (zx_vmo_write(large, &number, 0, sizeof(number)) != ZX_OK) return 17;
  char words[256];
  zircon_kvm_check(words, sizeof(words));
  const zx_handle_t all[] = {vmo, child, timer, large};
  return zx_handle_close_many(all, 4) == ZX_OK ? 0 : 18;
}

// A guest on the fake kernel: the signals, masks and clocks of a VCPU.
int UseAGuest() {
  fake::Machine machine;
  if (machine.status() != ZX_OK || machine.TrapIo(0x60, 1) != ZX_OK) return 20;
  machine.cpu().Push(fake::PioOut(0x60, 1));
  if (machine.Enter() != ZX_OK) return 21;
  if (zx_vcpu_kick(machine.vcpu) != ZX_OK) return 22;
  return machine.Enter() == ZX_ERR_CANCELED ? 0 : 23;
}

class SeccompTest : public testing::Test {
 protected:
  // Each in a process that is started anew.
  SeccompTest() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

TEST_F(SeccompTest, LetsTheLibraryWork) {
  Shows("HOST-34");
#if defined(TESTS_SANITIZED)
  GTEST_SKIP() << "a sanitizer makes system calls of its own";
#endif
  EXPECT_EXIT(
      {
        int wrong = EnterFilter(0) ? 0 : 99;
        if (wrong == 0) wrong = UseObjects();
        if (wrong == 0) wrong = UseAGuest();
        _exit(wrong);
      },
      ExitedWithCode(0), "");
}

TEST_F(SeccompTest, LetsNothingElseThrough) {
  Shows("HOST-34");
  EXPECT_EXIT(
      {
        if (EnterFilter(0)) socket(AF_UNIX, SOCK_STREAM, 0);
        _exit(0);
      },
      KilledBySignal(SIGSYS), "");
  EXPECT_EXIT(
      {
        if (EnterFilter(0)) execl("/bin/true", "true", nullptr);
        _exit(0);
      },
      KilledBySignal(SIGSYS), "");
  EXPECT_EXIT(
      {
        if (EnterFilter(0)) fork();
        _exit(0);
      },
      KilledBySignal(SIGSYS), "");
  EXPECT_EXIT(
      {
        if (EnterFilter(0)) open("/tmp/new", O_CREAT | O_WRONLY, 0600);
        _exit(0);
      },
      KilledBySignal(SIGSYS), "");
  EXPECT_EXIT(
      {
        // Of a terminal, not of KVM.
        if (EnterFilter(0)) isatty(0);
        _exit(0);
      },
      KilledBySignal(SIGSYS), "");
}

void* MapExecutable() {
  return mmap(nullptr, kPage, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

TEST_F(SeccompTest, CodeIsMadeOnlyWhereThatIsAskedFor) {
  Shows("HOST-34");
#if defined(TESTS_SANITIZED)
  GTEST_SKIP() << "a sanitizer makes system calls of its own";
#endif
  EXPECT_EXIT(
      {
        if (EnterFilter(0)) MapExecutable();
        _exit(0);
      },
      KilledBySignal(SIGSYS), "");
  EXPECT_EXIT(
      {
        const bool works = EnterFilter(ZIRCON_KVM_SECCOMP_EXECUTABLE);
        _exit(works && MapExecutable() != MAP_FAILED ? 0 : 1);
      },
      ExitedWithCode(0), "");
}

}  // namespace
}  // namespace zircon
