// A driver that does its worst to zvmm's devices: their ports and registers, rings and buffers in
// its memory, input and time at any moment. What must hold besides what sanitizers see: each access
// ends, a read-only disk stays as it was, and when the driver resets a virtio device, whatever it
// has done before, that serves it as if it were new.

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "devices/acpi_pm.h"
#include "devices/cmos.h"
#include "devices/hpet.h"
#include "devices/i8042.h"
#include "devices/interrupt_message.h"
#include "devices/io_apic.h"
#include "devices/open_bus.h"
#include "devices/pic.h"
#include "devices/pit.h"
#include "devices/pvpanic.h"
#include "devices/system_control.h"
#include "devices/uart.h"
#include "host/descriptor.h"
#include "io_ports.h"
#include "models/input.h"
#include "models/require.h"
#include "pc_ports.h"
#include "pci/host_bridge.h"
#include "pci/pci_bus.h"
#include "virtio/virtio_block.h"
#include "virtio/virtio_console.h"
#include "virtio/virtio_net.h"
#include "virtio/virtio_pci.h"
#include "virtio/virtio_rng.h"
#include "zvmm/virtio_driver.h"

namespace zvmm {
namespace {

using std::chrono::nanoseconds;
using zircon::models::Input;

constexpr uint64_t kSectors = 16;

// A file without a name, as an image.
class Disk {
 public:
  Disk() : file_(memfd_create("disk", MFD_CLOEXEC)) {
    const std::string text(kSectors * DiskImage::kSectorSize, 'd');
    REQUIRE(write(file_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  std::unique_ptr<DiskImage> Open(bool read_only) const {
    auto image = DiskImage::Open("/proc/self/fd/" + std::to_string(file_.get()), read_only);
    REQUIRE(image.ok());
    return *std::move(image);
  }
  bool IsAsItWas() const {
    std::string text(kSectors * DiskImage::kSectorSize + 1, '\0');
    const ssize_t size = pread(file_.get(), text.data(), text.size(), 0);
    return size == static_cast<ssize_t>(text.size() - 1) &&
           text.find_first_not_of('d') == text.size() - 1;
  }

 private:
  const Descriptor file_;
};

// The other end of a network card. Receive() is called by the card's link, on a thread of its own.
class Wire {
 public:
  class Port final : public FramePort {
   public:
    explicit Port(Wire& wire) : wire_(wire) {}
    int fd() const override { return wire_.event_.get(); }
    absl::Status Receive(const Taker& take) override {
      uint64_t count = 0;
      REQUIRE(read(fd(), &count, sizeof(count)) == sizeof(count));
      const std::lock_guard lock(wire_.mutex_);
      for (const std::vector<uint8_t>& frame : wire_.coming_) take(frame);
      wire_.taken_ += static_cast<unsigned>(wire_.coming_.size());
      wire_.coming_.clear();
      return absl::OkStatus();
    }
    absl::StatusOr<bool> Send(std::span<const uint8_t>) override {
      ++wire_.sent_;
      return true;
    }
    absl::StatusOr<bool> Flush() override { return true; }

   private:
    Wire& wire_;
  };

  unsigned sent() const { return sent_; }
  // The card's link has it when this returns.
  void Put(std::vector<uint8_t> frame) {
    // More than this does not fit into what a link keeps, and would be left here.
    if (put_ == kMostFrames) return;
    {
      const std::lock_guard lock(mutex_);
      coming_.push_back(std::move(frame));
    }
    const uint64_t one = 1;
    REQUIRE(write(event_.get(), &one, sizeof(one)) == sizeof(one));
    ++put_;
    while (taken_ != put_) usleep(10);
  }

 private:
  static constexpr unsigned kMostFrames = 64;

  const Descriptor event_{eventfd(0, EFD_CLOEXEC)};
  std::mutex mutex_;
  std::deque<std::vector<uint8_t>> coming_;
  std::atomic<unsigned> taken_{0};
  std::atomic<unsigned> sent_{0};
  unsigned put_ = 0;
};

class Nobody final : public InterruptSink {
  void Interrupt(uint64_t, uint8_t) override {}
};

class DeviceWorld {
 public:
  DeviceWorld() {
    AddPcPorts({.pic = pic_,
                .pit = pit_,
                .i8042 = i8042_,
                .system_control = system_control_,
                .cmos = cmos_,
                .console = uart_,
                .acpi_pm = acpi_pm_,
                .pvpanic = pvpanic_,
                .host_bridge = host_bridge_},
               ports_);
    first_ports_ = ports_.first_ports();
    ports_.FillGaps(open_bus_);
    Add(std::make_unique<VirtioBlock>(disk_.Open(false), "serial", running_));
    Add(std::make_unique<VirtioBlock>(read_only_disk_.Open(true), "serial", running_));
    auto console = std::make_unique<VirtioConsole>(
        [this](std::span<const uint8_t> bytes) { written_ += bytes.size(); });
    console->SetWaker([] {});
    console_ = console.get();
    Add(std::move(console));
    Add(std::make_unique<VirtioRng>());
    auto card = std::make_unique<VirtioNet>(MacAddress{2, 0, 0, 0, 0, 1});
    VirtioNet& device = *card;
    Add(std::move(card));
    REQUIRE(device.Connect("wire", std::make_unique<Wire::Port>(wire_), [](unsigned) {}).ok());
  }
  ~DeviceWorld() {
    for (const auto& slot : slots_) slot->Stop();
  }

  void Do(Input& input) {
    switch (input.Below(12)) {
      case 0: {
        IoDevice& device = *ports_.Find(PickPort(input));
        device.Write(port_, input.Pick(kSizes), input.Next<uint32_t>());
        break;
      }
      case 1:
        ports_.Find(PickPort(input))->Read(port_, input.Pick(kSizes));
        break;
      case 2:
      case 3: {
        const uint64_t address = PickAddress(input);
        MmioAt(address).Write(address, input.Pick(kMmioSizes), input.Next<uint64_t>());
        break;
      }
      case 4: {
        const uint64_t address = PickAddress(input);
        MmioAt(address).Read(address, input.Pick(kMmioSizes));
        break;
      }
      case 5: {
        const uint64_t address = input.Below(TestMemory::kSize - sizeof(uint64_t));
        const auto value = input.Next<uint64_t>();
        std::memcpy(memory_.At(address, sizeof(value)).data(), &value, sizeof(value));
        break;
      }
      case 6:
        SetUp(*slots_[input.Below(kSlots)], input.Next<uint64_t>());
        break;
      case 7:
      case 8:
        AddChain(input);
        break;
      case 9:
        slots_[input.Below(kSlots)]->Serve(input.Below(kQueues));
        break;
      case 10:
        Pass(nanoseconds(input.Next<uint32_t>() * uint64_t{100}));
        break;
      default:
        PutInput(input);
    }
  }

  void CheckThatResetHelps() {
    REQUIRE(read_only_disk_.IsAsItWas());
    for (const unsigned disk : {0u, 1u}) {
      Begin(*slots_[disk]);
      virtio_blk_outhdr header = {};
      header.type = VIRTIO_BLK_T_IN;
      memory_.Get<virtio_blk_outhdr>(kBuffers) = header;
      memory_.Get<uint8_t>(kBuffers + 0x100) = 0xEE;
      queues_[0].Add(0, {{kBuffers, sizeof(header), false},
                         {kBuffers + 0x1000, DiskImage::kSectorSize, true},
                         {kBuffers + 0x100, 1, true}});
      Expect(*slots_[disk], 0, 1 + DiskImage::kSectorSize);
      REQUIRE(memory_.Get<uint8_t>(kBuffers + 0x100) == VIRTIO_BLK_S_OK);
    }
    REQUIRE(memory_.Get<uint8_t>(kBuffers + 0x1000) == 'd');

    const uint64_t written = written_;
    Begin(*slots_[2]);
    queues_[VirtioConsole::kTransmit].Add(0, {{kBuffers, 100, false}});
    Expect(*slots_[2], VirtioConsole::kTransmit, 0);
    REQUIRE(written_ == written + 100);

    Begin(*slots_[3]);
    queues_[0].Add(0, {{kBuffers, 16, true}});
    Expect(*slots_[3], 0, 16);

    const unsigned sent = wire_.sent();
    Begin(*slots_[4]);
    queues_[VirtioNet::kTransmit].Add(0, {{kBuffers, 12 + 60, false}});
    Expect(*slots_[4], VirtioNet::kTransmit, 0);
    REQUIRE(wire_.sent() == sent + 1);
  }

 private:
  static constexpr unsigned kSlots = 5;
  static constexpr unsigned kQueues = 2;
  static constexpr uint64_t kRings = 0x10000;
  static constexpr uint64_t kRingsOfOne = 0x4000;
  static constexpr uint64_t kBuffers = 0x20000;
  static constexpr uint8_t kSizes[] = {1, 2, 4};
  static constexpr uint8_t kMmioSizes[] = {1, 2, 4, 8};

  void Add(std::unique_ptr<VirtioDevice> device) {
    const auto slot = static_cast<unsigned>(slots_.size()) + 1;
    // No thread of its own: a queue is served when the input says so.
    slots_.push_back(std::make_unique<VirtioPci>(
        slot, std::move(device), memory_.view(), io_apic_.Connect(PciPinOf(slot)),
        [this](uint64_t address, uint32_t data) {
          InterruptMessage::FromStore(address, data).SendTo(nobody_);
        }));
    pci_.Add(slot, *slots_.back());
  }

  uint16_t PickPort(Input& input) {
    if (input.OneIn(16)) {
      port_ = static_cast<uint16_t>(input.Below(IoPorts::kEnd));
    } else {
      const uint16_t first = first_ports_[input.Below(static_cast<uint32_t>(first_ports_.size()))];
      port_ = static_cast<uint16_t>(first + input.Below(8));
    }
    return port_;
  }

  static uint64_t PickAddress(Input& input) {
    const unsigned where = input.Below(kSlots + 4);
    if (where < kSlots) return PciBarOf(where + 1) + input.Below(kPciBarSize);
    if (where == kSlots) return IoApic::kAddress + input.Below(0x50);
    if (where == kSlots + 1) return Hpet::kAddress + input.Below(0x170);
    if (where == kSlots + 2) return kPciWindow + input.Next<uint32_t>() % kPciWindowSize;
    return PciBarOf(input.Below(kSlots) + 1) + input.Below(sizeof(virtio_pci_common_cfg));
  }
  MmioDevice& MmioAt(uint64_t address) {
    if (address - IoApic::kAddress < IoApic::kSize) return io_apic_;
    if (address - Hpet::kAddress < Hpet::kSize) return hpet_;
    return pci_;
  }

  static void WriteCommon(VirtioPci& slot, size_t offset, uint8_t size, uint64_t value) {
    slot.WriteMemory(VirtioPci::kCommon + offset, size, value);
  }

  // As a driver does it.
  void SetUp(VirtioPci& slot, uint64_t features) {
    const auto set = [&slot](size_t offset, uint8_t size, uint64_t value) {
      WriteCommon(slot, offset, size, value);
    };
    set(offsetof(virtio_pci_common_cfg, device_status), 1, 0);
    uint8_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
    set(offsetof(virtio_pci_common_cfg, device_status), 1, status);
    for (const unsigned half : {0u, 1u}) {
      // What is not offered must not be taken.
      set(offsetof(virtio_pci_common_cfg, device_feature_select), 4, half);
      set(offsetof(virtio_pci_common_cfg, guest_feature_select), 4, half);
      const uint64_t offered =
          slot.ReadMemory(VirtioPci::kCommon + offsetof(virtio_pci_common_cfg, device_feature), 4);
      set(offsetof(virtio_pci_common_cfg, guest_feature), 4, offered & features >> (32 * half));
    }
    status |= VIRTIO_CONFIG_S_FEATURES_OK;
    set(offsetof(virtio_pci_common_cfg, device_status), 1, status);
    for (unsigned i = 0; i < kQueues; ++i) {
      const TestQueue& queue = queues_[i];
      set(offsetof(virtio_pci_common_cfg, queue_select), 2, i);
      set(offsetof(virtio_pci_common_cfg, queue_size), 2, TestQueue::kSize);
      set(offsetof(virtio_pci_common_cfg, queue_desc_lo), 4, queue.descriptors());
      set(offsetof(virtio_pci_common_cfg, queue_avail_lo), 4, queue.available());
      set(offsetof(virtio_pci_common_cfg, queue_used_lo), 4, queue.used());
      set(offsetof(virtio_pci_common_cfg, queue_enable), 2, 1);
    }
    status |= VIRTIO_CONFIG_S_DRIVER_OK;
    set(offsetof(virtio_pci_common_cfg, device_status), 1, status);
  }

  // With clean rings.
  void Begin(VirtioPci& slot) {
    const std::span<uint8_t> rings = memory_.At(kRings, kQueues * kRingsOfOne);
    std::memset(rings.data(), 0, rings.size());
    SetUp(slot, uint64_t{1} << VIRTIO_F_VERSION_1);
  }

  // The one request of that queue is done, with so many bytes for the driver.
  void Expect(VirtioPci& slot, unsigned queue, uint32_t bytes) {
    slot.Serve(queue);
    REQUIRE(queues_[queue].used_index() == 1);
    REQUIRE(queues_[queue].used_entry(0).len == bytes);
  }

  void AddChain(Input& input) {
    TestQueue& queue = queues_[input.Below(kQueues)];
    const unsigned first = input.Below(TestQueue::kSize);
    const unsigned parts = 1 + input.Below(4);
    for (unsigned i = 0; i < parts; ++i) {
      vring_desc& part = queue.descriptor((first + i) % TestQueue::kSize);
      part.addr = input.OneIn(8) ? input.Next<uint64_t>() : kBuffers + input.Below(0x10000);
      part.len = input.OneIn(8) ? input.Next<uint32_t>() : input.Next<uint16_t>() % 0x1000;
      part.flags =
          input.OneIn(4) ? input.Next<uint16_t>() : static_cast<uint16_t>(input.Below(2) * 2);
      if (i + 1 < parts) part.flags |= VRING_DESC_F_NEXT;
      part.next = input.OneIn(8) ? input.Next<uint16_t>()
                                 : static_cast<uint16_t>((first + i + 1) % TestQueue::kSize);
    }
    // What a disk takes for a request.
    if (input.OneIn(2) &&
        memory_.At(queue.descriptor(first).addr, sizeof(virtio_blk_outhdr)).size() != 0) {
      virtio_blk_outhdr header = {};
      header.type = input.Below(12);
      header.sector = input.OneIn(4) ? input.Next<uint64_t>() : input.Below(kSectors + 1);
      std::memcpy(memory_.At(queue.descriptor(first).addr, sizeof(header)).data(), &header,
                  sizeof(header));
      queue.descriptor(first).len = sizeof(header);
    }
    queue.Offer(input.OneIn(16) ? input.Next<uint16_t>() : static_cast<uint16_t>(first));
    if (input.OneIn(16)) queue.available_index() = input.Next<uint16_t>();
  }

  void Pass(nanoseconds time) {
    now_ += time;
    pit_.Expire();
    hpet_.Expire();
    cmos_.Expire();
  }

  void PutInput(Input& input) {
    const std::vector<uint8_t> bytes(1 + input.Below(2000), 'i');
    switch (input.Below(3)) {
      case 0:
        uart_.Receive(bytes, WhenFull::kDrop);
        break;
      case 1:
        console_->Receive(bytes, WhenFull::kDrop);
        break;
      default:
        wire_.Put(bytes);
    }
  }

  nanoseconds now_{std::chrono::hours(1)};
  uint16_t port_ = 0;
  uint64_t written_ = 0;
  Nobody nobody_;
  StopLatch stop_;
  // What the guest asks for ends no disk's request here.
  StopLatch running_;
  TestMemory memory_;
  std::array<TestQueue, kQueues> queues_{TestQueue{memory_, kRings},
                                         TestQueue{memory_, kRings + kRingsOfOne}};
  const Disk disk_;
  const Disk read_only_disk_;
  Wire wire_;
  IoApic io_apic_{nobody_};
  Uart uart_{Uart::kCom1, io_apic_.Connect(Uart::kCom1Pin), [](uint8_t) {}};
  Pic pic_;
  Pit pit_{io_apic_.Connect(Pit::kPin), [this] { return now_; }};
  Hpet hpet_{[this](unsigned pin) { return io_apic_.Connect(pin); }, [this] { return now_; }};
  Cmos cmos_{io_apic_.Connect(Cmos::kPin), [this] { return now_; }, [this] { return now_; }};
  I8042 i8042_{stop_};
  SystemControl system_control_{stop_};
  PciBus pci_;
  HostBridge host_bridge_{stop_, pci_};
  AcpiPm acpi_pm_{stop_, [this] { return now_; }};
  PvPanic pvpanic_{stop_};
  OpenBus open_bus_;
  IoPorts ports_;
  std::vector<uint16_t> first_ports_;
  VirtioConsole* console_ = nullptr;
  std::vector<std::unique_ptr<VirtioPci>> slots_;
};

}  // namespace
}  // namespace zvmm

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zvmm::DeviceWorld world;
  zircon::models::Input input({data, size});
  while (!input.done()) world.Do(input);
  world.CheckThatResetHelps();
  return 0;
}
