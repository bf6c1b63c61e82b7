// zx_object_get_info: topics, records, sizes, and what is checked before what. (What a live VCPU
// says of itself is tested with VCPUs.) Rows: INFO.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include <cstring>
#include <set>
#include <vector>

#include "contract.h"
#include "handles/handle_table.h"

namespace zircon {
namespace {

constexpr uint64_t kPage = 4096;

class ObjectInfo : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(zx_port_create(0, &port_), ZX_OK);
    ASSERT_EQ(zx_vmo_create(kPage, 0, &vmo_), ZX_OK);
    root_ = zx_vmar_root_self();
    nowhere_ = mmap(nullptr, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(nowhere_, MAP_FAILED);
  }
  void TearDown() override {
    for (zx_handle_t handle : extra_) zx_handle_close(handle);
    zx_handle_close(port_);
    zx_handle_close(vmo_);
    munmap(nowhere_, kPage);
  }
  zx_handle_t WithRights(zx_handle_t handle, zx_rights_t rights) {
    zx_handle_t reduced = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_handle_duplicate(handle, rights, &reduced), ZX_OK);
    extra_.push_back(reduced);
    return reduced;
  }
  zx_handle_t Closed() {
    const zx_handle_t handle = WithRights(port_, ZX_RIGHT_NONE);
    extra_.pop_back();
    EXPECT_EQ(zx_handle_close(handle), ZX_OK);
    return handle;
  }
  zx_info_handle_basic_t Basic(zx_handle_t handle) {
    zx_info_handle_basic_t info;
    std::memset(&info, 0xEE, sizeof(info));
    EXPECT_EQ(
        zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr),
        ZX_OK);
    return info;
  }

  zx_handle_t port_ = ZX_HANDLE_INVALID;
  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
  zx_handle_t root_ = ZX_HANDLE_INVALID;
  void* nowhere_ = nullptr;
  std::vector<zx_handle_t> extra_;
};

TEST_F(ObjectInfo, AnUnknownTopicComesBeforeTheHandle) {
  Shows("INFO-1");
  for (uint32_t topic : {0u, 3u, 5u, 29u, 100u, ZX_INFO_HANDLE_BASIC | 1u << 28, ~0u}) {
    size_t actual = 7;
    size_t avail = 7;
    EXPECT_EQ(zx_object_get_info(ZX_HANDLE_INVALID, topic, nullptr, 0, &actual, &avail),
              ZX_ERR_NOT_SUPPORTED)
        << topic;
    EXPECT_EQ(zx_object_get_info(port_, topic, nullptr, 0, &actual, &avail), ZX_ERR_NOT_SUPPORTED)
        << topic;
    EXPECT_EQ(actual, 7u);
    EXPECT_EQ(avail, 7u);
  }
}

TEST_F(ObjectInfo, HandleValidOnlyLooksAtTheHandle) {
  Shows("INFO-2");
  auto valid = [](zx_handle_t handle) {
    return zx_object_get_info(handle, ZX_INFO_HANDLE_VALID, nullptr, 0, nullptr, nullptr);
  };
  EXPECT_EQ(valid(port_), ZX_OK);
  EXPECT_EQ(valid(WithRights(port_, ZX_RIGHT_NONE)), ZX_OK);
  EXPECT_EQ(valid(ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(valid(Closed()), ZX_ERR_BAD_HANDLE);
  // Nothing is written, so nothing can be wrong with where to.
  EXPECT_EQ(zx_object_get_info(port_, ZX_INFO_HANDLE_VALID, nowhere_, 100,
                               static_cast<size_t*>(nowhere_), static_cast<size_t*>(nowhere_)),
            ZX_OK);
}

TEST_F(ObjectInfo, HandleBasicDescribesHandleAndObject) {
  Shows("INFO-8 INFO-9 INFO-10");
  const zx_info_handle_basic_t port = Basic(port_);
  EXPECT_EQ(port.type, ZX_OBJ_TYPE_PORT);
  EXPECT_EQ(port.rights, 0x800Fu);
  EXPECT_GE(port.koid, 1024u);
  EXPECT_EQ(port.related_koid, 0u);
  EXPECT_EQ(port.reserved, 0u);
  for (uint8_t byte : port.padding1) EXPECT_EQ(byte, 0);
  const zx_info_handle_basic_t bare = Basic(WithRights(port_, ZX_RIGHT_NONE));
  EXPECT_EQ(bare.koid, port.koid);
  EXPECT_EQ(bare.rights, 0u);
  zx_handle_t resource = ZX_HANDLE_INVALID;
  ASSERT_EQ(zircon_kvm_hypervisor_resource(&resource), ZX_OK);
  extra_.push_back(resource);
  EXPECT_EQ(Basic(vmo_).type, ZX_OBJ_TYPE_VMO);
  EXPECT_EQ(Basic(root_).type, ZX_OBJ_TYPE_VMAR);
  EXPECT_EQ(Basic(resource).type, ZX_OBJ_TYPE_RESOURCE);
  const std::set<zx_koid_t> koids{port.koid, Basic(vmo_).koid, Basic(root_).koid,
                                  Basic(resource).koid};
  EXPECT_EQ(koids.size(), 4u);
}

TEST_F(ObjectInfo, AKoidIsNotUsedAgain) {
  Shows("INFO-9");
  const zx_koid_t first = Basic(vmo_).koid;
  zx_handle_close(vmo_);
  ASSERT_EQ(zx_vmo_create(kPage, 0, &vmo_), ZX_OK);
  EXPECT_GT(Basic(vmo_).koid, first);
}

TEST_F(ObjectInfo, VmarTellsTheRegion) {
  Shows("INFO-11");
  zx_info_vmar_t info{};
  size_t actual = 0;
  size_t avail = 0;
  ASSERT_EQ(zx_object_get_info(root_, ZX_INFO_VMAR, &info, sizeof(info), &actual, &avail), ZX_OK);
  EXPECT_EQ(info.base, 64 * 1024u);
  EXPECT_GT(info.len, uint64_t{1} << 38);
  EXPECT_EQ(actual, 1u);
  EXPECT_EQ(avail, 1u);
}

TEST_F(ObjectInfo, TypeComesBeforeRightBeforeSize) {
  Shows("CALL-1 INFO-3 RIGHTS-22");
  for (uint32_t topic : {ZX_INFO_VMAR, ZX_INFO_VCPU}) {
    EXPECT_EQ(zx_object_get_info(ZX_HANDLE_INVALID, topic, nullptr, 0, nullptr, nullptr),
              ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(zx_object_get_info(Closed(), topic, nullptr, 0, nullptr, nullptr), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(
        zx_object_get_info(WithRights(port_, ZX_RIGHT_NONE), topic, nullptr, 0, nullptr, nullptr),
        ZX_ERR_WRONG_TYPE);
  }
  const zx_handle_t blind = WithRights(root_, ZX_RIGHT_READ);
  size_t actual = 7;
  size_t avail = 7;
  EXPECT_EQ(zx_object_get_info(blind, ZX_INFO_VMAR, nullptr, 0, &actual, &avail),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(actual, 7u);
  EXPECT_EQ(avail, 7u);
}

// For each topic with one record: its size, and a handle for it.
class ObjectInfoRecord : public ObjectInfo, public testing::WithParamInterface<uint32_t> {
 protected:
  uint32_t topic() const { return GetParam(); }
  size_t size() const {
    return topic() == ZX_INFO_VMAR ? sizeof(zx_info_vmar_t) : sizeof(zx_info_handle_basic_t);
  }
  zx_status_t Get(void* buffer, size_t buffer_size, size_t* actual, size_t* avail) {
    return zx_object_get_info(root_, topic(), buffer, buffer_size, actual, avail);
  }
  size_t* nowhere() const { return static_cast<size_t*>(nowhere_); }
  uint8_t buffer_[64] = {};
  size_t actual_ = 7;
  size_t avail_ = 7;
};

TEST_P(ObjectInfoRecord, FitsItsBuffer) {
  Shows("INFO-4 INFO-7");
  std::memset(buffer_, 0xEE, sizeof(buffer_));
  EXPECT_EQ(Get(buffer_, size() - 1, &actual_, &avail_), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(actual_, 0u);
  EXPECT_EQ(avail_, 1u);
  EXPECT_EQ(buffer_[0], 0xEE);
  EXPECT_EQ(Get(nullptr, 0, &actual_, &avail_), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(Get(buffer_, size(), &actual_, &avail_), ZX_OK);
  EXPECT_EQ(actual_, 1u);
  EXPECT_EQ(buffer_[size()], 0xEE);
  EXPECT_EQ(Get(buffer_, sizeof(buffer_), &actual_, &avail_), ZX_OK);
  EXPECT_EQ(buffer_[size()], 0xEE);
}

TEST_P(ObjectInfoRecord, CountsAreOptional) {
  Shows("INFO-7 PTR-1");
  EXPECT_EQ(Get(buffer_, size(), nullptr, nullptr), ZX_OK);
  EXPECT_EQ(Get(buffer_, size(), &actual_, nullptr), ZX_OK);
  EXPECT_EQ(actual_, 1u);
  EXPECT_EQ(Get(buffer_, size(), nullptr, &avail_), ZX_OK);
  EXPECT_EQ(avail_, 1u);
  EXPECT_EQ(Get(buffer_, 0, nullptr, nullptr), ZX_ERR_BUFFER_TOO_SMALL);
}

TEST_P(ObjectInfoRecord, BadPointersAreFound) {
  Shows("INFO-5 INFO-6 PTR-2");
  EXPECT_EQ(Get(nullptr, size(), &actual_, &avail_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Get(nowhere_, size(), &actual_, &avail_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Get(buffer_, size(), nowhere(), &avail_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Get(buffer_, size(), &actual_, nowhere()), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Get(buffer_, 0, nowhere(), nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Get(buffer_, 0, nullptr, nowhere()), ZX_ERR_INVALID_ARGS);
}

INSTANTIATE_TEST_SUITE_P(Topics, ObjectInfoRecord,
                         testing::Values(ZX_INFO_HANDLE_BASIC, ZX_INFO_VMAR),
                         [](const auto& tested) {
                           return tested.param == ZX_INFO_VMAR ? "Vmar" : "HandleBasic";
                         });

}  // namespace
}  // namespace zircon
