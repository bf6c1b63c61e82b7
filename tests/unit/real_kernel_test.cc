// The real implementation of the seam, on files that every Linux has: it gives errno values as
// negative numbers, and its descriptors do not survive exec.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/kvm.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "contract.h"
#include "kvm/kernel.h"

namespace zircon::kvm {
namespace {

constexpr size_t kPage = 4096;

TEST(RealKernel, OpensWithCloseOnExecAndCloses) {
  Shows("HANDLE-FORK-5");
  Kernel& kernel = ProcessKernel();
  const int fd = kernel.Open("/dev/null", O_RDWR);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  kernel.Close(fd);
  EXPECT_EQ(fcntl(fd, F_GETFD), -1);
}

TEST(RealKernel, GivesErrnosAsNegativeNumbers) {
  Kernel& kernel = ProcessKernel();
  EXPECT_EQ(kernel.Open("/nonexistent/kvm", O_RDWR), -ENOENT);
  const int fd = kernel.Open("/dev/null", O_RDWR);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(kernel.Ioctl(fd, KVM_GET_API_VERSION, 0), -ENOTTY);
  int error = 0;
  EXPECT_EQ(kernel.MapRun(fd, kPage, &error), nullptr);
  EXPECT_EQ(error, ENODEV);
  kernel.Close(fd);
  EXPECT_EQ(kernel.Ioctl(fd, KVM_GET_API_VERSION, 0), -EBADF);
}

TEST(RealKernel, MapsAPageSharedWithTheFile) {
  Kernel& kernel = ProcessKernel();
  const int fd = memfd_create("run", MFD_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(ftruncate(fd, kPage), 0);
  int error = 0;
  void* page = kernel.MapRun(fd, kPage, &error);
  ASSERT_NE(page, nullptr);
  *static_cast<char*>(page) = 'z';
  char seen = 0;
  EXPECT_EQ(pread(fd, &seen, 1, 0), 1);
  EXPECT_EQ(seen, 'z');
  kernel.UnmapRun(page, kPage);
  kernel.Close(fd);
}

TEST(RealKernel, AForkedChildHasNoRunPage) {
  Kernel& kernel = ProcessKernel();
  const int fd = memfd_create("run", MFD_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(ftruncate(fd, kPage), 0);
  int error = 0;
  void* page = kernel.MapRun(fd, kPage, &error);
  ASSERT_NE(page, nullptr);
  const pid_t child = fork();
  if (child == 0) _exit(msync(page, kPage, MS_ASYNC) == 0 ? 1 : errno == ENOMEM ? 0 : 2);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  kernel.UnmapRun(page, kPage);
  kernel.Close(fd);
}

}  // namespace
}  // namespace zircon::kvm
