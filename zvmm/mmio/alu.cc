#include "mmio/alu.h"

namespace zvmm {
namespace {

// LAHF and SAHF have all arithmetic flags but overflow, in AH; that goes by AL.
constexpr uint64_t kFlagsOfAh = 0xD5;
constexpr unsigned kOverflowBit = 11;

uint64_t MaskOf(uint8_t size) { return size == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * size)) - 1; }

uint64_t ToAx(uint64_t flags) { return (flags & kFlagsOfAh) << 8 | (flags >> kOverflowBit & 1); }
uint64_t FromAx(uint64_t ax) { return (ax >> 8 & kFlagsOfAh) | (ax & 1) << kOverflowBit; }

// An instruction between the setting and the getting of the flags. %1 is the destination, %2 the
// source, in RCX for the counts of shifts. (127 + 1 overflows.)
#define ZVMM_WITH_FLAGS(instruction)                            \
  asm("addb $127, %%al; sahf; " instruction "; lahf; seto %%al" \
      : "+a"(ax), "+d"(destination)                             \
      : "c"(source)                                             \
      : "cc")

#define ZVMM_WITH_FLAGS_AND_COUNT(instruction)                  \
  asm("addb $127, %%al; sahf; " instruction "; lahf; seto %%al" \
      : "+a"(ax), "+d"(destination)                             \
      : "r"(source), "c"(count)                                 \
      : "cc")

// The same in each size.
#define ZVMM_BINARY(name)                 \
  switch (size) {                         \
    case 1:                               \
      ZVMM_WITH_FLAGS(name "b %b2, %b1"); \
      break;                              \
    case 2:                               \
      ZVMM_WITH_FLAGS(name "w %w2, %w1"); \
      break;                              \
    case 4:                               \
      ZVMM_WITH_FLAGS(name "l %k2, %k1"); \
      break;                              \
    default:                              \
      ZVMM_WITH_FLAGS(name "q %q2, %q1"); \
      break;                              \
  }                                       \
  break

#define ZVMM_WIDE_BINARY(name)            \
  switch (size) {                         \
    case 2:                               \
      ZVMM_WITH_FLAGS(name "w %w2, %w1"); \
      break;                              \
    case 4:                               \
      ZVMM_WITH_FLAGS(name "l %k2, %k1"); \
      break;                              \
    default:                              \
      ZVMM_WITH_FLAGS(name "q %q2, %q1"); \
      break;                              \
  }                                       \
  break

#define ZVMM_UNARY(name)             \
  switch (size) {                    \
    case 1:                          \
      ZVMM_WITH_FLAGS(name "b %b1"); \
      break;                         \
    case 2:                          \
      ZVMM_WITH_FLAGS(name "w %w1"); \
      break;                         \
    case 4:                          \
      ZVMM_WITH_FLAGS(name "l %k1"); \
      break;                         \
    default:                         \
      ZVMM_WITH_FLAGS(name "q %q1"); \
      break;                         \
  }                                  \
  break

#define ZVMM_SHIFT(name)                   \
  switch (size) {                          \
    case 1:                                \
      ZVMM_WITH_FLAGS(name "b %%cl, %b1"); \
      break;                               \
    case 2:                                \
      ZVMM_WITH_FLAGS(name "w %%cl, %w1"); \
      break;                               \
    case 4:                                \
      ZVMM_WITH_FLAGS(name "l %%cl, %k1"); \
      break;                               \
    default:                               \
      ZVMM_WITH_FLAGS(name "q %%cl, %q1"); \
      break;                               \
  }                                        \
  break

}  // namespace

AluResult Compute(AluOperation operation, uint8_t size, uint64_t destination, uint64_t source,
                  uint64_t flags) {
  const uint64_t mask = MaskOf(size);
  destination &= mask;
  uint64_t ax = ToAx(flags);
  switch (operation) {
    case AluOperation::kAdd:
      ZVMM_BINARY("add");
    case AluOperation::kAdc:
      ZVMM_BINARY("adc");
    case AluOperation::kSub:
      ZVMM_BINARY("sub");
    case AluOperation::kSbb:
      ZVMM_BINARY("sbb");
    case AluOperation::kAnd:
      ZVMM_BINARY("and");
    case AluOperation::kOr:
      ZVMM_BINARY("or");
    case AluOperation::kXor:
      ZVMM_BINARY("xor");
    case AluOperation::kCmp:
      ZVMM_BINARY("cmp");
    case AluOperation::kTest:
      ZVMM_BINARY("test");
    case AluOperation::kInc:
      ZVMM_UNARY("inc");
    case AluOperation::kDec:
      ZVMM_UNARY("dec");
    case AluOperation::kNeg:
      ZVMM_UNARY("neg");
    case AluOperation::kNot:
      ZVMM_UNARY("not");
    case AluOperation::kRol:
      ZVMM_SHIFT("rol");
    case AluOperation::kRor:
      ZVMM_SHIFT("ror");
    case AluOperation::kRcl:
      ZVMM_SHIFT("rcl");
    case AluOperation::kRcr:
      ZVMM_SHIFT("rcr");
    case AluOperation::kShl:
      ZVMM_SHIFT("shl");
    case AluOperation::kShr:
      ZVMM_SHIFT("shr");
    case AluOperation::kSar:
      ZVMM_SHIFT("sar");
    case AluOperation::kBt:
      ZVMM_WIDE_BINARY("bt");
    case AluOperation::kBts:
      ZVMM_WIDE_BINARY("bts");
    case AluOperation::kBtr:
      ZVMM_WIDE_BINARY("btr");
    case AluOperation::kBtc:
      ZVMM_WIDE_BINARY("btc");
    case AluOperation::kBsf:
      ZVMM_WIDE_BINARY("bsf");
    case AluOperation::kBsr:
      ZVMM_WIDE_BINARY("bsr");
    case AluOperation::kImul:
      ZVMM_WIDE_BINARY("imul");
  }
  return {.value = destination & mask, .flags = FromAx(ax)};
}

#define ZVMM_DOUBLE_SHIFT(name)                           \
  switch (size) {                                         \
    case 2:                                               \
      ZVMM_WITH_FLAGS_AND_COUNT(name "w %%cl, %w2, %w1"); \
      break;                                              \
    case 4:                                               \
      ZVMM_WITH_FLAGS_AND_COUNT(name "l %%cl, %k2, %k1"); \
      break;                                              \
    default:                                              \
      ZVMM_WITH_FLAGS_AND_COUNT(name "q %%cl, %q2, %q1"); \
      break;                                              \
  }

AluResult ComputeDoubleShift(bool left, uint8_t size, uint64_t destination, uint64_t source,
                             uint8_t count, uint64_t flags) {
  uint64_t ax = ToAx(flags);
  if (left) {
    ZVMM_DOUBLE_SHIFT("shld")
  } else {
    ZVMM_DOUBLE_SHIFT("shrd")
  }
  return {.value = destination & MaskOf(size), .flags = FromAx(ax)};
}

AluProduct Multiply(bool is_signed, uint8_t size, uint64_t rax, uint64_t factor, uint64_t flags) {
  using Wide = unsigned __int128;
  const unsigned bits = 8u * size;
  const auto extend = [bits](uint64_t value) {
    return static_cast<Wide>(
        static_cast<__int128>(static_cast<int64_t>(value << (64 - bits)) >> (64 - bits)));
  };
  const uint64_t mask = MaskOf(size);
  const Wide product =
      is_signed ? extend(rax) * extend(factor) : Wide{rax & mask} * (factor & mask);
  const auto low = static_cast<uint64_t>(product) & mask;
  const auto high = static_cast<uint64_t>(product >> bits) & mask;
  // Does the lower half say it all?
  const bool fits = high == (is_signed && (low >> (bits - 1)) != 0 ? mask : 0);
  constexpr uint64_t kCarryAndOverflow = uint64_t{1} << kOverflowBit | 1;
  return {.low = low,
          .high = high,
          .flags = (flags & ~kCarryAndOverflow) | (fits ? 0 : kCarryAndOverflow)};
}

bool ConditionHolds(unsigned code, uint64_t flags) {
  constexpr uint64_t kCarry = 1 << 0;
  constexpr uint64_t kParity = 1 << 2;
  constexpr uint64_t kZero = 1 << 6;
  constexpr uint64_t kSign = 1 << 7;
  const bool less = ((flags & kSign) != 0) != ((flags >> kOverflowBit & 1) != 0);
  bool holds = false;
  switch (code >> 1) {
    case 0:
      holds = (flags >> kOverflowBit & 1) != 0;
      break;
    case 1:
      holds = (flags & kCarry) != 0;
      break;
    case 2:
      holds = (flags & kZero) != 0;
      break;
    case 3:
      holds = (flags & (kCarry | kZero)) != 0;
      break;
    case 4:
      holds = (flags & kSign) != 0;
      break;
    case 5:
      holds = (flags & kParity) != 0;
      break;
    case 6:
      holds = less;
      break;
    default:
      holds = less || (flags & kZero) != 0;
      break;
  }
  // Odd codes are the opposites.
  return holds != ((code & 1) != 0);
}

}  // namespace zvmm
