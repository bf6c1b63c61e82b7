// The scenarios of the sweeps (run.h), by their files.

#pragma once

#include "faults/run.h"

namespace zircon::faults {

// All of them: what is not in here is neither declared nor played.
#define FAULT_SCENARIOS(SCENARIO) \
  /* guest_scenarios.cc */        \
  SCENARIO(CreateGuests)          \
  SCENARIO(RunToTraps)            \
  SCENARIO(RingBells)             \
  SCENARIO(Interrupt)             \
  SCENARIO(UseMsrs)               \
  SCENARIO(ReuseVcpu)             \
  SCENARIO(DebugVcpu)             \
  SCENARIO(UseKernelApics)        \
  /* memory_scenarios.cc */       \
  SCENARIO(ChangeGuestMemory)     \
  SCENARIO(ResizeGuestMemory)     \
  SCENARIO(UseVmos)               \
  SCENARIO(MapInProcess)          \
  SCENARIO(MapInChild)            \
  /* object_scenarios.cc */       \
  SCENARIO(SendMessages)          \
  SCENARIO(StreamBytes)           \
  SCENARIO(UseFifos)              \
  SCENARIO(WaitAtPorts)           \
  SCENARIO(UseTimers)             \
  SCENARIO(UseInterrupts)         \
  SCENARIO(UseResources)          \
  SCENARIO(AskForInfo)

#define SCENARIO(name) void name(Run& run);
FAULT_SCENARIOS(SCENARIO)
#undef SCENARIO

}  // namespace zircon::faults
