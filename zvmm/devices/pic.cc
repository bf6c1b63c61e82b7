#include "devices/pic.h"

namespace zvmm {
namespace {

constexpr uint8_t kInitialize = 0x10;      // In a command: the first initialisation word.
constexpr uint8_t kFourthWord = 0x01;      // There: four words come, not three.
constexpr uint8_t kSingleChip = 0x02;      // There: no third word.
constexpr uint8_t kNothingPending = 0x00;  // The request and service registers.

}  // namespace

uint8_t Pic::ReadByte(uint16_t port) {
  std::lock_guard lock(mutex_);
  switch (port) {
    case kMaster:
    case kSlave:
      return kNothingPending;
    case kMaster + 1:
    case kSlave + 1:
      return chips_[port == kSlave + 1].mask;
    case kTrigger:
    case kTrigger + 1:
      return chips_[port - kTrigger].trigger;
    default:
      return 0xFF;
  }
}

void Pic::WriteByte(uint16_t port, uint8_t value) {
  std::lock_guard lock(mutex_);
  switch (port) {
    case kMaster:
    case kSlave: {
      Chip& chip = chips_[port == kSlave];
      if ((value & kInitialize) != 0) {
        chip.mask = 0;
        chip.words_to_come = static_cast<uint8_t>(1 + ((value & kSingleChip) == 0 ? 1 : 0) +
                                                  ((value & kFourthWord) != 0 ? 1 : 0));
      }
      break;
    }
    case kMaster + 1:
    case kSlave + 1: {
      Chip& chip = chips_[port == kSlave + 1];
      if (chip.words_to_come > 0) {
        --chip.words_to_come;
      } else {
        chip.mask = value;
      }
      break;
    }
    case kTrigger:
    case kTrigger + 1:
      chips_[port - kTrigger].trigger = value;
      break;
    default:
      break;
  }
}

}  // namespace zvmm
