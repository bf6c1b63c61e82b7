// Every memory slot that the kernel refuses to delete or to create, in every change of a guest's
// memory: once, and until further notice. A call that fails has changed nothing; a guest that runs
// reaches what is mapped and nothing else; memory that a slot shows is never given away. Rows:
// GPAS-8, GPAS-18, GPAS-19, CALL-4, KVM-ERR-9.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "contract.h"
#include "cpu_time.h"
#include "fake/machine_test.h"
#include "kvm/counters.h"
#include "unit/process_memory.h"
#include "unit/vmo_handles.h"

namespace zircon {
namespace {

using fake::kCallCreateSlot;
using fake::kCallDeleteSlot;
using fake::Machine;
using fake::Slot;
using objects::kPage;

constexpr uint64_t kPlace = 0x200000;
constexpr uint64_t kVmoPages = 24;
constexpr uint16_t kPort = 0x10;
constexpr int kForGood = 1 << 20;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

// What a page of the guest shows: which VMO, which page of it, and whether it can be written.
struct Shown {
  int vmo = 0;
  int page = 0;
  bool writable = true;
  friend bool operator==(const Shown&, const Shown&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Shown& shown) {
    return out << shown.vmo << ':' << shown.page << (shown.writable ? "w" : "r");
  }
};
using Picture = std::map<uint64_t, Shown>;  // by page behind kPlace

// A guest with two VMOs, whose pages say where they are from; the first is resizable.
class Scene {
 public:
  Scene() {
    EXPECT_EQ(machine_.status(), ZX_OK);
    EXPECT_EQ(machine_.TrapIo(kPort, 1), ZX_OK);
    machine_.CodeAt(Machine::kEntry, std::vector<uint8_t>(0x100, 0xEE));  // out %al, (%dx)
    for (int which = 0; which < 2; ++which) {
      vmos_[which] = objects::CreateVmo(kVmoPages * kPage, which == 0 ? ZX_VMO_RESIZABLE : 0);
      for (uint64_t page = 0; page < kVmoPages; ++page) {
        objects::Store(vmos_[which], page * kPage, static_cast<uint8_t>(which));
        objects::Store(vmos_[which], page * kPage + 1, static_cast<uint8_t>(page));
      }
    }
  }
  ~Scene() {
    kernel().FailNothing();
    CloseVmos();
    zx_handle_close(child_);
    machine_.Close();
    EXPECT_EQ(kernel().open_descriptors(), 0u);
    EXPECT_EQ(kernel().misuses(), 0);
  }

  zx_status_t Map(int which, uint64_t at, uint64_t page, uint64_t pages,
                  zx_vm_option_t options = kReadWrite | ZX_VM_SPECIFIC) {
    return MapIn(machine_.vmar, which, kPlace + at * kPage, page, pages, options);
  }
  zx_status_t MapInChild(int which, uint64_t at, uint64_t page, uint64_t pages) {
    return MapIn(child_, which, at * kPage, page, pages, kReadWrite | ZX_VM_SPECIFIC);
  }
  zx_status_t Allocate(uint64_t at, uint64_t pages) {
    zx_vaddr_t base = 0;
    return zx_vmar_allocate(
        machine_.vmar,
        ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_SPECIFIC,
        kPlace + at * kPage, pages * kPage, &child_, &base);
  }
  zx_status_t DestroyChild() { return zx_vmar_destroy(child_); }
  zx_status_t UnmapInChild(uint64_t at, uint64_t pages) {
    return zx_vmar_unmap(child_, kPlace + at * kPage, pages * kPage);
  }
  zx_status_t Unmap(uint64_t at, uint64_t pages) {
    return zx_vmar_unmap(machine_.vmar, kPlace + at * kPage, pages * kPage);
  }
  zx_status_t Protect(uint64_t at, uint64_t pages, zx_vm_option_t permissions) {
    return zx_vmar_protect(machine_.vmar, permissions, kPlace + at * kPage, pages * kPage);
  }
  zx_status_t Trap(uint64_t at, uint64_t pages) {
    return machine_.TrapMemory(kPlace + at * kPage, pages * kPage);
  }
  zx_status_t Resize(uint64_t pages) { return zx_vmo_set_size(vmos_[0], pages * kPage); }
  // From here on the VMOs live by their mappings alone.
  void CloseVmos() {
    for (zx_handle_t& vmo : vmos_) {
      zx_handle_close(vmo);
      vmo = ZX_HANDLE_INVALID;
    }
  }

  // What the kernel's slots show, which is what a guest that runs can reach.
  Picture Kernel() {
    Picture picture;
    const std::vector<Slot> slots = machine_.vm().slots();
    for (const Slot& slot : slots) {
      for (uint64_t at = 0; slot.gpa >= kPlace && at < slot.size; at += kPage) {
        const uint64_t host = slot.host + at;
        // What is behind the end of a VMO is mapped and cannot be read: the guest is not to have it
        // either.
        if (!pipe_.CanRead(host)) {
          ADD_FAILURE() << "a slot shows what is not there, at page "
                        << (slot.gpa + at - kPlace) / kPage;
          continue;
        }
        const auto* bytes = reinterpret_cast<const uint8_t*>(host);
        picture[(slot.gpa + at - kPlace) / kPage] = {bytes[0], bytes[1], !slot.read_only};
      }
    }
    return picture;
  }
  // Slots that show addresses at which nothing is mapped: the next mmap of the process would be
  // the guest's.
  int SlotsWithoutMemory() {
    int without = 0;
    for (const Slot& slot : machine_.vm().slots()) {
      bool mapped = true;
      for (uint64_t at = 0; at < slot.size; at += kPage)
        mapped &= objects::IsMapped(slot.host + at);
      without += mapped ? 0 : 1;
    }
    return without;
  }
  // Whether the guest can run; else enter has to say that memory is short.
  bool Runs() {
    if (!std::exchange(pushed_, true)) machine_.cpu().Push(fake::PioOut(kPort, 1));
    const uint64_t runs = machine_.cpu().runs();
    const zx_status_t status = machine_.Enter();
    if (status == ZX_OK) {
      pushed_ = false;
      return true;
    }
    EXPECT_EQ(status, ZX_ERR_NO_MEMORY);
    EXPECT_EQ(machine_.cpu().runs(), runs) << "the guest has run all the same";
    return false;
  }
  fake::FakeKernel& kernel() { return machine_.kernel; }
  size_t slots() const { return machine_.vm().slots().size(); }

 private:
  zx_status_t MapIn(zx_handle_t vmar, int which, uint64_t offset, uint64_t page, uint64_t pages,
                    zx_vm_option_t options) {
    zx_gpaddr_t mapped = 0;
    return zx_vmar_map(vmar, options, offset, vmos_[which], page * kPage, pages * kPage, &mapped);
  }

  Machine machine_;
  zx_handle_t vmos_[2] = {};
  zx_handle_t child_ = ZX_HANDLE_INVALID;
  bool pushed_ = false;
  objects::Pipe pipe_;
};

struct Change {
  const char* name;
  std::function<void(Scene&)> prepare;
  std::function<zx_status_t(Scene&)> make;
  // Whether it happens whatever the kernel says.
  bool cannot_fail = false;
  // Whether a failure leaves the mappings as they were.
  bool may_unmap = false;
};

void TwoNeighbours(Scene& scene) {
  ASSERT_EQ(scene.Map(0, 0, 0, 4), ZX_OK);
  ASSERT_EQ(scene.Map(0, 8, 8, 4), ZX_OK);
}
void OneOfEight(Scene& scene) { ASSERT_EQ(scene.Map(0, 0, 0, 8), ZX_OK); }
void Several(Scene& scene) {
  ASSERT_EQ(scene.Map(0, 0, 0, 3), ZX_OK);
  ASSERT_EQ(scene.Map(1, 3, 4, 3), ZX_OK);
  ASSERT_EQ(scene.Map(0, 8, 12, 4, ZX_VM_PERM_READ | ZX_VM_SPECIFIC), ZX_OK);
  scene.CloseVmos();
}

const Change kChanges[] = {
    {"UnmapAll",
     [](Scene& scene) {
       OneOfEight(scene);
       scene.CloseVmos();
     },
     [](Scene& scene) { return scene.Unmap(0, 8); }},
    {"UnmapTheMiddle", OneOfEight, [](Scene& scene) { return scene.Unmap(2, 3); }},
    {"UnmapSeveral", Several, [](Scene& scene) { return scene.Unmap(1, 10); }},
    {"MapBetweenNeighbours", TwoNeighbours, [](Scene& scene) { return scene.Map(0, 4, 4, 4); }},
    {"MapElsewhere", OneOfEight, [](Scene& scene) { return scene.Map(1, 12, 0, 2); }},
    // Two slots are made, and none has to go for them.
    {"MapAroundATrap", [](Scene& scene) { ASSERT_EQ(scene.Trap(2, 1), ZX_OK); },
     [](Scene& scene) { return scene.Map(0, 0, 0, 6); }},
    {"Overwrite", OneOfEight,
     [](Scene& scene) { return scene.Map(1, 2, 9, 3, kReadWrite | ZX_VM_SPECIFIC_OVERWRITE); }},
    {"Protect", OneOfEight, [](Scene& scene) { return scene.Protect(2, 3, ZX_VM_PERM_READ); }},
    {"ProtectSeveral",
     [](Scene& scene) {
       ASSERT_EQ(scene.Map(0, 0, 0, 4), ZX_OK);
       ASSERT_EQ(scene.Map(1, 4, 0, 4), ZX_OK);
     },
     [](Scene& scene) { return scene.Protect(0, 8, ZX_VM_PERM_READ); }},
    {"ProtectFromAll", OneOfEight, [](Scene& scene) { return scene.Protect(0, 8, 0); }},
    {"Trap", OneOfEight, [](Scene& scene) { return scene.Trap(3, 2); }, false, true},
    {"Shrink",
     [](Scene& scene) {
       OneOfEight(scene);
       ASSERT_EQ(scene.Map(0, 16, 2, 4, ZX_VM_PERM_READ | ZX_VM_SPECIFIC), ZX_OK);
     },
     [](Scene& scene) { return scene.Resize(3); }, true},
    {"Grow",
     [](Scene& scene) {
       ASSERT_EQ(scene.Resize(2), ZX_OK);
       OneOfEight(scene);
       ASSERT_EQ(scene.Map(0, 16, 1, 4), ZX_OK);
     },
     [](Scene& scene) { return scene.Resize(6); }},
    {"UnmapInAChild",
     [](Scene& scene) {
       ASSERT_EQ(scene.Allocate(0, 10), ZX_OK);
       ASSERT_EQ(scene.MapInChild(1, 1, 4, 4), ZX_OK);
       scene.CloseVmos();
     },
     [](Scene& scene) { return scene.UnmapInChild(2, 2); }},
    {"DestroyAChild",
     [](Scene& scene) {
       ASSERT_EQ(scene.Allocate(0, 10), ZX_OK);
       ASSERT_EQ(scene.MapInChild(0, 0, 0, 4), ZX_OK);
       ASSERT_EQ(scene.MapInChild(1, 5, 4, 4), ZX_OK);
       scene.CloseVmos();
     },
     [](Scene& scene) { return scene.DestroyChild(); }},
};

class RefusedSlots : public testing::TestWithParam<Change> {
 protected:
  // The change with these failures, and everything that holds then.
  void Try(const std::function<void(fake::FakeKernel&)>& fail, bool once) {
    const uint64_t counted = kvm::g_counters.memory_slots.load();
    Scene scene;
    GetParam().prepare(scene);
    if (HasFatalFailure()) return;
    fail(scene.kernel());
    const zx_status_t status = GetParam().make(scene);
    EXPECT_TRUE(status == ZX_OK || (status == ZX_ERR_NO_MEMORY && !GetParam().cannot_fail))
        << status;
    const auto agrees = [&] {
      const Picture picture = scene.Kernel();
      if (status == ZX_OK) {
        EXPECT_EQ(picture, after_);
      } else if (GetParam().may_unmap) {
        EXPECT_TRUE(picture == before_ || picture == after_);
      } else {
        EXPECT_EQ(picture, before_);
      }
      EXPECT_EQ(kvm::g_counters.memory_slots.load() - counted, scene.slots());
    };
    EXPECT_EQ(scene.SlotsWithoutMemory(), 0);
    // A failure that does not come again is made up for before the guest runs.
    const bool runs = scene.Runs();
    EXPECT_EQ(scene.SlotsWithoutMemory(), 0);
    if (once) {
      EXPECT_TRUE(runs);
    }
    if (runs) agrees();
    scene.kernel().FailNothing();
    EXPECT_TRUE(scene.Runs());
    agrees();
    // The next change works.
    EXPECT_EQ(scene.Unmap(0, kVmoPages), ZX_OK);
    EXPECT_TRUE(scene.Runs());
    EXPECT_EQ(scene.Kernel(), Picture());
  }

  void SetUp() override {
    Scene scene;
    GetParam().prepare(scene);
    if (HasFatalFailure()) return;
    before_ = scene.Kernel();
    deletes_ = -static_cast<int>(scene.kernel().calls(kCallDeleteSlot));
    creates_ = -static_cast<int>(scene.kernel().calls(kCallCreateSlot));
    ASSERT_EQ(GetParam().make(scene), ZX_OK);
    deletes_ += static_cast<int>(scene.kernel().calls(kCallDeleteSlot));
    creates_ += static_cast<int>(scene.kernel().calls(kCallCreateSlot));
    after_ = scene.Kernel();
    ASSERT_GT(deletes_ + creates_, 0);
  }

  int deletes_ = 0;
  int creates_ = 0;
  Picture before_;
  Picture after_;
};

TEST_P(RefusedSlots, OnceAtEachCall) {
  Shows("GPAS-8 GPAS-18 GPAS-19 CALL-4 KVM-ERR-9 VMAR-3");
  for (int nth = 1; nth <= deletes_; ++nth) {
    SCOPED_TRACE("delete " + std::to_string(nth));
    Try([&](fake::FakeKernel& kernel) { kernel.Fail(kCallDeleteSlot, ENOMEM, nth); }, true);
  }
  for (int nth = 1; nth <= creates_; ++nth) {
    SCOPED_TRACE("create " + std::to_string(nth));
    Try([&](fake::FakeKernel& kernel) { kernel.Fail(kCallCreateSlot, ENOMEM, nth); }, true);
  }
}

TEST_P(RefusedSlots, FromEachCallOn) {
  Shows("GPAS-8 GPAS-18 GPAS-19 CALL-4 KVM-ERR-9 VMAR-3");
  for (int nth = 1; nth <= deletes_ + creates_; ++nth) {
    SCOPED_TRACE("all from " + std::to_string(nth));
    Try(
        [&](fake::FakeKernel& kernel) {
          kernel.Fail(KVM_SET_USER_MEMORY_REGION, ENOMEM, nth, kForGood);
        },
        false);
  }
  for (int nth = 1; nth <= deletes_; ++nth) {
    SCOPED_TRACE("deletes from " + std::to_string(nth));
    Try([&](fake::FakeKernel& kernel) { kernel.Fail(kCallDeleteSlot, ENOMEM, nth, kForGood); },
        false);
  }
}

// A create is refused, and so is what would undo the rest.
TEST_P(RefusedSlots, UndoingToo) {
  Shows("GPAS-8 GPAS-18 GPAS-19 CALL-4 KVM-ERR-9");
  for (int nth = 1; nth <= creates_; ++nth) {
    for (int then = 1; then <= creates_ + 1; ++then) {
      SCOPED_TRACE("create " + std::to_string(nth) + ", deletes from " + std::to_string(then));
      Try(
          [&](fake::FakeKernel& kernel) {
            kernel.Fail(kCallCreateSlot, ENOMEM, nth);
            kernel.Fail(kCallDeleteSlot, ENOMEM, deletes_ + then, kForGood);
          },
          false);
      SCOPED_TRACE("and creates");
      Try(
          [&](fake::FakeKernel& kernel) {
            kernel.Fail(kCallCreateSlot, ENOMEM, nth, kForGood);
            kernel.Fail(kCallDeleteSlot, ENOMEM, deletes_ + then);
          },
          false);
    }
  }
}

// A VCPU that is asleep is not woken by it, and not let go without it.
// A row of refusals is one line, and the next row is another.
TEST(RefusedSlotsLog, EachRowIsSaidOnce) {
  Machine machine;
  ASSERT_EQ(machine.status(), ZX_OK);
  const auto lines = [&](const std::function<void()>& calls) {
    testing::internal::CaptureStderr();
    calls();
    const std::string said = testing::internal::GetCapturedStderr();
    return std::count(said.begin(), said.end(), '\n');
  };
  for (int row = 0; row < 3; ++row) {
    const uint64_t place = Machine::kDeviceAddress + 2 * row * kPage;
    const auto map = [&] { return machine.Map(place, kPage, kReadWrite); };
    machine.kernel.Fail(kCallCreateSlot, ENOMEM, 1, kForGood);
    EXPECT_EQ(lines([&] {
                EXPECT_EQ(map(), ZX_ERR_NO_MEMORY);
                EXPECT_EQ(map(), ZX_ERR_NO_MEMORY);
              }),
              1)
        << row;
    machine.kernel.FailNothing();
    EXPECT_EQ(lines([&] { EXPECT_EQ(map(), ZX_OK); }), 0);
  }
  for (int row = 0; row < 3; ++row) {
    const uint64_t place = Machine::kDeviceAddress + 2 * row * kPage;
    const auto unmap = [&] { return zx_vmar_unmap(machine.vmar, place, kPage); };
    machine.kernel.Fail(kCallDeleteSlot, ENOMEM, 1, kForGood);
    EXPECT_EQ(lines([&] {
                EXPECT_EQ(unmap(), ZX_ERR_NO_MEMORY);
                EXPECT_EQ(unmap(), ZX_ERR_NO_MEMORY);
              }),
              1)
        << row;
    machine.kernel.FailNothing();
    EXPECT_EQ(lines([&] { EXPECT_EQ(unmap(), ZX_OK); }), 0);
  }
}

// A trap whose pages the kernel does not let go is not set: it can be set later.
TEST(RefusedTrap, IsNotThere) {
  Shows("GPAS-18 CALL-4");
  Machine machine;
  ASSERT_EQ(machine.status(), ZX_OK);
  for (int i = 0; i < 2; ++i) {
    machine.kernel.Fail(kCallDeleteSlot, ENOMEM, 1, kForGood);
    EXPECT_EQ(machine.TrapMemory(0x80000, kPage), ZX_ERR_NO_MEMORY);
    machine.kernel.FailNothing();
  }
  EXPECT_EQ(machine.TrapMemory(0x80000, kPage), ZX_OK);
  EXPECT_EQ(machine.TrapMemory(0x80000, kPage), ZX_ERR_ALREADY_EXISTS);
}

TEST(HeldVcpu, SleepsOnAndDoesNotRun) {
  Shows("GPAS-19 HLT-1");
  Machine machine;
  ASSERT_EQ(machine.status(), ZX_OK);
  machine.cpu().Push(fake::SetInterruptFlag(true));
  machine.cpu().Push(fake::Hlt());
  machine.cpu().Push(fake::ExitWith(KVM_EXIT_SHUTDOWN));
  std::thread other([&, owner = ThisThread()] {
    EXPECT_TRUE(fake::Eventually([&] { return machine.cpu().runs() == 1; }));
    machine.kernel.Fail(kCallCreateSlot, ENOMEM, 1, kForGood);
    EXPECT_EQ(zx_vmar_protect(machine.vmar, ZX_VM_PERM_READ, 0x80000, kPage), ZX_ERR_NO_MEMORY);
    EXPECT_EQ(machine.vm().slots().size(), 0u);
    EXPECT_TRUE(SleepsOn(owner));
    EXPECT_EQ(zx_vcpu_interrupt(machine.vcpu, 50), ZX_OK);
  });
  EXPECT_EQ(machine.Enter(), ZX_ERR_NO_MEMORY);
  other.join();
  EXPECT_EQ(machine.cpu().runs(), 1u);
  EXPECT_EQ(machine.Enter(), ZX_ERR_NO_MEMORY);
  machine.kernel.FailNothing();
  EXPECT_EQ(machine.Enter(), ZX_ERR_NOT_SUPPORTED);  // the triple fault
  EXPECT_EQ(machine.vm().slots().size(), 1u);
}

// For gtest.
void PrintTo(const Change& change, std::ostream* out) { *out << change.name; }

INSTANTIATE_TEST_SUITE_P(Changes, RefusedSlots, testing::ValuesIn(kChanges),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace zircon
