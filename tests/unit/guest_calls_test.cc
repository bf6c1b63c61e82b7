// Single promises of calls on a guest, a VCPU or the root of the process. Rows: INFO-11, INFO-12,
// FAULT-7, PTR-7, VMAR-ROOT-2, STATUS-3.

#include <gtest/gtest.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "contract.h"
#include "fake/machine_test.h"
#include "sanitizers.h"

namespace zircon {
namespace {

using fake::Machine;

class GuestCalls : public fake::OnMachine {
 protected:
  uint32_t Flags() {
    zx_info_vcpu_t info{};
    EXPECT_EQ(
        zx_object_get_info(machine().vcpu, ZX_INFO_VCPU, &info, sizeof(info), nullptr, nullptr),
        ZX_OK);
    return info.flags;
  }
};

TEST_F(GuestCalls, KickedShowsWhileAKickWaits) {
  Shows("INFO-12");
  EXPECT_EQ(Flags(), 0u);
  ASSERT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  EXPECT_EQ(Flags(), 1u);
  std::thread([&] { EXPECT_EQ(Flags(), 1u); }).join();
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  EXPECT_EQ(Flags(), 0u);
}

TEST_F(GuestCalls, ADestroyedVmarTellsItsRegion) {
  Shows("INFO-11");
  for (zx_handle_t* handle : {&machine().vcpu, &machine().guest}) {
    ASSERT_EQ(zx_handle_close(*handle), ZX_OK);
    *handle = ZX_HANDLE_INVALID;
  }
  ASSERT_EQ(zx_vmar_unmap(machine().vmar, 0, 0x1000), ZX_ERR_BAD_STATE);
  zx_info_vmar_t info{};
  EXPECT_EQ(zx_object_get_info(machine().vmar, ZX_INFO_VMAR, &info, sizeof(info), nullptr, nullptr),
            ZX_OK);
  EXPECT_EQ(info.base, 0u);
  EXPECT_EQ(info.len, uint64_t{1} << 48);
}

TEST_F(GuestCalls, NoMemoryForAPageLeavesTheInstruction) {
  Shows("FAULT-7 FAULT-8");
  const zx_vcpu_state_t before = machine().State();
  for (const int error : {ENOMEM, EFAULT}) {
    cpu().Push(fake::Errno(error));
    EXPECT_EQ(machine().Enter(), ZX_ERR_NO_MEMORY);
    EXPECT_EQ(machine().State().rax, before.rax);
    EXPECT_EQ(machine().State().rflags, before.rflags);
  }
  ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
  machine().Code({0xE6, 0x60});
  cpu().Push([](fake::FakeVcpu& vcpu) {
    EXPECT_EQ(vcpu.regs.rip, Machine::kEntry);
    return fake::PioOut(0x60, 1, 2)(vcpu);
  });
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(GuestCalls, AnInputIsReadOnce) {
  Shows("PTR-7");
#if defined(TESTS_THREAD_SANITIZER)
  GTEST_SKIP() << "the race is the program's, and the point of the test";
#endif
  constexpr uint64_t kRax = 0x1111111111111111;
  zx_vcpu_state_t state{};
  zx_vcpu_io_t io{};
  io.u32 = 0x22222222;
  std::atomic<bool> stop{false};
  std::atomic_ref<uint8_t> size(io.access_size);
  std::thread changer([&] {
    while (!stop) {
      size = 1;
      size = 8;  // no size
    }
  });
  int taken = 0;
  for (int i = 0; i < 200'000 && taken < 2000; ++i) {
    state.rax = kRax;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    const zx_status_t status = zx_vcpu_write_state(machine().vcpu, ZX_VCPU_IO, &io, sizeof(io));
    const uint64_t rax = machine().State().rax;
    if (status == ZX_OK) {
      ++taken;
      ASSERT_EQ(rax, 0x1111111111111122u);
    } else {
      ASSERT_EQ(status, ZX_ERR_INVALID_ARGS);
      ASSERT_EQ(rax, kRax);
    }
  }
  stop = true;
  changer.join();
  EXPECT_GT(taken, 0);
}

TEST(ProcessRoot, ADuplicateIsTheProgramsOwn) {
  Shows("VMAR-ROOT-2");
  const zx_handle_t root = zx_vmar_root_self();
  zx_handle_t copy = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(root, ZX_RIGHT_SAME_RIGHTS, &copy), ZX_OK);
  EXPECT_NE(copy, root);
  ASSERT_EQ(zx_handle_close(copy), ZX_OK);
  EXPECT_EQ(zx_vmar_root_self(), root);
  EXPECT_EQ(zx_object_get_info(root, ZX_INFO_HANDLE_VALID, nullptr, 0, nullptr, nullptr), ZX_OK);
}

TEST(StatusText, IsTheSamePointerEachTime) {
  Shows("STATUS-3");
  for (zx_status_t status = -600; status <= 100; ++status) {
    const char* const text = zx_status_get_string(status);
    ASSERT_NE(text, nullptr);
    EXPECT_EQ(zx_status_get_string(status), text);
  }
}

}  // namespace
}  // namespace zircon
