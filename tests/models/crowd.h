// Crowd: objects that several threads use at once, each by its own input, and the sums that must
// come out in the end: what was sent was received once or is still there, in its sender's order.
//
//   Crowd crowd;
//   std::thread one([&] { Crowd::Member member(crowd, 0); member.Do(input); });
//   …
//   crowd.Settle();  // when all threads have ended
//
// Thread safety: any thread; a Member is one thread's.

#pragma once

#include <zircon/syscalls.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "models/input.h"

namespace zircon::models {

class Crowd {
 public:
  static constexpr size_t kMembers = 4;

  Crowd();
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // Takes out what is left and compares.
  void Settle();

  // The sum of numbers, and how many: what has gone in and what has come out.
  struct Account {
    std::atomic<uint64_t> in{0};
    std::atomic<uint64_t> out{0};
    std::atomic<uint64_t> count_in{0};
    std::atomic<uint64_t> count_out{0};

    void In(uint64_t number) { in += number, ++count_in; }
    void Out(uint64_t number) { out += number, ++count_out; }
    bool even() const { return in == out && count_in == count_out; }
  };

  class Member {
   public:
    Member(Crowd& crowd, uint8_t number) : crowd_(crowd), number_(number) {}
    void Do(Input& input);

   private:
    friend class Crowd;
    // A number that says whose it is and is greater than all before.
    uint64_t Fresh() { return (++last_ << 8) | number_; }
    void Queue();
    void Send();
    void Write();
    void Push();
    // Whether there was something.
    bool Take();
    bool Receive();
    bool Read();
    bool Pop();
    void Signal(Input& input);
    void Await(Input& input);
    void Duplicate(Input& input);

    Crowd& crowd_;
    const uint8_t number_;
    uint64_t last_ = 0;
    // The last number of each sender that this thread has seen, by way.
    std::array<std::array<uint64_t, 256>, 4> seen_ = {};
  };

 private:
  friend class Member;

  zx_handle_t port_ = ZX_HANDLE_INVALID;
  zx_handle_t channel_[2] = {};
  zx_handle_t socket_[2] = {};
  zx_handle_t fifo_[2] = {};
  zx_handle_t event_ = ZX_HANDLE_INVALID;
  zx_handle_t timer_ = ZX_HANDLE_INVALID;
  Account packets_;
  Account messages_;
  Account bytes_;
  Account elements_;
};

}  // namespace zircon::models
