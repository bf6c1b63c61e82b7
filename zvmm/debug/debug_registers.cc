#include "debug/debug_registers.h"

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace zvmm {
namespace {

constexpr char kCore[] = "org.gnu.gdb.i386.core";
constexpr char kSse[] = "org.gnu.gdb.i386.sse";
constexpr char kSegments[] = "org.gnu.gdb.i386.segments";
constexpr char kSystem[] = "zvmm.system";

// Places in the XSAVE area.
constexpr unsigned kX87Control = 0;
constexpr unsigned kX87Status = 2;
constexpr unsigned kX87Tag = 4;
constexpr unsigned kX87Opcode = 6;
constexpr unsigned kX87Instruction = 8;
constexpr unsigned kX87InstructionSegment = 12;
constexpr unsigned kX87Operand = 16;
constexpr unsigned kX87OperandSegment = 20;
constexpr unsigned kMxcsr = 24;
constexpr unsigned kX87Registers = 32;
constexpr unsigned kXmmRegisters = 160;
constexpr unsigned kComponents = 512;  // XSTATE_BV: which parts of the area count
constexpr uint8_t kX87AndSse = 3;

constexpr uint16_t General(size_t offset) {
  return static_cast<uint16_t>(offsetof(DebugRegisters, general) + offset);
}
constexpr uint16_t System(size_t offset) {
  return static_cast<uint16_t>(offsetof(DebugRegisters, system) + offset);
}
constexpr uint16_t Vector(size_t offset) {
  return static_cast<uint16_t>(offsetof(DebugRegisters, vector) + offset);
}

#define GENERAL(name, type) \
  { #name, type, kCore, General(offsetof(zircon_kvm_general_registers_t, name)), 8, 8 }
#define SELECTOR(name)                                         \
  {                                                            \
#name, "int32", kCore,                                     \
        System(offsetof(zircon_kvm_system_registers_t, name) + \
               offsetof(zircon_kvm_segment_t, selector)),      \
        2, 4                                                   \
  }
#define BASE(name, segment)                                       \
  {                                                               \
#name, "int64", kSegments,                                    \
        System(offsetof(zircon_kvm_system_registers_t, segment) + \
               offsetof(zircon_kvm_segment_t, base)),             \
        8, 8                                                      \
  }
#define CONTROL(name) \
  { #name, "int64", kSystem, System(offsetof(zircon_kvm_system_registers_t, name)), 8, 8 }

std::vector<DebugRegister> MakeTable() {
  std::vector<DebugRegister> table = {
      GENERAL(rax, "int64"),
      GENERAL(rbx, "int64"),
      GENERAL(rcx, "int64"),
      GENERAL(rdx, "int64"),
      GENERAL(rsi, "int64"),
      GENERAL(rdi, "int64"),
      GENERAL(rbp, "data_ptr"),
      GENERAL(rsp, "data_ptr"),
      GENERAL(r8, "int64"),
      GENERAL(r9, "int64"),
      GENERAL(r10, "int64"),
      GENERAL(r11, "int64"),
      GENERAL(r12, "int64"),
      GENERAL(r13, "int64"),
      GENERAL(r14, "int64"),
      GENERAL(r15, "int64"),
      GENERAL(rip, "code_ptr"),
      {"eflags", "int32", kCore, General(offsetof(zircon_kvm_general_registers_t, rflags)), 4, 4},
      SELECTOR(cs),
      SELECTOR(ss),
      SELECTOR(ds),
      SELECTOR(es),
      SELECTOR(fs),
      SELECTOR(gs),
  };
  static const char* const kX87Names[] = {"st0", "st1", "st2", "st3", "st4", "st5", "st6", "st7"};
  for (unsigned i = 0; i < 8; ++i) {
    table.push_back({kX87Names[i], "i387_ext", kCore, Vector(kX87Registers + 16 * i), 10, 10});
  }
  const auto add_x87 = [&table](const char* name, unsigned place, uint8_t stored) {
    table.push_back({name, "int", kCore, Vector(place), stored, 4});
  };
  add_x87("fctrl", kX87Control, 2);
  add_x87("fstat", kX87Status, 2);
  // The short form of the area: a bit for each register, set if it holds something.
  add_x87("ftag", kX87Tag, 1);
  add_x87("fiseg", kX87InstructionSegment, 2);
  add_x87("fioff", kX87Instruction, 4);
  add_x87("foseg", kX87OperandSegment, 2);
  add_x87("fooff", kX87Operand, 4);
  add_x87("fop", kX87Opcode, 2);
  static const char* const kXmmNames[] = {"xmm0",  "xmm1",  "xmm2",  "xmm3", "xmm4",  "xmm5",
                                          "xmm6",  "xmm7",  "xmm8",  "xmm9", "xmm10", "xmm11",
                                          "xmm12", "xmm13", "xmm14", "xmm15"};
  for (unsigned i = 0; i < 16; ++i) {
    table.push_back({kXmmNames[i], "vec128", kSse, Vector(kXmmRegisters + 16 * i), 16, 16});
  }
  table.push_back({"mxcsr", "int", kSse, Vector(kMxcsr), 4, 4});
  for (const DebugRegister& last :
       {DebugRegister BASE(fs_base, fs), DebugRegister BASE(gs_base, gs),
        DebugRegister CONTROL(cr0), DebugRegister CONTROL(cr2), DebugRegister CONTROL(cr3),
        DebugRegister CONTROL(cr4), DebugRegister CONTROL(cr8), DebugRegister CONTROL(efer)}) {
    table.push_back(last);
  }
  return table;
}

std::string MakeDescription() {
  std::string text =
      "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
      "<target version=\"1.0\">\n<architecture>i386:x86-64</architecture>\n";
  std::string_view feature;
  for (const DebugRegister& which : AllDebugRegisters()) {
    if (feature != which.feature) {
      absl::StrAppend(&text, feature.empty() ? "" : "</feature>\n", "<feature name=\"",
                      which.feature, "\">\n");
      feature = which.feature;
      if (feature == kSse) {
        text +=
            "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>\n"
            "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>\n"
            "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>\n"
            "<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>\n"
            "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>\n"
            "<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>\n"
            "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
            "<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"
            "<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v4_int32\" type=\"v4i32\"/>"
            "<field name=\"v2_int64\" type=\"v2i64\"/><field name=\"uint128\" type=\"uint128\"/>"
            "</union>\n";
      }
    }
    absl::StrAppendFormat(&text, "<reg name=\"%s\" bitsize=\"%d\" type=\"%s\"/>\n", which.name,
                          8 * which.size, which.type);
  }
  return text + "</feature>\n</target>\n";
}

}  // namespace

std::span<const DebugRegister> AllDebugRegisters() {
  static const std::vector<DebugRegister> table = MakeTable();
  return table;
}

std::string ValueOf(const DebugRegisters& registers, const DebugRegister& which) {
  const char* place = reinterpret_cast<const char*>(&registers) + which.offset;
  std::string value(place, which.stored);
  value.resize(which.size);
  return value;
}

void SetValue(DebugRegisters& registers, const DebugRegister& which,
              std::span<const uint8_t> value) {
  std::memcpy(reinterpret_cast<char*>(&registers) + which.offset, value.data(), which.stored);
  if (which.offset >= Vector(0)) {
    registers.vector.xsave[kComponents] |= kX87AndSse;
  }
}

const std::string& TargetDescription() {
  static const std::string description = MakeDescription();
  return description;
}

}  // namespace zvmm
