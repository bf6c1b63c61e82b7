// VectorRegisters: the caller's vector registers across a call. A system call of Zircon preserves
// them; here the compiler and the C library use them as any function may. All of XMM0 to XMM15 are
// kept, with their upper halves (YMM) where the processor and the kernel have them. What may use
// them is not to be inlined beside it.
//
//   const VectorRegisters kept;
//   return Work();
//
// A function that is compiled for general registers alone changes none by itself, and keeps them
// around those of its calls that are not inlined:
//
//   return KeepingVectors([&] { return Work(); });
//
// Thread safety: as a local variable.

#pragma once

#include <cstdint>

// One instruction for each register; its place in memory, and its name.
#define ZIRCON_FOR_EACH_VECTOR(instruction)                      \
  ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t" instruction \
  "\n\t"                                                         \
  ".endr"

namespace zircon::base {

class VectorRegisters {
 public:
  VectorRegisters() {
    if (wide_) {
      asm volatile(ZIRCON_FOR_EACH_VECTOR("vmovdqa %%ymm\\n, 32*\\n(%0)")
                   :
                   : "r"(saved_)
                   : "memory");
    } else {
      asm volatile(ZIRCON_FOR_EACH_VECTOR("movdqa %%xmm\\n, 32*\\n(%0)")
                   :
                   : "r"(saved_)
                   : "memory");
    }
  }
  ~VectorRegisters() {
    if (wide_) {
      asm volatile(ZIRCON_FOR_EACH_VECTOR("vmovdqa 32*\\n(%0), %%ymm\\n")
                   :
                   : "r"(saved_)
                   : "memory");
    } else {
      asm volatile(ZIRCON_FOR_EACH_VECTOR("movdqa 32*\\n(%0), %%xmm\\n")
                   :
                   : "r"(saved_)
                   : "memory");
    }
  }
  VectorRegisters(const VectorRegisters&) = delete;
  VectorRegisters& operator=(const VectorRegisters&) = delete;

 private:
  // The kernel's part in it is looked at too.
  const bool wide_ = __builtin_cpu_supports("avx");
  alignas(32) uint8_t saved_[16 * 32];
};

// Not inlined, so that the caller's frame is not as large.
template <typename Work>
[[gnu::noinline]] auto KeepingVectors(const Work& work) noexcept {
  const VectorRegisters kept;
  return work();
}

}  // namespace zircon::base

#undef ZIRCON_FOR_EACH_VECTOR
