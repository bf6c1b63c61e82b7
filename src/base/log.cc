#include "base/log.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>

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

// Not asked for yet.
constexpr LogLevel kUnknown{-1};
constinit std::atomic<LogLevel> g_level{kUnknown};

// While it lives this thread gets no signal for writing to a pipe that nobody reads (EPIPE), nor
// for writing beyond the size that its files may have (EFBIG): the write fails, and that is all.
class NoSignalsForWriting {
 public:
  NoSignalsForWriting() {
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    sigemptyset(&ours_);
    // One that is pending already is not ours to take.
    for (const int signo : {SIGPIPE, SIGXFSZ}) {
      if (sigismember(&pending, signo) == 0) sigaddset(&ours_, signo);
    }
    pthread_sigmask(SIG_BLOCK, &ours_, &before_);
  }
  ~NoSignalsForWriting() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignalsForWriting(const NoSignalsForWriting&) = delete;
  NoSignalsForWriting& operator=(const NoSignalsForWriting&) = delete;

  // After a write that has failed so.
  void Take() {
    const timespec no_time = {};
    while (sigtimedwait(&ours_, nullptr, &no_time) < 0 && errno == EINTR) {
    }
  }

 private:
  sigset_t ours_;
  sigset_t before_;
};

void WriteToStderr(const char* bytes, size_t size) {
  const int saved_errno = errno;
  {
    NoSignalsForWriting signals;
    while (size != 0) {
      const ssize_t written = write(STDERR_FILENO, bytes, size);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0 && (errno == EPIPE || errno == EFBIG)) signals.Take();
      if (written <= 0) break;
      bytes += written;
      size -= static_cast<size_t>(written);
    }
  }
  errno = saved_errno;
}

// A line is one write, so that lines of several threads do not mix, and there is no lock that a
// forked child could find locked.
class StderrSink final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    spdlog::pattern_formatter formatter("%n: %l: %v");
    spdlog::memory_buf_t line;
    formatter.format(message, line);
    WriteToStderr(line.data(), line.size());
  }
  void flush() override {}
  void set_pattern(const std::string& /*pattern*/) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}
};

// Our own logger, not spdlog's default one: the host program may configure that as it likes.
// Leaked on purpose: objects may still log while the process takes down its statics.
spdlog::logger& Logger() {
  static spdlog::logger* logger = [] {
    auto* made = new spdlog::logger("zircon-kvm", std::make_shared<StderrSink>());
    made->set_level(spdlog::level::trace);
    // The default one writes to stderr by itself.
    made->set_error_handler([](const std::string& /*why*/) {});
    return made;
  }();
  return *logger;
}

}  // namespace

// relaxed, all: the level guards nothing. Whoever finds it unknown comes to the same answer.
void SetLogLevel(LogLevel level) { g_level.store(level, std::memory_order_relaxed); }

LogLevel GetLogLevel() {
  LogLevel level = g_level.load(std::memory_order_relaxed);
  if (level == kUnknown) [[unlikely]] {
    LogLevel unknown = kUnknown;
    level = LevelFromEnvironment();
    if (!g_level.compare_exchange_strong(unknown, level, std::memory_order_relaxed)) {
      return unknown;
    }
  }
  return level;
}

void WriteLog(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept {
  try {
    Logger().log(static_cast<spdlog::level::level_enum>(level), fmt::vformat(format, args));
  } catch (...) {
  }
}

}  // namespace zircon::base
