// The scenarios of the sweeps (run.h), by their files.

#pragma once

#include "faults/run.h"

namespace zircon::faults {

// guest_scenarios.cc
void CreateGuests(Run& run);
void RunToTraps(Run& run);
void RingBells(Run& run);
void Interrupt(Run& run);
void UseMsrs(Run& run);
void ReuseVcpu(Run& run);
void DebugVcpu(Run& run);
void UseKernelApics(Run& run);

// memory_scenarios.cc
void ChangeGuestMemory(Run& run);
void ResizeGuestMemory(Run& run);
void UseVmos(Run& run);
void MapInProcess(Run& run);
void MapInChild(Run& run);

// object_scenarios.cc
void SendMessages(Run& run);
void StreamBytes(Run& run);
void UseFifos(Run& run);
void WaitAtPorts(Run& run);
void UseTimers(Run& run);
void UseInterrupts(Run& run);
void UseResources(Run& run);
void AskForInfo(Run& run);

}  // namespace zircon::faults
