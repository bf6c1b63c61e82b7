// One input of the store finder's fuzzing: bytes become a mode, segments, registers, memory and
// code. Where the code begins with a store it is executed by the model (store_model.h), reported in
// the pieces in which KVM would, and the finder is asked. What must hold:
//
//   - it reads nothing it must not (the sanitizers see that) and comes to an end
//   - it finds an instruction, by the evidence that it asks for
//   - executed by the model with the registers that the finder gives, what it found stores the same
//     bytes at the same place and leaves the same registers
//   - those registers are the ones before the store, but for upper halves that 32-bit addresses
//   have
//     cleared
//
// Thread safety: one thread at a time.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "fake/guest_memory.h"
#include "fuzz/store_model.h"
#include "vcpu/x86/store_finder.h"

namespace zircon::fuzz {

// Says where and ends the process; a fuzzer and a test both take that for a finding.
inline void Require(bool holds, int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "store_finder_input.h:%d: does not hold\n", line);
  std::abort();
}

class StoreFinderInput {
 public:
  // Of an input, what comes before the code: mode, segment bases (5 at most; 2 in 64-bit code),
  // registers and the rest. Its last two bytes say where the store begins.
  static constexpr size_t kHeaderSize = 1 + 5 + 2 * 16 + 1 + 4;

  StoreFinderInput() { memory_.PutIdentityTables(kTables); }

  // Whether a store was played.
  bool Play(const uint8_t* data, size_t size) {
    data_ = data;
    left_ = size;
    const uint8_t* const code = data + (size < kHeaderSize ? size : kHeaderSize);
    const size_t code_size = size < kHeaderSize ? 0 : size - kHeaderSize;
    const kvm_sregs sregs = Sregs();
    data_ = data + (size < 6 ? size : 6);
    left_ = size < 6 ? 0 : size - 6;
    kvm_regs regs = Registers();
    kvm_fpu fpu = {};
    fpu.xmm[0][0] = fpu.xmm[0][9] = Next<uint8_t>();
    fpu.xmm[8][0] = fpu.xmm[8][9] = Next<uint8_t>();
    // Some before the store, and at the end of a page too.
    const uint64_t before = Next<uint8_t>() % 16;
    const uint64_t begin = kCode + (Next<uint8_t>() % 4 == 0 ? kPage - 20 : 0);
    std::memset(memory_.at(kCode), 0, 2 * kPage);
    std::memcpy(memory_.at(begin), code, code_size < kCodeSize ? code_size : kCodeSize);
    const uint64_t base = CodeBase(sregs);
    regs.rip = begin + before - base;

    StrayExit(regs, sregs);
    const auto read = [this](uint64_t linear, uint8_t* to, size_t count) {
      return Copy(linear, to, count);
    };
    ModelStore store;
    if (!model_.Execute(memory_.at(begin + before), 15, regs, sregs, fpu, read, &store)) {
      return false;
    }
    std::vector<Piece> pieces;
    if (!Report(store, &pieces)) return false;
    // One that has stored a part over what it copies from can be repeated by nobody.
    ModelStore second;
    if (!model_.Execute(memory_.at(begin + before), 15, regs, sregs, fpu, read, &second) ||
        std::memcmp(second.bytes, store.bytes, sizeof(store.bytes)) != 0) {
      return false;
    }
    vcpu::x86::StoreFinder finder;
    for (int again = 0; again < 2; ++again) {  // the second time from what it remembers
      const Found found = Ask(finder, store, sregs, fpu, pieces);
      CheckFound(found, store, regs, sregs, fpu, base, pieces);
    }
    return true;
  }

 private:
  struct Piece {
    uint64_t gpa = 0;
    uint32_t size = 0;
    uint8_t data[8] = {};
    friend bool operator==(const Piece& a, const Piece& b) {
      return a.gpa == b.gpa && a.size == b.size && std::memcmp(a.data, b.data, a.size) == 0;
    }
  };

  static constexpr uint64_t kPage = 4096;
  static constexpr uint64_t kTables = 0x10000;
  static constexpr uint64_t kCode = 0x20000;
  static constexpr uint64_t kCodeSize = 48;
  static constexpr uint64_t kMemory = fake::GuestMemory::kSize;
  static constexpr uint64_t kDevice = 0x1000'0000;

  template <typename T>
  T Next() {
    T value = {};
    const size_t size = left_ < sizeof(T) ? left_ : sizeof(T);
    std::memcpy(&value, data_, size);
    data_ += size;
    left_ -= size;
    return value;
  }

  // Bases from which 16-bit offsets reach the device too.
  uint64_t Base() {
    const uint64_t kBases[] = {0, 0x1000, kMemory - 0x8000, kDevice - 0x8000, kDevice};
    return kBases[Next<uint8_t>() % std::size(kBases)];
  }

  kvm_sregs Sregs() {
    kvm_sregs sregs = {};
    const uint8_t mode = Next<uint8_t>();
    switch (mode % 8) {
      case 0:
        sregs = fake::RealModeSregs();
        break;
      case 1:
      case 2:
        sregs = fake::ProtectedModeSregs();
        break;
      case 3:
        sregs = fake::LongModeSregs(kTables);
        sregs.cs.l = 0;  // compatibility mode
        sregs.cs.db = mode >> 3 & 1;
        break;
      case 4:
        sregs = fake::ProtectedModeSregs();
        sregs.cs.db = 0;
        break;
      default:
        sregs = fake::LongModeSregs(kTables);
    }
    if (mode % 8 >= 5) {
      sregs.fs.base = Base();
      sregs.gs.base = Base();
      return sregs;
    }
    sregs.ss.db = mode >> 4 & 1;
    sregs.cs.base = (mode >> 5 & 1) != 0 ? kCode : 0;
    for (kvm_segment* segment : {&sregs.ds, &sregs.es, &sregs.ss, &sregs.fs, &sregs.gs}) {
      segment->base = Base();
      segment->selector = static_cast<uint16_t>(8 * (segment - &sregs.cs));
    }
    return sregs;
  }

  static uint64_t CodeBase(const kvm_sregs& sregs) {
    return (sregs.efer & 1u << 10) != 0 && sregs.cs.l != 0 ? 0 : sregs.cs.base;
  }

  kvm_regs Registers() {
    kvm_regs regs = {};
    for (uint8_t i = 0; i < 16; ++i) {
      const uint16_t choice = Next<uint16_t>();
      const uint64_t low = choice >> 4 & 0xFFF;
      uint64_t value = 0;
      switch (choice & 15) {
        case 0:
        case 1:
        case 2:
        case 3:
          value = kDevice + low;
          break;
        case 4:
          value = kDevice + kPage - (low & 15);
          break;
        case 5:
          value = kMemory - (low & 15);  // into the device from memory
          break;
        case 6:
          value = 0x8000 + low;
          break;
        case 7:
          value = low & 15;
          break;
        case 8:
          value = 0x70000 | (low & 15) << 12 | (low >> 4 & 1 ? 0xFFF : 0);
          break;
        case 9:
          value = low << 52 | (kDevice + 16 * low);  // an upper half
          break;
        case 10:
          value = 0xFFFFFFFF00000000 | low;
          break;
        default:
          value = low << 4 | (choice & 15);
      }
      *vcpu::x86::RegisterSlot(&regs, i) = value;
    }
    regs.rflags = 0x2 | uint64_t{Next<uint8_t>() & 1u} << 10;
    return regs;
  }

  bool Copy(uint64_t linear, uint8_t* to, size_t size) {
    if (linear > kMemory || size > kMemory - linear) return false;
    std::memcpy(to, memory_.at(linear), size);
    return true;
  }

  // An exit that has nothing to do with the code.
  void StrayExit(const kvm_regs& regs, const kvm_sregs& sregs) {
    uint8_t bytes[8];
    std::memcpy(bytes, &regs.rbx, sizeof(bytes));
    vcpu::x86::StoreFinder finder;
    vcpu::x86::Store found;
    const vcpu::x86::StoreExit stray(regs.rdi & 0xFFFFFFFF, 1u << (regs.rsi & 3), bytes);
    if (finder.Find(view_, regs, sregs, stray, &found) != vcpu::x86::StoreFinder::Answer::kFound) {
      return;
    }
    Require(found.insn->length >= 1 && found.insn->length <= vcpu::x86::kMaxInstructionLength);
  }

  // What KVM makes of the store: pieces of up to 8 bytes where there is no memory, and bytes in
  // memory. False when nothing is reported, or the store changes code or tables.
  bool Report(const ModelStore& store, std::vector<Piece>* pieces) {
    std::vector<std::pair<uint64_t, size_t>> stored;  // address, offset
    for (size_t offset = 0; offset < store.size;) {
      const uint64_t at = (store.linear + offset) & store.wraps_at;
      if (at > 0xFFFFFFFF) return false;  // not mapped
      const size_t in_page = std::min<size_t>(store.size - offset, kPage - at % kPage);
      if (at < kMemory) {
        if (at < 0x30000) return false;
        stored.emplace_back(at, offset);
        offset += in_page;
        continue;
      }
      for (size_t done = 0; done < in_page; done += 8) {
        Piece piece;
        piece.gpa = at + done;
        piece.size = static_cast<uint32_t>(std::min<size_t>(8, in_page - done));
        std::memcpy(piece.data, store.bytes + offset + done, piece.size);
        pieces->push_back(piece);
      }
      offset += in_page;
    }
    if (pieces->empty()) return false;
    for (const auto& [at, offset] : stored) {
      const size_t in_page = std::min<size_t>(store.size - offset, kPage - at % kPage);
      std::memcpy(memory_.at(at), store.bytes + offset, in_page);
    }
    return true;
  }

  struct Found {
    vcpu::x86::Store store;
    kvm_regs before = {};
  };

  Found Ask(vcpu::x86::StoreFinder& finder, const ModelStore& store, const kvm_sregs& sregs,
            const kvm_fpu& fpu, const std::vector<Piece>& pieces) {
    using Answer = vcpu::x86::StoreFinder::Answer;
    vcpu::x86::StoreExit exit(pieces[0].gpa, pieces[0].size, pieces[0].data);
    vcpu::x86::Store found;
    Answer answer = finder.Find(view_, store.after, sregs, exit, &found);
    if (answer == Answer::kMorePieces) {
      for (size_t i = 1; i < pieces.size(); ++i) {
        exit.Add(pieces[i].gpa, pieces[i].size, pieces[i].data);
      }
      exit.Complete();
      answer = finder.Find(view_, store.after, sregs, exit, &found);
      Require(answer != Answer::kMorePieces);
    }
    if (answer == Answer::kVectorRegisters) {
      exit.SetVectors(&fpu);
      answer = finder.Find(view_, store.after, sregs, exit, &found);
    }
    Require(answer == Answer::kFound);
    Require(exit.complete() || found.whole == (pieces.size() == 1));
    const kvm_regs before = found.Before(store.after, sregs);
    Require(found.Rip(store.after, sregs) == before.rip);
    return {found, before};
  }

  void CheckFound(const Found& found, const ModelStore& store, const kvm_regs& regs,
                  const kvm_sregs& sregs, const kvm_fpu& fpu, uint64_t base,
                  const std::vector<Piece>& pieces) {
    Require(store.repeats == (found.store.progress == vcpu::x86::Progress::kRepeats));
    const auto read = [this](uint64_t linear, uint8_t* to, size_t count) {
      return Copy(linear, to, count);
    };
    ModelStore again;
    uint8_t code[15];
    Require(Copy(base + found.before.rip, code, sizeof(code)));
    // The model does not know every instruction that may end there; those that it knows must do the
    // same. Of two widths, where memory cannot tell, the narrow one does.
    const bool known = model_.Execute(code, sizeof(code), found.before, sregs, fpu, read, &again);
    Require(known || found.before.rip != regs.rip);
    if (known) {
      Require(again.length == found.store.insn->length);
      Require(std::memcmp(&again.after, &store.after, sizeof(kvm_regs)) == 0);
      std::vector<Piece> same;
      Require(Report(again, &same) && same == pieces);
    }
    if (found.before.rip != regs.rip) return;
    kvm_regs lost = regs;
    lost.rflags = store.after.rflags;
    kvm_regs before = found.before;
    if (found.store.insn->memory.address_size == 4) {
      for (__u64* reg : {&lost.rdi, &lost.rsi, &lost.rcx, &before.rdi, &before.rsi, &before.rcx}) {
        *reg &= 0xFFFFFFFF;
      }
    }
    Require(std::memcmp(&before, &lost, sizeof(kvm_regs)) == 0);
  }

  fake::GuestMemory memory_;
  vcpu::x86::GuestView view_{memory_.space()};
  StoreModel model_;
  const uint8_t* data_ = nullptr;
  size_t left_ = 0;
};

}  // namespace zircon::fuzz
