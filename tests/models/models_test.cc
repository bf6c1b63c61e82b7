// The models with random inputs. ZIRCON_MODEL_INPUTS in the environment says how many of each; a
// failure ends the process and names the step, ZIRCON_MODEL_SEED plays one input again.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "contract.h"
#include "models/play.h"
#include "models/require.h"

namespace zircon::models {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

void PlayRandomInputs(void (*play)(std::span<const uint8_t>), uint64_t count) {
  const uint64_t only = FromEnvironment("ZIRCON_MODEL_SEED", 0);
  count = FromEnvironment("ZIRCON_MODEL_INPUTS", count);
  for (uint64_t seed = 1; seed <= count; ++seed) {
    if (only != 0 && seed != only) continue;
    std::mt19937_64 random(seed);
    std::vector<uint8_t> bytes(200 + random() % 3000);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    current_input = seed;
    play(bytes);
  }
}

TEST(Models, Objects) {
  Shows(
      "HANDLE-1 HANDLE-5 HANDLE-CLOSE-MANY-4 HANDLE-DUP-3 HANDLE-REPLACE-2 SIGNAL-SET-5 WAIT-ONE-9 "
      "WAIT-MANY-9 WAIT-ASYNC-6 WAIT-ASYNC-7 WAIT-ASYNC-11 PORT-1 PORT-CANCEL-4 PORT-CANCEL-KEY-4 "
      "CHANNEL-1 CHANNEL-4 CHANNEL-6 SOCKET-4 SOCKET-5 SOCKET-DISPOSITION-6 FIFO-1 TIMER-SET-3");
  PlayRandomInputs(&Play<ObjectWorld>, 300);
}

TEST(Models, ObjectsInThreads) {
  Shows("CALL-5 HANDLE-2 PORT-1 PORT-2 CHANNEL-1 FIFO-1 SIGNAL-2");
  PlayRandomInputs(&PlayInThreads, 60);
}

TEST(Models, Memory) {
  Shows(
      "VMO-2 VMO-3 VMO-SIZE-7 VMO-OP-9 VMO-OP-10 VMO-CHILD-11 VMO-CHILD-14 VMO-CHILD-15 "
      "VMO-CHILD-17 VMO-CHILD-18 VMAR-3 VMAR-5 VMAR-MAP-22 VMAR-MAP-24 VMAR-PROTECT-9 VMAR-OP-12");
  PlayRandomInputs(&Play<MemoryWorld>, 60);
}

TEST(Models, GuestSpace) {
  Shows("GPAS-5 GPAS-7 GPAS-8 VMAR-MAP-25 VMO-SIZE-9 TRAP-9 VMAR-CHILD-5");
  PlayRandomInputs(&PlayQuietly<GuestSpaceWorld>, 200);
}

TEST(Models, Exits) {
  Shows("VCPU-ENTER-9 VCPU-ENTER-12 VCPU-CREATE-14 CALL-6");
  PlayRandomInputs(&PlayQuietly<ExitsWorld>, 200);
}

}  // namespace
}  // namespace zircon::models
