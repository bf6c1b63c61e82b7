// A socket that others connect to: a port of this machine's own address, or a path.

#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "host/descriptor.h"

namespace zvmm {

struct ListenAddress {
  enum class Kind { kTcp, kUnix };
  Kind kind = Kind::kTcp;
  uint16_t port = 0;   // kTcp: on 127.0.0.1
  std::string path{};  // kUnix: a socket that nobody serves any more is replaced
};

absl::StatusOr<Descriptor> Listen(const ListenAddress& address);

}  // namespace zvmm
