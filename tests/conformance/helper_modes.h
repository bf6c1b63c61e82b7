// What the test program does when a test starts it again as another process: `--helper MODE`.

#ifndef ZIRCON_TESTS_CONFORMANCE_HELPER_MODES_H_
#define ZIRCON_TESTS_CONFORMANCE_HELPER_MODES_H_

namespace conformance {

// Gives the exit status.
int RunHelper(const char* mode);

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_HELPER_MODES_H_
