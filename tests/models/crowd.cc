#include "models/crowd.h"

#include <zircon/syscalls/port.h>

#include <cstring>
#include <iterator>

#include "models/require.h"

namespace zircon::models {
namespace {

constexpr zx_time_t kPast = ZX_TIME_INFINITE_PAST;
constexpr size_t kElement = sizeof(uint64_t);
enum Way : size_t { kPackets, kMessages, kElements };

}  // namespace

Crowd::Crowd() {
  REQUIRE_STATUS(zx_port_create(0, &port_), ZX_OK);
  REQUIRE_STATUS(zx_channel_create(0, &channel_[0], &channel_[1]), ZX_OK);
  REQUIRE_STATUS(zx_socket_create(ZX_SOCKET_STREAM, &socket_[0], &socket_[1]), ZX_OK);
  REQUIRE_STATUS(zx_fifo_create(16, kElement, 0, &fifo_[0], &fifo_[1]), ZX_OK);
  REQUIRE_STATUS(zx_event_create(0, &event_), ZX_OK);
  REQUIRE_STATUS(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer_), ZX_OK);
}

Crowd::~Crowd() {
  const zx_handle_t all[] = {port_,    channel_[0], channel_[1], socket_[0], socket_[1],
                             fifo_[0], fifo_[1],    event_,      timer_};
  REQUIRE_STATUS(zx_handle_close_many(all, std::size(all)), ZX_OK);
}

void Crowd::Settle() {
  step.call = "settling";
  Member last(*this, 0);
  while (last.Take() || last.Receive() || last.Read() || last.Pop()) {
  }
  for (const Account* account : {&packets_, &messages_, &bytes_, &elements_}) {
    REQUIRE(account->even());
  }
}

void Crowd::Member::Do(Input& input) {
  ++step.number;
  step.call = "the crowd";
  switch (input.Below(11)) {
    case 0:
      return Queue();
    case 1:
      (void)Take();
      return;
    case 2:
      return Send();
    case 3:
      (void)Receive();
      return;
    case 4:
      return Write();
    case 5:
      (void)Read();
      return;
    case 6:
      return Push();
    case 7:
      (void)Pop();
      return;
    case 8:
      return Signal(input);
    case 9:
      return Await(input);
    default:
      return Duplicate(input);
  }
}

void Crowd::Member::Queue() {
  zx_port_packet_t packet = {};
  packet.key = Fresh();
  crowd_.packets_.In(packet.key);
  const zx_status_t status = zx_port_queue(crowd_.port_, &packet);
  if (status == ZX_ERR_SHOULD_WAIT) return crowd_.packets_.Out(packet.key);  // it is full
  REQUIRE_STATUS(status, ZX_OK);
}

bool Crowd::Member::Take() {
  zx_port_packet_t packet = {};
  const zx_status_t status = zx_port_wait(crowd_.port_, kPast, &packet);
  if (status == ZX_ERR_TIMED_OUT) return false;
  REQUIRE_STATUS(status, ZX_OK);
  if (packet.type == ZX_PKT_TYPE_SIGNAL_ONE) {
    REQUIRE((packet.signal.trigger & packet.signal.observed) != 0);
    return true;
  }
  REQUIRE(packet.type == ZX_PKT_TYPE_USER);
  uint64_t& seen = seen_[kPackets][packet.key & 0xFF];
  REQUIRE(packet.key > seen);
  seen = packet.key;
  crowd_.packets_.Out(packet.key);
  return true;
}

void Crowd::Member::Send() {
  const uint64_t number = Fresh();
  zx_handle_t sent = ZX_HANDLE_INVALID;
  REQUIRE_STATUS(zx_event_create(0, &sent), ZX_OK);
  crowd_.messages_.In(number);
  REQUIRE_STATUS(zx_channel_write(crowd_.channel_[0], 0, &number, sizeof(number), &sent, 1), ZX_OK);
  REQUIRE_STATUS(zx_handle_close(sent), ZX_ERR_BAD_HANDLE);
}

bool Crowd::Member::Receive() {
  uint64_t number = 0;
  zx_handle_t received = ZX_HANDLE_INVALID;
  uint32_t bytes = 0;
  uint32_t handles = 0;
  const zx_status_t status = zx_channel_read(crowd_.channel_[1], 0, &number, &received,
                                             sizeof(number), 1, &bytes, &handles);
  if (status == ZX_ERR_SHOULD_WAIT) return false;
  REQUIRE_STATUS(status, ZX_OK);
  REQUIRE(bytes == sizeof(number) && handles == 1);
  uint64_t& seen = seen_[kMessages][number & 0xFF];
  REQUIRE(number > seen);
  seen = number;
  crowd_.messages_.Out(number);
  REQUIRE_STATUS(zx_object_signal(received, 0, ZX_EVENT_SIGNALED), ZX_OK);
  REQUIRE_STATUS(zx_handle_close(received), ZX_OK);
  return true;
}

void Crowd::Member::Write() {
  uint8_t bytes[100];
  std::memset(bytes, number_ + 1, sizeof(bytes));
  size_t actual = 0;
  const zx_status_t status = zx_socket_write(crowd_.socket_[0], 0, bytes, sizeof(bytes), &actual);
  if (status == ZX_ERR_SHOULD_WAIT) return;
  REQUIRE_STATUS(status, ZX_OK);
  for (size_t i = 0; i < actual; ++i) crowd_.bytes_.In(bytes[i]);
}

bool Crowd::Member::Read() {
  uint8_t bytes[150];
  size_t actual = 0;
  const zx_status_t status = zx_socket_read(crowd_.socket_[1], 0, bytes, sizeof(bytes), &actual);
  if (status == ZX_ERR_SHOULD_WAIT) return false;
  REQUIRE_STATUS(status, ZX_OK);
  for (size_t i = 0; i < actual; ++i) crowd_.bytes_.Out(bytes[i]);
  return true;
}

void Crowd::Member::Push() {
  uint64_t numbers[3] = {Fresh(), Fresh(), Fresh()};
  // Counted before they can be seen, and taken back if there was no room.
  for (const uint64_t number : numbers) crowd_.elements_.In(number);
  size_t actual = 0;
  const zx_status_t status = zx_fifo_write(crowd_.fifo_[0], kElement, numbers, 3, &actual);
  if (status != ZX_ERR_SHOULD_WAIT) REQUIRE_STATUS(status, ZX_OK);
  for (size_t i = actual; i < 3; ++i) crowd_.elements_.Out(numbers[i]);
}

bool Crowd::Member::Pop() {
  uint64_t numbers[4];
  size_t actual = 0;
  const zx_status_t status = zx_fifo_read(crowd_.fifo_[1], kElement, numbers, 4, &actual);
  if (status == ZX_ERR_SHOULD_WAIT) return false;
  REQUIRE_STATUS(status, ZX_OK);
  for (size_t i = 0; i < actual; ++i) {
    uint64_t& seen = seen_[kElements][numbers[i] & 0xFF];
    REQUIRE(numbers[i] > seen);
    seen = numbers[i];
    crowd_.elements_.Out(numbers[i]);
  }
  return true;
}

void Crowd::Member::Signal(Input& input) {
  const zx_signals_t signal = ZX_USER_SIGNAL_0 << input.Below(3);
  const bool set = input.OneIn(2);
  REQUIRE_STATUS(zx_object_signal(crowd_.event_, set ? 0 : signal, set ? signal : 0), ZX_OK);
  const zx_time_t deadlines[] = {0, ZX_TIME_INFINITE, zx_deadline_after(ZX_USEC(20))};
  REQUIRE_STATUS(zx_timer_set(crowd_.timer_, input.Pick(deadlines), 0), ZX_OK);
}

void Crowd::Member::Await(Input& input) {
  const bool timer = input.OneIn(2);
  const zx_handle_t waited = timer ? crowd_.timer_ : crowd_.event_;
  const zx_signals_t signal = timer ? ZX_TIMER_SIGNALED : ZX_USER_SIGNAL_0 << input.Below(3);
  constexpr uint64_t kKey = 0;  // that no member queues with
  switch (input.Below(4)) {
    case 0:
      REQUIRE_STATUS(zx_object_wait_async(waited, crowd_.port_, kKey, signal, input.Below(4)),
                     ZX_OK);
      return;
    case 1: {
      const zx_status_t status = zx_port_cancel(crowd_.port_, waited, kKey);
      if (status != ZX_ERR_NOT_FOUND) REQUIRE_STATUS(status, ZX_OK);
      return;
    }
    case 2: {
      const zx_status_t status = zx_port_cancel_key(crowd_.port_, 0, kKey);
      if (status != ZX_ERR_NOT_FOUND) REQUIRE_STATUS(status, ZX_OK);
      return;
    }
    default: {
      zx_signals_t observed = 0;
      const zx_status_t status =
          zx_object_wait_one(waited, signal, zx_deadline_after(ZX_USEC(50)), &observed);
      if (status != ZX_ERR_TIMED_OUT) {
        REQUIRE_STATUS(status, ZX_OK);
        REQUIRE((observed & signal) != 0);
      }
    }
  }
}

void Crowd::Member::Duplicate(Input& input) {
  zx_handle_t copy = ZX_HANDLE_INVALID;
  REQUIRE_STATUS(zx_handle_duplicate(crowd_.event_, ZX_RIGHT_SAME_RIGHTS, &copy), ZX_OK);
  REQUIRE_STATUS(zx_object_wait_async(copy, crowd_.port_, 0, ZX_USER_SIGNAL_0, 0), ZX_OK);
  if (input.OneIn(2)) {
    zx_handle_t other = ZX_HANDLE_INVALID;
    REQUIRE_STATUS(zx_handle_replace(copy, ZX_RIGHT_SAME_RIGHTS, &other), ZX_OK);
    copy = other;
  }
  REQUIRE_STATUS(zx_handle_close(copy), ZX_OK);
}

}  // namespace zircon::models
