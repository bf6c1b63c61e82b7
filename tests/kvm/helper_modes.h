// What the test program does when a test starts it again as another process: `--helper MODE`.

#ifndef ZIRCON_TESTS_KVM_HELPER_MODES_H_
#define ZIRCON_TESTS_KVM_HELPER_MODES_H_

namespace kvm_tests {

// Gives the exit status.
int RunHelper(const char* mode);

}  // namespace kvm_tests

#endif  // ZIRCON_TESTS_KVM_HELPER_MODES_H_
