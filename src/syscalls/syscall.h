// How a call of the public interface is defined: a strong _zx_NAME, and zx_NAME as its weak alias,
// so that an interposer may define zx_NAME and still reach the real one. Each parameter is its type
// in parentheses and its name.
//
//   ZIRCON_SYSCALL(zx_status_t, handle_duplicate, (zx_handle_t)handle, (zx_rights_t)rights,
//                  (zx_handle_t*)out) {
//     ...
//   }
//
//   macro                    | in a forked child (base/fork_guard.h)        | std::bad_alloc
//   -------------------------+----------------------------------------------+---------------
//   ZIRCON_SYSCALL           | refused, before any lock                     | is NO_MEMORY
//   ZIRCON_PURE_SYSCALL      | as anywhere: it takes no lock                | cannot come
//   ZIRCON_HOST_CALL, ZIRCON_PURE_HOST_CALL: the same for zircon_kvm_NAME
//   ZIRCON_PASSING_HOST_CALL | refused; leaves nothing behind, so that a    | is NO_MEMORY
//                            | child forked after it is not                 |
//
// What is refused gives the status; where there is none, ZX_HANDLE_INVALID or nothing. So each file
// of this folder, which holds one family of calls, looks the handles up, checks the arguments in
// the documented order and calls down, and need not think of either.

#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

#include <type_traits>

#include "base/fork_guard.h"
#include "base/or_no_memory.h"

namespace zircon::syscalls {

template <typename Result>
Result Refused([[maybe_unused]] zx_status_t status) {
  if constexpr (std::is_same_v<Result, zx_status_t>) {
    return status;
  } else if constexpr (!std::is_void_v<Result>) {
    static_assert(std::is_same_v<Result, zx_handle_t>);
    return ZX_HANDLE_INVALID;
  }
}

template <typename Result, typename Call>
inline Result Guarded(Call call) {
  const zx_status_t status = base::EnterLibrary();
  if (status != ZX_OK) [[unlikely]]
    return Refused<Result>(status);
  return base::OrNoMemory<Result>(call, Refused<Result>(ZX_ERR_NO_MEMORY));
}

// Of a call that leaves nothing behind.
template <typename Result, typename Call>
inline Result GuardedInPassing(Call call) {
  const base::PassingUse use;
  if (use.status() != ZX_OK) return Refused<Result>(use.status());
  return base::OrNoMemory<Result>(call, Refused<Result>(ZX_ERR_NO_MEMORY));
}

}  // namespace zircon::syscalls

// F(x) for each x, up to eight, with commas between.
#define ZIRCON_EACH_1(F, x) F(x)
#define ZIRCON_EACH_2(F, x, ...) F(x), ZIRCON_EACH_1(F, __VA_ARGS__)
#define ZIRCON_EACH_3(F, x, ...) F(x), ZIRCON_EACH_2(F, __VA_ARGS__)
#define ZIRCON_EACH_4(F, x, ...) F(x), ZIRCON_EACH_3(F, __VA_ARGS__)
#define ZIRCON_EACH_5(F, x, ...) F(x), ZIRCON_EACH_4(F, __VA_ARGS__)
#define ZIRCON_EACH_6(F, x, ...) F(x), ZIRCON_EACH_5(F, __VA_ARGS__)
#define ZIRCON_EACH_7(F, x, ...) F(x), ZIRCON_EACH_6(F, __VA_ARGS__)
#define ZIRCON_EACH_8(F, x, ...) F(x), ZIRCON_EACH_7(F, __VA_ARGS__)
#define ZIRCON_NINTH(a, b, c, d, e, f, g, h, i, ...) i
#define ZIRCON_EACH(F, ...)                                                                        \
  __VA_OPT__(ZIRCON_NINTH(__VA_ARGS__, ZIRCON_EACH_8, ZIRCON_EACH_7, ZIRCON_EACH_6, ZIRCON_EACH_5, \
                          ZIRCON_EACH_4, ZIRCON_EACH_3, ZIRCON_EACH_2,                             \
                          ZIRCON_EACH_1)(F, __VA_ARGS__))

// Of "(type)name": "type name", and "name".
#define ZIRCON_BARE(...) __VA_ARGS__
#define ZIRCON_NOTHING(...)
#define ZIRCON_PARAMETER(x) ZIRCON_BARE x
#define ZIRCON_ARGUMENT(x) ZIRCON_NOTHING x
#define ZIRCON_PARAMETERS(...) (ZIRCON_EACH(ZIRCON_PARAMETER, __VA_ARGS__))
#define ZIRCON_ARGUMENTS(...) (ZIRCON_EACH(ZIRCON_ARGUMENT, __VA_ARGS__))

// nothrow, as the public headers declare it (clang insists that all declarations say so).
#define ZIRCON_SYSCALL_ATTRIBUTES visibility("default"), nothrow
#define ZIRCON_PUBLIC extern "C" __attribute__((ZIRCON_SYSCALL_ATTRIBUTES))
#define ZIRCON_PUBLIC_ALIAS(symbol) \
  extern "C" __attribute__((ZIRCON_SYSCALL_ATTRIBUTES, weak, alias(#symbol)))

// How: Guarded or GuardedInPassing. The call itself is `body`.
#define ZIRCON_GUARDED_CALL(how, ret, symbol, body, ...)                                   \
  static ret body ZIRCON_PARAMETERS(__VA_ARGS__);                                          \
  ZIRCON_PUBLIC ret symbol ZIRCON_PARAMETERS(__VA_ARGS__) {                                \
    return zircon::syscalls::how<ret>([&] { return body ZIRCON_ARGUMENTS(__VA_ARGS__); }); \
  }                                                                                        \
  static ret body ZIRCON_PARAMETERS(__VA_ARGS__)

#define ZIRCON_DECLARE_SYSCALL(ret, name, ...)                 \
  ZIRCON_PUBLIC ret _zx_##name ZIRCON_PARAMETERS(__VA_ARGS__); \
  ZIRCON_PUBLIC_ALIAS(_zx_##name) ret zx_##name ZIRCON_PARAMETERS(__VA_ARGS__);

#define ZIRCON_SYSCALL(ret, name, ...)                         \
  ZIRCON_DECLARE_SYSCALL(ret, name __VA_OPT__(, ) __VA_ARGS__) \
  ZIRCON_GUARDED_CALL(Guarded, ret, _zx_##name, Do_##name __VA_OPT__(, ) __VA_ARGS__)

#define ZIRCON_PURE_SYSCALL(ret, name, ...)                    \
  ZIRCON_DECLARE_SYSCALL(ret, name __VA_OPT__(, ) __VA_ARGS__) \
  ZIRCON_PUBLIC ret _zx_##name ZIRCON_PARAMETERS(__VA_ARGS__)

#define ZIRCON_HOST_CALL(ret, name, ...) \
  ZIRCON_GUARDED_CALL(Guarded, ret, zircon_kvm_##name, Do_##name __VA_OPT__(, ) __VA_ARGS__)

#define ZIRCON_PASSING_HOST_CALL(ret, name, ...)                \
  ZIRCON_GUARDED_CALL(GuardedInPassing, ret, zircon_kvm_##name, \
                      Do_##name __VA_OPT__(, ) __VA_ARGS__)

#define ZIRCON_PURE_HOST_CALL(ret, name, ...) \
  ZIRCON_PUBLIC ret zircon_kvm_##name ZIRCON_PARAMETERS(__VA_ARGS__)
