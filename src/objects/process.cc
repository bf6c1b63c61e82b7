#include "objects/process.h"

#include <cerrno>
#include <cstring>

namespace zircon::objects {

Process::Process()
    : Waitable(kType, 0),
      name_(program_invocation_short_name, std::strlen(program_invocation_short_name)) {}

}  // namespace zircon::objects
