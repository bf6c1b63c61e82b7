#include "devices/interrupt_message.h"

namespace zvmm {
namespace {

constexpr uint64_t kProcessors = 0xFEE00000;
constexpr uint64_t kProcessorsMask = ~uint64_t{0xFFFFF};
constexpr unsigned kAddressDestinationShift = 12;
constexpr uint64_t kLogical = 1 << 2;
constexpr unsigned kDataDeliveryShift = 8;
constexpr uint8_t kDataDeliveryMask = 7;
constexpr uint8_t kNothing = 7;  // ExtINT.

constexpr uint8_t kNmiVector = 2;
constexpr uint8_t kFirstInterruptVector = 32;
constexpr uint8_t kBroadcast = 0xFF;

}  // namespace

InterruptMessage InterruptMessage::FromStore(uint64_t address, uint32_t data) {
  if ((address & kProcessorsMask) != kProcessors) {
    return {.delivery = kNothing};
  }
  return {.destination = static_cast<uint8_t>(address >> kAddressDestinationShift),
          .logical = (address & kLogical) != 0,
          .delivery = static_cast<uint8_t>(data >> kDataDeliveryShift & kDataDeliveryMask),
          .vector = static_cast<uint8_t>(data)};
}

void InterruptMessage::SendTo(InterruptSink& sink) const {
  uint64_t mask;
  if (logical) {
    mask = destination;  // Flat model: one bit for each of eight processors.
  } else if (destination == kBroadcast) {
    mask = ~uint64_t{0};
  } else {
    mask = destination < 64 ? uint64_t{1} << destination : 0;
  }
  switch (delivery) {
    case kLowestPriority:
      mask &= ~mask + 1;  // The lowest number: all have the same priority.
      [[fallthrough]];
    case kFixed:
      // Below are exceptions: for zx_vcpu_interrupt() too, so a slip of the guest's stops here.
      if (vector >= kFirstInterruptVector) {
        sink.Interrupt(mask, vector);
      }
      break;
    case kNmi:
      sink.Interrupt(mask, kNmiVector);
      break;
    default:
      break;
  }
}

}  // namespace zvmm
