#include "faults/run.h"

#include <zircon/status.h>

#include <cstring>
#include <exception>

#include "faults/judge.h"
#include "faults/plan.h"
#include "faults/witness.h"
#include "guest/x86/host.h"

namespace zircon::faults {
namespace {

// The call's name, from "zx_vmo_create(4096, …)".
std::string NameOf(const char* text) { return std::string(text, std::strcspn(text, "(")); }

// What the debuggers' calls say when the VCPU has come to its end in them; it can be read from then
// on, and not written.
bool EndsTheVcpu(const std::string& name, zx_status_t status) {
  return name.starts_with("zircon_kvm_vcpu_") && status == ZX_ERR_INTERNAL;
}

// VCPU-ENTER-18: that VCPU gives the same from then on.
bool IsLatched(const std::string& name, zx_status_t status) {
  return name == "zx_vcpu_enter" && status == ZX_ERR_INTERNAL;
}

}  // namespace

Run::Run(int attempt) : kernel_(fake_), previous_(kvm::ProcessKernel()), attempt_(attempt) {
  kvm::SetProcessKernelForTest(&kernel_);
}

Run::~Run() {
  kvm::SetProcessKernelForTest(&previous_);
  guest::x86::Host::ForgetForTest(kernel_);
}

void Run::Say(const char* text, const std::string& words) {
  faults_.push_back(std::string(text) + ": " + words);
}

zx_status_t Run::Make(const char* text, absl::FunctionRef<zx_status_t()> call) {
  witness.Enter(text);
  try {
    const Window window;
    return call();
  } catch (...) {
    Say(text, "throws");
    ended_ = true;
    return ZX_ERR_INTERNAL;
  }
}

bool Run::DoOnce(const char* text, zx_status_t wanted, absl::FunctionRef<zx_status_t()> call) {
  if (ended_) return false;
  const size_t failed = plan.failed();
  const zx_status_t status = Make(text, call);
  if (status == wanted) return true;
  last_status_ = status;
  ended_ = true;
  if (plan.failed() == failed) {
    Say(text, std::string("gives ") + zx_status_get_string(status) + " without a reason");
  } else {
    const std::string wrong = Judge(NameOf(text).c_str(), plan.failing(), plan.error(), status);
    if (!wrong.empty())
      Say(text, std::string("gives ") + zx_status_get_string(status) + "; " + wrong);
  }
  return false;
}

bool Run::Do(const char* text, zx_status_t wanted, absl::FunctionRef<zx_status_t()> call) {
  if (DoOnce(text, wanted, call)) return true;
  if (plan.for_good() || !ended_ || !faults_.empty()) return false;
  if (EndsTheVcpu(NameOf(text), last_status_)) return false;
  const zx_status_t again = Make(text, call);
  if (IsLatched(NameOf(text), last_status_)) {
    if (again != last_status_) Say(text, "the VCPU is past running, and runs");
    return false;
  }
  // The same call, as if nothing had been.
  ended_ = again != wanted;
  if (ended_) Say(text, std::string("made again it gives ") + zx_status_get_string(again));
  return !ended_;
}

void Run::Call(const char* text, absl::FunctionRef<void()> call) {
  Make(text, [&] {
    call();
    return ZX_OK;
  });
}

void Run::Check(bool holds, const char* text) {
  if (!holds && !ended_) Say(text, "does not hold");
}

void Run::End() {
  for (; !at_end_.empty(); at_end_.pop_back()) {
    const zx_status_t status = at_end_.back()();
    if (status != ZX_OK) Say("in the end", std::string("gives ") + zx_status_get_string(status));
  }
}

void Run::Close(zx_handle_t handle) {
  if (handle == ZX_HANDLE_INVALID) return;
  const zx_status_t status = Make("zx_handle_close(…)", [&] { return zx_handle_close(handle); });
  if (status != ZX_OK) Say("zx_handle_close", std::string("gives ") + zx_status_get_string(status));
}

}  // namespace zircon::faults
