// The guests that the benchmarks run, and their memory: the same bytes for the library's guest
// (bench/zx_guest.h) and its raw twin (bench/raw_guest.h).

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace bench {

// Where things are in guest-physical memory. One page of 2 MiB maps it to itself; CR3 is 0.
inline constexpr uint64_t kCode = 0x3000;
inline constexpr uint64_t kCounter = 0x4000;  // what `spin` and `interruptible` count in
inline constexpr uint64_t kPointers = 0x5000;
inline constexpr uint64_t kHandler = 0x6000;
inline constexpr uint64_t kMemorySize = 0x8000;
inline constexpr uint64_t kTrap = 0x100000;  // no memory there: a page of MMIO
inline constexpr uint64_t kTrapSize = 0x1000;
inline constexpr uint64_t kBell = 0x101000;  // nor there: where `bells` rings
inline constexpr int kRings = 64;            // how often before each OUT
inline constexpr uint16_t kPort = 0x3F8;
inline constexpr uint32_t kVector = 64;  // that `interruptible` handles, by an OUT

enum class Program { kIoOut, kIoIn, kMemStore, kMemLoad, kBells, kSpin, kInterruptible };

// Writes page tables, descriptor tables and code into kMemorySize bytes of zeroed memory.
void FillGuestMemory(Program program, std::span<std::byte> memory);

// What the guest has counted.
uint64_t CounterOf(const std::byte* memory);

// Ends the process when `good` is false: a benchmark that measures something else is worse than
// none.
void Must(bool good, const char* what);

// Nanoseconds of CLOCK_MONOTONIC, and of the calling thread's processor time (the guest's
// included): the latter does not run while another program has the processor.
int64_t Now();
int64_t ThreadTime();

}  // namespace bench
