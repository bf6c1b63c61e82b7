// Which tests show rows that differ with the kernel's local APICs (docs/contract/accelerated.md,
// the table at its end): in a run with --interrupts kernel their failure is a known difference.

#ifndef ZIRCON_TESTS_CONFORMANCE_KERNEL_INTERRUPTS_H_
#define ZIRCON_TESTS_CONFORMANCE_KERNEL_INTERRUPTS_H_

#include <string>

namespace conformance {

// The rows, or "" where nothing differs.
std::string RowsThatDiffer(const std::string& test);

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_KERNEL_INTERRUPTS_H_
