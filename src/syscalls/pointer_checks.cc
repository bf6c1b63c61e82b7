#include "syscalls/pointer_checks.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "base/page_epoch.h"

namespace zircon::user {
namespace {

enum class Choice { kNone, kRemember, kStrict };

constinit std::atomic<Choice> g_choice{Choice::kNone};

Choice FromEnvironment() {
  const char* const wanted = std::getenv("ZIRCON_KVM_POINTERS");
  return wanted != nullptr && std::strcmp(wanted, "strict") == 0 ? Choice::kStrict
                                                                 : Choice::kRemember;
}

}  // namespace

bool PagesAreRemembered() {
  // relaxed: the value is all there is. What is remembered by an old one is of an old epoch.
  Choice choice = g_choice.load(std::memory_order_relaxed);
  if (choice == Choice::kNone) {
    const Choice found = FromEnvironment();
    // Unless the program has chosen meanwhile.
    if (g_choice.compare_exchange_strong(choice, found, std::memory_order_relaxed)) choice = found;
  }
  return choice == Choice::kRemember;
}

void RememberPages(bool remember) {
  g_choice.store(remember ? Choice::kRemember : Choice::kStrict, std::memory_order_relaxed);
  // Whatever was remembered before is forgotten. Its release comes after the store: who remembers
  // in the new epoch has looked at the choice behind it.
  base::PagesHaveChanged();
}

}  // namespace zircon::user
