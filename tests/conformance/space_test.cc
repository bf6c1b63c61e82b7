// Guest-physical memory: what is not mapped, not permitted, or beyond the VMO; sharing; and changes
// while the VCPU runs. Rows: GPAS, FAULT.

#include <cstring>
#include <stdexcept>

#include "contract.h"
#include "harness.h"

DECLARE_GUEST(space_access);
DECLARE_GUEST(space_call);
DECLARE_GUEST(space_loop);
DECLARE_GUEST(space_shared);

namespace conformance {
namespace {

constexpr size_t kPage = 4096;
constexpr zx_vm_option_t kRead = ZX_VM_PERM_READ;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

class SpaceTest : public KvmTest {
 protected:
  // Registers for the forms of space_access.
  static zx_vcpu_state_t Registers(const Form& form) {
    zx_vcpu_state_t state{};
    state.rax = 0x8899AABBCCDDEEFF;
    state.rbx = GUEST_WINDOW + 0x100;
    state.rcx = 5;
    state.rdx = 0x1010101010101010;
    state.rsi = GUEST_DATA;
    state.rdi = GUEST_WINDOW + 0x100;
    state.rsp = GUEST_WINDOW + 0x300;
    state.r15 = 0x1F2F3F4F5F6F7F8F;
    state.rflags = 0x2 | 0x41;  // ZF CF
    // This one pops from ordinary memory.
    if (strstr(form.text(), "pop qword") != nullptr) state.rsp = GUEST_STACK_TOP - 8;
    if (strcmp(form.text(), "push qword ptr [rbx+0x200]") == 0 ||
        strcmp(form.text(), "push qword ptr [rbx + 0x200]") == 0) {
      state.rsp = GUEST_STACK_TOP;
    }
    return state;
  }

  static void Fill(volatile uint8_t* bytes, size_t size) {
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(0x5B + 7 * i);
  }

  // What is left when a form has run.
  struct Outcome {
    zx_vcpu_state_t state{};
    std::vector<uint8_t> window;
  };

  static Outcome Take(Machine& machine, const HostMapping& window) {
    Outcome outcome;
    outcome.state = machine.vcpu().State();
    outcome.window.assign(window.bytes(), window.bytes() + kPage);
    return outcome;
  }

  // The forms are stores, then what reads and writes, then loads.
  static size_t FirstBoth(const Blob& blob) { return IndexOf(blob, "add [rbx]"); }
  static size_t FirstLoad(const Blob& blob) { return IndexOf(blob, "mov al"); }
  static size_t IndexOf(const Blob& blob, const char* start) {
    for (size_t i = 0; i < blob.form_count(); ++i) {
      if (strncmp(blob.form(i).text(), start, strlen(start)) == 0) return i;
    }
    throw std::runtime_error(start);
  }

  // Runs the form twice: with memory in the window from the start, and with what `obstruct` leaves
  // there until `clear` is called. The second run gives `error` again and again, changes nothing,
  // and then ends as the first.
  using Step = std::function<void(Machine&, zx_handle_t vmo)>;
  static void ExpectRepeats(const Blob& blob, size_t index, zx_status_t error, const Step& obstruct,
                            const Step& clear) {
    const Form& form = blob.form(index);
    SCOPED_TRACE(form.text());
    Outcome outcomes[2];
    for (const bool obstructed : {false, true}) {
      Machine machine(blob, Machine::kWithVcpu, form.rip());
      Handle vmo = CreateVmo(kPage);
      HostMapping window(vmo.get(), kPage);
      Fill(window.bytes(), kPage);
      for (size_t i = 0; i < kPage; ++i) machine.At<uint8_t>(GUEST_DATA + i) = 0xD0 + i % 7;
      machine.vcpu().SetState(Registers(form));
      const zx_vcpu_state_t before = machine.vcpu().State();
      if (!obstructed) {
        ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), kPage), ZX_OK);
      } else {
        obstruct(machine, vmo.get());
        for (int round = 0; round < 3; ++round) {
          ASSERT_TRUE(machine.vcpu().Fails(error)) << "round " << round;
          const zx_vcpu_state_t now = machine.vcpu().State();
          ASSERT_EQ(memcmp(&now, &before, sizeof(now)), 0) << "round " << round;
        }
        clear(machine, vmo.get());
      }
      ASSERT_TRUE(machine.vcpu().Reaches(0));
      outcomes[obstructed] = Take(machine, window);
    }
    const bool same_state =
        memcmp(&outcomes[0].state, &outcomes[1].state, sizeof(zx_vcpu_state_t)) == 0;
    const bool same_window = outcomes[0].window == outcomes[1].window;
    EXPECT_TRUE(same_state) << "other registers than without the error";
    EXPECT_TRUE(same_window) << "other memory than without the error";
  }

  static void MapWhole(Machine& machine, zx_handle_t vmo) {
    ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo, kPage), ZX_OK);
  }
};

TEST_F(SpaceTest, UnmappedIsNotFoundUntilMapped) {
  Shows("GPAS-2 FAULT-4 FAULT-8 FAULT-9");
  const Blob blob = GUEST_BLOB(space_access);
  for (size_t i = 0; i < blob.form_count(); ++i) {
    ExpectRepeats(
        blob, i, ZX_ERR_NOT_FOUND, [](Machine&, zx_handle_t) {}, MapWhole);
  }
}

TEST_F(SpaceTest, MemoryOfAChildVmar) {
  Shows("GPAS-3 VMAR-CHILD-2 VMAR-CHILD-5 VMAR-CHILD-6");
  const auto map_in_child = [](Machine& machine, zx_handle_t vmo) {
    zx_handle_t child = ZX_HANDLE_INVALID;
    zx_vaddr_t address = 0;
    EXPECT_EQ(zx_vmar_allocate(machine.space_handle().get(),
                               ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_SPECIFIC,
                               GUEST_WINDOW, kPage, &child, &address),
              ZX_OK);
    EXPECT_EQ(zx_vmar_map(child, kReadWrite, 0, vmo, 0, kPage, &address), ZX_OK);
    EXPECT_EQ(address, GUEST_WINDOW);
    return Handle(child);
  };
  const Blob blob = GUEST_BLOB(space_access);
  for (const size_t form : {size_t{0}, FirstBoth(blob), FirstLoad(blob)}) {
    // Destroyed it is as if it had never been; without handles it serves.
    ExpectRepeats(
        blob, form, ZX_ERR_NOT_FOUND,
        [&](Machine& machine, zx_handle_t vmo) {
          const Handle child = map_in_child(machine, vmo);
          EXPECT_EQ(zx_vmar_destroy(child.get()), ZX_OK);
        },
        [&](Machine& machine, zx_handle_t vmo) { map_in_child(machine, vmo).Reset(); });
  }
}

TEST_F(SpaceTest, BeyondTheVmoIsOutOfRangeUntilMappedAnew) {
  Shows("FAULT-5 FAULT-8 FAULT-9 VMAR-MAP-22");
  const Blob blob = GUEST_BLOB(space_access);
  for (size_t i = 0; i < blob.form_count(); ++i) {
    ExpectRepeats(
        blob, i, ZX_ERR_OUT_OF_RANGE,
        [](Machine& machine, zx_handle_t) {
          // The mapping goes a page beyond its VMO: the window.
          Handle shorter = CreateVmo(kPage);
          ASSERT_EQ(machine.Map(GUEST_WINDOW - kPage, shorter.get(), 2 * kPage), ZX_OK);
        },
        [](Machine& machine, zx_handle_t vmo) {
          ASSERT_EQ(machine.Unmap(GUEST_WINDOW, kPage), ZX_OK);
          MapWhole(machine, vmo);
        });
  }
}

TEST_F(SpaceTest, ReadOnlyMappingDeniesStoresUntilProtected) {
  Shows("FAULT-6 FAULT-8 FAULT-9");
  const Blob blob = GUEST_BLOB(space_access);
  for (size_t i = 0; i < FirstBoth(blob); ++i) {
    ExpectRepeats(
        blob, i, ZX_ERR_ACCESS_DENIED,
        [](Machine& machine, zx_handle_t vmo) {
          ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo, kPage, kRead), ZX_OK);
        },
        [](Machine& machine, zx_handle_t) {
          ASSERT_EQ(zx_vmar_protect(machine.space(), kReadWrite, GUEST_WINDOW, kPage), ZX_OK);
        });
  }
}

// KVM has read, computed and written the registers back when it meets the store: such instructions
// need not repeat (FAULT-11 †). The memory is safe, and the VCPU lives.
TEST_F(SpaceTest, ReadOnlyMappingDeniesReadModifyWrite) {
  Shows("FAULT-6 FAULT-11");
  const Blob blob = GUEST_BLOB(space_access);
  for (size_t i = FirstBoth(blob); i < FirstLoad(blob); ++i) {
    const Form& form = blob.form(i);
    SCOPED_TRACE(form.text());
    Machine machine(blob, Machine::kWithVcpu, form.rip());
    Handle vmo = CreateVmo(kPage);
    HostMapping window(vmo.get(), kPage);
    Fill(window.bytes(), kPage);
    const std::vector<uint8_t> before(window.bytes(), window.bytes() + kPage);
    ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), kPage, kRead), ZX_OK);
    machine.vcpu().SetState(Registers(form));
    ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_ACCESS_DENIED));
    EXPECT_EQ(memcmp(window.bytes(), before.data(), kPage), 0);
    ASSERT_EQ(zx_vmar_protect(machine.space(), kReadWrite, GUEST_WINDOW, kPage), ZX_OK);
    ASSERT_TRUE(machine.vcpu().Reaches(0));
  }
}

TEST_F(SpaceTest, ReadOnlyMappingPermitsLoads) {
  Shows("FAULT-2");
  const Blob blob = GUEST_BLOB(space_access);
  for (size_t i = FirstLoad(blob); i < blob.form_count(); ++i) {
    const Form& form = blob.form(i);
    SCOPED_TRACE(form.text());
    Machine machine(blob, Machine::kWithVcpu, form.rip());
    Handle vmo = CreateVmo(kPage);
    ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), kPage, kRead), ZX_OK);
    machine.vcpu().SetState(Registers(form));
    ASSERT_TRUE(machine.vcpu().Reaches(0));
  }
}

// A call pushes; the failed one must be undone as a whole.
TEST_F(SpaceTest, CallWithItsStackUnmapped) {
  Shows("FAULT-4");
  const Blob blob = GUEST_BLOB(space_call);
  Machine machine(blob);
  zx_vcpu_state_t state{};
  state.rsp = GUEST_WINDOW + 0x100;
  machine.vcpu().SetState(state);
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
  Handle vmo = CreateVmo(kPage);
  HostMapping window(vmo.get(), kPage);
  ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), kPage), ZX_OK);
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  EXPECT_EQ(machine.vcpu().State().rsp, uint64_t{GUEST_WINDOW + 0xF8});
  if (window.At<uint64_t>(0xF8) == 0) {
    KnownDifference("FAULT-8 RIP-5", "the store of a refused CALL is lost");
  } else {
    EXPECT_EQ(window.At<uint64_t>(0xF8), blob.form(0).rip() + blob.form(0).size);
  }
}

TEST_F(SpaceTest, FetchFromUnmappedMemory) {
  Shows("FAULT-9 FAULT-12");
  const Blob blob = GUEST_BLOB(space_call);
  Machine machine(blob, Machine::kWithVcpu, blob.form(1).rip());
  zx_vcpu_state_t state{};
  state.rbx = GUEST_WINDOW;
  machine.vcpu().SetState(state);
  for (int round = 0; round < 3; ++round) ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
  Handle vmo = CreateVmo(kPage);
  const uint8_t code[] = {0xE6, GUEST_CHECKPOINT_PORT + 5};
  ASSERT_EQ(zx_vmo_write(vmo.get(), code, 0, sizeof(code)), ZX_OK);
  ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), kPage, kRead | ZX_VM_PERM_EXECUTE), ZX_OK);
  ASSERT_TRUE(machine.vcpu().Reaches(5));
}

// A VCPU whose first instruction is not there.
TEST_F(SpaceTest, EntryInUnmappedMemory) {
  Shows("FAULT-12");
  Machine machine(GUEST_BLOB(space_call), Machine::kWithVcpu, GUEST_WINDOW);
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
}

// ---- Sharing ----

TEST_F(SpaceTest, MemoryIsSharedBothWaysWhileTheGuestRuns) {
  Shows("GPAS-5 VMO-2");
  Machine machine(GUEST_BLOB(space_shared));
  Handle vmo = CreateVmo(2 * kPage);
  HostMapping window(vmo.get(), 2 * kPage);
  ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), 2 * kPage), ZX_OK);
  Thread peer([&] {
    for (uint64_t i = 1; i <= 20; ++i) {
      if (i % 2 == 0) {
        window.At<uint64_t>(0) = i;
      } else {
        EXPECT_EQ(zx_vmo_write(vmo.get(), &i, 0, sizeof(i)), ZX_OK);
      }
      EXPECT_TRUE(WaitUntil([&] { return window.At<uint64_t>(8) == 2 * i; })) << i;
      uint64_t answer = 0;
      EXPECT_EQ(zx_vmo_read(vmo.get(), &answer, 8, sizeof(answer)), ZX_OK);
      EXPECT_EQ(answer, 2 * i);
    }
    window.At<uint64_t>(0) = ~uint64_t{0};
  });
  ASSERT_TRUE(machine.vcpu().Reaches(0));
}

// One VMO in two guests, at two places in one of them, and gone from its handles.
TEST_F(SpaceTest, GuestsShareAVmo) {
  Shows("GPAS-5 GPAS-7 VMO-2 VMO-3");
  Handle vmo = CreateVmo(2 * kPage);
  HostMapping window(vmo.get(), 2 * kPage);
  Machine first(GUEST_BLOB(space_shared));
  ASSERT_EQ(first.Map(GUEST_WINDOW, vmo.get(), kPage), ZX_OK);
  std::atomic<bool> second_done = false;
  Thread second_thread([&] {
    // Its window is the same page, but it reads the answers of the first: its question is 8
    // further.
    Machine second(GUEST_BLOB(space_access), Machine::kWithVcpu,
                   GUEST_BLOB(space_access).form(3).rip());  // mov [rbx], rax
    EXPECT_EQ(second.Map(GUEST_WINDOW, vmo.get(), 2 * kPage), ZX_OK);
    zx_vcpu_state_t state{};
    state.rbx = GUEST_WINDOW;
    state.rax = 21;
    second.vcpu().SetState(state);
    EXPECT_TRUE(second.vcpu().Reaches(0));
    EXPECT_TRUE(WaitUntil([&] { return window.At<uint64_t>(8) == 42; }));
    window.At<uint64_t>(0) = ~uint64_t{0};
    second_done = true;
  });
  ASSERT_TRUE(first.vcpu().Reaches(0));
  second_thread.Join();
  EXPECT_TRUE(second_done);
  // The mappings keep the memory when the handle is closed.
  vmo.Reset();
  EXPECT_EQ(window.At<uint64_t>(8), ~uint64_t{0} * 2);
}

// ---- Changes while the VCPU runs ----

// space_loop in the main thread; `body` in another, which ends the guest by Stop().
class SpaceWhileRunningTest : public SpaceTest {
 protected:
  SpaceWhileRunningTest() = default;

  void Start(bool store, uint32_t vmo_options = 0) {
    machine_.reset();  // A thread has one VCPU.
    machine_ = std::make_unique<Machine>(GUEST_BLOB(space_loop));
    vmo_ = CreateVmo(16 * kPage, vmo_options);
    ASSERT_EQ(Map(), ZX_OK);
    machine_->At<uint64_t>(GUEST_DATA + 8) = store;
  }
  zx_status_t Map() { return machine_->Map(GUEST_WINDOW, vmo_.get(), kPage); }
  zx_status_t Unmap() { return machine_->Unmap(GUEST_WINDOW, kPage); }
  void Stop() { machine_->At<uint64_t>(GUEST_DATA + 16) = 1; }
  uint64_t Count() { return machine_->At<uint64_t>(GUEST_DATA); }
  bool Advances() {
    const uint64_t count = Count();
    return WaitUntil([&] { return Count() > count + 2; });
  }

  // Enters until the checkpoint; the errors that are expected are counted, others fail the test.
  void RunCounting(zx_status_t expected, std::atomic<int>* errors) {
    for (;;) {
      const zx_status_t status = machine_->vcpu().Enter();
      if (status == ZX_OK && machine_->vcpu().AtCheckpoint(0)) return;
      ASSERT_EQ(status, expected) << Describe(status, machine_->vcpu().packet());
      ++*errors;
      zx_nanosleep(zx_deadline_after(ZX_USEC(100)));
    }
  }

  // Lets another thread make changes while the guest goes on: takes away what it uses, and when
  // enter has given `error` puts it back.
  void ExpectErrors(zx_status_t error, int rounds, const std::function<void()>& take_away,
                    const std::function<void(int round)>& put_back) {
    std::atomic<int> errors = 0;
    Thread changer([&] {
      for (int i = 0; i < rounds; ++i) {
        EXPECT_TRUE(Advances());
        const int before = errors;
        take_away();
        EXPECT_TRUE(WaitUntil([&] { return errors > before; })) << zx_status_get_string(error);
        put_back(i);
      }
      EXPECT_TRUE(Advances());
      Stop();
    });
    RunCounting(error, &errors);
    EXPECT_GE(errors, rounds);
  }

  // The same with changes that the guest must not notice.
  void ExpectUndisturbed(int rounds, const std::function<void(int round)>& change) {
    std::atomic<int> errors = 0;
    Thread changer([&] {
      EXPECT_TRUE(Advances());
      for (int i = 0; i < rounds; ++i) change(i);
      EXPECT_TRUE(Advances());
      Stop();
    });
    RunCounting(ZX_ERR_INTERNAL, &errors);
    EXPECT_EQ(errors, 0);
  }

  std::unique_ptr<Machine> machine_;
  Handle vmo_;
};

TEST_F(SpaceWhileRunningTest, UnmapGivesNotFoundAndMapGoesOn) {
  Shows("GPAS-8 GPAS-10 VMAR-4");
  for (const bool store : {false, true}) {
    Start(store);
    ExpectErrors(
        ZX_ERR_NOT_FOUND, 30, [&] { EXPECT_EQ(Unmap(), ZX_OK); },
        [&](int) { EXPECT_EQ(Map(), ZX_OK); });
  }
}

TEST_F(SpaceWhileRunningTest, UnmapAndMapWithoutWaiting) {
  Shows("GPAS-8 VMAR-4");
  for (const bool store : {false, true}) {
    Start(store);
    std::atomic<int> errors = 0;
    Thread changer([&] {
      EXPECT_TRUE(Advances());
      const int rounds = Rounds(200);
      for (int i = 0; i < rounds; ++i) {
        EXPECT_EQ(Unmap(), ZX_OK);
        EXPECT_EQ(Map(), ZX_OK);
      }
      EXPECT_TRUE(Advances());
      Stop();
    });
    RunCounting(ZX_ERR_NOT_FOUND, &errors);
  }
}

// Mappings beside the one in use come and go, from the same VMO so that they continue each other:
// the VCPU never notices.
TEST_F(SpaceWhileRunningTest, NeighboursDoNotDisturb) {
  Shows("GPAS-11");
  for (const bool store : {false, true}) {
    Start(store);
    ExpectUndisturbed(Rounds(100), [&](int) {
      EXPECT_EQ(machine_->Map(GUEST_WINDOW + kPage, vmo_.get(), kPage, kReadWrite, kPage), ZX_OK);
      EXPECT_EQ(machine_->Unmap(GUEST_WINDOW + kPage, kPage), ZX_OK);
      EXPECT_EQ(machine_->Map(GUEST_WINDOW - kPage, vmo_.get(), kPage, kReadWrite, 4 * kPage),
                ZX_OK);
      EXPECT_EQ(machine_->Unmap(GUEST_WINDOW - kPage, kPage), ZX_OK);
    });
  }
}

// A page in the middle of a larger mapping goes and comes back; the pages around it stay.
TEST_F(SpaceWhileRunningTest, HolesInTheMiddleDoNotDisturb) {
  Shows("GPAS-11");
  Start(true);
  ASSERT_EQ(Unmap(), ZX_OK);
  ASSERT_EQ(machine_->Map(GUEST_WINDOW, vmo_.get(), 16 * kPage), ZX_OK);
  ExpectUndisturbed(Rounds(100), [&](int) {
    EXPECT_EQ(machine_->Unmap(GUEST_WINDOW + 3 * kPage, kPage), ZX_OK);
    EXPECT_EQ(machine_->Map(GUEST_WINDOW + 3 * kPage, vmo_.get(), kPage, kReadWrite, 3 * kPage),
              ZX_OK);
    EXPECT_EQ(zx_vmar_protect(machine_->space(), kRead, GUEST_WINDOW + 5 * kPage, kPage), ZX_OK);
    EXPECT_EQ(zx_vmar_protect(machine_->space(), kReadWrite, GUEST_WINDOW + 5 * kPage, kPage),
              ZX_OK);
  });
}

TEST_F(SpaceWhileRunningTest, ProtectDeniesStores) {
  Shows("GPAS-9");
  Start(true);
  const auto protect = [&](zx_vm_option_t options) {
    EXPECT_EQ(zx_vmar_protect(machine_->space(), options, GUEST_WINDOW, kPage), ZX_OK);
  };
  ExpectErrors(
      ZX_ERR_ACCESS_DENIED, 20, [&] { protect(kRead); }, [&](int) { protect(kReadWrite); });
}

// The VMO loses the page in use and gets it back, as zeros: the mapping stays, and follows.
TEST_F(SpaceWhileRunningTest, ResizeGivesOutOfRangeAndGoesOn) {
  Shows("FAULT-5 VMO-SIZE-9");
  for (const bool store : {false, true}) {
    Start(store, ZX_VMO_RESIZABLE);
    HostMapping first_page(vmo_.get(), kPage);
    ExpectErrors(
        ZX_ERR_OUT_OF_RANGE, 20,
        [&] {
          first_page.At<uint64_t>(8) = 1;
          EXPECT_EQ(zx_vmo_set_size(vmo_.get(), 0), ZX_OK);
        },
        [&](int round) {
          EXPECT_EQ(zx_vmo_set_size(vmo_.get(), (round % 3 + 1) * kPage), ZX_OK);
          EXPECT_EQ(first_page.At<uint64_t>(8), 0u);
        });
  }
}

// Pages behind the one in use come and go.
TEST_F(SpaceWhileRunningTest, ResizeBehindDoesNotDisturb) {
  Shows("VMO-SIZE-9 GPAS-11");
  Start(true, ZX_VMO_RESIZABLE);
  ExpectUndisturbed(Rounds(100), [&](int round) {
    EXPECT_EQ(zx_vmo_set_size(vmo_.get(), (1 + round % 4) * kPage), ZX_OK);
    EXPECT_EQ(zx_vmo_set_size(vmo_.get(), (300 + round) * kPage), ZX_OK);
  });
}

// A mapping replaced in place: other memory at once, and no error.
TEST_F(SpaceWhileRunningTest, OverwriteReplacesTheMemory) {
  Shows("GPAS-12 VMAR-MAP-24");
  Start(true);
  Handle other = CreateVmo(kPage);
  HostMapping old_window(vmo_.get(), kPage);
  HostMapping new_window(other.get(), kPage);
  std::atomic<int> errors = 0;
  Thread changer([&] {
    EXPECT_TRUE(WaitUntil([&] { return old_window.At<uint64_t>(0) > 10; }));
    zx_vaddr_t address = 0;
    EXPECT_EQ(zx_vmar_map(machine_->space(), kReadWrite | ZX_VM_SPECIFIC_OVERWRITE, GUEST_WINDOW,
                          other.get(), 0, kPage, &address),
              ZX_OK);
    const uint64_t last = old_window.At<uint64_t>(0);
    EXPECT_TRUE(WaitUntil([&] { return new_window.At<uint64_t>(0) > last + 10; }));
    EXPECT_EQ(old_window.At<uint64_t>(0), last) << "stores still go to the old memory";
    Stop();
  });
  RunCounting(ZX_ERR_INTERNAL, &errors);
  EXPECT_EQ(errors, 0);
}

TEST_F(SpaceWhileRunningTest, TrapSetWhileRunning) {
  Shows("FAULT-1 TRAP-13 TRAP-14 TRAP-17");
  for (const bool store : {false, true}) {
    Start(store);
    Thread changer([&] {
      EXPECT_TRUE(Advances());
      machine_->TrapMem(GUEST_WINDOW, kPage, 77);
    });
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(machine_->vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, 77));
      EXPECT_EQ(machine_->vcpu().packet().guest_mem.addr, uint64_t{GUEST_WINDOW});
    }
    changer.Join();
    // A mapping made now succeeds and the trap still wins. The trap took the old mapping away.
    EXPECT_EQ(Map(), ZX_OK);
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(machine_->vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, 77));
    }
    // Also a larger one, whose other pages are memory.
    EXPECT_EQ(Unmap(), ZX_OK);
    EXPECT_EQ(machine_->Map(GUEST_WINDOW - kPage, vmo_.get(), 3 * kPage), ZX_OK);
    ASSERT_TRUE(machine_->vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, 77));
    Stop();
    ASSERT_TRUE(machine_->vcpu().Reaches(0));
  }
}

// ---- The VMAR ----

TEST_F(SpaceTest, TheSpaceIsAVmarOf48Bits) {
  Shows("GPAS-1 GPAS-3 GPAS-4 GPAS-14 INFO-11 VMAR-DESTROY-3 VMAR-MAP-15 VMAR-MAP-17");
  Machine machine(GUEST_BLOB(space_call), Machine::kWithoutVcpu);
  zx_info_vmar_t info{};
  ASSERT_EQ(
      zx_object_get_info(machine.space(), ZX_INFO_VMAR, &info, sizeof(info), nullptr, nullptr),
      ZX_OK);
  EXPECT_EQ(info.base, 0u);
  EXPECT_EQ(info.len, uint64_t{1} << 48);
  EXPECT_EQ(zx_vmar_destroy(machine.space()), ZX_ERR_NOT_SUPPORTED);
  // First fit: the guest's memory is at 0.
  Handle vmo = CreateVmo(kPage);
  zx_vaddr_t address = 1;
  EXPECT_EQ(zx_vmar_map(machine.space(), kReadWrite, 0, vmo.get(), 0, kPage, &address), ZX_OK);
  EXPECT_EQ(address, uint64_t{GUEST_MEMORY_SIZE});
  EXPECT_EQ(machine.Map(GUEST_MEMORY_SIZE, vmo.get(), kPage), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(machine.Map((uint64_t{1} << 48) - kPage, vmo.get(), kPage), ZX_OK);
  EXPECT_EQ(machine.Map(uint64_t{1} << 48, vmo.get(), kPage), ZX_ERR_INVALID_ARGS);
}

// The mappings outlive the VMAR's handle, the VMAR dies with the guest.
TEST_F(SpaceTest, LifeOfTheVmar) {
  Shows("GPAS-16 GPAS-17 VMAR-MAP-11 VMAR-UNMAP-3");
  Machine machine(GUEST_BLOB(space_call), Machine::kWithVcpu);
  Handle space(machine.space_handle().Release());
  Handle copy = space.WithRights(ZX_RIGHT_SAME_RIGHTS);
  zx_vcpu_state_t state{};
  state.rsp = GUEST_STACK_TOP;
  machine.vcpu().SetState(state);
  space.Reset();
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  machine.guest_handle().Reset();
  Handle vmo = CreateVmo(kPage);
  zx_vaddr_t address = 0;
  EXPECT_EQ(zx_vmar_map(copy.get(), kReadWrite, 0, vmo.get(), 0, kPage, &address), ZX_OK)
      << "a VCPU keeps the guest";
  machine.CloseVcpu();
  EXPECT_EQ(zx_vmar_map(copy.get(), kReadWrite, 0, vmo.get(), 0, kPage, &address),
            ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_vmar_unmap(copy.get(), 0, kPage), ZX_ERR_BAD_STATE);
}

}  // namespace
}  // namespace conformance
