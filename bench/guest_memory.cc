#include "guest_memory.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

extern "C" {
// bench/guest_programs.S
#define BENCH_PROGRAM(name)              \
  extern const std::byte bench_##name[]; \
  extern const std::byte bench_##name##_end[];
BENCH_PROGRAM(io_out)
BENCH_PROGRAM(io_in)
BENCH_PROGRAM(mem_store)
BENCH_PROGRAM(mem_load)
BENCH_PROGRAM(bells)
BENCH_PROGRAM(spin)
BENCH_PROGRAM(interruptible)
BENCH_PROGRAM(interrupt_handler)
#undef BENCH_PROGRAM
}

namespace bench {
namespace {

constexpr uint64_t kPresentWritable = 0x3;
constexpr uint64_t kLargePage = 0x80;
constexpr uint64_t kPointerTable = 0x1000;
constexpr uint64_t kDirectory = 0x2000;
constexpr uint64_t kGdt = 0x5100;
constexpr uint64_t kIdt = 0x7000;  // room for 128 vectors
constexpr uint64_t kCodeDescriptor = 0x00AF9B000000FFFF;
constexpr uint16_t kCodeSelector = 8;
constexpr uint16_t kInterruptGate = 0x8E00;

std::span<const std::byte> CodeOf(Program program) {
  switch (program) {
    case Program::kIoOut:
      return {bench_io_out, bench_io_out_end};
    case Program::kIoIn:
      return {bench_io_in, bench_io_in_end};
    case Program::kMemStore:
      return {bench_mem_store, bench_mem_store_end};
    case Program::kMemLoad:
      return {bench_mem_load, bench_mem_load_end};
    case Program::kBells:
      return {bench_bells, bench_bells_end};
    case Program::kSpin:
      return {bench_spin, bench_spin_end};
    case Program::kInterruptible:
      return {bench_interruptible, bench_interruptible_end};
  }
  return {};
}

template <typename T>
void Put(std::span<std::byte> memory, uint64_t address, T value) {
  std::memcpy(memory.data() + address, &value, sizeof(value));
}

void PutBytes(std::span<std::byte> memory, uint64_t address, std::span<const std::byte> bytes) {
  std::memcpy(memory.data() + address, bytes.data(), bytes.size());
}

int64_t Nanoseconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

}  // namespace

void FillGuestMemory(Program program, std::span<std::byte> memory) {
  Put(memory, 0, kPointerTable | kPresentWritable);
  Put(memory, kPointerTable, kDirectory | kPresentWritable);
  Put(memory, kDirectory, kPresentWritable | kLargePage);
  PutBytes(memory, kCode, CodeOf(program));
  PutBytes(memory, kHandler, {bench_interrupt_handler, bench_interrupt_handler_end});

  Put(memory, kGdt + kCodeSelector, kCodeDescriptor);
  // What LGDT and LIDT read: a limit and an address.
  Put(memory, kPointers, static_cast<uint16_t>(15));
  Put(memory, kPointers + 2, kGdt);
  Put(memory, kPointers + 16, static_cast<uint16_t>(128 * 16 - 1));
  Put(memory, kPointers + 18, kIdt);
  const uint64_t gate = kIdt + uint64_t{kVector} * 16;
  Put(memory, gate, static_cast<uint16_t>(kHandler));
  Put(memory, gate + 2, kCodeSelector);
  Put(memory, gate + 4, kInterruptGate);
}

uint64_t CounterOf(const std::byte* memory) {
  return __atomic_load_n(reinterpret_cast<const uint64_t*>(memory + kCounter), __ATOMIC_RELAXED);
}

void Must(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::exit(EXIT_FAILURE);
}

int64_t Now() { return Nanoseconds(CLOCK_MONOTONIC); }
int64_t ThreadTime() { return Nanoseconds(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace bench
