#include "fake/exits.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include "vcpu/x86/operand.h"

namespace zircon::fake {
namespace {

// KVM has it set while a REP is under way.
constexpr uint64_t kResumeFlag = 1u << 16;

uint64_t Mask(uint32_t size) { return size >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * size)) - 1; }

uint64_t SignExtended(uint64_t value, uint32_t size) {
  const uint64_t sign = uint64_t{1} << (8 * size - 1);
  return (value & sign) != 0 ? value | ~Mask(size) : value;
}

void FillIo(FakeVcpu& vcpu, uint16_t port, uint8_t size, bool in, uint32_t count) {
  kvm_run& run = vcpu.run();
  run.exit_reason = KVM_EXIT_IO;
  run.io.direction = in ? KVM_EXIT_IO_IN : KVM_EXIT_IO_OUT;
  run.io.port = port;
  run.io.size = size;
  run.io.count = count;
  run.io.data_offset = FakeVcpu::kPortDataOffset;
}

void Merge(kvm_regs& regs, const LoadInto& into, uint32_t bytes, uint64_t data) {
  __u64& reg = *Register(regs, into.reg);
  data &= Mask(bytes);
  if (into.sign) data = SignExtended(data, bytes);
  if (into.high_byte) {
    reg = (reg & ~uint64_t{0xFF00}) | (data & 0xFF) << 8;
  } else if (into.size >= 4) {
    reg = data & Mask(into.size);
  } else {
    reg = (reg & ~Mask(into.size)) | (data & Mask(into.size));
  }
}

int NextPiece(FakeVcpu& vcpu, std::shared_ptr<std::vector<Piece>> pieces, size_t next) {
  const Piece& piece = (*pieces)[next];
  if (next + 1 < pieces->size()) {
    vcpu.CompleteWith(
        [pieces, next](FakeVcpu& later) { return NextPiece(later, pieces, next + 1); });
  } else {
    vcpu.CompleteWith([](FakeVcpu&) { return kGoOn; });
  }
  return ExitForWrite(vcpu, piece.gpa, piece.value, piece.size);
}

}  // namespace

__u64* Register(kvm_regs& regs, uint8_t number) { return vcpu::x86::RegisterSlot(&regs, number); }

Step PioIn(uint16_t port, uint8_t size, uint8_t length) {
  return [=](FakeVcpu& vcpu) {
    FillIo(vcpu, port, size, true, 1);
    const uint64_t rip = vcpu.regs.rip;
    vcpu.CompleteWith([=](FakeVcpu& later) {
      uint32_t data = 0;
      std::memcpy(&data, later.port_data(), size);
      const bool emulates = later.vm().host().emulates_ports;
      if (!emulates && later.regs.rip != rip) return kGoOn;  // the bytes are lost
      if (!emulates || !later.regs_given()) Merge(later.regs, {0, size}, size, data);
      later.regs.rip = rip + length;
      return kGoOn;
    });
    return kExit;
  };
}

Step PioOut(uint16_t port, uint8_t size, uint8_t length) {
  return [=](FakeVcpu& vcpu) {
    FillIo(vcpu, port, size, false, 1);
    std::memcpy(vcpu.port_data(), &vcpu.regs.rax, size);
    const uint64_t rip = vcpu.regs.rip;
    if (vcpu.vm().host().emulates_ports) {
      vcpu.regs.rip += length;
      vcpu.CompleteWith([](FakeVcpu&) { return kGoOn; });
    } else {
      vcpu.CompleteWith([=](FakeVcpu& later) {
        if (later.regs.rip == rip) later.regs.rip += length;
        return kGoOn;
      });
    }
    return kExit;
  };
}

Step StringIo(uint16_t port, uint8_t size, bool in, uint32_t count, uint8_t length, bool stays) {
  return [=](FakeVcpu& vcpu) {
    FillIo(vcpu, port, size, in, count);
    const uint64_t bytes = uint64_t{size} * count;
    if (in) {
      // Nothing has moved before the bytes are there.
      const uint64_t rip = vcpu.regs.rip;
      vcpu.CompleteWith([=](FakeVcpu& later) {
        // Memory where there is some, by tables that map it onto itself.
        if (uint8_t* to = later.vm().Host(later.regs.rdi, bytes); to != nullptr) {
          std::memcpy(to, later.port_data(), bytes);
        }
        later.regs.rdi += bytes;
        if (stays) later.regs.rcx -= count;
        if (!stays) later.regs.rip = rip + length;
        return kGoOn;
      });
      return kExit;
    }
    const uint8_t* source = vcpu.vm().Host(vcpu.regs.rsi, bytes);
    if (source == nullptr) return -EFAULT;
    std::memcpy(vcpu.port_data(), source, bytes);
    vcpu.regs.rsi += bytes;
    if (stays) {
      vcpu.regs.rcx -= count;
      vcpu.regs.rflags |= kResumeFlag;
    } else {
      vcpu.regs.rip += length;
    }
    vcpu.CompleteWith([](FakeVcpu&) { return kGoOn; });
    return kExit;
  };
}

int ExitForRead(FakeVcpu& vcpu, uint64_t gpa, uint32_t size) {
  kvm_run& run = vcpu.run();
  run.exit_reason = KVM_EXIT_MMIO;
  run.mmio.phys_addr = gpa;
  run.mmio.len = size;
  run.mmio.is_write = 0;
  std::memset(run.mmio.data, 0xEE, sizeof(run.mmio.data));  // nobody may rely on it
  return kExit;
}

int ExitForWrite(FakeVcpu& vcpu, uint64_t gpa, uint64_t value, uint32_t size) {
  kvm_run& run = vcpu.run();
  run.exit_reason = KVM_EXIT_MMIO;
  run.mmio.phys_addr = gpa;
  run.mmio.len = size;
  run.mmio.is_write = 1;
  std::memcpy(run.mmio.data, &value, sizeof(value));
  return kExit;
}

Step MmioReadThen(uint64_t gpa, uint32_t size, uint8_t length, Finish finish) {
  return [=](FakeVcpu& vcpu) {
    const uint64_t rip = vcpu.regs.rip;
    const uint64_t rflags = vcpu.regs.rflags;
    vcpu.CompleteWith([=](FakeVcpu& later) {
      uint64_t data = 0;
      std::memcpy(&data, later.run().mmio.data, size);
      later.regs.rip = rip + length;
      later.regs.rflags = rflags;
      return finish(later, data);
    });
    return ExitForRead(vcpu, gpa, size);
  };
}

Step MmioRead(uint64_t gpa, uint32_t size, uint8_t length, LoadInto into) {
  return MmioReadThen(gpa, size, length, [=](FakeVcpu& later, uint64_t data) {
    if (!later.regs_given()) Merge(later.regs, into, size, data);
    return kGoOn;
  });
}

Step MmioWrite(uint64_t gpa, uint64_t value, uint32_t size, uint8_t length) {
  return MmioWritePieces({{gpa, size, value}}, length);
}

Step MmioWritePieces(std::vector<Piece> pieces, uint8_t length) {
  auto shared = std::make_shared<std::vector<Piece>>(std::move(pieces));
  return [shared, length](FakeVcpu& vcpu) {
    vcpu.regs.rip += length;
    return NextPiece(vcpu, shared, 0);
  };
}

Step RdMsr(uint32_t index) {
  return [=](FakeVcpu& vcpu) {
    kvm_run& run = vcpu.run();
    run.exit_reason = KVM_EXIT_X86_RDMSR;
    run.msr = {};
    run.msr.index = index;
    vcpu.CompleteWith([](FakeVcpu& later) {
      if (later.run().msr.error != 0) {
        later.RaiseException(13, true);
        return kGoOn;
      }
      later.regs.rax = static_cast<uint32_t>(later.run().msr.data);
      later.regs.rdx = later.run().msr.data >> 32;
      later.regs.rip += 2;
      return kGoOn;
    });
    return kExit;
  };
}

Step WrMsr(uint32_t index, uint64_t value) {
  return [=](FakeVcpu& vcpu) {
    kvm_run& run = vcpu.run();
    run.exit_reason = KVM_EXIT_X86_WRMSR;
    run.msr = {};
    run.msr.index = index;
    run.msr.data = value;
    vcpu.CompleteWith([](FakeVcpu& later) {
      if (later.run().msr.error != 0) {
        later.RaiseException(13, true);
      } else {
        later.regs.rip += 2;
      }
      return kGoOn;
    });
    return kExit;
  };
}

Step Hlt() {
  return [](FakeVcpu& vcpu) {
    vcpu.regs.rip += 1;
    vcpu.run().exit_reason = KVM_EXIT_HLT;
    return kExit;
  };
}

Step ExitWith(uint32_t reason) {
  return [=](FakeVcpu& vcpu) {
    vcpu.run().exit_reason = reason;
    return kExit;
  };
}

Step DebugStop(uint32_t exception, uint64_t dr6) {
  return [=](FakeVcpu& vcpu) {
    kvm_run& page = vcpu.run();
    page.exit_reason = KVM_EXIT_DEBUG;
    page.debug.arch = {};
    page.debug.arch.exception = exception;
    page.debug.arch.pc = vcpu.regs.rip;
    page.debug.arch.dr6 = dr6;
    return kExit;
  };
}

Step FailEntry() {
  return [](FakeVcpu& vcpu) {
    vcpu.run().exit_reason = KVM_EXIT_FAIL_ENTRY;
    vcpu.run().fail_entry.hardware_entry_failure_reason = 0x80000021;
    return kExit;
  };
}

Step InternalError(uint32_t suberror) {
  return [=](FakeVcpu& vcpu) {
    vcpu.run().exit_reason = KVM_EXIT_INTERNAL_ERROR;
    vcpu.run().internal.suberror = suberror;
    vcpu.run().internal.ndata = 0;
    return kExit;
  };
}

Step Errno(int error) {
  return [=](FakeVcpu&) { return -error; };
}

Step Block() {
  return [](FakeVcpu& vcpu) { return vcpu.Block(); };
}

Step Do(std::function<void(FakeVcpu&)> work) {
  return [work = std::move(work)](FakeVcpu& vcpu) {
    work(vcpu);
    return kGoOn;
  };
}

Step SetInterruptFlag(bool on) {
  constexpr uint64_t kInterruptFlag = 1u << 9;
  return Do([=](FakeVcpu& vcpu) {
    vcpu.regs.rflags = (vcpu.regs.rflags & ~kInterruptFlag) | (on ? kInterruptFlag : 0);
  });
}

}  // namespace zircon::fake
