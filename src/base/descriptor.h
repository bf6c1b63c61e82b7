// File descriptors of the library: closed on exec, and never 0, 1 or 2. A program that was started
// with one of those closed still writes to it, and would write into a VMO, a guest's memory or a
// device; so nothing else in the library makes a descriptor
// (tests/scripts/descriptors_test.sh).
//
// All give a descriptor, or −errno. Thread safety: any thread.

#pragma once

#include "absl/functional/function_ref.h"

namespace zircon::base {

[[nodiscard]] int OpenFile(const char* path, int flags);
// A file without a name in any folder, by memfd_create().
[[nodiscard]] int CreateMemoryFile(const char* name, unsigned flags);
// For what can be made once only, by an ioctl on `parent`, say: `make` gives a descriptor or
// −errno. The room for it is made sure of first: −EMFILE, and `make` has not been called.
[[nodiscard]] int MakeDescriptorOnce(int parent, absl::FunctionRef<int()> make);

// A new file without a name in the folder that is open as `folder`, of this user.
[[nodiscard]] int CreateFileIn(int folder);
// For what makes descriptors in a way of its own: `make` gives one, or −errno, and finds the low
// numbers taken.
[[nodiscard]] int AboveStreams(absl::FunctionRef<int()> make);

}  // namespace zircon::base
