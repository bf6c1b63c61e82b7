// Virtio over PCI as a driver sees it: registers, agreement on features, interrupts, notifications,
// and what a driver that breaks the protocol gets.

#include "virtio/virtio_pci.h"

#include <gtest/gtest.h>
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "pci/pci_bus.h"
#include "virtio_driver.h"

namespace zvmm {
namespace {

constexpr unsigned kSlot = 2;
constexpr uint64_t kBar = PciBarOf(kSlot);
constexpr uint64_t kRings = 0x10000;
constexpr uint64_t kBuffer = 0x20000;

// Gives every request back with as many bytes as it has parts to write.
class EchoDevice : public VirtioDevice {
 public:
  std::string_view name() const override { return "echo"; }
  uint16_t id() const override { return 5; }
  uint32_t class_code() const override { return 0x00FF00; }
  uint64_t features() const override { return 0x8000'0002; }
  unsigned queue_count() const override { return 2; }
  std::span<const uint8_t> config() const override { return config_; }
  absl::Status Serve(unsigned index, Virtqueue& queue) override {
    while (true) {
      const auto chain = queue.Pop();
      if (!chain.ok() || !*chain) {
        return chain.status();
      }
      queue.Push(**chain, static_cast<uint32_t>((*chain)->writable.size()));
      served.push_back(index);
    }
  }
  void Reset() override { ++resets; }

  std::vector<unsigned> served;
  unsigned resets = 0;

 private:
  const std::vector<uint8_t> config_ = {1, 2, 3, 4, 5, 6, 7, 8};
};

class VirtioPciTest : public testing::Test {
 protected:
  VirtioPciTest() {
    auto device = std::make_unique<EchoDevice>();
    device_ = device.get();
    transport_ = std::make_unique<VirtioPci>(
        kSlot, std::move(device), memory_.view(), [this](bool level) { line_ = level; },
        [this](uint64_t address, uint32_t data) { sent_.emplace_back(address, data); });
  }

  uint64_t Read(uint64_t offset, uint8_t size) { return transport_->ReadMemory(offset, size); }
  void Write(uint64_t offset, uint8_t size, uint64_t value) {
    transport_->WriteMemory(offset, size, value);
  }
  uint8_t Status() { return static_cast<uint8_t>(Read(VIRTIO_PCI_COMMON_STATUS, 1)); }
  void AddStatus(uint8_t bits) { Write(VIRTIO_PCI_COMMON_STATUS, 1, Status() | bits); }

  uint64_t DeviceFeatures() {
    uint64_t features = 0;
    for (unsigned half = 0; half < 2; ++half) {
      Write(VIRTIO_PCI_COMMON_DFSELECT, 4, half);
      features |= Read(VIRTIO_PCI_COMMON_DF, 4) << (32 * half);
    }
    return features;
  }
  void Agree(uint64_t features) {
    for (unsigned half = 0; half < 2; ++half) {
      Write(VIRTIO_PCI_COMMON_GFSELECT, 4, half);
      Write(VIRTIO_PCI_COMMON_GF, 4, features >> (32 * half) & 0xFFFFFFFF);
    }
    AddStatus(VIRTIO_CONFIG_S_FEATURES_OK);
  }
  void PlaceQueue(uint16_t index) {
    Write(VIRTIO_PCI_COMMON_Q_SELECT, 2, index);
    Write(VIRTIO_PCI_COMMON_Q_SIZE, 2, TestQueue::kSize);
    Write(VIRTIO_PCI_COMMON_Q_DESCLO, 4, driver_.descriptors());
    Write(VIRTIO_PCI_COMMON_Q_AVAILLO, 4, driver_.available());
    Write(VIRTIO_PCI_COMMON_Q_USEDLO, 4, driver_.used());
    Write(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
  }
  // As a driver begins.
  void StartDriver(uint16_t queue = 0) {
    Write(VIRTIO_PCI_COMMON_STATUS, 1, 0);
    AddStatus(VIRTIO_CONFIG_S_ACKNOWLEDGE);
    AddStatus(VIRTIO_CONFIG_S_DRIVER);
    Agree(uint64_t{1} << VIRTIO_F_VERSION_1);
    PlaceQueue(queue);
    AddStatus(VIRTIO_CONFIG_S_DRIVER_OK);
  }

  // Capabilities by kind: offset in the configuration.
  std::map<uint8_t, uint8_t> Capabilities() {
    std::map<uint8_t, uint8_t> found;
    uint8_t at = transport_->ReadConfig(PCI_CAPABILITY_LIST / 4) & 0xFF;
    for (unsigned i = 0; at != 0 && i < 16; ++i) {
      const uint32_t head = transport_->ReadConfig(at / 4u);
      if ((head & 0xFF) == PCI_CAP_ID_VNDR) {
        found.emplace(static_cast<uint8_t>(head >> 24), at);
      }
      at = head >> 8 & 0xFF;
    }
    return found;
  }

  TestMemory memory_;
  TestQueue driver_{memory_, kRings};
  EchoDevice* device_ = nullptr;
  bool line_ = false;
  std::vector<std::pair<uint64_t, uint32_t>> sent_;
  std::unique_ptr<VirtioPci> transport_;
};

TEST_F(VirtioPciTest, IsAModernDeviceInItsSlot) {
  EXPECT_EQ(transport_->ReadConfig(0), 0x10451AF4u);
  EXPECT_EQ(transport_->ReadConfig(PCI_CLASS_REVISION / 4), 0x00FF0001u);
  EXPECT_EQ(transport_->ReadConfig(PCI_BASE_ADDRESS_0 / 4), kBar);
  EXPECT_EQ(transport_->ReadConfig(PCI_INTERRUPT_LINE / 4) & 0xFF, PciPinOf(kSlot));
}

TEST_F(VirtioPciTest, CapabilitiesSayWhereThingsAre) {
  const auto capabilities = Capabilities();
  struct Expected {
    uint8_t kind;
    uint64_t offset;
  };
  for (const Expected& expected : {Expected{VIRTIO_PCI_CAP_COMMON_CFG, VirtioPci::kCommon},
                                   Expected{VIRTIO_PCI_CAP_NOTIFY_CFG, VirtioPci::kNotify},
                                   Expected{VIRTIO_PCI_CAP_ISR_CFG, VirtioPci::kInterruptStatus},
                                   Expected{VIRTIO_PCI_CAP_DEVICE_CFG, VirtioPci::kDeviceConfig}}) {
    ASSERT_TRUE(capabilities.contains(expected.kind)) << int{expected.kind};
    const unsigned word = capabilities.at(expected.kind) / 4u;
    EXPECT_EQ(transport_->ReadConfig(word) & 0xFF, uint32_t{PCI_CAP_ID_VNDR});
    EXPECT_EQ(transport_->ReadConfig(word + 1) & 0xFF, 0u) << "BAR 0";
    EXPECT_EQ(transport_->ReadConfig(word + 2), expected.offset);
    EXPECT_GT(transport_->ReadConfig(word + 3), 0u);
  }
  const unsigned notify = capabilities.at(VIRTIO_PCI_CAP_NOTIFY_CFG) / 4u;
  EXPECT_EQ(transport_->ReadConfig(notify + 4), VirtioPci::kNotifySize) << "the multiplier";
}

TEST_F(VirtioPciTest, OffersItsFeatures) {
  EXPECT_EQ(DeviceFeatures(), device_->features() | uint64_t{1} << VIRTIO_F_VERSION_1 |
                                  uint64_t{1} << VIRTIO_RING_F_INDIRECT_DESC |
                                  uint64_t{1} << VIRTIO_RING_F_EVENT_IDX);
  Write(VIRTIO_PCI_COMMON_DFSELECT, 4, 2);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_DF, 4), 0u);
}

TEST_F(VirtioPciTest, FeaturesAreAgreedOn) {
  Agree(uint64_t{1} << VIRTIO_F_VERSION_1 | 2);
  EXPECT_NE(Status() & VIRTIO_CONFIG_S_FEATURES_OK, 0);
  Write(VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
  Write(VIRTIO_PCI_COMMON_GF, 4, 0);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_GF, 4), 2u) << "for good";
}

TEST_F(VirtioPciTest, NoAgreementOnWhatIsNotOffered) {
  Agree(uint64_t{1} << VIRTIO_F_VERSION_1 | 4);
  EXPECT_EQ(Status() & VIRTIO_CONFIG_S_FEATURES_OK, 0);
}

TEST_F(VirtioPciTest, NoAgreementWithALegacyDriver) {
  Agree(2);
  EXPECT_EQ(Status() & VIRTIO_CONFIG_S_FEATURES_OK, 0);
}

TEST_F(VirtioPciTest, RegistersReadBack) {
  StartDriver();
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_NUMQ, 2), 2u);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_MSIX, 2), uint64_t{VIRTIO_MSI_NO_VECTOR});
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_SIZE, 2), TestQueue::kSize);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1u);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_DESCLO, 8), driver_.descriptors());
  Write(VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_SIZE, 2), Virtqueue::kMostEntries);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0u);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_NOFF, 2), 1u);
  Write(VIRTIO_PCI_COMMON_Q_SELECT, 2, 2);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_SIZE, 2), 0u) << "there is no such queue";
}

TEST_F(VirtioPciTest, AnAddressMayBeWrittenWhole) {
  Write(VIRTIO_PCI_COMMON_Q_DESCLO, 8, 0x0123456789ABCDE0);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_DESCHI, 4), 0x01234567u);
  Write(VIRTIO_PCI_COMMON_Q_AVAILHI, 4, 5);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_AVAILLO, 8), uint64_t{5} << 32);
}

TEST_F(VirtioPciTest, FieldsAreWrittenWithTheirWidth) {
  Write(VIRTIO_PCI_COMMON_STATUS, 4, 0x0F);
  EXPECT_EQ(Status(), 0);
  Write(VIRTIO_PCI_COMMON_Q_SELECT, 1, 1);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_SELECT, 2), 0u);
  Write(VIRTIO_PCI_COMMON_Q_SIZE, 4, 4);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_SIZE, 2), Virtqueue::kMostEntries);
}

TEST_F(VirtioPciTest, DeviceConfigurationIsReadOnly) {
  EXPECT_EQ(Read(VirtioPci::kDeviceConfig, 8), 0x0807060504030201u);
  EXPECT_EQ(Read(VirtioPci::kDeviceConfig + 5, 1), 6u);
  Write(VirtioPci::kDeviceConfig, 4, 0);
  EXPECT_EQ(Read(VirtioPci::kDeviceConfig, 4), 0x04030201u);
  EXPECT_EQ(Read(VirtioPci::kDeviceConfig + 6, 4), 0u) << "beyond its end";
  EXPECT_EQ(Read(0xFFF, 8), 0u);
}

TEST_F(VirtioPciTest, ARequestIsServedAndInterrupts) {
  StartDriver();
  driver_.Add(3, {{kBuffer, 4, false}, {kBuffer, 4, true}});
  transport_->Serve(0);
  EXPECT_EQ(driver_.used_index(), 1);
  EXPECT_EQ(driver_.used_entry(0).id, 3u);
  EXPECT_EQ(driver_.used_entry(0).len, 1u);
  EXPECT_TRUE(line_);
  EXPECT_NE(transport_->ReadConfig(PCI_STATUS / 4) >> 16 & PCI_STATUS_INTERRUPT, 0u);
  EXPECT_EQ(Read(VirtioPci::kInterruptStatus, 1), VirtioInterrupt::kQueue);
  EXPECT_FALSE(line_) << "reading acknowledges";
  EXPECT_EQ(Read(VirtioPci::kInterruptStatus, 1), 0u);
}

TEST_F(VirtioPciTest, ANotificationForNothingIsQuiet) {
  StartDriver();
  transport_->Serve(0);
  EXPECT_FALSE(line_);
}

TEST_F(VirtioPciTest, TheCommandRegisterHoldsTheLineDown) {
  StartDriver();
  transport_->WriteConfig(PCI_COMMAND / 4, PCI_COMMAND_INTX_DISABLE, 0xFFFF);
  driver_.Add(0, {{kBuffer, 4, true}});
  transport_->Serve(0);
  EXPECT_FALSE(line_);
  transport_->WriteConfig(PCI_COMMAND / 4, 0, 0xFFFF);
  EXPECT_TRUE(line_) << "what happened meanwhile is told";
}

TEST_F(VirtioPciTest, NothingIsServedBeforeTheDriverIsReady) {
  AddStatus(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
  Agree(uint64_t{1} << VIRTIO_F_VERSION_1);
  PlaceQueue(0);
  driver_.Add(0, {{kBuffer, 4, true}});
  transport_->Serve(0);
  EXPECT_EQ(driver_.used_index(), 0);
  AddStatus(VIRTIO_CONFIG_S_DRIVER_OK);
  transport_->Serve(1);
  transport_->Serve(2);
  transport_->Serve(0xFFFFFFFF);
  EXPECT_EQ(driver_.used_index(), 0) << "other queues, which are not enabled or not there";
  transport_->Serve(0);
  EXPECT_EQ(driver_.used_index(), 1);
}

TEST_F(VirtioPciTest, AResetForgets) {
  StartDriver();
  driver_.Add(0, {{kBuffer, 4, true}});
  transport_->Serve(0);
  EXPECT_TRUE(line_);
  const unsigned before = device_->resets;
  Write(VIRTIO_PCI_COMMON_STATUS, 1, 0);
  EXPECT_EQ(device_->resets, before + 1);
  EXPECT_FALSE(line_);
  EXPECT_EQ(Status(), 0);
  Write(VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0u);
  driver_.Add(1, {{kBuffer, 4, true}});
  transport_->Serve(0);
  EXPECT_EQ(driver_.used_index(), 1) << "as before";
}

TEST_F(VirtioPciTest, StatusBitsGoByResetAlone) {
  StartDriver();
  const uint8_t before = Status();
  Write(VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE);
  EXPECT_EQ(Status(), before);
  Write(VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_CONFIG_S_NEEDS_RESET);
  EXPECT_EQ(Status(), before) << "that one is the device's to set";
}

TEST_F(VirtioPciTest, ABrokenRequestMakesTheDeviceRest) {
  StartDriver();
  driver_.Add(0, {{TestMemory::kSize, 4, true}});
  testing::internal::CaptureStderr();
  transport_->Serve(0);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "zvmm: echo: the guest's driver gave a buffer of 4 bytes at 0x100000; the device waits "
            "for a reset\n");
  EXPECT_NE(Status() & VIRTIO_CONFIG_S_NEEDS_RESET, 0);
  EXPECT_TRUE(line_);
  EXPECT_EQ(Read(VirtioPci::kInterruptStatus, 1), VirtioInterrupt::kConfig);
  driver_.descriptor(0).addr = kBuffer;
  transport_->Serve(0);
  EXPECT_EQ(driver_.used_index(), 0) << "it rests";

  testing::internal::CaptureStderr();
  driver_.available_index() = 0;
  StartDriver();
  driver_.Add(0, {{TestMemory::kSize, 4, true}});
  transport_->Serve(0);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "one line for each device";
  driver_.available_index() = 0;
  StartDriver();
  driver_.Add(0, {{kBuffer, 4, true}});
  transport_->Serve(0);
  EXPECT_EQ(driver_.used_index(), 1) << "a reset mends it";
}

TEST_F(VirtioPciTest, RingsOutsideOfRamMakeTheDeviceRest) {
  AddStatus(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
  Agree(uint64_t{1} << VIRTIO_F_VERSION_1);
  Write(VIRTIO_PCI_COMMON_Q_DESCHI, 4, 0xFFFFFFFF);
  testing::internal::CaptureStderr();
  Write(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
  EXPECT_NE(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0u);
  EXPECT_NE(Status() & VIRTIO_CONFIG_S_NEEDS_RESET, 0);
  EXPECT_FALSE(line_) << "a driver that is not ready is not interrupted";
}

TEST_F(VirtioPciTest, RegistersAreReachedThroughTheConfiguration) {
  const unsigned word = Capabilities().at(VIRTIO_PCI_CAP_PCI_CFG) / 4u;
  const auto select = [&](uint32_t offset, uint32_t length) {
    transport_->WriteConfig(word + 1, 0, 0xFF);
    transport_->WriteConfig(word + 2, offset, 0xFFFFFFFF);
    transport_->WriteConfig(word + 3, length, 0xFFFFFFFF);
  };
  select(VIRTIO_PCI_COMMON_STATUS, 1);
  transport_->WriteConfig(word + 4, VIRTIO_CONFIG_S_ACKNOWLEDGE, 0xFF);
  EXPECT_EQ(Status(), VIRTIO_CONFIG_S_ACKNOWLEDGE);
  EXPECT_EQ(transport_->ReadConfig(word + 4), uint32_t{VIRTIO_CONFIG_S_ACKNOWLEDGE});
  for (const auto& [offset, length] :
       std::vector<std::pair<uint32_t, uint32_t>>{{VIRTIO_PCI_COMMON_STATUS, 0},
                                                  {VIRTIO_PCI_COMMON_STATUS, 3},
                                                  {VIRTIO_PCI_COMMON_STATUS, 8},
                                                  {VIRTIO_PCI_COMMON_STATUS + 1, 4},
                                                  {VirtioPci::kNotify, 4},
                                                  {0x2000, 4},
                                                  {0xFFFFFFFC, 4}}) {
    select(offset, length);
    EXPECT_EQ(transport_->ReadConfig(word + 4), 0u) << offset << ' ' << length;
    transport_->WriteConfig(word + 4, 0, 0xFFFFFFFF);
    EXPECT_EQ(Status(), VIRTIO_CONFIG_S_ACKNOWLEDGE) << offset << ' ' << length;
  }
  transport_->WriteConfig(word + 1, 1, 0xFF);  // Another BAR.
  transport_->WriteConfig(word + 2, VIRTIO_PCI_COMMON_STATUS, 0xFFFFFFFF);
  transport_->WriteConfig(word + 3, 1, 0xFFFFFFFF);
  EXPECT_EQ(transport_->ReadConfig(word + 4), 0u);
}

TEST_F(VirtioPciTest, TheBarMovesAndIsTurnedOff) {
  PciBus bus;
  bus.Add(kSlot, *transport_);
  MmioDevice& memory = bus;
  StartDriver();
  const auto status_at = [&](uint64_t bar) {
    return memory.Read(bar + VIRTIO_PCI_COMMON_STATUS, 1) & 0xFF;
  };
  EXPECT_EQ(status_at(kBar), Status());
  constexpr uint64_t kElsewhere = 0xE8000000;
  transport_->WriteConfig(PCI_BASE_ADDRESS_0 / 4, kElsewhere, 0xFFFFFFFF);
  EXPECT_EQ(status_at(kElsewhere), Status());
  EXPECT_EQ(memory.Read(kBar, 8), ~uint64_t{0}) << "there is nothing any more";
  memory.Write(kBar + VIRTIO_PCI_COMMON_STATUS, 1, 0);
  EXPECT_NE(Status(), 0) << "and so a write goes nowhere";
  driver_.Add(0, {{kBuffer, 4, true}});
  transport_->WriteConfig(PCI_COMMAND / 4, 0, PCI_COMMAND_MEMORY);
  EXPECT_EQ(memory.Read(kElsewhere, 4), ~uint64_t{0});
  transport_->WriteConfig(PCI_COMMAND / 4, PCI_COMMAND_MEMORY, PCI_COMMAND_MEMORY);
  EXPECT_EQ(status_at(kElsewhere), Status());
}

TEST_F(VirtioPciTest, NothingOfTheWindowIsDangerous) {
  PciBus bus;
  bus.Add(kSlot, *transport_);
  MmioDevice& memory = bus;
  for (uint64_t address = kBar; address < kBar + kPciBarSize; ++address) {
    for (const uint8_t size : {1, 2, 4, 8}) {
      memory.Read(address, size);
      memory.Write(address, size, ~uint64_t{0});
      memory.Write(address, size, 0);
    }
  }
}

// Where the capability of MSI-X is, as a word.
class VirtioPciVectorsTest : public VirtioPciTest {
 protected:
  VirtioPciVectorsTest() {
    unsigned at = transport_->ReadConfig(PCI_CAPABILITY_LIST / 4) & 0xFF;
    while (at != 0 && (transport_->ReadConfig(at / 4) & 0xFF) != PCI_CAP_ID_MSIX) {
      at = transport_->ReadConfig(at / 4) >> 8 & 0xFF;
    }
    word_ = at / 4;
  }
  void SetControl(uint16_t flags) {
    transport_->WriteConfig(word_, uint32_t{flags} << 16, 0xFFFF0000);
  }
  // Fills in a vector, unmasked.
  void SetVector(unsigned vector, uint32_t address, uint32_t data) {
    const uint64_t entry = VirtioPci::kVectorTable + vector * MsiX::kEntrySize;
    Write(entry, 4, address);
    Write(entry + 4, 4, 0);
    Write(entry + 8, 4, data);
    Write(entry + 12, 4, 0);
  }
  void ServeRequest() {
    driver_.Add(0, {{kBuffer, 4, true}});
    transport_->Serve(0);
  }

  using Sent = std::vector<std::pair<uint64_t, uint32_t>>;
  unsigned word_ = 0;
};

TEST_F(VirtioPciVectorsTest, TheCapabilitySaysWhereTheyAre) {
  ASSERT_NE(word_, 0u);
  EXPECT_EQ(transport_->ReadConfig(word_) >> 16, 2u) << "three: two queues and the configuration";
  EXPECT_EQ(transport_->ReadConfig(word_ + 1), VirtioPci::kVectorTable);
  EXPECT_EQ(transport_->ReadConfig(word_ + 2), VirtioPci::kPendingVectors);
  EXPECT_EQ(Read(VirtioPci::kVectorTable + 12, 4), 1u) << "masked at first";
}

TEST_F(VirtioPciVectorsTest, AQueuesMessageIsSent) {
  StartDriver();
  SetVector(1, 0xFEE01000, 0x51);
  SetControl(PCI_MSIX_FLAGS_ENABLE);
  Write(VIRTIO_PCI_COMMON_Q_MSIX, 2, 1);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_MSIX, 2), 1u);
  ServeRequest();
  EXPECT_EQ(sent_, (Sent{{0xFEE01000, 0x51}}));
  EXPECT_FALSE(line_);
  EXPECT_EQ(Read(VirtioPci::kInterruptStatus, 1), 0u);
  SetControl(0);
  driver_.Add(1, {{kBuffer, 4, true}});
  transport_->Serve(0);
  EXPECT_EQ(sent_.size(), 1u);
  EXPECT_TRUE(line_) << "without them there is the line";
}

TEST_F(VirtioPciVectorsTest, AMaskedMessageWaits) {
  StartDriver();
  SetVector(0, 0xFEE00000, 0x50);
  Write(VIRTIO_PCI_COMMON_Q_MSIX, 2, 0);
  const uint64_t mask = VirtioPci::kVectorTable + 12;
  SetControl(PCI_MSIX_FLAGS_ENABLE);
  Write(mask, 4, 1);
  ServeRequest();
  EXPECT_EQ(sent_, Sent{});
  EXPECT_EQ(Read(VirtioPci::kPendingVectors, 4), 1u);
  Write(mask, 4, 0);
  EXPECT_EQ(sent_.size(), 1u);
  EXPECT_EQ(Read(VirtioPci::kPendingVectors, 4), 0u);
  SetControl(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
  ServeRequest();
  ServeRequest();
  EXPECT_EQ(sent_.size(), 1u);
  SetControl(PCI_MSIX_FLAGS_ENABLE);
  EXPECT_EQ(sent_.size(), 2u) << "once, however often";
}

TEST_F(VirtioPciVectorsTest, VectorsThatAreNotThere) {
  StartDriver();
  SetControl(PCI_MSIX_FLAGS_ENABLE);
  Write(VIRTIO_PCI_COMMON_MSIX, 2, 3);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_MSIX, 2), uint64_t{VIRTIO_MSI_NO_VECTOR});
  Write(VIRTIO_PCI_COMMON_Q_MSIX, 2, 0xFFFE);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_Q_MSIX, 2), uint64_t{VIRTIO_MSI_NO_VECTOR});
  ServeRequest();
  EXPECT_EQ(sent_, Sent{}) << "nobody wants to know";
  const uint64_t behind = VirtioPci::kVectorTable + 3 * MsiX::kEntrySize;
  Write(behind, 8, ~uint64_t{0});
  EXPECT_EQ(Read(behind, 8), 0u);
}

TEST_F(VirtioPciVectorsTest, TheConfigurationsMessage) {
  StartDriver();
  SetVector(2, 0xFEE00000, 0x52);
  SetControl(PCI_MSIX_FLAGS_ENABLE);
  Write(VIRTIO_PCI_COMMON_MSIX, 2, 2);
  driver_.Add(0, {{TestMemory::kSize, 4, true}});
  testing::internal::CaptureStderr();
  transport_->Serve(0);
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(sent_, (Sent{{0xFEE00000, 0x52}}));
  Write(VIRTIO_PCI_COMMON_STATUS, 1, 0);
  EXPECT_EQ(Read(VIRTIO_PCI_COMMON_MSIX, 2), uint64_t{VIRTIO_MSI_NO_VECTOR}) << "a reset forgets";
}

TEST(DeviceThreadTest, WakesForEachQueueAndEnds) {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<unsigned, unsigned> calls;
  auto thread = DeviceThread::Start("test", [&](unsigned index) {
    std::lock_guard lock(mutex);
    ++calls[index];
    changed.notify_all();
  });
  ASSERT_TRUE(thread.ok()) << thread.status();
  for (unsigned round = 1; round <= 3; ++round) {
    (*thread)->Wake(0);
    (*thread)->Wake(31);
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return calls[0] >= round && calls[31] >= round; });
  }
}

TEST(DeviceThreadTest, AFloodOfWakingsIsOneEach) {
  std::mutex mutex;
  unsigned calls = 0;
  auto thread = DeviceThread::Start("test", [&](unsigned) {
    std::lock_guard lock(mutex);
    ++calls;
  });
  ASSERT_TRUE(thread.ok()) << thread.status();
  {
    // While it is held up here, one can be taken and one can wait.
    std::lock_guard lock(mutex);
    for (unsigned i = 0; i < 100'000; ++i) {
      (*thread)->Wake(7);
    }
  }
  thread->reset();  // All that was asked for is done first.
  EXPECT_GE(calls, 1u);
  EXPECT_LE(calls, 2u);
}

}  // namespace
}  // namespace zvmm
