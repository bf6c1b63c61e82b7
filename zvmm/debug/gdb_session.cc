#include "debug/gdb_session.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "debug/packet_stream.h"

namespace zvmm {
namespace {

constexpr char kOk[] = "OK";
// The numbers are Linux's errnos; gdb shows them and no more.
constexpr char kBadPacket[] = "E16";
constexpr char kBadAddress[] = "E0e";
constexpr char kNoSuchThread[] = "E03";
constexpr char kUnknown[] = "";

// What gdb may ask for at once, half of what a frame takes.
constexpr uint64_t kMostMemory = 16 * 1024;

constexpr int kInterruptSignal = 2;
constexpr int kTrapSignal = 5;
constexpr int kSegvSignal = 11;

// Takes a hexadecimal number from the front.
std::optional<uint64_t> TakeHex(std::string_view& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end == text.data() || text[0] == '-') {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

bool Take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

// "ADDRESS,LENGTH" from the front.
struct Range {
  uint64_t address = 0;
  uint64_t length = 0;
};
std::optional<Range> TakeRange(std::string_view& text) {
  const auto address = TakeHex(text);
  if (!address || !Take(text, ",")) {
    return std::nullopt;
  }
  const auto length = TakeHex(text);
  if (!length) {
    return std::nullopt;
  }
  return Range{.address = *address, .length = *length};
}

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

GdbSession::Answer GdbSession::Handle(std::string_view packet) {
  if (packet.empty()) {
    return {};
  }
  const char command = packet[0];
  const std::string_view rest = packet.substr(1);
  switch (command) {
    case '?':
      return {.data = NewsOf(last_)};
    case 'g':
      return {.data = ReadAll()};
    case 'G':
      return {.data = WriteAll(rest)};
    case 'p':
      return {.data = ReadOne(rest)};
    case 'P':
      return {.data = WriteOne(rest)};
    case 'm':
      return {.data = ReadMemory(rest)};
    case 'M':
    case 'X':
      return {.data = WriteMemory(rest, command == 'X')};
    case 'Z':
    case 'z':
      return {.data = ChangeBreakpoint(rest, command == 'Z')};
    case 'H':
      return {.data = SelectThread(rest)};
    case 'T':
      return {.data = IsAlive(rest)};
    case 'q':
    case 'Q':
      return {.data = Query(packet)};
    case 'c':
    case 's':
    case 'v':
      return GoOn(packet);
    case 'D':
      return {.next = Next::kDetach, .data = kOk};
    case 'k':
      return {.next = Next::kKill};
    default:
      return {};
  }
}

std::string GdbSession::NewsOf(const DebugStop& stop) {
  last_ = stop;
  current_ = stop.vcpu;
  const unsigned thread = stop.vcpu + 1;
  switch (stop.why) {
    case DebugStop::Why::kAsked:
      return absl::StrFormat("T%02xthread:%x;", kInterruptSignal, thread);
    case DebugStop::Why::kStep:
      return absl::StrFormat("T%02xthread:%x;", kTrapSignal, thread);
    case DebugStop::Why::kCrash:
      return absl::StrFormat("T%02xthread:%x;", kSegvSignal, thread);
    case DebugStop::Why::kBreakpoint:
      break;
  }
  std::string words;
  switch (stop.hit.kind) {
    case Breakpoint::Kind::kSoftware:
      words = "swbreak:";
      break;
    case Breakpoint::Kind::kExecute:
      words = "hwbreak:";
      break;
    case Breakpoint::Kind::kWrite:
      words = absl::StrFormat("watch:%x", stop.hit.address);
      break;
    case Breakpoint::Kind::kAccess:
      words = absl::StrFormat("awatch:%x", stop.hit.address);
      break;
  }
  return absl::StrFormat("T%02x%s;thread:%x;", kTrapSignal, words, thread);
}

bool GdbSession::Exists(unsigned vcpu) {
  const std::vector<unsigned> vcpus = target_.Vcpus();
  return std::find(vcpus.begin(), vcpus.end(), vcpu) != vcpus.end();
}

std::optional<GdbSession::Thread> GdbSession::ParseThread(std::string_view text) {
  if (text == "-1" || text == "0") {
    return Thread{.any = true, .vcpu = current_};
  }
  const auto thread = TakeHex(text);
  if (!thread || !text.empty() || *thread == 0 || *thread > UINT32_MAX ||
      !Exists(static_cast<unsigned>(*thread - 1))) {
    return std::nullopt;
  }
  return Thread{.vcpu = static_cast<unsigned>(*thread - 1)};
}

std::string GdbSession::SelectThread(std::string_view packet) {
  // For the registers and memory to come ("g"), or for c and s, which this gdb does not use.
  if (packet.empty() || (packet[0] != 'g' && packet[0] != 'c')) {
    return kBadPacket;
  }
  const auto thread = ParseThread(packet.substr(1));
  if (!thread) {
    return kNoSuchThread;
  }
  current_ = thread->vcpu;
  return kOk;
}

std::string GdbSession::IsAlive(std::string_view packet) {
  return ParseThread(packet) ? kOk : kNoSuchThread;
}

std::string GdbSession::Query(std::string_view packet) {
  std::string_view rest = packet;
  if (Take(rest, "qSupported")) {
    return absl::StrFormat(
        "PacketSize=%x;qXfer:features:read+;vContSupported+;swbreak+;hwbreak+;QStartNoAckMode+",
        2 * kMostMemory + 64);
  }
  if (Take(rest, "qXfer:")) {
    return Transfer(rest);
  }
  if (packet == "QStartNoAckMode") {
    acknowledges_ = false;
    return kOk;
  }
  if (packet == "qfThreadInfo") {
    return ThreadList();
  }
  if (packet == "qsThreadInfo") {
    return "l";
  }
  if (packet == "qC") {
    return absl::StrFormat("QC%x", current_ + 1);
  }
  if (packet == "qAttached") {
    return "1";
  }
  if (Take(rest, "qThreadExtraInfo,")) {
    const auto thread = ParseThread(rest);
    return thread ? ToHex(absl::StrFormat("VCPU %d", thread->vcpu)) : kNoSuchThread;
  }
  return kUnknown;
}

std::string GdbSession::Transfer(std::string_view packet) const {
  if (!Take(packet, "features:read:target.xml:")) {
    return packet.starts_with("features:read:") ? "E00" : kUnknown;
  }
  const auto range = TakeRange(packet);
  if (!range || !packet.empty()) {
    return kBadPacket;
  }
  const std::string& text = TargetDescription();
  if (range->address >= text.size()) {
    return "l";
  }
  const uint64_t length = std::min(range->length, kMostMemory);
  const bool last = length >= text.size() - range->address;
  return (last ? "l" : "m") + text.substr(range->address, length);
}

std::string GdbSession::ThreadList() {
  std::string text;
  for (const unsigned vcpu : target_.Vcpus()) {
    absl::StrAppendFormat(&text, "%c%x", text.empty() ? 'm' : ',', vcpu + 1);
  }
  return text;
}

std::string GdbSession::ReadAll() {
  DebugRegisters registers = {};
  if (!target_.ReadRegisters(current_, registers)) {
    return kNoSuchThread;
  }
  std::string text;
  for (const DebugRegister& which : AllDebugRegisters()) {
    text += ToHex(ValueOf(registers, which));
  }
  return text;
}

std::string GdbSession::WriteAll(std::string_view digits) {
  const auto bytes = FromHex(digits);
  DebugRegisters registers = {};
  if (!bytes) {
    return kBadPacket;
  }
  if (!target_.ReadRegisters(current_, registers)) {
    return kNoSuchThread;
  }
  size_t at = 0;
  for (const DebugRegister& which : AllDebugRegisters()) {
    if (bytes->size() - at < which.size) {
      return kBadPacket;
    }
    SetValue(registers, which, Bytes(*bytes).subspan(at, which.size));
    at += which.size;
  }
  return target_.WriteRegisters(current_, registers) ? kOk : kBadPacket;
}

std::string GdbSession::ReadOne(std::string_view packet) {
  const auto number = TakeHex(packet);
  DebugRegisters registers = {};
  if (!number || !packet.empty() || *number >= AllDebugRegisters().size()) {
    return kBadPacket;
  }
  if (!target_.ReadRegisters(current_, registers)) {
    return kNoSuchThread;
  }
  return ToHex(ValueOf(registers, AllDebugRegisters()[*number]));
}

std::string GdbSession::WriteOne(std::string_view packet) {
  const auto number = TakeHex(packet);
  if (!number || *number >= AllDebugRegisters().size() || !Take(packet, "=")) {
    return kBadPacket;
  }
  const DebugRegister& which = AllDebugRegisters()[*number];
  const auto value = FromHex(packet);
  DebugRegisters registers = {};
  if (!value || value->size() != which.size) {
    return kBadPacket;
  }
  if (!target_.ReadRegisters(current_, registers)) {
    return kNoSuchThread;
  }
  SetValue(registers, which, Bytes(*value));
  return target_.WriteRegisters(current_, registers) ? kOk : kBadPacket;
}

std::string GdbSession::ReadMemory(std::string_view packet) {
  const auto range = TakeRange(packet);
  if (!range || !packet.empty()) {
    return kBadPacket;
  }
  std::vector<uint8_t> bytes(std::min(range->length, kMostMemory));
  const size_t count = target_.ReadMemory(current_, range->address, bytes);
  if (count == 0 && range->length != 0) {
    return kBadAddress;
  }
  return ToHex({reinterpret_cast<const char*>(bytes.data()), count});
}

std::string GdbSession::WriteMemory(std::string_view packet, bool binary) {
  const auto range = TakeRange(packet);
  if (!range || !Take(packet, ":")) {
    return kBadPacket;
  }
  const auto bytes = binary ? std::optional<std::string>(packet) : FromHex(packet);
  if (!bytes || bytes->size() != range->length) {
    return kBadPacket;
  }
  return bytes->empty() || target_.WriteMemory(current_, range->address, Bytes(*bytes))
             ? kOk
             : kBadAddress;
}

std::string GdbSession::ChangeBreakpoint(std::string_view packet, bool insert) {
  const auto type = TakeHex(packet);
  if (!type || !Take(packet, ",")) {
    return kBadPacket;
  }
  const auto range = TakeRange(packet);
  if (!range || !(packet.empty() || packet[0] == ';')) {
    return kBadPacket;
  }
  Breakpoint breakpoint = {.address = range->address};
  switch (*type) {
    case 0:
      break;
    case 1:
      breakpoint.kind = Breakpoint::Kind::kExecute;
      break;
    case 2:
      breakpoint.kind = Breakpoint::Kind::kWrite;
      break;
    case 4:
      breakpoint.kind = Breakpoint::Kind::kAccess;
      break;
    default:
      // 3: reads only, which the processor cannot tell from writes.
      return kUnknown;
  }
  if (breakpoint.kind == Breakpoint::Kind::kWrite || breakpoint.kind == Breakpoint::Kind::kAccess) {
    const bool possible =
        (range->length == 1 || range->length == 2 || range->length == 4 || range->length == 8) &&
        range->address % range->length == 0;
    if (!possible) {
      return kBadPacket;
    }
    breakpoint.size = static_cast<uint32_t>(range->length);
  }
  const DebugTarget::Result result =
      insert ? target_.Insert(current_, breakpoint) : target_.Remove(current_, breakpoint);
  switch (result) {
    case DebugTarget::Result::kDone:
      return kOk;
    case DebugTarget::Result::kFailed:
      return kBadAddress;
    case DebugTarget::Result::kNotSupported:
      break;
  }
  return kUnknown;
}

GdbSession::Answer GdbSession::GoOn(std::string_view packet) {
  if (packet == "vCont?") {
    return {.data = "vCont;c;C;s;S"};
  }
  if (Take(packet, "vCont")) {
    return GoOnEach(packet);
  }
  if (packet == "vKill" || packet.starts_with("vKill;")) {
    return {.next = Next::kKill};
  }
  if (packet[0] == 'v') {
    return {};
  }
  // From where it is; gdb writes RIP itself.
  if (packet.size() != 1) {
    return {.data = kBadPacket};
  }
  const DebugGo how = packet[0] == 's' ? DebugGo::kStep : DebugGo::kRun;
  target_.GoOn([how, current = current_](unsigned vcpu) {
    return vcpu == current || how == DebugGo::kRun ? how : DebugGo::kStay;
  });
  return {.next = Next::kRun};
}

// ";c:1;s" and the like: each VCPU does what the first action for it says; none stays without one.
GdbSession::Answer GdbSession::GoOnEach(std::string_view actions) {
  std::map<unsigned, DebugGo> wanted;
  DebugGo others = DebugGo::kStay;
  bool others_told = false;
  while (Take(actions, ";")) {
    std::string_view action = actions.substr(0, actions.find(';'));
    actions.remove_prefix(action.size());
    const std::string_view what = action.substr(0, action.find(':'));
    action.remove_prefix(what.size());
    // C and S bring a signal, which a machine has no use for.
    const bool runs = what == "c" || (what.size() == 3 && what[0] == 'C');
    const bool steps = what == "s" || (what.size() == 3 && what[0] == 'S');
    if (!runs && !steps) {
      return {.data = kBadPacket};
    }
    const DebugGo how = runs ? DebugGo::kRun : DebugGo::kStep;
    std::optional<Thread> thread = Thread{.any = true};
    if (Take(action, ":")) {
      thread = ParseThread(action);
    }
    if (!thread) {
      return {.data = kNoSuchThread};
    }
    if (!thread->any) {
      wanted.emplace(thread->vcpu, how);
    } else if (!others_told) {
      others = how;
      others_told = true;
    }
  }
  if (!actions.empty() || (wanted.empty() && !others_told)) {
    return {.data = kBadPacket};
  }
  target_.GoOn([&wanted, others](unsigned vcpu) {
    const auto found = wanted.find(vcpu);
    return found == wanted.end() ? others : found->second;
  });
  return {.next = Next::kRun};
}

}  // namespace zvmm
