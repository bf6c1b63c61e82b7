// The sandbox that --sandbox runs each test in: what the library's filter allows
// (<zircon-kvm/seccomp.h>) and what this program does besides.

#ifndef ZIRCON_TESTS_CONFORMANCE_SANDBOX_H_
#define ZIRCON_TESTS_CONFORMANCE_SANDBOX_H_

#include <string>

namespace conformance {

// For this process, for good: a system call that is not allowed ends it, and is named on standard
// error. Gives why it cannot be, or "".
std::string EnterSandbox();

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_SANDBOX_H_
