// What --trace writes: when each VCPU was in its guest, and what zvmm did between, as the JSON that
// ui.perfetto.dev and chrome://tracing open.
//
// Each VCPU is a track (a thread) of slices: "guest" from zx_vcpu_enter() to its return, with what
// ended it, and one named after that for what zvmm did about it, with the device.
//
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host/descriptor.h"

namespace zvmm {

// Owns the file. Thread-safe.
class Trace {
 public:
  // Times in the trace are from this moment on.
  static absl::StatusOr<std::unique_ptr<Trace>> Open(const std::string& path);
  // The file is whole from here on: no track writes any more.
  absl::Status Close();

  std::chrono::steady_clock::time_point begin() const { return begin_; }
  // Some lines of the file, each with a comma in front of it. What cannot be written ends the
  // trace; Close() says so.
  void Write(std::string_view lines);

 private:
  explicit Trace(Descriptor file);

  const std::chrono::steady_clock::time_point begin_;
  std::mutex mutex_;
  Descriptor file_;
  absl::Status status_ = absl::OkStatus();
};

// The slices of one VCPU. Belongs to its thread.
class TraceTrack {
 public:
  using Time = std::chrono::steady_clock::time_point;

  TraceTrack(Trace& trace, unsigned vcpu);
  ~TraceTrack() { Flush(); }
  TraceTrack(const TraceTrack&) = delete;
  TraceTrack& operator=(const TraceTrack&) = delete;

  // In the guest, and what came out of it: `exit` (a word), and of which device (or nothing). Both
  // live as long as the machine.
  void InGuest(Time from, Time to, std::string_view exit, std::string_view device);
  // About that exit, up to `to`.
  void Outside(Time to);

 private:
  // What the file gets at once.
  static constexpr size_t kChunk = 64 * 1024;

  void AddSlice(std::string_view name, std::string_view category, Time from, Time to,
                std::string_view arguments);
  void Flush();

  Trace& trace_;
  const unsigned thread_;
  std::string lines_;
  std::string_view exit_;
  std::string_view device_;
  Time left_{};
};

}  // namespace zvmm
