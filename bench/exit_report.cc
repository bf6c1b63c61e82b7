// --exits: what an exit costs, in instructions, kernel and user together. Where the TSC counts
// instructions (scripts/with-kvm --icount) a difference of two readings is exact whatever else the
// machine does; single operations are measured, and the median leaves out those that a timer of the
// kernel fell into.

#include <x86intrin.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "raw_guest.h"
#include "reports.h"
#include "rows.h"
#include "zx_guest.h"

namespace bench {
namespace {

constexpr int kTimes = 301;

struct Operation {
  std::function<void()> measured;
  std::function<void()> after;  // not measured
};

double CyclesOf(const Operation& operation) {
  std::vector<uint64_t> counts;
  for (int i = 0; i < kTimes; ++i) {
    const uint64_t begin = __rdtsc();
    operation.measured();
    counts.push_back(__rdtsc() - begin);
    if (operation.after) operation.after();
  }
  std::nth_element(counts.begin(), counts.begin() + kTimes / 2, counts.end());
  return static_cast<double>(counts[kTimes / 2]);
}

// TSC ticks of an instruction.
double TicksOfAnInstruction() {
  constexpr int kLoops = 1000;
  const Operation nops = {[] {
                            for (int i = 0; i < kLoops; ++i) {
                              asm volatile(".rept 998\n nop\n .endr");
                            }
                          },
                          {}};
  return CyclesOf(nops) / (kLoops * 1000.0);
}

// ---- The library ----

struct Zx {
  explicit Zx(Program program) : memory(program), guest(memory) { Enter(); }
  void Enter() {
    if (zx_vcpu_enter(guest.vcpu(), &packet) != ZX_OK) [[unlikely]]
      Must(false, "zx_vcpu_enter");
  }
  ZxMemory memory;
  ZxGuest guest;
  zx_port_packet_t packet = {};
};

double ZxOut() {
  Zx zx(Program::kIoOut);
  return CyclesOf({[&] { zx.Enter(); }, {}});
}

double ZxIn() {
  Zx zx(Program::kIoIn);
  zx_vcpu_io_t io = {};
  return CyclesOf({[&] {
                     zx.Enter();
                     io.access_size = zx.packet.guest_io.access_size;
                     ++io.u8;
                     if (zx_vcpu_write_state(zx.guest.vcpu(), ZX_VCPU_IO, &io, sizeof(io)) != ZX_OK)
                         [[unlikely]]
                       Must(false, "zx_vcpu_write_state");
                   },
                   {}});
}

double ZxStore() {
  Zx zx(Program::kMemStore);
  return CyclesOf({[&] { zx.Enter(); }, {}});
}

double ZxLoad() {
  Zx zx(Program::kMemLoad);
  zx_vcpu_state_t state;
  Must(zx_vcpu_read_state(zx.guest.vcpu(), ZX_VCPU_STATE, &state, sizeof(state)) == ZX_OK,
       "zx_vcpu_read_state");
  return CyclesOf({[&] {
                     zx.Enter();
                     state.rax = (state.rax + 1) & 0xFFFF;
                     if (zx_vcpu_write_state(zx.guest.vcpu(), ZX_VCPU_STATE, &state,
                                             sizeof(state)) != ZX_OK) [[unlikely]]
                       Must(false, "zx_vcpu_write_state");
                   },
                   {}});
}

double ZxReadState() {
  Zx zx(Program::kMemLoad);
  zx_vcpu_state_t state;
  return CyclesOf({[&] {
                     if (zx_vcpu_read_state(zx.guest.vcpu(), ZX_VCPU_STATE, &state,
                                            sizeof(state)) != ZX_OK) [[unlikely]]
                       Must(false, "zx_vcpu_read_state");
                   },
                   {}});
}

double ZxBells() {
  Zx zx(Program::kBells);
  const auto drain = [&] {
    zx_port_packet_t packet;
    for (int i = 0; i < kRings; ++i) {
      Must(zx_port_wait(zx.guest.port(), 0, &packet) == ZX_OK, "zx_port_wait");
    }
  };
  drain();
  return CyclesOf({[&] { zx.Enter(); }, drain});
}

// ---- The raw twin ----

struct Raw {
  explicit Raw(Program program) : memory(program), guest(memory) { Run(); }
  kvm_run& Run() {
    while (guest.Run() != 0) Must(errno == EINTR, "KVM_RUN");
    return guest.page();
  }
  RawMemory memory;
  RawGuest guest;
};

double RawOut() {
  Raw raw(Program::kIoOut);
  return CyclesOf({[&] {
                     const kvm_run& run = raw.Run();
                     if (run.exit_reason != KVM_EXIT_IO || run.io.port != kPort) [[unlikely]]
                       Must(false, "OUT");
                   },
                   {}});
}

double RawIn() {
  Raw raw(Program::kIoIn);
  uint8_t value = 0;
  return CyclesOf({[&] {
                     const kvm_run& run = raw.Run();
                     if (run.exit_reason != KVM_EXIT_IO || run.io.port != kPort) [[unlikely]]
                       Must(false, "IN");
                     *raw.guest.io_data() = std::byte{++value};
                   },
                   {}});
}

double RawStore() {
  Raw raw(Program::kMemStore);
  return CyclesOf({[&] {
                     const kvm_run& run = raw.Run();
                     if (run.exit_reason != KVM_EXIT_MMIO || run.mmio.phys_addr != kTrap)
                         [[unlikely]]
                       Must(false, "store");
                   },
                   {}});
}

double RawLoad() {
  Raw raw(Program::kMemLoad);
  uint8_t value = 0;
  return CyclesOf({[&] {
                     kvm_run& run = raw.Run();
                     if (run.exit_reason != KVM_EXIT_MMIO || run.mmio.phys_addr != kTrap)
                         [[unlikely]]
                       Must(false, "load");
                     run.mmio.data[0] = ++value;
                   },
                   {}});
}

double RawBells() {
  Raw raw(Program::kBells);
  while (raw.Run().exit_reason != KVM_EXIT_IO) {
  }
  return CyclesOf({[&] {
                     for (int i = 0; i < kRings; ++i) {
                       const kvm_run& run = raw.Run();
                       if (run.exit_reason != KVM_EXIT_MMIO || run.mmio.phys_addr != kBell)
                           [[unlikely]]
                         Must(false, "bell");
                     }
                     if (raw.Run().exit_reason != KVM_EXIT_IO) Must(false, "OUT");
                   },
                   {}});
}

struct Exit {
  const char* name;
  const char* key;
  double zx;
  double raw;
  double budget;  // of what is added; 0: none
};

}  // namespace

void ReportExits(const std::string& path) {
  const double ticks = TicksOfAnInstruction();
  if (ticks < 0.99 || ticks > 1.01) {
    std::fprintf(
        stderr,
        "zircon_bench --exits: the TSC does not count instructions here (%.3f of it in one); "
        "run it by scripts/with-kvm --icount\n",
        ticks);
    std::exit(EXIT_FAILURE);
  }
  const double zx_out = ZxOut(), raw_out = RawOut();
  const std::vector<Exit> exits = {
      {"OUT", "out", zx_out, raw_out, 300},
      {"IN + write_state", "in", ZxIn(), RawIn(), 400},
      {"MEM store", "store", ZxStore(), RawStore(), 1200},
      {"MEM load + write_state", "load", ZxLoad(), RawLoad(), 1200},
      {"bell", "bell", (ZxBells() - zx_out) / kRings, (RawBells() - raw_out) / kRings, 1500},
      {"read_state", "read_state", ZxReadState(), 0, 0},
  };
  std::printf("Instructions, kernel and user (a nop is %.4f)\n", ticks);
  std::printf("%-24s %8s %8s %8s %8s\n", "", "zx", "raw", "added", "budget");
  RowFile rows(path);
  for (const Exit& exit : exits) {
    const double added = exit.zx - exit.raw;
    std::printf("%-24s %8.0f %8.0f %8.0f", exit.name, exit.zx, exit.raw, added);
    Row row = {std::string(exit.key) + ".added",
               std::string(exit.name) + ": instructions added",
               "",
               added,
               {},
               {},
               {}};
    if (exit.budget != 0) {
      std::printf(" %8.0f %s", exit.budget, added <= exit.budget ? "kept" : "MISSED");
      row.budget = exit.budget;
    }
    rows.Add(row);
    std::printf("\n");
  }
}

}  // namespace bench
