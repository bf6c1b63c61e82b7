// Mappings of one VMAR against a model of pages. Rows: VMAR.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>

#include "contract.h"
#include "unit/vmar_tree.h"

namespace zircon::objects {
namespace {

struct ModelPage {
  uint64_t vmo_page;
  uint32_t permissions;
  uint32_t allowed;
};

class VmarModel : public VmarTest, public testing::WithParamInterface<bool> {};

TEST_P(VmarModel, AgreesWithPages) {
  Shows("VMAR-5 VMAR-MAP-17 VMAR-MAP-24 VMAR-PROTECT-7 VMAR-PROTECT-8 VMAR-PROTECT-9 VMAR-UNMAP-5");
  constexpr uint64_t kPages = 24;
  const bool process_like = GetParam();
  if (process_like) {
    Use(16 * kPage, kPages * kPage, true);
    for (uint64_t page : {5, 6, 17}) space_->foreign[(16 + page) * kPage] = true;
  } else {
    Use(0, kPages * kPage, false);
  }
  std::map<uint64_t, ModelPage> model;
  std::mt19937 random(process_like ? 1 : 2);
  auto below = [&](uint64_t limit) { return random() % limit; };
  constexpr uint32_t kChoices[] = {0, kRead, kReadWrite, kReadExecute, kAllPermissions};

  for (int step = 0; step < 20000; ++step) {
    const uint64_t page = below(kPages);
    const uint64_t pages = 1 + below(std::min<uint64_t>(kPages - page, 8));
    const uint32_t permissions = kChoices[below(5)];
    bool busy = false;
    bool all = true;
    bool foreign = false;
    uint32_t allowed = kAllPermissions;
    for (uint64_t at = page; at < page + pages; ++at) {
      const auto it = model.find(at);
      busy = busy || it != model.end();
      all = all && it != model.end();
      if (it != model.end()) allowed &= it->second.allowed;
      foreign = foreign || (it == model.end() && space_->foreign.contains((16 + at) * kPage));
    }
    switch (below(4)) {
      case 0:
      case 1: {
        const bool overwrite = below(2) == 0;
        const uint64_t vmo_page = below(64);
        // Rights that allow at least the permissions.
        zx_rights_t rights = kAllRights;
        if (permissions != kAllPermissions && below(2) == 0) {
          rights = (permissions & ZX_VM_PERM_EXECUTE) != 0 ? kReadRight | ZX_RIGHT_EXECUTE
                                                           : kReadWriteRights;
        }
        const zx_status_t expected =
            (busy && !overwrite) || foreign ? ZX_ERR_ALREADY_EXISTS : ZX_OK;
        ASSERT_EQ(
            Map({.options = permissions | (overwrite ? ZX_VM_SPECIFIC_OVERWRITE : ZX_VM_SPECIFIC),
                 .offset = page * kPage,
                 .vmo_rights = rights,
                 .vmo_offset = vmo_page * kPage,
                 .length = pages * kPage}),
            expected)
            << "step " << step;
        if (expected != ZX_OK) break;
        const uint32_t allows = (rights & ZX_RIGHT_EXECUTE) == 0 ? kReadWrite
                                : (rights & ZX_RIGHT_WRITE) == 0 ? kReadExecute
                                                                 : kAllPermissions;
        for (uint64_t i = 0; i < pages; ++i) {
          model[page + i] = {vmo_page + i, permissions, allows};
        }
        break;
      }
      case 2:
        ASSERT_EQ(Unmap(page, pages), ZX_OK) << "step " << step;
        for (uint64_t at = page; at < page + pages; ++at) model.erase(at);
        break;
      case 3: {
        const zx_status_t expected = !all                            ? ZX_ERR_NOT_FOUND
                                     : (permissions & ~allowed) != 0 ? ZX_ERR_ACCESS_DENIED
                                                                     : ZX_OK;
        ASSERT_EQ(Protect(page, pages, permissions), expected) << "step " << step;
        if (expected != ZX_OK) break;
        for (uint64_t at = page; at < page + pages; ++at) model[at].permissions = permissions;
        break;
      }
    }
    ASSERT_EQ(space_->pages.size(), model.size()) << "step " << step;
    for (const auto& [at, wanted] : model) {
      const FakePage found = space_->pages[vmar_->base() + at * kPage];
      ASSERT_EQ(found.vmo_offset, wanted.vmo_page * kPage) << "step " << step << " page " << at;
      ASSERT_EQ(found.permissions, wanted.permissions) << "step " << step << " page " << at;
    }
    if (HasFailure()) FAIL() << "step " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Spaces, VmarModel, testing::Bool(), [](const auto& tested) {
  return tested.param ? "ProcessLike" : "GuestLike";
});

}  // namespace
}  // namespace zircon::objects
