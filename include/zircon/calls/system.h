// zircon/calls/system.h: what the host is, and random numbers.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_SYSTEM_H_
#define ZIRCON_CALLS_SYSTEM_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Gives the number of the host's processors; constant.
//
// Contract: SYSTEM.
uint32_t zx_system_get_num_cpus(void) ZX_DETAIL_CALL;

// Gives the host's memory in bytes; constant.
//
// Contract: SYSTEM.
uint64_t zx_system_get_physmem(void) ZX_DETAIL_CALL;

// Gives the size of a page in bytes: 4096.
//
// Contract: SYSTEM.
uint32_t zx_system_get_page_size(void) ZX_DETAIL_CALL;

// Gives the size of a line of the data cache in bytes; constant.
//
// Contract: SYSTEM.
uint32_t zx_system_get_dcache_line_size(void) ZX_DETAIL_CALL;

// Tells what the host's processors have.
//
//   kind             ZX_FEATURE_KIND_CPU.
//   features         receives ZX_HAS_CPU_FEATURES; x86 has no other bits.
//
// Errors:
//   NOT_SUPPORTED    kind.
//   INVALID_ARGS     features.
//
// Contract: SYSTEM.
zx_status_t zx_system_get_features(uint32_t kind, uint32_t* features) ZX_DETAIL_CALL;

#if ZX_DETAIL_API_2018
// Tells the version of this library.
//
//   version          receives it, with a NUL.
//   version_size     in bytes.
//
// Errors:
//   BUFFER_TOO_SMALL version_size.
//   INVALID_ARGS     version.
//
// 2018: only there.
//
// Contract: SYSTEM, GEN.
zx_status_t zx_system_get_version(char* version, size_t version_size) ZX_DETAIL_CALL;
ZX_DETAIL_TWIN(system_get_version);
#else
// Gives the version of this library: constant, and with a NUL behind it.
//
// Contract: SYSTEM.
zx_string_view_t zx_system_get_version_string(void) ZX_DETAIL_CALL;
ZX_DETAIL_TWIN(system_get_version_string);
#endif

// Fills memory with random bytes, good enough for keys.
//
//   buffer           receives them. Where it cannot be written nothing is.
//   buffer_size      how many, in bytes; any number.
//
// On KVM: a bad buffer leaves the program alive.
//
// Contract: SYSTEM.
void zx_cprng_draw(void* buffer, size_t buffer_size) ZX_DETAIL_CALL;

// The same for at most ZX_CPRNG_DRAW_MAX_LEN bytes, and tells what is wrong.
//
//   buffer           receives them.
//   buffer_size      how many, in bytes.
//
// Errors:
//   INVALID_ARGS     buffer_size; buffer.
//   IO               the host gives none: neither getrandom() nor /dev/urandom works.
//
// Contract: SYSTEM.
zx_status_t zx_cprng_draw_once(void* buffer, size_t buffer_size) ZX_DETAIL_CALL;

// Gives the host's random number generator bytes to mix in.
//
//   buffer           holds them.
//   buffer_size      how many, in bytes; at most 256.
//
// Errors:
//   INVALID_ARGS     buffer_size; buffer.
//
// Contract: SYSTEM.
zx_status_t zx_cprng_add_entropy(const void* buffer, size_t buffer_size) ZX_DETAIL_CALL;

// Makes what has been written to memory known to the rest of the machine.
//
//   addr             where it begins; not looked at.
//   size             in bytes.
//   options          ZX_CACHE_FLUSH_INSN, ZX_CACHE_FLUSH_DATA or both; with DATA also
//                    ZX_CACHE_FLUSH_INVALIDATE.
//
// Errors:
//   INVALID_ARGS     options.
//
// On KVM: x86 keeps its caches coherent by itself, so that the order of accesses is all there is to
// do.
//
// Contract: SYSTEM.
zx_status_t zx_cache_flush(const void* addr, size_t size, uint32_t options) ZX_DETAIL_CALL;

// Writes a line to the library's log, at the level "info": it is seen where ZIRCON_KVM_LOG or
// zircon_kvm_set_log_level() say so.
//
//   buffer           holds the text. A newline at its end is left out, other bytes that are no text
//                    are shown as dots.
//   buffer_size      in bytes; no more than 256 of them are written.
//
// Errors:
//   INVALID_ARGS     buffer.
//
// Contract: SYSTEM.
zx_status_t zx_debug_write(const char* buffer, size_t buffer_size) ZX_DETAIL_CALL;

// The second names.
ZX_DETAIL_TWIN(system_get_num_cpus);
ZX_DETAIL_TWIN(system_get_physmem);
ZX_DETAIL_TWIN(system_get_dcache_line_size);
ZX_DETAIL_TWIN(system_get_features);
ZX_DETAIL_TWIN(cprng_draw);
ZX_DETAIL_TWIN(cprng_draw_once);
ZX_DETAIL_TWIN(cache_flush);
ZX_DETAIL_TWIN(debug_write);
ZX_DETAIL_TWIN(system_get_page_size);
ZX_DETAIL_TWIN(cprng_add_entropy);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_SYSTEM_H_
