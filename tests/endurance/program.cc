#include "endurance/program.h"

#include "endurance/layout.h"

namespace endurance {
namespace {

constexpr unsigned kRax = 0;
constexpr unsigned kRcx = 1;
constexpr unsigned kRdx = 2;
constexpr unsigned kRsp = 4;

// Opcodes with a ModRM byte, one and two bytes.
constexpr uint8_t kOneByte[] = {
    0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x11, 0x19, 0x21, 0x29, 0x31, 0x33, 0x38, 0x39, 0x3B, 0x62,
    0x63, 0x69, 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x8D, 0x8E,
    0x8F, 0xC0, 0xC1, 0xC6, 0xC7, 0xD0, 0xD3, 0xD8, 0xD9, 0xDB, 0xDD, 0xDF, 0xF6, 0xF7, 0xFE, 0xFF};
constexpr uint8_t kTwoBytes[] = {0x00, 0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x13, 0x16, 0x17,
                                 0x18, 0x28, 0x29, 0x2B, 0x40, 0x4F, 0x6F, 0x7E, 0x7F, 0x90,
                                 0xA3, 0xAB, 0xAE, 0xAF, 0xB0, 0xB1, 0xB2, 0xB3, 0xB6, 0xB7,
                                 0xBA, 0xBB, 0xBE, 0xBF, 0xC0, 0xC1, 0xC3, 0xC7, 0xD6, 0xE7};
constexpr uint8_t kStrings[] = {0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF};
constexpr uint8_t kPrefixes[] = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65,
                                 0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x48};

// What the guest stands on: one store there may be its end.
constexpr uint64_t kTables[] = {GUEST_PML4, GUEST_POINTER_TABLE, GUEST_DIRECTORY, GUEST_IDT,
                                GUEST_GDT,  GUEST_CODE,          0x70000};
constexpr uint64_t kPlaces[] = {
    SPARE_TABLE,    NUMBERS,        INNER_MEM_TRAP,  INNER_BELL_TRAP,   INNER_READ_ONLY,
    RAM_SIZE,       GUEST_MEM_TRAP, GUEST_BELL_TRAP, GUEST_WINDOW,      UNMAPPED,
    0xFEE00000,     0x3FFFF000,     0x40000000,      uint64_t{1} << 47, 0xFFFF'8000'0000'0000,
    uint64_t{0} - 8};

constexpr uint32_t kMsrs[] = {
    0x10,       0x11,       0x12,       0x17,       0x1B,       0x3B,       0x48,       0x49,
    0x8B,       0xE1,       0xFE,       0x174,      0x175,      0x176,      0x179,      0x1A0,
    0x1D9,      0x200,      0x250,      0x277,      0x2FF,      0x606,      0x6E0,      0xC0000080,
    0xC0000081, 0xC0000082, 0xC0000083, 0xC0000084, 0xC0000100, 0xC0000101, 0xC0000102, 0xC0000103,
    0xC0010015, 0x4B564D00, 0x4B564D01, 0x4B564D02, 0x40000000, 0xDEAD};

}  // namespace

uint64_t Program::Address(Seeded& random) {
  const uint64_t place = random.OneIn(16) ? random.Pick(kTables) : random.Pick(kPlaces);
  switch (random.Below(4)) {
    case 0:
      return place;
    case 1:
      return place - 1 - random.Below(20);  // over the edge, perhaps
    case 2:
      return place + 0x1000 - 1 - random.Below(20);
    default:
      return place + random.Below(0x1000);
  }
}

void Program::Number(uint64_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) code_.push_back(static_cast<uint8_t>(value >> 8 * i));
}

void Program::Load(unsigned reg, uint64_t value) {
  Bytes({static_cast<uint8_t>(0x48 | reg >> 3), static_cast<uint8_t>(0xB8 | (reg & 7))});
  Number(value, 8);
}

void Program::WriteMsr(uint32_t index, uint64_t value) {
  Load(kRcx, index);
  Load(kRax, static_cast<uint32_t>(value));
  Load(kRdx, value >> 32);
  Bytes({0x0F, 0x30});
}

void Program::JumpTo(size_t offset) {
  Bytes({0xE9});
  Number(offset - (size() + 4), 4);
}

std::vector<uint8_t> Program::Instruction(Seeded& random) {
  std::vector<uint8_t> code;
  while (random.OneIn(3)) code.push_back(random.Pick(kPrefixes));
  if (random.OneIn(3)) code.push_back(static_cast<uint8_t>(0x40 | random.Below(16)));
  if (random.OneIn(6)) {
    code.push_back(random.Pick(kStrings));
    return code;
  }
  if (random.OneIn(3)) {
    code.push_back(0x0F);
    code.push_back(random.Pick(kTwoBytes));
  } else {
    code.push_back(random.Pick(kOneByte));
  }
  // Mostly memory at a register, with or without a small displacement.
  const uint64_t mode = random.OneIn(8) ? random.Below(4) : random.Below(2);
  code.push_back(static_cast<uint8_t>(mode << 6 | random.Below(64)));
  for (uint64_t i = random.Below(6); i > 0; --i) code.push_back(random.Byte());
  return code;
}

void Program::Memory() {
  Load(static_cast<unsigned>(random_.Below(16)), Address(random_));
  if (random_.OneIn(2)) Load(7, Address(random_));  // RDI
  if (random_.OneIn(4)) Load(kRcx, random_.Below(random_.OneIn(4) ? 0x10000 : 20));
  const std::vector<uint8_t> instruction = Instruction(random_);
  code_.insert(code_.end(), instruction.begin(), instruction.end());
}

void Program::Register() {
  const uint32_t index =
      random_.OneIn(3) ? 0x800 + static_cast<uint32_t>(random_.Below(0x40)) : random_.Pick(kMsrs);
  if (random_.OneIn(3)) {
    Load(kRcx, index);
    Bytes({0x0F, 0x32});
    return;
  }
  WriteMsr(index, random_.OneIn(2) ? Address(random_) | random_.Below(2)
                                   : random_.Next() >> random_.Below(64));
}

void Program::Port() {
  constexpr uint16_t kPorts[] = {VALUE_PORT, VALUE_PORT + 15, VALUE_PORT - 1, 0x80, 0xCF8, 0xFFFF};
  constexpr uint8_t kOpcodes[] = {0xEC, 0xED, 0xEE, 0xEF, 0x6C, 0x6D, 0x6E, 0x6F};
  Load(kRdx, random_.Pick(kPorts));
  if (random_.OneIn(4)) Load(6, Address(random_));  // RSI
  if (random_.OneIn(4)) Bytes({0xF3});
  if (random_.OneIn(4)) Bytes({0x66});
  Bytes({random_.Pick(kOpcodes)});
}

void Program::System() {
  const auto modrm = [this](unsigned mode) {
    return static_cast<uint8_t>(mode << 6 | random_.Below(64));
  };
  Load(kRax, random_.OneIn(2) ? Address(random_) : random_.Next() >> random_.Below(64));
  switch (random_.Below(16)) {
    case 0:
      return Bytes({0x0F, 0x22, modrm(3)});  // MOV to a control register
    case 1:
      return Bytes({0x0F, 0x20, modrm(3)});
    case 2:
      return Bytes({0x0F, static_cast<uint8_t>(random_.OneIn(2) ? 0x21 : 0x23), modrm(3)});
    case 3:
      return Bytes({0x0F, 0x01, modrm(static_cast<unsigned>(random_.Below(4)))});
    case 4:
      return Bytes({0x0F, 0x00, modrm(static_cast<unsigned>(random_.Below(4)))});
    case 5:
      return Bytes({0x8E, modrm(3)});  // MOV to a segment register
    case 6:
      return Bytes({0xCD, random_.Byte()});  // INT n
    case 7:
      return Bytes({0x48, static_cast<uint8_t>(random_.OneIn(2) ? 0xCF : 0xCB)});  // IRET, RET far
    case 8:
      return Bytes({0x0F, static_cast<uint8_t>(random_.OneIn(2) ? 0x05 : 0x34)});
    case 9:
      return Bytes({0x0F, static_cast<uint8_t>(random_.OneIn(2) ? 0x07 : 0x35)});
    case 10:
      return Bytes({0x9D});  // POPF
    case 11:
      return Bytes({0x0F, 0xA2});  // CPUID
    case 12:
      return Bytes({0x0F, 0x0B});  // UD2
    case 13:
      return Bytes({0x0F, static_cast<uint8_t>(random_.OneIn(2) ? 0x08 : 0x09)});  // INVD, WBINVD
    case 14:
      return Bytes({0x0F, 0xAE, modrm(static_cast<unsigned>(random_.Below(4)))});
    default:
      return Bytes({0x0F, 0xC7, modrm(static_cast<unsigned>(random_.Below(4)))});
  }
}

void Program::Interrupts() {
  constexpr uint32_t kIcr = 0x830;
  constexpr uint32_t kSelfIpi = 0x83F;
  switch (random_.Below(6)) {
    case 0:
      return Bytes({0xFB, 0xF4});  // STI, HLT
    case 1:
      return Bytes({0xFB, 0x90});
    case 2:
      return Bytes({0xFA});
    case 3:
      return WriteMsr(kSelfIpi, random_.Byte());
    case 4:
      return WriteMsr(kIcr, random_.Next() >> random_.Below(64));
    default:
      // Fixed or NMI, to somebody.
      return WriteMsr(kIcr, (random_.Below(4) << 18) | (random_.OneIn(3) ? 0x400 : 0) |
                                random_.Below(256) | random_.Below(4) << 32);
  }
}

void Program::Timer() {
  switch (random_.Below(5)) {
    case 0:
      return WriteMsr(0x832, random_.Below(256) | random_.Below(8) << 16);
    case 1:
      return WriteMsr(0x838, random_.Next() >> (32 + random_.Below(32)));
    case 2:
      return WriteMsr(0x83E, random_.Below(16));
    case 3:
      // The deadline mode and a deadline: past, never, or soon.
      WriteMsr(0x832, 0x40000 | (32 + random_.Below(200)));
      if (random_.OneIn(2)) return WriteMsr(0x6E0, random_.Next() >> random_.Below(64));
      Bytes({0x0F, 0x31});  // RDTSC
      Bytes({0x05});        // ADD EAX
      Number(random_.Below(1 << 20), 4);
      Bytes({0xB9});  // MOV ECX
      Number(0x6E0, 4);
      return Bytes({0x0F, 0x30});
    default:
      return Bytes({0xFB, 0xF4});
  }
}

void Program::BellStore() {
  constexpr uint64_t kBells[] = {GUEST_BELL_TRAP, GUEST_BELL_TRAP + 0x3000, INNER_BELL_TRAP};
  Load(7, random_.Pick(kBells) + random_.Below(0xFF8));
  switch (random_.Below(4)) {
    case 0:
      return Bytes({0x48, 0x89, 0x07});  // MOV [RDI], RAX
    case 1:
      return Bytes({0x88, 0x07});
    case 2:
      return Bytes({0x66, 0xAB});
    default:
      Load(kRcx, random_.Below(100));
      return Bytes({0xF3, 0xAA});
  }
}

void Program::BrokenTables() {
  const uint64_t place = Address(random_);
  switch (random_.Below(6)) {
    case 0:
      Load(kRax, place & ~uint64_t{0xFFF});
      Bytes({0x0F, 0x22, 0xD8});  // MOV CR3, RAX
      break;
    case 1:
      // One entry of a page table.
      Load(7, (random_.Pick({GUEST_PML4, GUEST_POINTER_TABLE, GUEST_DIRECTORY})) +
                  8 * random_.Below(8));
      Load(kRax, place ^ random_.Below(0x200));
      Bytes({0x48, 0x89, 0x07, 0x0F, 0x01, 0x3F});  // MOV, INVLPG
      break;
    case 2:
    case 3:
      Load(7, 0x6FF00);
      Load(kRax, place);
      Bytes({0x48, 0x89, 0x47, 0x02, 0x66, 0xC7, 0x07, random_.Byte(), random_.Byte()});
      Bytes({0x0F, 0x01, static_cast<uint8_t>(random_.OneIn(2) ? 0x1F : 0x17)});  // LIDT, LGDT
      break;
    case 4:
      Load(kRsp, place);
      break;
    default:
      Load(kRax, GUEST_CODE_SELECTOR + 8 * random_.Below(4));
      Bytes({0x50, 0x68, 0x00, 0x00, 0x01, 0x00, 0x48, 0xCB});  // to the code, by a far return
      break;
  }
  switch (random_.Below(4)) {
    case 0:
      return Bytes({0x0F, 0x0B});
    case 1:
      return Bytes({0xCC});
    case 2:
      return Bytes({0x50, 0x58});
    default:
      return Memory();
  }
}

void Program::Anything() {
  switch (random_.Below(32)) {
    case 0:
      for (uint64_t i = 1 + random_.Below(15); i > 0; --i) Bytes({random_.Byte()});
      return;
    case 1:
      return System();
    case 2:
      if (random_.OneIn(4)) return BrokenTables();
      [[fallthrough]];
    case 3:
    case 4:
    case 5:
      return Register();
    case 6:
    case 7:
    case 8:
      return Port();
    case 9:
    case 10:
    case 11:
      return Interrupts();
    case 12:
    case 13:
      return Timer();
    case 14:
    case 15:
    case 16:
      return BellStore();
    default:
      return Memory();
  }
}

}  // namespace endurance
