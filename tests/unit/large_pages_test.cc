// Large pages for the memory of VMOs. Rows: VMO-5, HOST-35.

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>

#include "contract.h"
#include "fake/machine.h"
#include "objects/large_page_files.h"
#include "unit/in_child.h"
#include "unit/vmo_handles.h"

namespace zircon::objects {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kLarge = uint64_t{2} << 20;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

class LargePages : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    if (!HostGivesLargePages(&why)) GTEST_SKIP() << why;
  }
};

uint8_t* MapInProcess(zx_handle_t vmo, uint64_t size) {
  zx_vaddr_t at = 0;
  EXPECT_EQ(zx_vmar_map(zx_vmar_root_self(), kReadWrite, 0, vmo, 0, size, &at), ZX_OK);
  return reinterpret_cast<uint8_t*>(at);
}

// Small pages into a large one, since Linux 6.1.
bool KernelCollapses() {
  constexpr int kCollapse = 25;
  void* const memory =
      mmap(nullptr, 2 * kLarge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  auto* const large = reinterpret_cast<uint8_t*>(
      (reinterpret_cast<uintptr_t>(memory) + kLarge - 1) / kLarge * kLarge);
  *large = 1;
  const bool collapses = madvise(large, kLarge, kCollapse) == 0;
  munmap(memory, 2 * kLarge);
  return collapses;
}

void Unmap(const void* at, uint64_t size) {
  EXPECT_EQ(zx_vmar_unmap(zx_vmar_root_self(), reinterpret_cast<zx_vaddr_t>(at), size), ZX_OK);
}

// Kilobytes that the processor reaches by large pages, in the mapping at `address`.
long MappedLarge(const void* address) {
  std::FILE* const file = std::fopen("/proc/self/smaps", "re");
  char line[512];
  char wanted[32];
  std::snprintf(wanted, sizeof(wanted), "%lx-", reinterpret_cast<unsigned long>(address));
  bool inside = false;
  long kilobytes = -1;
  while (file != nullptr && std::fgets(line, sizeof(line), file) != nullptr) {
    if (std::strncmp(line, wanted, std::strlen(wanted)) == 0) inside = true;
    if (inside && std::sscanf(line, "ShmemPmdMapped: %ld", &kilobytes) == 1) break;
  }
  if (file != nullptr) std::fclose(file);
  return kilobytes;
}

TEST_F(LargePages, AFirstTouchBringsOne) {
  Shows("VMO-5");
  const zx_handle_t vmo = CreateVmo(4 * kLarge);
  uint8_t* const bytes = MapInProcess(vmo, 4 * kLarge);
  EXPECT_EQ(InfoOf(vmo).committed_bytes, 0u);
  bytes[kPage] = 1;
  bytes[3 * kLarge - 1] = 1;
  EXPECT_EQ(InfoOf(vmo).committed_bytes, 2 * kLarge);
  EXPECT_EQ(MappedLarge(bytes), 4096);
  Unmap(bytes, 4 * kLarge);
  zx_handle_close(vmo);
}

TEST_F(LargePages, NotWhereAFewBytesAreWritten) {
  Shows("VMO-5");
  const zx_handle_t vmo = CreateVmo(4 * kLarge);
  Store(vmo, kLarge, 1);
  EXPECT_EQ(InfoOf(vmo).committed_bytes, kPage);
  zx_handle_close(vmo);
}

TEST_F(LargePages, GivenBackByPages) {
  Shows("VMO-5 VMO-OP-9");
  const zx_handle_t vmo = CreateVmo(2 * kLarge);
  uint8_t* const bytes = MapInProcess(vmo, 2 * kLarge);
  std::memset(bytes, 7, 2 * kLarge);
  ASSERT_EQ(zx_vmo_op_range(vmo, ZX_VMO_OP_DECOMMIT, kPage, 2 * kPage, nullptr, 0), ZX_OK);
  EXPECT_EQ(bytes[kPage - 1], 7);
  EXPECT_EQ(bytes[kPage], 0);
  EXPECT_EQ(bytes[3 * kPage - 1], 0);
  EXPECT_EQ(bytes[3 * kPage], 7);
  Unmap(bytes, 2 * kLarge);
  zx_handle_close(vmo);
}

// What a loader has written by zx_vmo_write before it maps the memory into its guest.
TEST_F(LargePages, OfWhatAGuestIsGiven) {
  Shows("VMO-5");
  if (!KernelCollapses()) GTEST_SKIP() << "this kernel has no MADV_COLLAPSE";
  fake::Machine machine;
  ASSERT_EQ(machine.status(), ZX_OK);
  const zx_handle_t vmo = CreateVmo(4 * kLarge);
  Store(vmo, kLarge + 5 * kPage, 42);
  zx_gpaddr_t at = 0;
  ASSERT_EQ(zx_vmar_map(machine.vmar, kReadWrite | ZX_VM_SPECIFIC, uint64_t{1} << 30, vmo, 0,
                        4 * kLarge, &at),
            ZX_OK);
  EXPECT_EQ(Load(vmo, kLarge + 5 * kPage), 42);
  EXPECT_EQ(InfoOf(vmo).committed_bytes, kLarge);
  zx_handle_close(vmo);
}

// ---- What the program sees of it ----

volatile sig_atomic_t children_ended = 0;

// As a user without privileges, for whom a child has to make the files' place.
int UseAsUser(const char* setting) {
  setenv("ZIRCON_KVM_LARGE_PAGES", setting, 1);
  struct sigaction count {};
  count.sa_handler = [](int) { children_ended = children_ended + 1; };
  sigaction(SIGCHLD, &count, nullptr);
  if (geteuid() == 0 && (setgid(1000) != 0 || setuid(1000) != 0)) return 1;
  // As the execution of a program would make it.
  if (prctl(PR_SET_DUMPABLE, 1) != 0) return 1;
  sigset_t before;
  sigset_t after;
  sigprocmask(SIG_SETMASK, nullptr, &before);
  const zx_handle_t vmo = CreateVmo(2 * kLarge);
  sigprocmask(SIG_SETMASK, nullptr, &after);
  for (int signo = 1; signo < SIGRTMAX; ++signo) {
    if (sigismember(&before, signo) != sigismember(&after, signo)) return 2;
  }
  if (children_ended != 0) return 3;
  if (waitpid(-1, nullptr, __WALL) != -1 || errno != ECHILD) return 4;
  uint8_t* const bytes = MapInProcess(vmo, 2 * kLarge);
  bytes[0] = 1;
  return InfoOf(vmo).committed_bytes == kLarge ? 10 : 11;
}

TEST_F(LargePages, TakeNoPrivilegeAndLeaveNoChild) {
  Shows("VMO-5 HOST-35");
  // A process that has not used the library.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(_exit(UseAsUser("on")), testing::ExitedWithCode(10), "");
}

TEST_F(LargePages, AreNotTriedWhenSwitchedOff) {
  Shows("HOST-36");
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  // The host may give them all the same.
  const auto small_or_large = [](int status) {
    return WIFEXITED(status) && (WEXITSTATUS(status) == 10 || WEXITSTATUS(status) == 11);
  };
  EXPECT_EXIT(_exit(UseAsUser("off")), small_or_large, "");
  ASSERT_EQ(setenv("ZIRCON_KVM_LARGE_PAGES", "off", 1), 0);
  std::string why;
  if (!HostGivesLargePages(&why)) {
    EXPECT_NE(why.find("ZIRCON_KVM_LARGE_PAGES is off"), std::string::npos) << why;
  }
  ASSERT_EQ(unsetenv("ZIRCON_KVM_LARGE_PAGES"), 0);
}

TEST_F(LargePages, TheCheckSaysWhatIsDenied) {
  Shows("HOST-6 HOST-36");
  fake::FakeKernel kernel;
  fake::KernelScope scope(kernel);
  char words[700];
  ASSERT_EQ(setenv("ZIRCON_KVM_LARGE_PAGES", "off", 1), 0);
  EXPECT_EQ(zircon_kvm_check(words, sizeof(words)), ZX_OK);
  std::string why;
  const bool given = HostGivesLargePages(&why);
  ASSERT_EQ(unsetenv("ZIRCON_KVM_LARGE_PAGES"), 0);
  if (given) {
    EXPECT_STREQ(words, "Guests can be created here.");
  } else {
    EXPECT_NE(std::strstr(words, "no large pages"), nullptr) << words;
    EXPECT_NE(std::strstr(words, "shmem_enabled"), nullptr) << words;
  }
}

// In a process that has made none yet.
int LargeAfterDescriptorsWereShort() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &none) != 0) return 1;
  if (CreateLargePageFile() != -EMFILE) return 2;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 3;
  return CreateLargePageFile() >= 0 ? 10 : 11;
}

TEST_F(LargePages, AShortageOfDescriptorsPasses) {
  Shows("VMO-5");
  // Asked of another process, for this one is to begin without.
  if (InChild([] { return CreateLargePageFile() >= 0 ? 0 : 1; }) != 0) {
    GTEST_SKIP() << "this process may make no file system of its own";
  }
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(_exit(LargeAfterDescriptorsWereShort()), testing::ExitedWithCode(10), "");
}

size_t CountDescriptors() {
  const std::filesystem::directory_iterator descriptors("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(descriptors), end(descriptors)));
}

TEST_F(LargePages, TheCheckLeavesNoDescriptor) {
  Shows("HOST-6");
  fake::FakeKernel kernel;
  fake::KernelScope scope(kernel);
  char words[700];
  const size_t before = CountDescriptors();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(zircon_kvm_check(words, sizeof(words)), ZX_OK);
  EXPECT_EQ(CountDescriptors(), before);
}

}  // namespace
}  // namespace zircon::objects
