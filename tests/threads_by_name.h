// The threads of this process that have a name, which is how a test finds those that the library
// makes, and what the kernel says of one.
//
// Thread safety: any thread.

#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

inline std::vector<pid_t> ThreadsNamed(const std::string& wanted) {
  std::vector<pid_t> found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    std::getline(file, name);
    if (name == wanted) found.push_back(std::stoi(task.path().filename()));
  }
  return found;
}

// Whether it would handle the signal, if the process had a handler.
inline bool IsOpenIn(pid_t tid, int signal) {
  std::ifstream status("/proc/self/task/" + std::to_string(tid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("SigBlk:")) continue;
    return (std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1) == 0;
  }
  return true;
}

// Signals that programs have handlers for.
inline constexpr int kSignalsOfPrograms[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGCHLD, SIGALRM};
