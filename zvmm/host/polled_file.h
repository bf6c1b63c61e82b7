// A file that may make its reader or writer wait, for use with poll().

#pragma once

#include "host/descriptor.h"

namespace zvmm {

// Opens the terminal or the pipe behind `fd` once more, in such a way that no read or write waits:
// the mode O_NONBLOCK of `fd` itself would be that of other programs too. What cannot be opened
// again, a socket say, or need not be, is given as it is. Not valid, with errno, if there is no
// descriptor left.
//
//   access           O_RDONLY or O_WRONLY.
Descriptor OpenForPolling(int fd, int access);

// A time limit of poll().
inline constexpr int kForever = -1;

}  // namespace zvmm
