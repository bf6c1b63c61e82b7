// VMOs: sizes, bytes in and out, the library's own mapping, and the vmo calls with their orders of
// errors. Rows: VMO, VMO-CREATE, VMO-READ, VMO-EXEC.

#include "objects/vmo.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "contract.h"
#include "handles/handle_table.h"
#include "objects/resource.h"
#include "rights/rights.h"

namespace zircon::objects {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kLarge = 2 * 1024 * 1024;

uint32_t LiveHandles() { return handles::HandleTable::Process().live(); }

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

zx_handle_t CreateVmo(uint64_t size, uint32_t options = 0) {
  zx_handle_t handle = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vmo_create(size, options, &handle), ZX_OK);
  return handle;
}

zx_handle_t WithRights(zx_handle_t handle, zx_rights_t rights) {
  zx_handle_t reduced = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_handle_duplicate(handle, rights, &reduced), ZX_OK);
  return reduced;
}

zx_handle_t CreatePort() {
  zx_handle_t handle = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_port_create(0, &handle), ZX_OK);
  return handle;
}

zx_info_handle_basic_t Basic(zx_handle_t handle) {
  zx_info_handle_basic_t info{};
  EXPECT_EQ(zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr),
            ZX_OK);
  return info;
}

uint64_t SizeOf(zx_handle_t handle) {
  uint64_t size = UINT64_MAX;
  EXPECT_EQ(zx_vmo_get_size(handle, &size), ZX_OK);
  return size;
}

base::RefPtr<Vmo> MakeVmo(uint64_t size, bool resizable = false) {
  base::RefPtr<Vmo> vmo;
  EXPECT_EQ(Vmo::Create(size, resizable, &vmo), ZX_OK);
  return vmo;
}

// An address at which nothing is.
void* Nowhere() {
  void* page = mmap(nullptr, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_NE(page, MAP_FAILED);
  return page;
}

// A resource limit, for as long as this lives.
class Limit {
 public:
  Limit(__rlimit_resource_t resource, rlim_t value) : resource_(resource) {
    getrlimit(resource_, &before_);
    rlimit lower = before_;
    lower.rlim_cur = value;
    EXPECT_EQ(setrlimit(resource_, &lower), 0);
  }
  ~Limit() { setrlimit(resource_, &before_); }

 private:
  const __rlimit_resource_t resource_;
  rlimit before_;
};

// ---- zx_vmo_create ----

TEST(VmoCreate, RoundsTheSizeUpToPages) {
  Shows("VMO-CREATE-6 VMO-READ-5");
  for (auto [asked, given] : std::vector<std::pair<uint64_t, uint64_t>>{
           {0, 0}, {1, kPage}, {kPage, kPage}, {kPage + 1, 2 * kPage}, {kLarge - 1, kLarge}}) {
    const zx_handle_t vmo = CreateVmo(asked);
    EXPECT_EQ(SizeOf(vmo), given) << asked;
    zx_handle_close(vmo);
  }
}

TEST(VmoCreate, GivesTheDefaultRights) {
  Shows("RIGHTS-7 RIGHTS-8 VMO-CREATE-6");
  const zx_handle_t fixed = CreateVmo(kPage);
  EXPECT_EQ(Basic(fixed).rights, 0xD0EFu);
  EXPECT_EQ(Basic(fixed).type, ZX_OBJ_TYPE_VMO);
  const zx_handle_t resizable = CreateVmo(kPage, ZX_VMO_RESIZABLE);
  EXPECT_EQ(Basic(resizable).rights, 0x40D0EFu);
  zx_handle_close(fixed);
  zx_handle_close(resizable);
}

TEST(VmoCreate, RefusesOtherOptionsFirst) {
  Shows("VMO-CREATE-1");
  zx_handle_t out = 7;
  for (uint32_t options : {1u, 4u, 8u, 16u, 32u, 3u, 0x80000000u}) {
    EXPECT_EQ(zx_vmo_create(kPage, options, &out), ZX_ERR_INVALID_ARGS) << options;
    EXPECT_EQ(zx_vmo_create(UINT64_MAX, options, &out), ZX_ERR_INVALID_ARGS) << options;
  }
  EXPECT_EQ(out, 7u);
}

TEST(VmoCreate, RefusesSizesThatCannotBe) {
  Shows("VMO-CREATE-2");
  zx_handle_t out = 7;
  EXPECT_EQ(zx_vmo_create(UINT64_MAX, 0, &out), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_vmo_create(UINT64_MAX - kPage + 2, 0, &out), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_vmo_create(0 - 63 * kPage, 0, &out), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_vmo_create(0 - 64 * kPage + 1, 0, &out), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_vmo_create(UINT64_MAX, 0, nullptr), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(out, 7u);
}

TEST(VmoHuge, HoldsNothingBehindTheLargestFile) {
  Shows("VMO-CREATE-2 VMO-CREATE-7 VMO-SIZE-4");
  constexpr uint64_t kHuge = 0 - 64 * kPage;
  constexpr uint64_t kLargestFile = uint64_t{1} << 62;
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(kHuge, ZX_VMO_RESIZABLE, &vmo), ZX_OK);
  uint64_t size = 0;
  EXPECT_EQ(zx_vmo_get_size(vmo, &size), ZX_OK);
  EXPECT_EQ(size, kHuge);
  uint8_t byte = 7;
  EXPECT_EQ(zx_vmo_write(vmo, &byte, 5, 1), ZX_OK);
  EXPECT_EQ(zx_vmo_write(vmo, &byte, kLargestFile - 1, 1), ZX_OK);
  for (uint64_t offset : {kLargestFile, uint64_t{1} << 63, kHuge - 1}) {
    EXPECT_EQ(zx_vmo_write(vmo, &byte, offset, 1), ZX_ERR_NO_MEMORY) << offset;
    EXPECT_EQ(zx_vmo_read(vmo, &byte, offset, 1), ZX_ERR_NO_MEMORY) << offset;
    const uint64_t page = offset / kPage * kPage;
    EXPECT_EQ(zx_vmo_op_range(vmo, ZX_VMO_OP_COMMIT, page, kPage, nullptr, 0), ZX_ERR_NO_MEMORY);
    EXPECT_EQ(zx_vmo_op_range(vmo, ZX_VMO_OP_DECOMMIT, page, kPage, nullptr, 0), ZX_OK);
  }
  EXPECT_EQ(zx_vmo_write(vmo, &byte, kHuge, 1), ZX_ERR_OUT_OF_RANGE);
  // Its children and its bytes are those of any other.
  zx_handle_t child = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create_child(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, kHuge, &child), ZX_OK);
  byte = 0;
  EXPECT_EQ(zx_vmo_read(child, &byte, 5, 1), ZX_OK);
  EXPECT_EQ(byte, 7);
  EXPECT_EQ(zx_vmo_op_range(vmo, ZX_VMO_OP_ZERO, 0, kHuge, nullptr, 0), ZX_OK);
  EXPECT_EQ(zx_vmo_read(vmo, &byte, 5, 1), ZX_OK);
  EXPECT_EQ(byte, 0);
  EXPECT_EQ(zx_vmo_set_size(vmo, kPage), ZX_OK);
  EXPECT_EQ(zx_vmo_set_size(vmo, 0 - 63 * kPage), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_vmo_set_size(vmo, kHuge), ZX_OK);
  zx_handle_close(child);
  zx_handle_close(vmo);
}

TEST(VmoCreate, DropsTheHandleWhenItCannotBeGiven) {
  Shows("PTR-5 VMO-CREATE-5");
  const uint32_t before = LiveHandles();
  EXPECT_EQ(zx_vmo_create(kPage, 0, nullptr), ZX_ERR_INVALID_ARGS);
  void* nowhere = Nowhere();
  EXPECT_EQ(zx_vmo_create(kPage, 0, static_cast<zx_handle_t*>(nowhere)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(LiveHandles(), before);
  munmap(nowhere, kPage);
}

TEST(VmoCreate, TellsThatFileDescriptorsHaveRunOut) {
  Shows("VMO-CREATE-3");
  Limit limit(RLIMIT_NOFILE, 0);
  zx_handle_t out;
  EXPECT_EQ(zx_vmo_create(kPage, 0, &out), ZX_ERR_NO_RESOURCES);
}

TEST(VmoCreate, MeetsTheFileSizeLimitWithoutASignal) {
  Shows("VMO-CREATE-3");
  static volatile sig_atomic_t signals = 0;
  struct sigaction before {};
  struct sigaction count {};
  count.sa_handler = [](int) { signals = signals + 1; };
  sigaction(SIGXFSZ, &count, &before);
  {
    Limit limit(RLIMIT_FSIZE, 16 * kPage);
    zx_handle_t out;
    EXPECT_EQ(zx_vmo_create(17 * kPage, 0, &out), ZX_ERR_NO_RESOURCES);
    ASSERT_EQ(zx_vmo_create(16 * kPage, 0, &out), ZX_OK);
    zx_handle_close(out);
  }
  sigaction(SIGXFSZ, &before, nullptr);
  EXPECT_EQ(signals, 0);
}

TEST(VmoCreate, CostsOneDescriptorThatIsClosedOnExecAndWithTheObject) {
  Shows("HANDLE-5 HANDLE-FORK-5 VMO-4");
  base::RefPtr<Vmo> vmo = MakeVmo(kPage);
  const int fd = vmo->fd();
  EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  vmo.reset();
  EXPECT_FALSE(IsOpen(fd));
}

TEST(VmoCreate, AllocatesNothingUntilTouched) {
  Shows("VMO-1");
  const zx_handle_t vmo = CreateVmo(uint64_t{1} << 46);
  uint64_t value = 1;
  EXPECT_EQ(zx_vmo_read(vmo, &value, (uint64_t{1} << 46) - 8, 8), ZX_OK);
  EXPECT_EQ(value, 0u);
  zx_handle_close(vmo);
}

// ---- zx_vmo_read, zx_vmo_write ----

TEST(VmoTransfer, BringsBackWhatWasWritten) {
  Shows("VMO-1");
  const zx_handle_t vmo = CreateVmo(3 * kPage);
  std::vector<uint8_t> in(2 * kPage + 10);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<uint8_t>(i * 7);
  ASSERT_EQ(zx_vmo_write(vmo, in.data(), kPage - 10, in.size()), ZX_OK);
  std::vector<uint8_t> out(3 * kPage, 0xEE);
  ASSERT_EQ(zx_vmo_read(vmo, out.data(), 0, out.size()), ZX_OK);
  EXPECT_EQ(std::memcmp(out.data() + kPage - 10, in.data(), in.size()), 0);
  for (size_t i = 0; i < kPage - 10; ++i) ASSERT_EQ(out[i], 0) << i;
  zx_handle_close(vmo);
}

TEST(VmoTransfer, StaysInside) {
  Shows("VMO-READ-2 VMO-READ-4");
  const zx_handle_t vmo = CreateVmo(2 * kPage);
  uint8_t bytes[16] = {};
  auto expect = [&](uint64_t offset, size_t length, zx_status_t status) {
    EXPECT_EQ(zx_vmo_read(vmo, bytes, offset, length), status) << offset << "+" << length;
    EXPECT_EQ(zx_vmo_write(vmo, bytes, offset, length), status) << offset << "+" << length;
  };
  expect(2 * kPage - 16, 16, ZX_OK);
  expect(2 * kPage - 15, 16, ZX_ERR_OUT_OF_RANGE);
  expect(2 * kPage, 1, ZX_ERR_OUT_OF_RANGE);
  expect(2 * kPage, 0, ZX_OK);
  expect(2 * kPage + 1, 0, ZX_ERR_OUT_OF_RANGE);
  expect(UINT64_MAX, 16, ZX_ERR_OUT_OF_RANGE);
  expect(UINT64_MAX - 15, 16, ZX_ERR_OUT_OF_RANGE);
  expect(8, SIZE_MAX, ZX_ERR_OUT_OF_RANGE);
  expect(0, 0, ZX_OK);
  zx_handle_close(vmo);
}

TEST(VmoTransfer, AnEmptyObjectHasNoBytes) {
  Shows("VMO-READ-2 VMO-READ-4");
  const zx_handle_t vmo = CreateVmo(0);
  uint8_t byte = 0;
  EXPECT_EQ(zx_vmo_read(vmo, &byte, 0, 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_vmo_write(vmo, &byte, 0, 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_vmo_read(vmo, nullptr, 0, 0), ZX_OK);
  zx_handle_close(vmo);
}

TEST(VmoTransfer, FindsBadBuffers) {
  Shows("PTR-2 VMO-READ-2 VMO-READ-3 VMO-READ-4");
  const zx_handle_t vmo = CreateVmo(4 * kPage);
  void* nowhere = Nowhere();
  for (void* buffer : {static_cast<void*>(nullptr), nowhere, reinterpret_cast<void*>(~uint64_t{0}),
                       reinterpret_cast<void*>(uint64_t{1} << 63)}) {
    EXPECT_EQ(zx_vmo_read(vmo, buffer, 0, 8), ZX_ERR_INVALID_ARGS) << buffer;
    EXPECT_EQ(zx_vmo_write(vmo, buffer, 0, 8), ZX_ERR_INVALID_ARGS) << buffer;
    EXPECT_EQ(zx_vmo_read(vmo, buffer, 0, 0), ZX_OK) << buffer;
    EXPECT_EQ(zx_vmo_write(vmo, buffer, 0, 0), ZX_OK) << buffer;
    // The range is looked at first.
    EXPECT_EQ(zx_vmo_read(vmo, buffer, 4 * kPage, 8), ZX_ERR_OUT_OF_RANGE) << buffer;
    EXPECT_EQ(zx_vmo_write(vmo, buffer, 4 * kPage, 8), ZX_ERR_OUT_OF_RANGE) << buffer;
  }
  munmap(nowhere, kPage);
  zx_handle_close(vmo);
}

TEST(VmoTransfer, FindsABufferThatIsBadAtItsEnd) {
  Shows("PTR-2 VMO-READ-3");
  const zx_handle_t vmo = CreateVmo(4 * kPage);
  auto* pages = static_cast<uint8_t*>(
      mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  ASSERT_EQ(mprotect(pages + kPage, kPage, PROT_NONE), 0);
  EXPECT_EQ(zx_vmo_read(vmo, pages, 0, kPage + 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmo_write(vmo, pages, 0, kPage + 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmo_read(vmo, pages, 0, kPage), ZX_OK);
  ASSERT_EQ(mprotect(pages, kPage, PROT_READ), 0);
  EXPECT_EQ(zx_vmo_read(vmo, pages, 0, kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmo_write(vmo, pages, 0, kPage), ZX_OK);
  munmap(pages, 2 * kPage);
  zx_handle_close(vmo);
}

TEST(VmoTransfer, ChecksHandleThenTypeThenRightThenRange) {
  Shows("CALL-1 RIGHTS-17 VMO-READ-1");
  uint8_t byte = 0;
  const zx_handle_t vmo = CreateVmo(kPage);
  const zx_handle_t no_rights = WithRights(vmo, ZX_RIGHT_NONE);
  const zx_handle_t read_only = WithRights(vmo, ZX_RIGHT_READ);
  const zx_handle_t write_only = WithRights(vmo, ZX_RIGHT_WRITE);
  const zx_handle_t port = CreatePort();
  const zx_handle_t bare_port = WithRights(port, ZX_RIGHT_NONE);

  EXPECT_EQ(zx_vmo_read(ZX_HANDLE_INVALID, &byte, kPage, 1), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vmo_write(ZX_HANDLE_INVALID, &byte, kPage, 1), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vmo_read(bare_port, &byte, kPage, 1), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vmo_write(bare_port, &byte, kPage, 1), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vmo_read(write_only, &byte, kPage, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmo_write(read_only, &byte, kPage, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmo_read(read_only, &byte, 0, 1), ZX_OK);
  EXPECT_EQ(zx_vmo_write(write_only, &byte, 0, 1), ZX_OK);
  // Also where there is nothing to do.
  EXPECT_EQ(zx_vmo_read(no_rights, nullptr, 0, 0), ZX_ERR_ACCESS_DENIED);

  for (zx_handle_t handle : {vmo, no_rights, read_only, write_only, port, bare_port}) {
    zx_handle_close(handle);
  }
}

TEST(VmoTransfer, CopiesBetweenTwoViewsOfTheSamePages) {
  base::RefPtr<Vmo> vmo = MakeVmo(2 * kPage);
  uint8_t* window = nullptr;
  ASSERT_EQ(vmo->Window(vmo->size(), &window), ZX_OK);
  std::memset(window, 0x5A, kPage);
  ASSERT_EQ(vmo->Write(window, kPage, kPage), ZX_OK);
  EXPECT_EQ(window[kPage], 0x5A);
  EXPECT_EQ(window[2 * kPage - 1], 0x5A);
  EXPECT_EQ(vmo->Read(window, 0, kPage), ZX_OK);  // onto itself
}

// ---- zx_vmo_get_size ----

TEST(VmoGetSize, NeedsNoRightButAPlace) {
  Shows("PTR-1 RIGHTS-17 VMO-READ-1 VMO-READ-5");
  const zx_handle_t vmo = CreateVmo(kPage);
  const zx_handle_t bare = WithRights(vmo, ZX_RIGHT_NONE);
  EXPECT_EQ(SizeOf(bare), kPage);
  EXPECT_EQ(zx_vmo_get_size(bare, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmo_get_size(ZX_HANDLE_INVALID, nullptr), ZX_ERR_BAD_HANDLE);
  const zx_handle_t port = CreatePort();
  EXPECT_EQ(zx_vmo_get_size(port, nullptr), ZX_ERR_WRONG_TYPE);
  for (zx_handle_t handle : {vmo, bare, port}) zx_handle_close(handle);
}

// ---- zx_vmo_replace_as_executable ----

class ReplaceAsExecutable : public testing::Test {
 protected:
  void SetUp() override {
    vmo_ = CreateVmo(kPage);
    before_ = LiveHandles();
  }
  // The source handle is gone, and nothing came in its place.
  void ExpectConsumed() {
    EXPECT_EQ(LiveHandles(), before_ - 1);
    EXPECT_EQ(zx_object_get_info(vmo_, ZX_INFO_HANDLE_VALID, nullptr, 0, nullptr, nullptr),
              ZX_ERR_BAD_HANDLE);
  }
  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
  uint32_t before_ = 0;
};

zx_handle_t PutResource(zx_rsrc_kind_t kind, uint64_t base, uint64_t size) {
  zx_handle_t handle = ZX_HANDLE_INVALID;
  EXPECT_EQ(handles::HandleTable::Process().Insert(
                base::MakeRef<Resource>(Resource::Range{kind, 0, base, size}), rights::kResource,
                &handle),
            ZX_OK);
  return handle;
}

TEST_F(ReplaceAsExecutable, AddsExecute) {
  Shows("HANDLE-7 RIGHTS-1 VMO-EXEC-5 VMO-EXEC-6");
  const zx_koid_t koid = Basic(vmo_).koid;
  zx_handle_t out = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_replace_as_executable(vmo_, ZX_HANDLE_INVALID, &out), ZX_OK);
  EXPECT_EQ(Basic(out).rights, 0xD0FFu);
  EXPECT_EQ(Basic(out).koid, koid);
  EXPECT_EQ(LiveHandles(), before_);
  EXPECT_NE(out, vmo_);
  EXPECT_EQ(zx_handle_close(vmo_), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_handle_close(out), ZX_OK);
}

TEST_F(ReplaceAsExecutable, WorksInAFullTable) {
  Shows("VMO-EXEC-7 HANDLE-REPLACE-6");
  const zx_handle_t port = CreatePort();
  std::vector<zx_handle_t> filling;
  zx_handle_t more = ZX_HANDLE_INVALID;
  while (zx_handle_duplicate(port, ZX_RIGHT_SAME_RIGHTS, &more) == ZX_OK) filling.push_back(more);
  handles::HandleRef in_a_call;
  EXPECT_EQ(handles::HandleTable::Process().Lookup(vmo_, &in_a_call), ZX_OK);
  zx_handle_t out = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vmo_replace_as_executable(vmo_, ZX_HANDLE_INVALID, &out), ZX_OK);
  EXPECT_EQ(Basic(out).rights, 0xD0FFu);
  zx_handle_t same = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_handle_replace(out, ZX_RIGHT_SAME_RIGHTS, &same), ZX_OK);
  EXPECT_EQ(Basic(same).rights, 0xD0FFu);
  in_a_call.reset();
  filling.push_back(port);
  filling.push_back(same);
  EXPECT_EQ(zx_handle_close_many(filling.data(), filling.size()), ZX_OK);
  EXPECT_EQ(LiveHandles(), before_ - 1);
}

// A handle cannot be spent twice.
TEST_F(ReplaceAsExecutable, ItselfAsTheVmex) {
  Shows("VMO-EXEC-3");
  zx_handle_t out = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vmo_replace_as_executable(vmo_, vmo_, &out), ZX_ERR_BAD_HANDLE);
  ExpectConsumed();
}

TEST_F(ReplaceAsExecutable, KeepsOtherRightsAsTheyAre) {
  Shows("RIGHTS-18 VMO-EXEC-6");
  const zx_handle_t bare = WithRights(vmo_, ZX_RIGHT_MAP);
  zx_handle_t out = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_replace_as_executable(bare, ZX_HANDLE_INVALID, &out), ZX_OK);
  EXPECT_EQ(Basic(out).rights, ZX_RIGHT_MAP | ZX_RIGHT_EXECUTE);
  zx_handle_close(out);
  zx_handle_close(vmo_);
}

TEST_F(ReplaceAsExecutable, TakesTheVmexResource) {
  Shows("HOST-2 RIGHTS-18 VMO-EXEC-3");
  zx_handle_t vmex = ZX_HANDLE_INVALID;
  ASSERT_EQ(zircon_kvm_vmex_resource(&vmex), ZX_OK);
  const zx_handle_t bare = WithRights(vmex, ZX_RIGHT_NONE);  // no right is needed
  zx_handle_t out = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vmo_replace_as_executable(vmo_, bare, &out), ZX_OK);
  for (zx_handle_t handle : {vmex, bare, out}) EXPECT_EQ(zx_handle_close(handle), ZX_OK);
}

TEST_F(ReplaceAsExecutable, TakesTheRootResource) {
  Shows("VMO-EXEC-3");
  const zx_handle_t root = PutResource(ZX_RSRC_KIND_ROOT, 0, 0);
  zx_handle_t out = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vmo_replace_as_executable(vmo_, root, &out), ZX_OK);
  zx_handle_close(root);
  zx_handle_close(out);
}

TEST_F(ReplaceAsExecutable, RefusesOtherResourcesAndConsumes) {
  Shows("VMO-EXEC-3");
  zx_handle_t hypervisor = ZX_HANDLE_INVALID;
  ASSERT_EQ(zircon_kvm_hypervisor_resource(&hypervisor), ZX_OK);
  const zx_handle_t mmio = PutResource(ZX_RSRC_KIND_MMIO, 1, 1);
  const zx_handle_t port = CreatePort();
  const zx_handle_t closed = CreatePort();
  zx_handle_close(closed);
  for (auto [vmex, status] :
       std::vector<std::pair<zx_handle_t, zx_status_t>>{{hypervisor, ZX_ERR_OUT_OF_RANGE},
                                                        {mmio, ZX_ERR_WRONG_TYPE},
                                                        {port, ZX_ERR_WRONG_TYPE},
                                                        {closed, ZX_ERR_BAD_HANDLE}}) {
    vmo_ = CreateVmo(kPage);
    before_ = LiveHandles();
    zx_handle_t out = 7;
    EXPECT_EQ(zx_vmo_replace_as_executable(vmo_, vmex, &out), status);
    EXPECT_EQ(out, 7u);
    ExpectConsumed();
  }
  for (zx_handle_t handle : {hypervisor, mmio, port}) zx_handle_close(handle);
}

TEST_F(ReplaceAsExecutable, RefusesWhatIsNoVmoFirstAndConsumesIt) {
  Shows("VMO-EXEC-1 VMO-EXEC-2");
  const zx_handle_t port = CreatePort();
  zx_handle_close(vmo_);
  vmo_ = CreatePort();
  before_ = LiveHandles();
  zx_handle_t out = 7;
  EXPECT_EQ(zx_vmo_replace_as_executable(vmo_, port, &out), ZX_ERR_BAD_HANDLE);
  ExpectConsumed();
  EXPECT_EQ(zx_vmo_replace_as_executable(ZX_HANDLE_INVALID, port, &out), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(out, 7u);
  zx_handle_close(port);
}

TEST_F(ReplaceAsExecutable, LosesTheObjectWhenItCannotBeGiven) {
  Shows("VMO-EXEC-4");
  EXPECT_EQ(zx_vmo_replace_as_executable(vmo_, ZX_HANDLE_INVALID, nullptr), ZX_ERR_INVALID_ARGS);
  ExpectConsumed();
}

// ---- Window ----

TEST(VmoWindow, ShowsTheSamePages) {
  Shows("VMO-2");
  base::RefPtr<Vmo> vmo = MakeVmo(2 * kPage);
  uint8_t* window = nullptr;
  ASSERT_EQ(vmo->Window(vmo->size(), &window), ZX_OK);
  window[kPage] = 42;
  uint8_t byte = 0;
  EXPECT_EQ(vmo->Read(&byte, kPage, 1), ZX_OK);
  EXPECT_EQ(byte, 42);
  byte = 43;
  EXPECT_EQ(vmo->Write(&byte, 0, 1), ZX_OK);
  EXPECT_EQ(window[0], 43);
}

TEST(VmoWindow, IsOneForAllThreads) {
  base::RefPtr<Vmo> vmo = MakeVmo(kLarge);
  std::vector<uint8_t*> seen(4);
  std::vector<std::thread> threads;
  for (uint8_t*& place : seen) {
    threads.emplace_back([&vmo, &place] { EXPECT_EQ(vmo->Window(vmo->size(), &place), ZX_OK); });
  }
  for (std::thread& thread : threads) thread.join();
  for (uint8_t* window : seen) {
    EXPECT_NE(window, nullptr);
    EXPECT_EQ(window, seen[0]);
  }
}

// Bytes of this process's addresses that are reserved without access.
uint64_t InaccessibleBytes() {
  std::ifstream maps("/proc/self/maps");
  uint64_t total = 0;
  for (std::string line; std::getline(maps, line);) {
    uint64_t start = 0;
    uint64_t end = 0;
    char permissions[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &start, &end, permissions) == 3 &&
        std::strcmp(permissions, "---p") == 0) {
      total += end - start;
    }
  }
  return total;
}

TEST(VmoWindow, IsAlignedWhereLargePagesCanBe) {
  for (uint64_t size : {kLarge, kLarge + kPage, 5 * kLarge - kPage}) {
    base::RefPtr<Vmo> vmo = MakeVmo(size);
    const uint64_t before = InaccessibleBytes();
    uint8_t* window = nullptr;
    ASSERT_EQ(vmo->Window(vmo->size(), &window), ZX_OK);
    // A sanitizer may move some of its own meanwhile.
    EXPECT_LT(InaccessibleBytes(), before + kLarge / 2)
        << "left over from the search for an aligned place";
    EXPECT_EQ(reinterpret_cast<uint64_t>(window) % kLarge, 0u) << size;
    window[0] = 1;
    window[size - 1] = 2;
    uint8_t byte = 0;
    EXPECT_EQ(vmo->Read(&byte, size - 1, 1), ZX_OK);
    EXPECT_EQ(byte, 2);
  }
}

TEST(VmoWindow, AnEmptyObjectHasNone) {
  base::RefPtr<Vmo> vmo = MakeVmo(0);
  uint8_t byte = 0;
  uint8_t* window = &byte;
  EXPECT_EQ(vmo->Window(vmo->size(), &window), ZX_OK);
  EXPECT_EQ(window, nullptr);
}

TEST(VmoWindow, GoesWithTheObject) {
  base::RefPtr<Vmo> vmo = MakeVmo(kLarge);
  uint8_t* window = nullptr;
  ASSERT_EQ(vmo->Window(vmo->size(), &window), ZX_OK);
  vmo.reset();
  unsigned char resident;
  EXPECT_EQ(mincore(window, kPage, &resident), -1);
  EXPECT_EQ(errno, ENOMEM);
}

TEST(VmoWindow, IsNotInheritedByAChild) {
  Shows("HANDLE-FORK-3");
  base::RefPtr<Vmo> vmo = MakeVmo(kPage);
  uint8_t* window = nullptr;
  ASSERT_EQ(vmo->Window(vmo->size(), &window), ZX_OK);
  const pid_t child = fork();
  if (child == 0) {
    unsigned char resident;
    _exit(mincore(window, kPage, &resident) == -1 && errno == ENOMEM ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(VmoWindow, CannotBeLargerThanTheAddressSpace) {
  base::RefPtr<Vmo> vmo = MakeVmo(uint64_t{1} << 60);
  uint8_t* window = nullptr;
  EXPECT_EQ(vmo->Window(vmo->size(), &window), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(window, nullptr);
}

}  // namespace
}  // namespace zircon::objects
