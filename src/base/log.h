// Log lines for people: to stderr, through spdlog, at warning level unless ZIRCON_KVM_LOG or
// SetLogLevel() say otherwise. Never on a path that a guest can take at will.
//
//   LOG_WARN("cannot open {}: {}", path, strerror(err));
//
// Thread safety: any thread. Arguments are formatted only when the level is on.

#pragma once

#include <fmt/core.h>

namespace zircon::base {

// The numbers are those of zircon_kvm_log_level_t.
enum class LogLevel : int { kTrace, kDebug, kInfo, kWarn, kError, kCritical, kOff };

void SetLogLevel(LogLevel level);
LogLevel GetLogLevel();
// A line that cannot be formatted or written is lost; a log line never becomes an exception.
void WriteLog(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept;

inline bool LogEnabled(LogLevel level) { return level >= GetLogLevel(); }

template <typename... Args>
void Log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) noexcept {
  if (LogEnabled(level)) WriteLog(level, format, fmt::make_format_args(args...));
}

}  // namespace zircon::base

#define LOG_DEBUG(...) ::zircon::base::Log(::zircon::base::LogLevel::kDebug, __VA_ARGS__)
#define LOG_INFO(...) ::zircon::base::Log(::zircon::base::LogLevel::kInfo, __VA_ARGS__)
#define LOG_WARN(...) ::zircon::base::Log(::zircon::base::LogLevel::kWarn, __VA_ARGS__)
#define LOG_ERROR(...) ::zircon::base::Log(::zircon::base::LogLevel::kError, __VA_ARGS__)
