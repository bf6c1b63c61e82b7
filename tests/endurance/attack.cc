#include "endurance/attack.h"

#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

#include <chrono>
#include <thread>

#include "endurance/fail.h"
#include "endurance/program.h"

extern "C" const uint8_t guest_skip_faults_begin[];
extern "C" const uint8_t guest_skip_faults_end[];

namespace endurance {
namespace {

constexpr uint64_t kHandlers = 0x20000;
constexpr uint64_t kHandlerWithoutError = kHandlers + 16;
constexpr uint64_t kCodeSize = 0x2000;
// Code of secondary processors, in real mode.
constexpr uint64_t kRealModeCode = 0x30000;
constexpr uint64_t kRandomBytes = 0x40000;  // 64 KiB
// Enters of a VCPU in an attack.
constexpr uint64_t kBudget = 200;
// What may come back in a row without a packet before the VCPU is given up.
constexpr int kPatience = 8;
constexpr auto kStuck = std::chrono::seconds(120);

// What each thread draws its numbers from, besides its index.
constexpr uint64_t kKicker = 100;
constexpr uint64_t kTroubleMaker = 101;

// That zx_vcpu_enter() may give (docs/contract/vcpu-enter.md) for what a guest does. INTERNAL is
// not one.
bool IsDocumented(zx_status_t status) {
  switch (status) {
    case ZX_OK:
    case ZX_ERR_CANCELED:
    case ZX_ERR_BAD_STATE:
    case ZX_ERR_NOT_FOUND:
    case ZX_ERR_OUT_OF_RANGE:
    case ZX_ERR_ACCESS_DENIED:
    case ZX_ERR_WRONG_TYPE:
    case ZX_ERR_NOT_SUPPORTED:
    case ZX_ERR_INVALID_ARGS:
    case ZX_ERR_NO_MEMORY:
      return true;
    default:
      return false;
  }
}

void Sleep(uint64_t microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
}

}  // namespace

const char* NameOf(Kind kind) {
  constexpr const char* kNames[] = {"instructions", "tables", "rewriting",     "bells",
                                    "interrupts",   "timers", "triple-faults", "changing-memory"};
  return kNames[static_cast<size_t>(kind)];
}

void AttackCounts::Add(const AttackCounts& other) {
  enters += other.enters;
  vcpus += other.vcpus;
  for (const auto& [status, count] : other.statuses) statuses[status] += count;
  for (const auto& [type, count] : other.packets) packets[type] += count;
}

Attack::Attack(uint64_t seed, uint64_t round, Kind kind)
    : seed_(seed), round_(round), kind_(kind) {}

AttackCounts Attack::Run() {
  std::array<AttackCounts, kVcpus> counts;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kVcpus; ++i) {
    threads.emplace_back([this, i, &counts] { RunVcpu(i, &counts[i]); });
  }
  std::thread kicker([this] { Kick(); });
  std::thread trouble([this] { Trouble(); });
  for (std::thread& thread : threads) thread.join();
  kicker.join();
  trouble.join();
  guest_.CheckGuards();
  for (size_t i = 1; i < kVcpus; ++i) counts[0].Add(counts[i]);
  return counts[0];
}

// ---- The guest's code ----

void Attack::WriteCode(Seeded& random, size_t index) const {
  if (index != 0) {
    Program program(random);
    if (kind_ == Kind::kRewriting) {
      for (uint64_t i = 0; i < 0x10000; i += 8)
        guest_.At<uint64_t>(kRandomBytes + i) = random.Next();
      program.Bytes({0xB8, 0x00, 0x10, 0x8E, 0xC0});  // ES: the code; DS: the random bytes
      program.Bytes({0xB8, 0x00, 0x40, 0x8E, 0xD8});
      program.Bytes({0x46, 0x8A, 0x04, 0x89, 0xF7});            // SI + 1; MOV AL, [SI]; DI
      program.Bytes({0x83, 0xE7, 0x3F, 0x26, 0x88, 0x05});      // AND DI, 63; MOV ES:[DI], AL
      program.Bytes({0xEB, static_cast<uint8_t>(0x100 - 13)});  // for ever
    } else {
      // The words of 64-bit code, read by a processor in real mode.
      while (program.size() < kCodeSize) program.Anything();
    }
    guest_.Write(kRealModeCode, program.code());
    return;
  }
  guest_.WriteTables();
  guest_.Write(kHandlers, {guest_skip_faults_begin, guest_skip_faults_end});
  constexpr uint64_t kWithError = 0x0002'7D00;  // vectors 8, 10 to 14, 17
  for (uint64_t vector = 0; vector < 256; ++vector) {
    const bool error = vector < 64 && (kWithError >> vector & 1) != 0;
    const uint64_t handler = error ? kHandlers : kHandlerWithoutError;
    guest_.At<uint64_t>(GUEST_IDT + 16 * vector) = (handler & 0xFFFF) | GUEST_CODE_SELECTOR << 16 |
                                                   uint64_t{0x8E00} << 32 | handler >> 16 << 48;
    guest_.At<uint64_t>(GUEST_IDT + 16 * vector + 8) = 0;
  }
  Program program(random);
  program.Bytes({0xBC, 0x00, 0x00, 0x07, 0x00});                    // MOV ESP, 0x70000
  program.Bytes({0x0F, 0x01, 0x14, 0x25, 0x06, 0x41, 0x00, 0x00});  // LGDT [GUEST_GDT_POINTER]
  program.Bytes({0x0F, 0x01, 0x1C, 0x25, 0x16, 0x41, 0x00, 0x00});  // LIDT [GUEST_IDT_POINTER]
  const size_t begin = program.size();
  while (program.size() < kCodeSize - 0x100) {
    switch (kind_) {
      case Kind::kInstructions:
      case Kind::kChangingMemory:
      case Kind::kCount:
        program.Anything();
        break;
      case Kind::kTables:
        random.OneIn(3) ? program.Memory() : program.BrokenTables();
        break;
      case Kind::kRewriting:
        program.Memory();
        // Little code that comes round often.
        if (program.size() > 0x38) program.JumpTo(begin);
        break;
      case Kind::kBells:
        random.OneIn(8) ? program.Anything() : program.BellStore();
        break;
      case Kind::kInterrupts:
        random.OneIn(8) ? program.Memory() : program.Interrupts();
        break;
      case Kind::kTimers:
        random.OneIn(8) ? program.Interrupts() : program.Timer();
        break;
      case Kind::kTripleFaults:
        if (random.OneIn(2)) {
          program.Bytes({0x6A, 0x00, 0x6A, 0x00, 0x0F, 0x01, 0x1C, 0x24, 0xCC});  // an empty IDT
        } else {
          program.BrokenTables();
        }
        break;
    }
    if (random.OneIn(40)) program.JumpTo(random.Below(program.size()));
  }
  program.JumpTo(begin);
  guest_.Write(GUEST_CODE, program.code());
}

// ---- The VMM's threads ----

void Attack::RunVcpu(size_t index, AttackCounts* counts) {
  Seeded random(seed_, round_, index);
  uint64_t budget = kBudget;
  while (budget > 0) LiveOnce(random, index, &budget, counts);
  --running_;
}

void Attack::LiveOnce(Seeded& random, size_t index, uint64_t* budget, AttackCounts* counts) {
  WriteCode(random, index);
  zx::vcpu vcpu;
  Require(zx::vcpu::create(guest_.guest(), 0, index == 0 ? GUEST_CODE : kRealModeCode, &vcpu),
          "zx_vcpu_create");
  ++counts->vcpus;
  zx_vcpu_state_t state = {};
  uint64_t* const registers = &state.rax;
  for (int i = 0; i < 16; ++i) registers[i] = Program::Address(random);
  Require(vcpu.write_state(ZX_VCPU_STATE, &state, sizeof(state)), "zx_vcpu_write_state");
  Place& place = places_[index];
  {
    const std::lock_guard lock(place.mutex);
    place.vcpu = vcpu.get();
  }
  for (int in_vain = 0; *budget > 0 && in_vain < kPatience; --*budget) {
    zx_port_packet_t packet = {};
    const zx_status_t status = vcpu.enter(&packet);
    ++place.enters;
    ++counts->enters;
    ++counts->statuses[status];
    if (!IsDocumented(status)) {
      Fail(std::string("zx_vcpu_enter gives ") + zx_status_get_string(status));
    }
    if (status == ZX_OK) {
      in_vain = 0;
      ++counts->packets[packet.type];
      Answer(random, vcpu, packet);
    } else {
      ++in_vain;
      // Handlers of the guest go on a byte further.
      if (in_vain % 2 == 0) Require(vcpu.interrupt(2), "zx_vcpu_interrupt");
    }
  }
  const std::lock_guard lock(place.mutex);
  place.vcpu = ZX_HANDLE_INVALID;
}

void Attack::Answer(Seeded& random, const zx::vcpu& vcpu, const zx_port_packet_t& packet) {
  switch (packet.type) {
    case ZX_PKT_TYPE_GUEST_IO: {
      if (!packet.guest_io.input || random.OneIn(4)) return;
      zx_vcpu_io_t io = {};
      io.access_size = packet.guest_io.access_size;
      io.u32 = static_cast<uint32_t>(random.Next());
      Require(vcpu.write_state(ZX_VCPU_IO, &io, sizeof(io)), "zx_vcpu_write_state of I/O");
      return;
    }
    case ZX_PKT_TYPE_GUEST_MEM: {
      if (!random.OneIn(4)) return;
      zx_vcpu_state_t state = {};
      Require(vcpu.read_state(ZX_VCPU_STATE, &state, sizeof(state)), "zx_vcpu_read_state");
      (&state.rax)[random.Below(16)] = Program::Address(random);
      Require(vcpu.write_state(ZX_VCPU_STATE, &state, sizeof(state)), "zx_vcpu_write_state");
      return;
    }
    case ZX_PKT_TYPE_GUEST_VCPU: {
      if (packet.guest_vcpu.type != ZX_PKT_GUEST_VCPU_INTERRUPT) return;
      for (size_t i = 0; i < kVcpus; ++i) {
        if ((packet.guest_vcpu.interrupt.mask >> i & 1) == 0) continue;
        const std::lock_guard lock(places_[i].mutex);
        if (places_[i].vcpu == ZX_HANDLE_INVALID) continue;
        zx_vcpu_interrupt(places_[i].vcpu, packet.guest_vcpu.interrupt.vector);
      }
      return;
    }
    default:
      Fail("a packet of type " + std::to_string(packet.type));
  }
}

// ---- The host's threads ----

void Attack::Kick() {
  Seeded random(seed_, round_, kKicker);
  std::array<uint64_t, kVcpus> enters = {};
  auto moved = std::chrono::steady_clock::now();
  while (running_ > 0) {
    Sleep(5000 + random.Below(50'000));
    bool any = false;
    for (size_t i = 0; i < kVcpus; ++i) {
      const std::lock_guard lock(places_[i].mutex);
      any = any || places_[i].vcpu == ZX_HANDLE_INVALID || places_[i].enters != enters[i];
      enters[i] = places_[i].enters;
      if (places_[i].vcpu != ZX_HANDLE_INVALID)
        Require(zx_vcpu_kick(places_[i].vcpu), "zx_vcpu_kick");
    }
    if (any) moved = std::chrono::steady_clock::now();
    if (std::chrono::steady_clock::now() - moved > kStuck)
      Fail("a VCPU does not come back, kicked or not");
  }
}

void Attack::Trouble() {
  Seeded random(seed_, round_, kTroubleMaker);
  while (running_ > 0) {
    Sleep(random.Below(10'000));
    TroubleOnce(random);
  }
}

void Attack::TroubleOnce(Seeded& random) {
  switch (kind_) {
    case Kind::kRewriting: {
      const std::vector<uint8_t> instruction = Program::Instruction(random);
      guest_.Write(GUEST_CODE + random.Below(0x40), instruction);
      return;
    }
    case Kind::kBells: {
      zx_port_packet_t packet;
      const uint64_t take = random.Below(100);
      for (uint64_t i = 0; i < take && guest_.bells().is_valid(); ++i) {
        if (guest_.bells().wait(zx::time::infinite_past(), &packet) != ZX_OK) break;
        if (packet.type != ZX_PKT_TYPE_GUEST_BELL || packet.key != kBellKey) Fail("another bell");
      }
      if (random.OneIn(200)) guest_.CloseBells();
      return;
    }
    case Kind::kChangingMemory:
      return ChangeMemory(random);
    default:
      // A burst of interrupts, to one that may be running, halted or gone.
      for (uint64_t i = random.Below(kind_ == Kind::kInterrupts ? 30 : 2); i > 0; --i) {
        Place& place = places_[random.Below(kVcpus)];
        const std::lock_guard lock(place.mutex);
        if (place.vcpu != ZX_HANDLE_INVALID)
          zx_vcpu_interrupt(place.vcpu, static_cast<uint32_t>(random.Below(257)));
      }
  }
}

void Attack::ChangeMemory(Seeded& random) {
  // Seldom what the guest stands on.
  const uint64_t lowest = random.OneIn(30) ? 0 : 0x50;
  const uint64_t page = (lowest + random.Below(RAM_SIZE / kPage - lowest)) * kPage;
  const uint64_t size = kPage * (1 + random.Below(4));
  zx_vaddr_t address = 0;
  switch (random.Below(6)) {
    case 0:
      guest_.space().unmap(page, size);
      return;
    case 1:
    case 5:
      // The same memory again, or another part of it.
      guest_.space().map(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC,
                         page, guest_.memory(),
                         SeededGuest::kGuard + (random.OneIn(2) ? page : random.Below(128) * kPage),
                         kPage, &address);
      return;
    case 2:
      guest_.space().protect(ZX_VM_PERM_READ | (random.OneIn(2) ? ZX_VM_PERM_WRITE : 0u), page,
                             size);
      return;
    case 3:
      guest_.guest().set_trap(random.OneIn(2) ? ZX_GUEST_TRAP_MEM : ZX_GUEST_TRAP_IO,
                              random.OneIn(2) ? UNMAPPED + page : random.Below(0x1000), kPage,
                              zx::port(), random.OneIn(2) ? kMemKey : kIoKey);
      return;
    default:
      guest_.memory().op_range(ZX_VMO_OP_DECOMMIT, SeededGuest::kGuard + page, kPage, nullptr, 0);
      return;
  }
}

}  // namespace endurance
