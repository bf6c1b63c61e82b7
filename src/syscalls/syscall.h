// How a call of the public interface is defined: a strong _zx_NAME, and zx_NAME as its weak alias,
// so that an interposer may define zx_NAME and still reach the real one.
//
//   ZIRCON_SYSCALL(zx_status_t, handle_close, zx_handle_t handle) { ... }
//
// No exception leaves a call; each file of this folder holds one family of calls, looks the handles
// up, checks the arguments in the documented order and calls down.

#pragma once

// nothrow, as the public headers declare it (clang insists that all declarations say so).
#define ZIRCON_SYSCALL_ATTRIBUTES visibility("default"), nothrow

#define ZIRCON_SYSCALL(ret, name, ...)                                               \
  extern "C" __attribute__((ZIRCON_SYSCALL_ATTRIBUTES)) ret _zx_##name(__VA_ARGS__); \
  extern "C" __attribute__((ZIRCON_SYSCALL_ATTRIBUTES, weak, alias("_zx_" #name)))   \
  ret zx_##name(__VA_ARGS__);                                                        \
  extern "C" __attribute__((ZIRCON_SYSCALL_ATTRIBUTES)) ret _zx_##name(__VA_ARGS__)
