// zx_vmo_set_size. Rows: VMO-SIZE. (In guests: vmo_resize_in_guest_test.cc.)

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <zircon/syscalls.h>

#include <vector>

#include "contract.h"
#include "objects/vmo.h"
#include "unit/process_memory.h"
#include "unit/vmo_handles.h"

// Bound to the plain name by the headers under ZX_API_2018.
extern "C" zx_status_t zx_vmo_set_size_2018(zx_handle_t handle, uint64_t size);
extern "C" zx_status_t zx_vmo_create_2018(uint64_t size, uint32_t options, zx_handle_t* out);

namespace zircon::objects {
namespace {

class VmoSetSize : public testing::Test {
 protected:
  void SetUp() override { vmo_ = CreateVmo(4 * kPage, ZX_VMO_RESIZABLE); }
  void TearDown() override {
    for (zx_handle_t handle : extra_) zx_handle_close(handle);
    zx_handle_close(vmo_);
  }
  zx_handle_t Keep(zx_handle_t handle) {
    extra_.push_back(handle);
    return handle;
  }
  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
  std::vector<zx_handle_t> extra_;
};

TEST_F(VmoSetSize, RoundsUpToPages) {
  Shows("VMO-SIZE-7");
  for (auto [asked, given] : std::vector<std::pair<uint64_t, uint64_t>>{
           {1, kPage}, {kPage, kPage}, {0, 0}, {9 * kPage + 1, 10 * kPage}, {1 << 30, 1 << 30}}) {
    EXPECT_EQ(zx_vmo_set_size(vmo_, asked), ZX_OK);
    EXPECT_EQ(SizeOf(vmo_), given) << asked;
    EXPECT_EQ(Load(vmo_, given), ZX_ERR_OUT_OF_RANGE);
    EXPECT_EQ(Load(vmo_, given - 1), given == 0 ? ZX_ERR_OUT_OF_RANGE : 0);
  }
}

TEST_F(VmoSetSize, WhatIsCutOffIsGone) {
  Shows("VMO-SIZE-7");
  for (uint64_t page = 0; page < 4; ++page) Store(vmo_, page * kPage, 7);
  ASSERT_EQ(zx_vmo_set_size(vmo_, 2 * kPage), ZX_OK);
  EXPECT_EQ(InfoOf(vmo_).committed_bytes, 2 * kPage);
  ASSERT_EQ(zx_vmo_set_size(vmo_, 4 * kPage), ZX_OK);
  EXPECT_EQ(Load(vmo_, kPage), 7);
  EXPECT_EQ(Load(vmo_, 2 * kPage), 0);
  EXPECT_EQ(Load(vmo_, 3 * kPage), 0);
  EXPECT_EQ(InfoOf(vmo_).committed_bytes, 2 * kPage);
}

TEST_F(VmoSetSize, ChecksHandleThenFixedSizeThenResizeThenSize) {
  Shows("CALL-1 RIGHTS-45 VMO-SIZE-1 VMO-SIZE-2 VMO-SIZE-3 VMO-SIZE-4");
  constexpr uint64_t kTooLarge = UINT64_MAX;
  EXPECT_EQ(zx_vmo_set_size(ZX_HANDLE_INVALID, kTooLarge), ZX_ERR_BAD_HANDLE);
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  EXPECT_EQ(zx_vmo_set_size(Keep(port), kTooLarge), ZX_ERR_WRONG_TYPE);
  const zx_handle_t fixed = Keep(CreateVmo(kPage));
  EXPECT_EQ(zx_vmo_set_size(Keep(Without(fixed, ZX_RIGHT_WRITE)), kTooLarge), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmo_set_size(fixed, kTooLarge), ZX_ERR_UNAVAILABLE);
  EXPECT_EQ(zx_vmo_set_size(fixed, kPage), ZX_ERR_UNAVAILABLE);
  EXPECT_EQ(zx_vmo_set_size(Keep(Without(vmo_, ZX_RIGHT_WRITE)), kTooLarge), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmo_set_size(Keep(Without(vmo_, ZX_RIGHT_RESIZE)), kTooLarge), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmo_set_size(vmo_, kTooLarge), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_vmo_set_size(vmo_, 0 - 63 * kPage), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_vmo_set_size(vmo_, 0 - 64 * kPage + 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(SizeOf(vmo_), 4 * kPage);
  EXPECT_EQ(zx_vmo_set_size(Keep(WithRights(vmo_, ZX_RIGHT_WRITE | ZX_RIGHT_RESIZE)), 0), ZX_OK);
}

TEST_F(VmoSetSize, TheLimitForFilesIsNoSignal) {
  Shows("VMO-SIZE-5");
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit lower = before;
  lower.rlim_cur = 16 * kPage;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &lower), 0);
  EXPECT_EQ(zx_vmo_set_size(vmo_, 16 * kPage), ZX_OK);
  EXPECT_EQ(zx_vmo_set_size(vmo_, 17 * kPage), ZX_ERR_NO_RESOURCES);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(SizeOf(vmo_), 16 * kPage);
}

TEST_F(VmoSetSize, MappingsInTheProcessFollow) {
  Shows("VMO-SIZE-10 VMAR-MAP-22");
  ProcessMapping mapping(vmo_, 0, 8 * kPage);
  Pipe pipe;
  mapping[3 * kPage] = 5;
  EXPECT_FALSE(pipe.CanRead(mapping.address() + 4 * kPage));
  ASSERT_EQ(zx_vmo_set_size(vmo_, 8 * kPage), ZX_OK);
  mapping[7 * kPage] = 6;
  EXPECT_EQ(Load(vmo_, 7 * kPage), 6);
  ASSERT_EQ(zx_vmo_set_size(vmo_, kPage), ZX_OK);
  EXPECT_TRUE(pipe.CanRead(mapping.address()));
  EXPECT_FALSE(pipe.CanRead(mapping.address() + kPage));
  EXPECT_FALSE(pipe.CanRead(mapping.address() + 3 * kPage));
  ASSERT_EQ(zx_vmo_set_size(vmo_, 4 * kPage), ZX_OK);
  EXPECT_EQ(mapping[3 * kPage], 0);
}

TEST_F(VmoSetSize, IsAskedForWriteOnlyIn2018) {
  Shows("GEN-20");
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create_2018(kPage, 0, &vmo), ZX_OK);
  Keep(vmo);
  EXPECT_EQ(zx_vmo_set_size(vmo, 2 * kPage), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmo_set_size_2018(vmo, 2 * kPage), ZX_OK);
  EXPECT_EQ(SizeOf(vmo), 2 * kPage);
  EXPECT_EQ(zx_vmo_set_size_2018(Keep(Without(vmo, ZX_RIGHT_WRITE)), 0), ZX_ERR_ACCESS_DENIED);
  zx_handle_t fixed = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create_2018(kPage, 1, &fixed), ZX_OK);
  EXPECT_EQ(zx_vmo_set_size_2018(Keep(fixed), 0), ZX_ERR_UNAVAILABLE);
}

// A window for guests stays good when a larger one has come.
TEST_F(VmoSetSize, OldWindowsShowTheSamePages) {
  Shows("VMO-2");
  base::RefPtr<Vmo> vmo;
  ASSERT_EQ(Vmo::Create(kPage, true, &vmo), ZX_OK);
  uint8_t* first = nullptr;
  ASSERT_EQ(vmo->Window(kPage, &first), ZX_OK);
  ASSERT_EQ(vmo->SetSize(2 * kPage, true), ZX_OK);
  uint8_t* same = nullptr;
  ASSERT_EQ(vmo->Window(2 * kPage, &same), ZX_OK);
  EXPECT_EQ(same, first);  // there was room
  ASSERT_EQ(vmo->SetSize(64 * kPage, true), ZX_OK);
  uint8_t* second = nullptr;
  ASSERT_EQ(vmo->Window(64 * kPage, &second), ZX_OK);
  ASSERT_NE(second, first);
  first[kPage] = 1;
  second[0] = 2;
  EXPECT_EQ(second[kPage], 1);
  EXPECT_EQ(first[0], 2);
  second[64 * kPage - 1] = 3;
  vmo.reset();
  EXPECT_FALSE(IsMapped(reinterpret_cast<zx_vaddr_t>(first)));
  EXPECT_FALSE(IsMapped(reinterpret_cast<zx_vaddr_t>(second)));
}

// What a guest leaves with pages that can change their size.
class Watcher final : public SizeWatcher {
 public:
  zx_status_t OnResize(const VmoPages* pages, uint64_t size) override {
    struct stat file = {};
    EXPECT_EQ(fstat(pages->fd(), &file), 0);
    told.push_back(size);
    file_size = static_cast<uint64_t>(file.st_size);
    return ZX_OK;
  }
  bool gone() const override { return false; }

  std::vector<uint64_t> told;
  uint64_t file_size = 0;  // when it was told
};

TEST(VmoPages, AWatcherIsToldOnceAndBeforePagesGo) {
  Shows("VMO-SIZE-9 GPAS-19");
  base::RefPtr<VmoPages> pages;
  ASSERT_EQ(VmoPages::Create(4 * kPage, true, &pages), ZX_OK);
  const auto watcher = base::MakeRef<Watcher>();
  for (int i = 0; i < 3; ++i) pages->AddWatcher(watcher);
  ASSERT_EQ(pages->Resize(kPage), ZX_OK);
  EXPECT_EQ(watcher->told, std::vector<uint64_t>({kPage}));
  EXPECT_EQ(watcher->file_size, 4 * kPage) << "a guest could still reach what is cut off";
  ASSERT_EQ(pages->Resize(8 * kPage), ZX_OK);
  EXPECT_EQ(watcher->told, std::vector<uint64_t>({kPage, 8 * kPage}));
  EXPECT_EQ(watcher->file_size, 8 * kPage) << "a guest may reach for it at once";
}

}  // namespace
}  // namespace zircon::objects
