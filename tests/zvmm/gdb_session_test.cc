// gdb's remote protocol: frames, packets, and bytes that are neither.

#include "debug/gdb_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "debug/packet_stream.h"

namespace zvmm {
namespace {

// A machine of two VCPUs and a page of memory at 0x1000.
class FakeTarget final : public DebugTarget {
 public:
  static constexpr uint64_t kBase = 0x1000;

  std::vector<unsigned> Vcpus() override { return {0, 1}; }
  bool ReadRegisters(unsigned vcpu, DebugRegisters& to) override {
    to = registers[vcpu];
    return true;
  }
  bool WriteRegisters(unsigned vcpu, const DebugRegisters& from) override {
    registers[vcpu] = from;
    return true;
  }
  size_t ReadMemory(unsigned, uint64_t address, std::span<uint8_t> bytes) override {
    if (address < kBase || address - kBase >= sizeof(memory)) {
      return 0;
    }
    const size_t count = std::min<size_t>(bytes.size(), sizeof(memory) - (address - kBase));
    memcpy(bytes.data(), memory + (address - kBase), count);
    return count;
  }
  bool WriteMemory(unsigned, uint64_t address, std::span<const uint8_t> bytes) override {
    if (address < kBase || address - kBase > sizeof(memory) ||
        bytes.size() > sizeof(memory) - (address - kBase)) {
      return false;
    }
    memcpy(memory + (address - kBase), bytes.data(), bytes.size());
    return true;
  }
  Result Insert(unsigned, const Breakpoint& breakpoint) override {
    if (breakpoint.kind == Breakpoint::Kind::kExecute) {
      return Result::kNotSupported;
    }
    if (breakpoint.address < kBase) {
      return Result::kFailed;
    }
    breakpoints.push_back(breakpoint);
    return Result::kDone;
  }
  Result Remove(unsigned, const Breakpoint& breakpoint) override {
    std::erase(breakpoints, breakpoint);
    return Result::kDone;
  }
  void GoOn(const std::function<DebugGo(unsigned)>& how) override { went = {how(0), how(1)}; }
  void Kill() override { killed = true; }

  DebugRegisters registers[2] = {};
  uint8_t memory[4096] = {};
  std::vector<Breakpoint> breakpoints;
  std::vector<DebugGo> went;
  bool killed = false;
};

class Gdb : public ::testing::Test {
 protected:
  std::string Ask(std::string_view packet) { return session_.Handle(packet).data; }

  FakeTarget target_;
  GdbSession session_{target_};
};

TEST(GdbFrames, ComeInPieces) {
  PacketStream stream;
  for (const char c : std::string("+$g#67")) {
    EXPECT_FALSE(stream.Next().has_value());
    stream.Add({&c, 1});
  }
  auto event = stream.Next();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->kind, PacketStream::Event::kPacket);
  EXPECT_EQ(event->data, "g");
  EXPECT_FALSE(stream.Next().has_value());
}

TEST(GdbFrames, DamagedAgainAndInterrupts) {
  PacketStream stream;
  stream.Add("$g#00-\x03$g#zz$?#3f");
  const PacketStream::Event::Kind kinds[] = {
      PacketStream::Event::kDamaged, PacketStream::Event::kAgain, PacketStream::Event::kInterrupt,
      PacketStream::Event::kDamaged, PacketStream::Event::kPacket};
  for (const auto kind : kinds) {
    const auto event = stream.Next();
    ASSERT_TRUE(event.has_value());
    EXPECT_EQ(event->kind, kind);
  }
}

TEST(GdbFrames, AFrameWithoutAnEndIsNotKeptForEver) {
  PacketStream stream;
  stream.Add("$" + std::string(PacketStream::kMostData + 1, 'x'));
  const auto event = stream.Next();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->kind, PacketStream::Event::kDamaged);
  stream.Add("$?#3f");
  EXPECT_TRUE(stream.Next().has_value());
}

TEST(GdbFrames, EscapesGoBothWays) {
  const std::string data = "a$b#c}d*e";
  PacketStream stream;
  stream.Add(Framed(data));
  const auto event = stream.Next();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->data, data);
}

TEST_F(Gdb, TheDescriptionHasEachRegisterOnce) {
  const std::string whole = Ask("qXfer:features:read:target.xml:0,3000");
  ASSERT_EQ(whole[0], 'l');
  std::string pieces;
  for (size_t at = 0;; at += 0x100) {
    char packet[64];
    snprintf(packet, sizeof(packet), "qXfer:features:read:target.xml:%zx,100", at);
    const std::string piece = Ask(packet);
    ASSERT_FALSE(piece.empty());
    pieces += piece.substr(1);
    if (piece[0] == 'l') break;
  }
  EXPECT_EQ(pieces, whole.substr(1));
  size_t bytes = 0;
  for (const DebugRegister& which : AllDebugRegisters()) {
    const std::string row = std::string("<reg name=\"") + which.name + "\"";
    const size_t first = whole.find(row);
    EXPECT_NE(first, std::string::npos) << which.name;
    EXPECT_EQ(whole.find(row, first + 1), std::string::npos) << which.name;
    bytes += which.size;
  }
  EXPECT_EQ(Ask("g").size(), 2 * bytes);
  EXPECT_EQ(Ask("qXfer:features:read:other.xml:0,10"), "E00");
  EXPECT_EQ(Ask("qXfer:memory-map:read::0,10"), "");
}

TEST_F(Gdb, RegistersOfTheChosenThread) {
  target_.registers[1].general.rip = 0xFFFFFFFF81000000;
  target_.registers[1].system.cs.selector = 0x10;
  EXPECT_EQ(Ask("Hg2"), "OK");
  EXPECT_EQ(Ask("p10"), "00000081ffffffff");
  EXPECT_EQ(Ask("p12"), "10000000");
  EXPECT_EQ(Ask("P10=0010000000000000"), "OK");
  EXPECT_EQ(target_.registers[1].general.rip, 0x1000u);
  EXPECT_EQ(target_.registers[0].general.rip, 0u);
  // An XMM register counts only if its component is there.
  EXPECT_EQ(Ask("P28=000102030405060708090a0b0c0d0e0f"), "OK");
  EXPECT_EQ(target_.registers[1].vector.xsave[160 + 15], 0xF);
  EXPECT_EQ(target_.registers[1].vector.xsave[512], 3);
  // All, and back.
  const std::string all = Ask("g");
  EXPECT_EQ(Ask("Hg1"), "OK");
  EXPECT_EQ(Ask("G" + all), "OK");
  EXPECT_EQ(Ask("g"), all);
  for (const char* wrong : {"p", "pzz", "p1000", "P10", "P10=00", "P10=zz", "G00", "G0", "Hx1"}) {
    EXPECT_EQ(Ask(wrong), "E16") << wrong;
  }
  EXPECT_EQ(Ask("Hg3"), "E03");
  EXPECT_EQ(Ask("T3"), "E03");
  EXPECT_EQ(Ask("T1"), "OK");
}

TEST_F(Gdb, Memory) {
  EXPECT_EQ(Ask("M1010,3:0a0b0c"), "OK");
  EXPECT_EQ(Ask("m1010,4"), "0a0b0c00");
  EXPECT_EQ(Ask(std::string_view("X1010,2:\x7f\x00", 10)), "OK");
  EXPECT_EQ(Ask("m1010,3"), "7f000c");
  // As much as there is; nothing there.
  EXPECT_EQ(Ask("m1ffe,10"), "0000");
  EXPECT_EQ(Ask("m3000,4"), "E0e");
  EXPECT_EQ(Ask("M3000,1:00"), "E0e");
  EXPECT_EQ(Ask("mffffffffffffffff,ffffffffffffffff"), "E0e");
  for (const char* wrong : {"m", "m10", "m10,", "m10,4x", "M10,2:00", "M10,1:0", "M10,1", "m-1,4",
                            "m11111111111111111,4"}) {
    EXPECT_EQ(Ask(wrong), "E16") << wrong;
  }
}

TEST_F(Gdb, Breakpoints) {
  EXPECT_EQ(Ask("Z0,1000,1"), "OK");
  EXPECT_EQ(Ask("Z2,2000,4"), "OK");
  EXPECT_EQ(Ask("Z4,2000,8"), "OK");
  ASSERT_EQ(target_.breakpoints.size(), 3u);
  EXPECT_EQ(target_.breakpoints[2], (Breakpoint{Breakpoint::Kind::kAccess, 0x2000, 8}));
  EXPECT_EQ(Ask("z2,2000,4"), "OK");
  EXPECT_EQ(target_.breakpoints.size(), 2u);
  EXPECT_EQ(Ask("Z0,10,1"), "E0e");
  EXPECT_EQ(Ask("Z1,1000,1"), "");
  EXPECT_EQ(Ask("Z3,1000,1"), "");
  for (const char* wrong : {"Z", "Z0", "Z0,", "Z0,10", "Z2,1001,2", "Z2,1000,3", "Z0,10,1x"}) {
    EXPECT_EQ(Ask(wrong), "E16") << wrong;
  }
}

TEST_F(Gdb, GoingOn) {
  const auto go = [this](std::string_view packet) {
    target_.went.clear();
    const GdbSession::Answer answer = session_.Handle(packet);
    EXPECT_EQ(answer.next == GdbSession::Next::kRun, !target_.went.empty()) << packet;
    return target_.went;
  };
  using Went = std::vector<DebugGo>;
  EXPECT_EQ(go("c"), (Went{DebugGo::kRun, DebugGo::kRun}));
  EXPECT_EQ(go("s"), (Went{DebugGo::kStep, DebugGo::kStay}));
  EXPECT_EQ(go("vCont;c"), (Went{DebugGo::kRun, DebugGo::kRun}));
  EXPECT_EQ(go("vCont;s:2;c"), (Went{DebugGo::kRun, DebugGo::kStep}));
  EXPECT_EQ(go("vCont;s:1"), (Went{DebugGo::kStep, DebugGo::kStay}));
  EXPECT_EQ(go("vCont;C05:2;s:-1"), (Went{DebugGo::kStep, DebugGo::kRun}));
  for (const char* wrong :
       {"vCont", "vCont;", "vCont;x", "vCont;s:9", "vCont;c:1x", "c1000", "vX"}) {
    EXPECT_EQ(go(wrong), Went{}) << wrong;
  }
  EXPECT_EQ(Ask("vCont?"), "vCont;c;C;s;S");
  EXPECT_EQ(session_.Handle("D").next, GdbSession::Next::kDetach);
  EXPECT_EQ(session_.Handle("k").next, GdbSession::Next::kKill);
}

TEST_F(Gdb, News) {
  EXPECT_EQ(session_.NewsOf({.why = DebugStop::Why::kAsked, .vcpu = 1}), "T02thread:2;");
  EXPECT_EQ(Ask("?"), "T02thread:2;");
  EXPECT_EQ(Ask("qC"), "QC2");
  EXPECT_EQ(session_.NewsOf({.why = DebugStop::Why::kStep}), "T05thread:1;");
  EXPECT_EQ(session_.NewsOf({.why = DebugStop::Why::kCrash}), "T0bthread:1;");
  DebugStop stop = {.why = DebugStop::Why::kBreakpoint};
  EXPECT_EQ(session_.NewsOf(stop), "T05swbreak:;thread:1;");
  stop.hit = {Breakpoint::Kind::kWrite, 0x1234, 4};
  EXPECT_EQ(session_.NewsOf(stop), "T05watch:1234;thread:1;");
}

// Every answer is a word of the protocol, whatever was asked.
TEST_F(Gdb, WildPacketsAreAnswered) {
  std::mt19937 random(20261130);
  const std::string letters =
      "?gGpPmMXZzHTqQcsvDk0123456789abcdef,;:=-+$#}*xvContSupported\x01\xff";
  const char* const kBegins[] = {"",
                                 "m",
                                 "M",
                                 "X",
                                 "Z0,",
                                 "z2,",
                                 "P",
                                 "p",
                                 "vCont;",
                                 "Hg",
                                 "T",
                                 "G",
                                 "qXfer:features:read:",
                                 "qThreadExtraInfo,",
                                 "qSupported:"};
  PacketStream stream;
  for (int i = 0; i < 200'000; ++i) {
    std::string packet = kBegins[random() % std::size(kBegins)];
    const size_t length = random() % 24;
    for (size_t at = 0; at < length; ++at) packet += letters[random() % letters.size()];
    const GdbSession::Answer answer = session_.Handle(packet);
    const bool word = answer.data.empty() || answer.next != GdbSession::Next::kAnswer ||
                      answer.data[0] != 'E' || answer.data.size() == 3;
    ASSERT_TRUE(word) << packet;
    // The same as bytes on the line.
    stream.Add(packet);
    while (stream.Next()) {
    }
  }
}

}  // namespace
}  // namespace zvmm
