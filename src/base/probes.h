// PROBE(name, arguments...): a USDT probe of the provider zircon_kvm, which bpftrace, perf,
// SystemTap and gdb find in the library by its notes (readelf -n). It is a nop until one of them
// listens. The arguments are noted where they are, in a register, in memory or as a number: what
// has to be computed for a probe alone costs everybody, and must not stand in one.
//
// docs/site/guides/probes.md lists them all; the names and arguments there are kept.

#pragma once

#ifdef ZIRCON_PROBES
#define SDT_USE_VARIADIC
#include <sys/sdt.h>
#define PROBE(name, ...) STAP_PROBEV(zircon_kvm, name, __VA_ARGS__)
#else
#define PROBE(name, ...) static_cast<void>(0)
#endif
