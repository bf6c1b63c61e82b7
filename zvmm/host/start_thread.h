// Starts a thread, or says that the system has none to give.

#pragma once

#include <pthread.h>

#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace zvmm {

// `name` has at most 15 characters; tools show it.
inline absl::StatusOr<std::thread> StartThread(std::string name, std::function<void()> body) {
  const std::string words = "cannot start the thread " + name;
  try {
    return std::thread([name = std::move(name), body = std::move(body)] {
      // Fails only for a name that is too long.
      static_cast<void>(pthread_setname_np(pthread_self(), name.c_str()));
      body();
    });
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(words + ": " + error.code().message());
  }
}

}  // namespace zvmm
