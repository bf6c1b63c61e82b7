#include "helper_modes.h"
namespace kvm_tests {
int RunHelper(const char*) { return 2; }
}
