// What a fuzzer and the tests do with one input of each kind.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

#include "base/log.h"
#include "models/crowd.h"
#include "models/exits_world.h"
#include "models/guest_space_world.h"
#include "models/memory_world.h"
#include "models/object_world.h"

namespace zircon::models {

template <typename World>
void Play(std::span<const uint8_t> bytes) {
  World world;
  Input input(bytes);
  while (!input.done()) world.Do(input);
}

// As above, with what the library says of a hostile guest or kernel left out: it is said often.
template <typename World>
void PlayQuietly(std::span<const uint8_t> bytes) {
  base::SetLogLevel(base::LogLevel::kOff);
  Play<World>(bytes);
}

// Several threads: each with a world of objects of its own, and all in a crowd.
inline void PlayInThreads(std::span<const uint8_t> bytes) {
  Crowd crowd;
  std::vector<std::thread> threads;
  const size_t each = bytes.size() / Crowd::kMembers;
  for (size_t i = 0; i < Crowd::kMembers; ++i) {
    threads.emplace_back([&crowd, i, own = bytes.subspan(i * each, each)] {
      ObjectWorld world;
      Crowd::Member member(crowd, static_cast<uint8_t>(i));
      Input input(own);
      while (!input.done()) {
        if (input.OneIn(2)) {
          world.Do(input);
        } else {
          member.Do(input);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  crowd.Settle();
}

}  // namespace zircon::models
