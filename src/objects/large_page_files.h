// Memory files with large pages: 2 MiB each, from the first touch of a mapping that asks for them
// (MADV_HUGEPAGE) on, whatever the host's administrator has set for shared memory (shmem_enabled,
// "never" as a rule), but for "deny".
//
// Such a setting is one of a whole file system, and the kernel's own, where memfds live, has the
// administrator's. So the files are made in another, which only this process knows (a tmpfs of
// which nothing but a descriptor exists, mounted nowhere). To make one takes a privilege that any
// process has in a user namespace of its own; a short-lived child goes into one and makes it.
//
// Thread safety: any thread.

#pragma once

#include <string>

namespace zircon::objects {

// An empty file, or −errno: this process can have none, which is asked once; or not now.
[[nodiscard]] int CreateLargePageFile();

// Whether memory gets large pages here and now. Else *why says what the host denies and what its
// administrator can do. Asks the host anew each time. Throws std::bad_alloc.
[[nodiscard]] bool HostGivesLargePages(std::string* why);

}  // namespace zircon::objects
