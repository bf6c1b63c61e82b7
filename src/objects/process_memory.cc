#include "objects/process_memory.h"

#include <unistd.h>
#include <zircon/errors.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "objects/proc_text.h"

namespace zircon::objects {
namespace {

// The number behind a name such as "Pss:", in bytes; it stands there in kilobytes.
size_t Kilobytes(const ProcText& text, const char* name) {
  const char* at = std::strstr(text.text(), name);
  return at == nullptr ? 0 : std::strtoul(at + std::strlen(name), nullptr, 10) * 1024;
}

}  // namespace

zx_status_t ReadProcessMemory(zx_info_task_stats_t* stats) {
  const ProcText sizes("/proc/self/statm");
  const ProcText pages("/proc/self/smaps_rollup");
  const int error = sizes.error() != 0 ? sizes.error() : pages.error();
  if (error == EMFILE || error == ENFILE) return ZX_ERR_NO_RESOURCES;
  if (error == ENOMEM) return ZX_ERR_NO_MEMORY;
  if (error != 0) return ZX_ERR_NOT_SUPPORTED;
  *stats = {};
  // The first number of the file: pages.
  stats->mem_mapped_bytes =
      std::strtoul(sizes.text(), nullptr, 10) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  stats->mem_private_bytes =
      Kilobytes(pages, "\nPrivate_Clean:") + Kilobytes(pages, "\nPrivate_Dirty:");
  stats->mem_shared_bytes =
      Kilobytes(pages, "\nShared_Clean:") + Kilobytes(pages, "\nShared_Dirty:");
  // The host's proportional size counts private pages whole.
  const size_t proportional = Kilobytes(pages, "\nPss:");
  stats->mem_scaled_shared_bytes =
      proportional > stats->mem_private_bytes ? proportional - stats->mem_private_bytes : 0;
  return ZX_OK;
}

}  // namespace zircon::objects
