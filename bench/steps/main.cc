// zircon_steps: what a call executes and touches, by single-stepping it: the instructions of
// libzircon.so by function, and the pages of its code and of the data that it reads and writes. A
// count, not a time: it does not depend on the machine's load.
//
//   zircon_steps [--functions] [--json=FILE]
//
// The operations of zircon_bench --exits, each in a child of its own that is traced. Instructions
// of the kernel are not seen.

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "guest_memory.h"
#include "steps/library_image.h"
#include "steps/touched.h"
#include "zx_guest.h"

namespace bench {
namespace {

constexpr int kWarmUp = 300;

// The traced child stops here before and behind what is looked at.
void Mark() { asm volatile("int3" ::: "memory"); }

struct Operation {
  const char* name;
  const char* key;
  Program program;
  // The pages that it may touch, of code and of data; 0: no budget.
  size_t code_pages, data_pages;
};

constexpr Operation kOperations[] = {
    {"OUT", "out", Program::kIoOut, 6, 8},
    {"IN + write_state", "in", Program::kIoIn, 6, 8},
    {"MEM store", "store", Program::kMemStore, 0, 0},
    {"MEM load + write_state", "load", Program::kMemLoad, 0, 0},
};

[[noreturn]] void Child(const Operation& operation) {
  Must(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0, "PTRACE_TRACEME");
  ZxMemory memory(operation.program);
  ZxGuest guest(memory);
  zx_port_packet_t packet = {};
  zx_vcpu_io_t io = {};
  io.access_size = 1;
  zx_vcpu_state_t state = {};
  Must(zx_vcpu_enter(guest.vcpu(), &packet) == ZX_OK, "zx_vcpu_enter");
  Must(zx_vcpu_read_state(guest.vcpu(), ZX_VCPU_STATE, &state, sizeof(state)) == ZX_OK,
       "zx_vcpu_read_state");
  for (int i = 0; i <= kWarmUp; ++i) {
    if (i == kWarmUp) Mark();
    const zx_status_t entered = zx_vcpu_enter(guest.vcpu(), &packet);
    zx_status_t written = ZX_OK;
    if (operation.program == Program::kIoIn) {
      ++io.u8;
      written = zx_vcpu_write_state(guest.vcpu(), ZX_VCPU_IO, &io, sizeof(io));
    } else if (operation.program == Program::kMemLoad) {
      state.rax = (state.rax + 1) & 0xFFFF;
      written = zx_vcpu_write_state(guest.vcpu(), ZX_VCPU_STATE, &state, sizeof(state));
    }
    if (i == kWarmUp) Mark();
    Must(entered == ZX_OK && written == ZX_OK, "zx_vcpu_enter, zx_vcpu_write_state");
  }
  _exit(0);
}

// Waits for the next stop; other signals than the trap's go to the child.
void AwaitTrap(pid_t child) {
  for (;;) {
    int status = 0;
    Must(waitpid(child, &status, 0) == child, "waitpid");
    Must(WIFSTOPPED(status), "the traced child ends");
    if (WSTOPSIG(status) == SIGTRAP) return;
    Must(ptrace(PTRACE_CONT, child, nullptr, WSTOPSIG(status)) == 0, "PTRACE_CONT");
  }
}

Touched Trace(const Operation& operation, const LibraryImage& library) {
  const pid_t child = fork();
  Must(child >= 0, "fork");
  if (child == 0) Child(operation);
  AwaitTrap(child);
  Touched touched(library);
  for (;;) {
    user_regs_struct regs;
    Must(ptrace(PTRACE_GETREGS, child, nullptr, &regs) == 0, "PTRACE_GETREGS");
    // The child's code is where ours is.
    const auto* code = reinterpret_cast<const uint8_t*>(regs.rip);
    constexpr uint8_t kMark = 0xCC;
    if (*code == kMark) break;
    touched.Step(regs, code);
    Must(ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) == 0, "PTRACE_SINGLESTEP");
    AwaitTrap(child);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return touched;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  using namespace bench;
  bool functions = false;
  std::string json;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--functions") == 0) {
      functions = true;
    } else if (std::strncmp(argv[i], "--json=", 7) == 0) {
      json = argv[i] + 7;
    } else {
      std::fprintf(stderr, "zircon_steps: unknown: %s\n", argv[i]);
      return EXIT_FAILURE;
    }
  }
  const LibraryImage library("libzircon.so");
  FILE* file = json.empty() ? nullptr : std::fopen(json.c_str(), "w");
  Must(json.empty() || file != nullptr, json.c_str());
  if (file != nullptr) std::fprintf(file, "{\n");
  std::printf("%-24s %12s %12s %12s\n", "", "instructions", "code pages", "data pages");
  for (const Operation& operation : kOperations) {
    const Touched touched = Trace(operation, library);
    const bool kept = operation.code_pages == 0 || (touched.code_pages() <= operation.code_pages &&
                                                    touched.data_pages() <= operation.data_pages);
    std::printf("%-24s %12zu %12zu %12zu%s\n", operation.name, touched.instructions(),
                touched.code_pages(), touched.data_pages(),
                operation.code_pages == 0 ? ""
                : kept                    ? "  kept"
                                          : "  MISSED");
    if (functions) touched.PrintFunctions();
    if (file != nullptr) {
      std::fprintf(
          file, "  \"%s\": {\"instructions\": %zu, \"code_pages\": %zu, \"data_pages\": %zu}%s\n",
          operation.key, touched.instructions(), touched.code_pages(), touched.data_pages(),
          &operation == std::end(kOperations) - 1 ? "" : ",");
    }
  }
  if (file != nullptr) {
    std::fprintf(file, "}\n");
    std::fclose(file);
  }
  return EXIT_SUCCESS;
}
