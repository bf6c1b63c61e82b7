// The root VMAR of this process: real mappings among the program's own, which must never be
// touched. Rows: VMAR, VMAR-ROOT.

#include "objects/process_space.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "contract.h"
#include "objects/vmo.h"
#include "sanitizers.h"
#include "unit/free_range.h"
#include "unit/process_memory.h"

namespace zircon::objects {
namespace {

constexpr uint32_t kRead = ZX_VM_PERM_READ;
constexpr uint32_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
constexpr uint32_t kReadExecute = ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE;

class ProcessVmar : public testing::Test {
 protected:
  void SetUp() override {
    root_ = zx_vmar_root_self();
    ASSERT_NE(root_, ZX_HANDLE_INVALID);
    ASSERT_EQ(zx_object_get_info(root_, ZX_INFO_VMAR, &info_, sizeof(info_), nullptr, nullptr),
              ZX_OK);
    ASSERT_EQ(zx_vmo_create(16 * kPage, 0, &vmo_), ZX_OK);
    ASSERT_EQ(zx_vmo_replace_as_executable(vmo_, ZX_HANDLE_INVALID, &vmo_), ZX_OK);
    for (uint64_t page = 0; page < 16; ++page) {
      const auto number = static_cast<uint8_t>(page);
      ASSERT_EQ(zx_vmo_write(vmo_, &number, page * kPage, 1), ZX_OK);
    }
  }
  void TearDown() override { zx_handle_close(vmo_); }

  zx_vaddr_t Map(uint64_t pages, uint32_t options = kReadWrite, uint64_t vmo_page = 0) {
    zx_vaddr_t address = 0;
    EXPECT_EQ(zx_vmar_map(root_, options, 0, vmo_, vmo_page * kPage, pages * kPage, &address),
              ZX_OK);
    return address;
  }
  zx_status_t MapAt(zx_vaddr_t wanted, uint64_t pages, uint32_t options = kReadWrite,
                    uint64_t vmo_page = 0, uint32_t specific = ZX_VM_SPECIFIC) {
    zx_vaddr_t address = 0;
    const zx_status_t status = zx_vmar_map(root_, options | specific, wanted - info_.base, vmo_,
                                           vmo_page * kPage, pages * kPage, &address);
    EXPECT_EQ(address, status == ZX_OK ? wanted : 0);
    return status;
  }
  zx_status_t Overwrite(zx_vaddr_t wanted, uint64_t pages, uint32_t options, uint64_t vmo_page) {
    return MapAt(wanted, pages, options, vmo_page, ZX_VM_SPECIFIC_OVERWRITE);
  }
  zx_status_t Unmap(zx_vaddr_t address, uint64_t pages) {
    return zx_vmar_unmap(root_, address, pages * kPage);
  }
  static zx_vaddr_t FreePages(uint64_t pages) { return FreeRange(pages * kPage); }

  zx_handle_t root_ = ZX_HANDLE_INVALID;
  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
  zx_info_vmar_t info_{};
  Pipe pipe_;
};

TEST_F(ProcessVmar, IsOneHandleForEver) {
  Shows("RIGHTS-6 VMAR-1 VMAR-ROOT-1");
  std::set<zx_handle_t> seen;
  std::vector<zx_handle_t> values(4);
  std::vector<std::thread> threads;
  for (zx_handle_t& value : values) threads.emplace_back([&] { value = zx_vmar_root_self(); });
  for (std::thread& thread : threads) thread.join();
  seen.insert(values.begin(), values.end());
  seen.insert(root_);
  EXPECT_EQ(seen.size(), 1u);
  zx_info_handle_basic_t basic{};
  ASSERT_EQ(
      zx_object_get_info(root_, ZX_INFO_HANDLE_BASIC, &basic, sizeof(basic), nullptr, nullptr),
      ZX_OK);
  EXPECT_EQ(basic.type, ZX_OBJ_TYPE_VMAR);
  EXPECT_EQ(basic.rights, 0x20801Fu);
}

TEST_F(ProcessVmar, CoversWhatProgramsCanAddress) {
  Shows("INFO-11 VMAR-ROOT-4");
  EXPECT_EQ(info_.base, 64 * 1024u);
  int local = 0;
  for (const void* known : {static_cast<const void*>(&local), static_cast<const void*>(this),
                            reinterpret_cast<const void*>(&zx_vmar_root_self)}) {
    const auto address = reinterpret_cast<zx_vaddr_t>(known);
    EXPECT_GE(address, info_.base);
    EXPECT_LT(address, info_.base + info_.len);
  }
#ifdef __x86_64__
  EXPECT_EQ(info_.base + info_.len, 0x7FFFFFFFF000u);
#endif
}

TEST_F(ProcessVmar, MappingsShareThePagesOfTheVmo) {
  Shows("VMO-2");
  const zx_vaddr_t first = Map(2, kReadWrite, 3);
  const zx_vaddr_t second = Map(2, kRead, 3);
  EXPECT_EQ(*At(first), 3);
  EXPECT_EQ(*At(first + kPage), 4);
  *At(first) = 99;
  EXPECT_EQ(*At(second), 99);
  uint8_t byte = 0;
  EXPECT_EQ(zx_vmo_read(vmo_, &byte, 3 * kPage, 1), ZX_OK);
  EXPECT_EQ(byte, 99);
  byte = 100;
  EXPECT_EQ(zx_vmo_write(vmo_, &byte, 3 * kPage, 1), ZX_OK);
  EXPECT_EQ(*At(second), 100);
  EXPECT_EQ(Unmap(first, 2), ZX_OK);
  EXPECT_EQ(*At(second), 100);
  EXPECT_EQ(Unmap(second, 2), ZX_OK);
}

TEST_F(ProcessVmar, PermissionsAreTheHosts) {
  Shows("VMAR-MAP-27");
  struct Case {
    uint32_t permissions;
    bool read;
    bool write;
  };
  for (const Case& c : {Case{0, false, false}, Case{kRead, true, false},
                        Case{kReadWrite, true, true}, Case{kReadExecute, true, false}}) {
    const zx_vaddr_t address = Map(1, c.permissions);
    EXPECT_EQ(pipe_.CanRead(address), c.read) << c.permissions;
    EXPECT_EQ(pipe_.CanWrite(address), c.write) << c.permissions;
    EXPECT_EQ(Unmap(address, 1), ZX_OK);
  }
}

#ifdef __x86_64__
TEST_F(ProcessVmar, ExecutableMappingsExecute) {
  const uint8_t code[] = {0xB8, 0x2A, 0, 0, 0, 0xC3};  // mov eax, 42; ret
  ASSERT_EQ(zx_vmo_write(vmo_, code, 0, sizeof(code)), ZX_OK);
  const zx_vaddr_t address = Map(1, kReadExecute);
  EXPECT_EQ(reinterpret_cast<int (*)()>(address)(), 42);
  EXPECT_EQ(Unmap(address, 1), ZX_OK);
}
#endif

TEST_F(ProcessVmar, OutlivesTheVmoHandle) {
  Shows("VMAR-MAP-20 VMO-3");
  const zx_vaddr_t address = FreePages(1);
  ASSERT_EQ(MapAt(address, 1, kReadWrite, 5), ZX_OK);
  zx_handle_close(vmo_);
  EXPECT_EQ(*At(address), 5);
  EXPECT_EQ(Unmap(address, 1), ZX_OK);
  EXPECT_FALSE(IsMapped(address));
}

TEST_F(ProcessVmar, MapsBeyondTheEndOfTheVmo) {
  Shows("VMAR-MAP-22");
  const zx_vaddr_t address = Map(3, kReadWrite, 15);
  EXPECT_EQ(*At(address), 15);
  EXPECT_FALSE(pipe_.CanRead(address + kPage));  // SIGBUS for the program
  EXPECT_EQ(Unmap(address, 3), ZX_OK);
}

TEST_F(ProcessVmar, MapsAnyOffset) {
  Shows("VMAR-MAP-10 VMAR-MAP-22");
  constexpr uint64_t kEnd = 0 - kPage;
  Pipe pipe;
  zx_handle_t slice = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create_child(vmo_, ZX_VMO_CHILD_SLICE, 0, kPage, &slice), ZX_OK);
  for (zx_handle_t vmo : {vmo_, slice}) {
    for (uint64_t offset : {uint64_t{1} << 62, (uint64_t{1} << 62) - kPage, uint64_t{1} << 63,
                            (uint64_t{1} << 63) - kPage, kEnd - kPage}) {
      zx_vaddr_t address = 0;
      ASSERT_EQ(zx_vmar_map(root_, kRead, 0, vmo, offset, kPage, &address), ZX_OK) << offset;
      EXPECT_FALSE(pipe.CanRead(address)) << offset;
      EXPECT_EQ(zx_vmar_unmap(root_, address, kPage), ZX_OK);
    }
    zx_vaddr_t address = 0;
    ASSERT_EQ(zx_vmar_map(root_, kRead, 0, vmo, (uint64_t{1} << 62) - kPage, 3 * kPage, &address),
              ZX_OK);
    EXPECT_FALSE(pipe.CanRead(address + 2 * kPage));
    EXPECT_EQ(zx_vmar_unmap(root_, address, 3 * kPage), ZX_OK);
    EXPECT_EQ(zx_vmar_map(root_, kRead, 0, vmo, kEnd, 2 * kPage, &address), ZX_ERR_OUT_OF_RANGE);
  }
  zx_handle_close(slice);
}

TEST_F(ProcessVmar, SpecificTakesAFreePlace) {
  Shows("VMAR-MAP-14 VMAR-MAP-17");
  const zx_vaddr_t range = FreePages(4);
  EXPECT_EQ(MapAt(range + kPage, 2, kReadWrite, 7), ZX_OK);
  EXPECT_EQ(*At(range + 2 * kPage), 8);
  EXPECT_EQ(MapAt(range + 2 * kPage, 2), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(MapAt(range, 2), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(Unmap(range, 4), ZX_OK);
  EXPECT_FALSE(IsMapped(range + kPage));
}

TEST_F(ProcessVmar, SpecificMeetsHostMemory) {
  Shows("VMAR-MAP-17 VMAR-ROOT-4");
  const zx_vaddr_t range = FreePages(4);
  HostPage host(range + 2 * kPage);
  EXPECT_EQ(MapAt(range, 4), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(MapAt(range + 2 * kPage, 1), ZX_ERR_ALREADY_EXISTS);
  EXPECT_FALSE(IsMapped(range));
  host.ExpectUntouched();
}

TEST_F(ProcessVmar, OverwriteReplacesOnlyOurs) {
  Shows("VMAR-MAP-24 VMAR-ROOT-4");
  const zx_vaddr_t range = FreePages(6);
  ASSERT_EQ(MapAt(range + kPage, 2, kReadWrite, 0), ZX_OK);
  ASSERT_EQ(MapAt(range + 4 * kPage, 1, kReadWrite, 4), ZX_OK);
  EXPECT_EQ(Overwrite(range, 6, kRead, 8), ZX_OK);
  for (uint64_t page = 0; page < 6; ++page) EXPECT_EQ(*At(range + page * kPage), 8 + page);
  EXPECT_EQ(Unmap(range + 5 * kPage, 1), ZX_OK);
  {
    HostPage host(range + 5 * kPage);
    EXPECT_EQ(Overwrite(range, 6, kReadWrite, 0), ZX_ERR_ALREADY_EXISTS);
    EXPECT_EQ(Overwrite(range + 5 * kPage, 1, kReadWrite, 0), ZX_ERR_ALREADY_EXISTS);
    host.ExpectUntouched();
  }
  for (uint64_t page = 0; page < 5; ++page) EXPECT_EQ(*At(range + page * kPage), 8 + page);
  EXPECT_EQ(Unmap(range, 5), ZX_OK);
}

// For a page that is replaced meanwhile, which the thread sanitizer takes for an unprotected write.
__attribute__((noinline, no_sanitize("thread"))) uint8_t ReadWhileReplaced(zx_vaddr_t address) {
  return *At(address);
}

TEST_F(ProcessVmar, OverwriteIsNeverSeenUnmapped) {
  Shows("VMAR-MAP-24");
  const zx_vaddr_t address = Map(1, kRead, 1);
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop.load()) {
      const uint8_t seen = ReadWhileReplaced(address);  // a hole would be a signal
      EXPECT_TRUE(seen == 1 || seen == 2) << int{seen};
    }
  });
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(Overwrite(address, 1, kRead, 2), ZX_OK);
    ASSERT_EQ(Overwrite(address, 1, kRead, 1), ZX_OK);
  }
  stop = true;
  reader.join();
  EXPECT_EQ(Unmap(address, 1), ZX_OK);
}

TEST_F(ProcessVmar, UnmapLeavesHostMemoryAlone) {
  Shows("VMAR-ROOT-4 VMAR-UNMAP-5");
  const zx_vaddr_t range = FreePages(4);
  ASSERT_EQ(MapAt(range, 1, kReadWrite, 1), ZX_OK);
  HostPage host(range + kPage);
  ASSERT_EQ(MapAt(range + 2 * kPage, 2, kReadWrite, 2), ZX_OK);
  EXPECT_EQ(Unmap(range, 3), ZX_OK);
  host.ExpectUntouched();
  EXPECT_FALSE(IsMapped(range));
  EXPECT_FALSE(IsMapped(range + 2 * kPage));
  EXPECT_EQ(*At(range + 3 * kPage), 3);
  EXPECT_EQ(Unmap(range + kPage, 1), ZX_OK);  // a hole
  host.ExpectUntouched();
  // Everything: the heap, the stack and the code are holes, too.
  EXPECT_EQ(zx_vmar_unmap(root_, info_.base, info_.len), ZX_OK);
  host.ExpectUntouched();
  EXPECT_FALSE(IsMapped(range + 3 * kPage));
}

TEST_F(ProcessVmar, ProtectLeavesHostMemoryAlone) {
  Shows("VMAR-PROTECT-7 VMAR-ROOT-4");
  const zx_vaddr_t range = FreePages(3);
  ASSERT_EQ(MapAt(range, 1), ZX_OK);
  HostPage host(range + kPage);
  ASSERT_EQ(MapAt(range + 2 * kPage, 1), ZX_OK);
  EXPECT_EQ(zx_vmar_protect(root_, 0, range, 3 * kPage), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(zx_vmar_protect(root_, 0, range + kPage, kPage), ZX_ERR_NOT_FOUND);
  host.ExpectUntouched();
  EXPECT_TRUE(pipe_.CanWrite(range));
  EXPECT_EQ(Unmap(range, 3), ZX_OK);
}

TEST_F(ProcessVmar, ProtectChangesAPart) {
  Shows("VMAR-5 VMAR-PROTECT-9");
  const zx_vaddr_t address = Map(3, kReadWrite);
  EXPECT_EQ(zx_vmar_protect(root_, kRead, address + kPage, kPage), ZX_OK);
  EXPECT_TRUE(pipe_.CanWrite(address));
  EXPECT_FALSE(pipe_.CanWrite(address + kPage));
  EXPECT_TRUE(pipe_.CanRead(address + kPage));
  EXPECT_TRUE(pipe_.CanWrite(address + 2 * kPage));
  EXPECT_EQ(zx_vmar_protect(root_, 0, address, 3 * kPage), ZX_OK);
  EXPECT_FALSE(pipe_.CanRead(address + 2 * kPage));
  EXPECT_EQ(zx_vmar_protect(root_, kReadWrite, address, 3 * kPage), ZX_OK);
  EXPECT_TRUE(pipe_.CanWrite(address + kPage));
  EXPECT_EQ(Unmap(address, 3), ZX_OK);
}

TEST_F(ProcessVmar, ProtectGivesNoMoreThanTheHandleOfTheMap) {
  Shows("VMAR-PROTECT-8");
  zx_handle_t read_only = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(vmo_, ZX_RIGHT_READ | ZX_RIGHT_MAP, &read_only), ZX_OK);
  zx_vaddr_t address = 0;
  ASSERT_EQ(zx_vmar_map(root_, kRead, 0, read_only, 0, kPage, &address), ZX_OK);
  EXPECT_EQ(zx_vmar_protect(root_, kReadWrite, address, kPage), ZX_ERR_ACCESS_DENIED);
  EXPECT_FALSE(pipe_.CanWrite(address));
  zx_handle_close(read_only);
  EXPECT_EQ(Unmap(address, 1), ZX_OK);
}

TEST_F(ProcessVmar, ReadRightIsNeededEvenThoughTheFileIsWritable) {
  Shows("VMAR-MAP-6");
  zx_handle_t write_only = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(vmo_, ZX_RIGHT_WRITE | ZX_RIGHT_MAP, &write_only), ZX_OK);
  zx_vaddr_t address = 0;
  EXPECT_EQ(zx_vmar_map(root_, kRead, 0, write_only, 0, kPage, &address), ZX_ERR_ACCESS_DENIED);
  zx_handle_close(write_only);
}

TEST_F(ProcessVmar, TellsWhenThereIsNoRoom) {
  Shows("VMAR-MAP-15 VMAR-MAP-18");
  SKIP_UNDER_THREAD_SANITIZER("it ends a process whose map is refused");
  zx_vaddr_t address = 7;
  // Fits into the region, but not between what is there.
  EXPECT_EQ(zx_vmar_map(root_, kRead, 0, vmo_, 0, info_.len, &address), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(zx_vmar_map(root_, kRead, 0, vmo_, 0, info_.len + 1, &address), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(address, 7u);
}

TEST_F(ProcessVmar, AMappingThatCannotTellItsAddressIsUndone) {
  Shows("PTR-4 VMAR-MAP-21");
  const zx_vaddr_t range = FreePages(1);
  EXPECT_EQ(
      zx_vmar_map(root_, kRead | ZX_VM_SPECIFIC, range - info_.base, vmo_, kPage, kPage, nullptr),
      ZX_ERR_INVALID_ARGS);
  // The place is free again.
  EXPECT_EQ(MapAt(range, 1), ZX_OK);
  EXPECT_EQ(Unmap(range, 1), ZX_OK);
}

TEST_F(ProcessVmar, SurvivesAProgramThatUnmapsByItself) {
  // The kernel gives the same place again; the tree believes it taken.
  for (int i = 0; i < 3; ++i) {
    const zx_vaddr_t address = Map(2, kReadWrite, 6);
    EXPECT_EQ(*At(address), 6);
    ASSERT_EQ(munmap(reinterpret_cast<void*>(address), 2 * kPage), 0);
  }
  const zx_vaddr_t address = Map(2, kReadWrite, 6);
  EXPECT_EQ(*At(address + kPage), 7);
  EXPECT_EQ(Unmap(address, 2), ZX_OK);
  EXPECT_FALSE(IsMapped(address));
}

TEST_F(ProcessVmar, CannotBeDestroyed) { EXPECT_EQ(zx_vmar_destroy(root_), ZX_ERR_NOT_SUPPORTED); }

TEST_F(ProcessVmar, AForkedChildHasNeitherMappingsNorRoot) {
  Shows("HANDLE-FORK-1 HANDLE-FORK-3 VMAR-ROOT-3");
  const zx_vaddr_t address = Map(1);
  const pid_t child = fork();
  if (child == 0) {
    if (IsMapped(address)) _exit(1);
    if (zx_vmar_root_self() != ZX_HANDLE_INVALID) _exit(2);
    if (zx_vmar_unmap(root_, address, kPage) != ZX_ERR_BAD_STATE) _exit(3);
    if (zx_vmo_read(vmo_, nullptr, 0, 0) != ZX_ERR_BAD_STATE) _exit(4);
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(*At(address), 0);
  EXPECT_EQ(Unmap(address, 1), ZX_OK);
}

TEST_F(ProcessVmar, ThreadsMapAndUnmapAtOnce) {
  Shows("CALL-5 VMAR-4");
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 200; ++i) {
        const uint64_t page = static_cast<uint64_t>(thread + i) % 12;
        const zx_vaddr_t address = Map(4, kRead, page);
        for (uint64_t at = 0; at < 4; ++at) ASSERT_EQ(*At(address + at * kPage), page + at);
        ASSERT_EQ(Unmap(address + kPage, 2), ZX_OK);
        ASSERT_EQ(*At(address + 3 * kPage), page + 3);
        ASSERT_EQ(Unmap(address, 1), ZX_OK);
        ASSERT_EQ(Unmap(address + 3 * kPage, 1), ZX_OK);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace zircon::objects
