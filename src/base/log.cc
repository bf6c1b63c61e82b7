#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace zircon::base {
namespace {

struct LevelName {
  const char* name;
  LogLevel level;
};
constexpr LevelName kLevelNames[] = {
    {"trace", LogLevel::kTrace}, {"debug", LogLevel::kDebug}, {"info", LogLevel::kInfo},
    {"warn", LogLevel::kWarn},   {"error", LogLevel::kError}, {"critical", LogLevel::kCritical},
    {"off", LogLevel::kOff},
};

LogLevel LevelFromEnvironment() {
  const char* wanted = std::getenv("ZIRCON_KVM_LOG");
  if (wanted != nullptr) {
    for (const LevelName& entry : kLevelNames) {
      if (std::strcmp(wanted, entry.name) == 0) return entry.level;
    }
  }
  return LogLevel::kWarn;
}

std::atomic<LogLevel>& CurrentLevel() {
  static std::atomic<LogLevel> level{LevelFromEnvironment()};
  return level;
}

// Our own logger, not spdlog's default one: the host program may configure that as it likes.
// Leaked on purpose: objects may still log while the process takes down its statics.
spdlog::logger& Logger() {
  static spdlog::logger* logger = [] {
    auto* made =
        new spdlog::logger("zircon-kvm", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::trace);
    made->set_pattern("%n: %l: %v");
    return made;
  }();
  return *logger;
}

}  // namespace

void SetLogLevel(LogLevel level) { CurrentLevel().store(level, std::memory_order_relaxed); }
LogLevel GetLogLevel() { return CurrentLevel().load(std::memory_order_relaxed); }

void WriteLog(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept {
  try {
    Logger().log(static_cast<spdlog::level::level_enum>(level), fmt::vformat(format, args));
  } catch (...) {
  }
}

}  // namespace zircon::base
