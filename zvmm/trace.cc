#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "json_text.h"

namespace zvmm {
namespace {

constexpr std::string_view kBegin =
    "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n"
    "{\"ph\": \"M\", \"pid\": 1, \"name\": \"process_name\", \"args\": {\"name\": \"zvmm\"}}";
constexpr std::string_view kEnd = "\n]}\n";

}  // namespace

Trace::Trace(Descriptor file) : begin_(std::chrono::steady_clock::now()), file_(std::move(file)) {
  Write(kBegin);
}

absl::StatusOr<std::unique_ptr<Trace>> Trace::Open(const std::string& path) {
  Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY,
                       S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH));
  if (!file.is_valid()) {
    return absl::ErrnoToStatus(errno, absl::StrCat("--trace: ", path));
  }
  return std::unique_ptr<Trace>(new Trace(std::move(file)));
}

void Trace::Write(std::string_view lines) {
  std::lock_guard lock(mutex_);
  while (status_.ok() && !lines.empty()) {
    const ssize_t count = write(file_.get(), lines.data(), lines.size());
    if (count < 0 && errno != EINTR) {
      status_ = absl::ErrnoToStatus(errno, "the trace is cut off: write");
    }
    lines.remove_prefix(count < 0 ? 0 : static_cast<size_t>(count));
  }
}

absl::Status Trace::Close() {
  Write(kEnd);
  std::lock_guard lock(mutex_);
  file_ = Descriptor();
  return status_;
}

TraceTrack::TraceTrack(Trace& trace, unsigned vcpu) : trace_(trace), thread_(vcpu + 1) {
  lines_ = absl::StrFormat(
      ",\n{\"ph\": \"M\", \"pid\": 1, \"tid\": %d, \"name\": \"thread_name\", "
      "\"args\": {\"name\": \"VCPU %d\"}}",
      thread_, vcpu);
}

void TraceTrack::InGuest(Time from, Time to, std::string_view exit, std::string_view device) {
  exit_ = exit;
  device_ = device;
  left_ = to;
  AddSlice("guest", "guest", from, to, absl::StrCat("\"exit\": ", JsonQuoted(exit)));
}

void TraceTrack::Outside(Time to) {
  if (exit_.empty()) {
    return;
  }
  AddSlice(exit_, "vmm", left_, to,
           device_.empty() ? "" : absl::StrCat("\"device\": ", JsonQuoted(device_)));
}

void TraceTrack::AddSlice(std::string_view name, std::string_view category, Time from, Time to,
                          std::string_view arguments) {
  using Microseconds = std::chrono::duration<double, std::micro>;
  absl::StrAppendFormat(
      &lines_,
      ",\n{\"ph\": \"X\", \"pid\": 1, \"tid\": %d, \"name\": %s, \"cat\": \"%s\", \"ts\": %.3f, "
      "\"dur\": %.3f, \"args\": {%s}}",
      thread_, JsonQuoted(name), category, Microseconds(from - trace_.begin()).count(),
      Microseconds(to - from).count(), arguments);
  if (lines_.size() >= kChunk) {
    Flush();
  }
}

void TraceTrack::Flush() {
  trace_.Write(lines_);
  lines_.clear();
}

}  // namespace zvmm
