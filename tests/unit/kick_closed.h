// What tests have in common that look whether a kick's signal has been sent: it stays pending in
// this thread, and in those that it starts, until a test lets it in.

#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <zircon/errors.h>

#include "vcpu/kick_signal.h"

namespace zircon::vcpu {

inline bool KickPending() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, KickSignal::number()) == 1;
}

class KickClosed : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(KickSignal::Prepare(), ZX_OK);
    KickSignal::Attach();
    SetKick(SIG_BLOCK);
  }
  void TearDown() override {
    EXPECT_FALSE(KickPending());
    SetKick(SIG_UNBLOCK);
    KickSignal::Detach();
  }
  static void SetKick(int how) {
    sigset_t kick;
    sigemptyset(&kick);
    sigaddset(&kick, KickSignal::number());
    pthread_sigmask(how, &kick, nullptr);
  }
};

}  // namespace zircon::vcpu
