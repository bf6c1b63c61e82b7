// zx_guest_create and zircon_kvm_check: what stands in the way of a guest, in the documented order
// and in words. Rows: GUEST-CREATE, HOST, KVM-ERR.

#include <gtest/gtest.h>
#include <zircon-kvm/host.h>

#include <cerrno>
#include <string>

#include "contract.h"
#include "fake/machine.h"
#include "guest/guest.h"

namespace zircon {
namespace {

using fake::DefaultHost;
using fake::FakeKernel;
using fake::KernelScope;

class VmCreation : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(zircon_kvm_hypervisor_resource(&resource_), ZX_OK); }
  void TearDown() override {
    zx_handle_close(resource_);
    EXPECT_EQ(kernel_.open_descriptors(), 0u);
    EXPECT_EQ(kernel_.mapped_pages(), 0u);
    EXPECT_EQ(kernel_.misuses(), 0);
  }
  zx_status_t Create() {
    zx_handle_t guest = ZX_HANDLE_INVALID;
    zx_handle_t vmar = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_guest_create(resource_, 0, &guest, &vmar);
    zx_handle_close(guest);
    zx_handle_close(vmar);
    return status;
  }
  // What zircon_kvm_check says; its status must be that of zx_guest_create.
  std::string Words(zx_status_t status) {
    char words[512];
    EXPECT_EQ(zircon_kvm_check(words, sizeof(words)), status);
    return words;
  }

  FakeKernel kernel_;
  KernelScope scope_{kernel_};
  zx_handle_t resource_ = ZX_HANDLE_INVALID;
};

TEST_F(VmCreation, NothingMissing) {
  Shows("HOST-5 HOST-6");
  EXPECT_EQ(Create(), ZX_OK);
  EXPECT_EQ(Words(ZX_OK).rfind("Guests can be created here.", 0), 0u);
  EXPECT_EQ(guest::Guest::live_count(), 0u);
}

TEST_F(VmCreation, ErrnosOfOpen) {
  Shows("GUEST-CREATE-6 HOST-5 HOST-6 KVM-ERR-1 KVM-ERR-2 KVM-ERR-3 KVM-ERR-4 KVM-ERR-8");
  const struct {
    int error;
    zx_status_t status;
    const char* word;
  } kRows[] = {
      {ENOENT, ZX_ERR_NOT_SUPPORTED, "There is no /dev/kvm"},
      {ENODEV, ZX_ERR_NOT_SUPPORTED, "no KVM answers"},
      {ENXIO, ZX_ERR_NOT_SUPPORTED, "no KVM answers"},
      {EACCES, ZX_ERR_ACCESS_DENIED, "No permission to open /dev/kvm"},
      {EPERM, ZX_ERR_ACCESS_DENIED, "No permission to open /dev/kvm"},
      {EMFILE, ZX_ERR_NO_RESOURCES, "file descriptor"},
      {ENFILE, ZX_ERR_NO_RESOURCES, "file descriptor"},
      {ENOMEM, ZX_ERR_NO_MEMORY, "Cannot open /dev/kvm"},
      {EIO, ZX_ERR_INTERNAL, "Cannot open /dev/kvm"},
  };
  for (const auto& row : kRows) {
    kernel_.Fail(fake::kCallOpen, row.error, 1, 2);
    EXPECT_EQ(Create(), row.status) << row.error;
    const std::string words = Words(row.status);
    EXPECT_NE(words.find(row.word), std::string::npos) << words;
  }
}

TEST_F(VmCreation, ErrnosOfCreateVm) {
  Shows("HOST-5 KVM-ERR-2 KVM-ERR-3 KVM-ERR-4 KVM-ERR-8");
  ASSERT_EQ(Create(), ZX_OK);  // the host is known from here on
  const struct {
    int error;
    zx_status_t status;
  } kRows[] = {{EMFILE, ZX_ERR_NO_RESOURCES}, {ENFILE, ZX_ERR_NO_RESOURCES},
               {ENOMEM, ZX_ERR_NO_MEMORY},    {ENODEV, ZX_ERR_NOT_SUPPORTED},
               {EBUSY, ZX_ERR_NOT_SUPPORTED}, {EINVAL, ZX_ERR_INTERNAL}};
  for (const auto& row : kRows) {
    kernel_.Fail(KVM_CREATE_VM, row.error, 1, 2);
    EXPECT_EQ(Create(), row.status) << row.error;
    EXPECT_NE(Words(row.status).find("creates no virtual machine"), std::string::npos);
  }
}

TEST_F(VmCreation, CreateVmIsRetriedWhenInterrupted) {
  Shows("KVM-ERR-5");
  kernel_.Fail(KVM_CREATE_VM, EINTR, 1, 5);
  EXPECT_EQ(Create(), ZX_OK);
}

TEST_F(VmCreation, MissingCapabilitiesAreNamed) {
  Shows("GUEST-CREATE-6 HOST-5 HOST-6 KVM-ERR-10");
  const struct {
    long capability;
    const char* word;
  } kRows[] = {{KVM_CAP_SYNC_REGS, "SYNC_REGS"},
               {KVM_CAP_IMMEDIATE_EXIT, "IMMEDIATE_EXIT"},
               {KVM_CAP_READONLY_MEM, "READONLY_MEM"},
               {KVM_CAP_EXT_CPUID, "EXT_CPUID"},
               {KVM_CAP_X86_USER_SPACE_MSR, "USER_SPACE_MSR"},
               {KVM_CAP_X86_MSR_FILTER, "MSR_FILTER"}};
  for (const auto& row : kRows) {
    kernel_.host() = DefaultHost();
    kernel_.host().capabilities.erase(row.capability);
    EXPECT_EQ(Create(), ZX_ERR_NOT_SUPPORTED) << row.word;
    EXPECT_NE(Words(ZX_ERR_NOT_SUPPORTED).find(row.word), std::string::npos);
  }
  // One of the three register sets is not enough.
  kernel_.host() = DefaultHost();
  kernel_.host().capabilities[KVM_CAP_SYNC_REGS] = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
  EXPECT_EQ(Create(), ZX_ERR_NOT_SUPPORTED);
  // Once the host has it, it works: a failure is not remembered.
  kernel_.host() = DefaultHost();
  EXPECT_EQ(Create(), ZX_OK);
}

TEST_F(VmCreation, AnotherInterfaceVersion) {
  Shows("GUEST-CREATE-6 KVM-ERR-10");
  kernel_.host().api_version = 13;
  EXPECT_EQ(Create(), ZX_ERR_NOT_SUPPORTED);
  EXPECT_NE(Words(ZX_ERR_NOT_SUPPORTED).find("version"), std::string::npos);
}

TEST_F(VmCreation, CpuidThatKvmDoesNotTell) {
  kernel_.Fail(KVM_GET_SUPPORTED_CPUID, ENOMEM, 1, 2);
  EXPECT_EQ(Create(), ZX_ERR_NO_MEMORY);
  EXPECT_NE(Words(ZX_ERR_NO_MEMORY).find("processor"), std::string::npos);
}

TEST_F(VmCreation, SettingsThatKvmRefuses) {
  Shows("KVM-ERR-8 KVM-ERR-9");
  ASSERT_EQ(Create(), ZX_OK);
  kernel_.Fail(KVM_ENABLE_CAP, EINVAL);
  EXPECT_NE(Words(ZX_ERR_INTERNAL).find("settings"), std::string::npos);
  kernel_.Fail(KVM_ENABLE_CAP, EINVAL, 2);  // EXIT_ON_EMULATION_FAILURE
  EXPECT_EQ(Create(), ZX_ERR_INTERNAL);
  kernel_.Fail(KVM_X86_SET_MSR_FILTER, ENOMEM);
  EXPECT_EQ(Create(), ZX_ERR_NO_MEMORY);
}

TEST_F(VmCreation, TheMachineIsSetUp) {
  ASSERT_EQ(Create(), ZX_OK);
  const fake::FakeVm& vm = *kernel_.vm();
  EXPECT_EQ(vm.cap(KVM_CAP_X86_USER_SPACE_MSR),
            uint64_t{KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN |
                     KVM_MSR_EXIT_REASON_FILTER});
  EXPECT_EQ(vm.cap(KVM_CAP_EXIT_ON_EMULATION_FAILURE), 1u);
  // MSR-DIRECT: these registers and no other.
  for (const uint32_t direct :
       {0x174u, 0x175u, 0x176u, 0x277u, 0xC0000080u, 0xC0000081u, 0xC0000082u, 0xC0000083u,
        0xC0000084u, 0xC0000100u, 0xC0000101u, 0xC0000102u, 0xC0000103u}) {
    EXPECT_TRUE(vm.MsrAllowed(direct, true)) << std::hex << direct;
    EXPECT_TRUE(vm.MsrAllowed(direct, false)) << std::hex << direct;
  }
  for (const uint32_t other : {0x10u, 0x11u, 0x12u, 0x1Bu, 0x3Bu, 0x48u, 0x8Bu, 0x1A0u, 0x200u,
                               0x6E0u, 0x4B564D00u, 0x4B564D01u, 0xC0000104u}) {
    EXPECT_FALSE(vm.MsrAllowed(other, true)) << std::hex << other;
  }
}

TEST_F(VmCreation, OlderHostsDoWithoutWhatIsNotNeeded) {
  for (const long optional : {KVM_CAP_EXIT_ON_EMULATION_FAILURE, KVM_CAP_ENFORCE_PV_FEATURE_CPUID,
                              KVM_CAP_VCPU_ATTRIBUTES, KVM_CAP_NR_MEMSLOTS}) {
    kernel_.host().capabilities.erase(optional);
  }
  EXPECT_EQ(Create(), ZX_OK);
  EXPECT_FALSE(kernel_.vm()->has_cap(KVM_CAP_EXIT_ON_EMULATION_FAILURE));
}

TEST_F(VmCreation, ResourceErrorsComeFirst) {
  Shows("GUEST-CREATE-1 GUEST-CREATE-2 GUEST-CREATE-4 GUEST-CREATE-5 GUEST-CREATE-6");
  // BAD_HANDLE, WRONG_TYPE, OUT_OF_RANGE, options, and only then the host.
  kernel_.Fail(fake::kCallOpen, ENOENT, 1, 100);
  zx_handle_t guest = ZX_HANDLE_INVALID;
  zx_handle_t vmar = ZX_HANDLE_INVALID;
  zx_handle_t port = ZX_HANDLE_INVALID;
  zx_handle_t vmex = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  ASSERT_EQ(zircon_kvm_vmex_resource(&vmex), ZX_OK);
  EXPECT_EQ(zx_guest_create(ZX_HANDLE_INVALID, 1, &guest, &vmar), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_guest_create(port, 1, &guest, &vmar), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_guest_create(vmex, 1, &guest, &vmar), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_guest_create(resource_, 1, &guest, &vmar), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_guest_create(resource_, ZX_GUEST_OPT_DIRECT, &guest, &vmar), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_guest_create(resource_, 0, &guest, &vmar), ZX_ERR_NOT_SUPPORTED);
  zx_handle_close(port);
  zx_handle_close(vmex);
}

TEST_F(VmCreation, NoRightIsNeededOnTheResource) {
  Shows("GPAS-1 GUEST-CREATE-10 RIGHTS-3 RIGHTS-11");
  zx_handle_t bare = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(resource_, ZX_RIGHT_NONE, &bare), ZX_OK);
  zx_handle_t guest = ZX_HANDLE_INVALID;
  zx_handle_t vmar = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_guest_create(bare, 0, &guest, &vmar), ZX_OK);
  zx_info_vmar_t info = {};
  EXPECT_EQ(zx_object_get_info(vmar, ZX_INFO_VMAR, &info, sizeof(info), nullptr, nullptr), ZX_OK);
  EXPECT_EQ(info.base, 0u);
  EXPECT_EQ(info.len, uint64_t{1} << 48);
  for (const zx_handle_t handle : {bare, guest, vmar}) zx_handle_close(handle);
}

TEST_F(VmCreation, BadOutPointersDropTheGuest) {
  Shows("GUEST-CREATE-8 PTR-5");
  zx_handle_t one = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_guest_create(resource_, 0, nullptr, &one), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_guest_create(resource_, 0, &one, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(guest::Guest::live_count(), 0u);
  EXPECT_EQ(kernel_.open_descriptors(), 0u);
}

TEST_F(VmCreation, WordsAreCutWithANul) {
  Shows("HOST-6 HOST-7 HOST-8");
  char words[8];
  std::fill(std::begin(words), std::end(words), 'x');
  EXPECT_EQ(zircon_kvm_check(words, sizeof(words)), ZX_OK);
  EXPECT_STREQ(words, "Guests ");
  EXPECT_EQ(zircon_kvm_check(nullptr, 0), ZX_OK);
  EXPECT_EQ(zircon_kvm_check(nullptr, 1), ZX_ERR_INVALID_ARGS);
}

// ---- What is found out about the host ----

class HostProbe : public VmCreation {
 protected:
  int Get(const guest::x86::Host** host) {
    std::unique_ptr<kvm::SystemFd> system;
    EXPECT_EQ(kvm::SystemFd::Open(kernel_, &system), 0);
    std::string why;
    const int error = guest::x86::Host::Get(*system, host, &why);
    EXPECT_EQ(error != 0, !why.empty());
    return error;
  }
  const guest::x86::Host* Find() {
    const guest::x86::Host* host = nullptr;
    EXPECT_EQ(Get(&host), 0);
    return host;
  }
};

TEST_F(HostProbe, DeadlineWritesAreTestedWithARealGuest) {
  EXPECT_TRUE(Find()->deadline_timer);
  const uint64_t machines = kernel_.calls(KVM_CREATE_VM);
  EXPECT_EQ(machines, 1u);
  Find();
  EXPECT_EQ(kernel_.calls(KVM_CREATE_VM), machines);  // once per process
  EXPECT_EQ(kernel_.open_descriptors(), 0u);
}

TEST_F(HostProbe, HostThatSwallowsDeadlineWrites) {
  kernel_.host().swallows_deadline = true;
  EXPECT_FALSE(Find()->deadline_timer);
}

// A question that fails is no answer: the call fails, and the next one asks again.
TEST_F(HostProbe, AProbeThatFailsSaysNothingOfTheHost) {
  Shows("KVM-ERR-11 CPUID-5");
  for (const unsigned long call :
       {static_cast<unsigned long>(KVM_CREATE_VM), KVM_ENABLE_CAP,
        static_cast<unsigned long>(KVM_X86_SET_MSR_FILTER),
        static_cast<unsigned long>(KVM_SET_USER_MEMORY_REGION),
        static_cast<unsigned long>(KVM_CREATE_VCPU), fake::kCallMapRun,
        static_cast<unsigned long>(KVM_SET_CPUID2), static_cast<unsigned long>(KVM_GET_SREGS),
        static_cast<unsigned long>(KVM_SET_SREGS), static_cast<unsigned long>(KVM_SET_REGS),
        static_cast<unsigned long>(KVM_RUN)}) {
    guest::x86::Host::ForgetForTest(kernel_);
    const guest::x86::Host* host = nullptr;
    kernel_.Fail(call, ENOMEM);
    EXPECT_EQ(Get(&host), ENOMEM) << std::hex << call;
    EXPECT_EQ(kernel_.open_descriptors(), 0u);
    EXPECT_TRUE(Find()->deadline_timer) << std::hex << call;
  }
}

TEST_F(HostProbe, ACapabilityThatIsNotToldIsAskedForAgain) {
  Shows("KVM-ERR-3 KVM-ERR-11");
  int asked = 0;
  {
    Find();
    asked = static_cast<int>(kernel_.calls(KVM_CHECK_EXTENSION));
    guest::x86::Host::ForgetForTest(kernel_);
  }
  ASSERT_GE(asked, 10);
  for (int nth = 1; nth <= asked; ++nth) {
    kernel_.Fail(KVM_CHECK_EXTENSION, ENOMEM, nth);
    EXPECT_EQ(Create(), ZX_ERR_NO_MEMORY) << nth;
    const guest::x86::Host* host = Find();
    ASSERT_NE(host, nullptr);
    EXPECT_EQ(host->max_slots, 32764u);
    EXPECT_TRUE(host->exit_on_emulation_failure);
    guest::x86::Host::ForgetForTest(kernel_);
  }
}

TEST_F(HostProbe, AProbesGuestThatDoesSomethingElseIsNoAnswer) {
  Shows("KVM-ERR-11");
  kernel_.host().probe_exit = KVM_EXIT_FAIL_ENTRY;
  const guest::x86::Host* host = nullptr;
  EXPECT_EQ(Get(&host), EIO);
  kernel_.host().probe_exit = 0;
  EXPECT_TRUE(Find()->deadline_timer);
}

TEST_F(HostProbe, SignalsDoNotDisturbTheProbe) {
  kernel_.Fail(KVM_RUN, EINTR, 1, 10);
  EXPECT_TRUE(Find()->deadline_timer);
  guest::x86::Host::ForgetForTest(kernel_);
  kernel_.Fail(KVM_RUN, EINTR, 1, 100);
  const guest::x86::Host* host = nullptr;
  EXPECT_EQ(Get(&host), EAGAIN) << "given up in the end";
  EXPECT_TRUE(Find()->deadline_timer);
}

TEST_F(HostProbe, Capabilities) {
  const guest::x86::Host* host = Find();
  EXPECT_EQ(host->max_slots, 32764u);
  EXPECT_TRUE(host->exit_on_emulation_failure);
  EXPECT_TRUE(host->enforce_pv_features);
  EXPECT_TRUE(host->tsc_offset);
  EXPECT_EQ(host->cpuid.size(), kernel_.host().cpuid.size());
  guest::x86::Host::ForgetForTest(kernel_);
  kernel_.host().capabilities.erase(KVM_CAP_NR_MEMSLOTS);
  kernel_.host().capabilities.erase(KVM_CAP_VCPU_ATTRIBUTES);
  host = Find();
  EXPECT_EQ(host->max_slots, 32u);
  EXPECT_FALSE(host->tsc_offset);
}

}  // namespace
}  // namespace zircon
