#include "child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

extern char** environ;

namespace conformance {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// The child's end of the pipe for records.
constexpr int kRecordFd = 3;
constexpr size_t kMostOutput = 256 * 1024;
// From SIGKILL to the end of a process that can end; the machine may be very busy.
constexpr auto kDying = std::chrono::seconds(10);

bool is_child = false;

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { Close(); }
  int get() const { return fd_; }
  void Set(int fd) {
    Close();
    fd_ = fd;
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

bool MakePipe(Fd* read_end, Fd* write_end) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return false;
  read_end->Set(fds[0]);
  write_end->Set(fds[1]);
  // The child may leave processes behind that keep the other end open: nobody waits for its end.
  fcntl(fds[0], F_SETFL, O_NONBLOCK);
  return true;
}

// Whatever is there now. False once nothing more can come.
bool ReadInto(const Fd& fd, std::string* text, size_t most) {
  char buffer[16384];
  for (;;) {
    const ssize_t count = read(fd.get(), buffer, sizeof(buffer));
    if (count == 0) return false;
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (text->size() < most) text->append(buffer, static_cast<size_t>(count));
  }
}

// "NAME LENGTH\n" and as many bytes, again and again. A child that was killed may leave half of
// one.
void ParseRecords(const std::string& text, ChildResult* result) {
  size_t at = 0;
  for (;;) {
    const size_t line = text.find('\n', at);
    const size_t blank = text.find(' ', at);
    if (line == std::string::npos || blank > line) return;
    const size_t length = strtoul(text.c_str() + blank + 1, nullptr, 10);
    if (text.size() - (line + 1) < length) return;
    result->records.emplace_back(text.substr(at, blank - at), text.substr(line + 1, length));
    at = line + 1 + length;
  }
}

int Spawn(const std::vector<std::string>& arguments, int records, int output, pid_t* pid) {
  std::vector<char*> argv;
  std::string name = "zircon-conformance";
  argv.push_back(name.data());
  std::vector<std::string> copies = arguments;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&files, records, kRecordFd);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A group of its own, so that all it starts can be ended with it.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  const int error = posix_spawn(pid, "/proc/self/exe", &files, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

// Looks whether the child has ended, and keeps its status; it never waits.
class Reaper {
 public:
  explicit Reaper(pid_t pid)
      : pid_(pid), pidfd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}

  // Readable at the child's end; -1 on kernels that have no such thing.
  int pidfd() const { return pidfd_.get(); }

  bool Ended() {
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid != pid_) {
      return false;
    }
    // What it has left behind in its group; the number is the group's as long as it is not reaped.
    kill(-pid_, SIGKILL);
    return waitpid(pid_, &status_, WNOHANG) == pid_;
  }

  void Kill() { kill(-pid_, SIGKILL); }
  int status() const { return status_; }

 private:
  pid_t pid_;
  Fd pidfd_;
  int status_ = 0;
};

// Reads the pipes until the child has ended or the time is over; says whether it has ended.
bool Follow(Reaper* reaper, const Fd& records, std::string* record_text, const Fd& output,
            std::string* output_text, Clock::time_point deadline) {
  bool records_open = true;
  bool output_open = true;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return reaper->Ended();
    // Without a pidfd the child is looked at often instead. With one too, now and then: its being
    // readable and the child's status are two things.
    const milliseconds nap(reaper->pidfd() < 0 ? 10 : 1000);
    pollfd fds[] = {{reaper->pidfd(), POLLIN, 0},
                    {records_open ? records.get() : -1, POLLIN, 0},
                    {output_open ? output.get() : -1, POLLIN, 0}};
    poll(fds, 3, static_cast<int>(std::min(left, nap).count()));
    if (records_open) records_open = ReadInto(records, record_text, ~size_t{0});
    if (output_open) output_open = ReadInto(output, output_text, kMostOutput);
    if (reaper->Ended()) {
      ReadInto(records, record_text, ~size_t{0});
      ReadInto(output, output_text, kMostOutput);
      return true;
    }
    // A process that has ended and cannot be reaped yet keeps its pidfd readable.
    if ((fds[0].revents & POLLIN) != 0) std::this_thread::sleep_for(milliseconds(10));
  }
}

}  // namespace

std::string ChildResult::Record(const std::string& name) const {
  std::string all;
  for (const auto& [key, value] : records) {
    if (key != name) continue;
    if (!all.empty()) all += "; ";
    all += value;
  }
  return all;
}

bool ChildResult::Has(const std::string& name) const {
  for (const auto& record : records) {
    if (record.first == name) return true;
  }
  return false;
}

ChildResult RunChild(const std::vector<std::string>& arguments, double limit) {
  ChildResult result;
  Fd records_in, records_out, output_in, output_out;
  pid_t pid = 0;
  int error = 0;
  if (!MakePipe(&records_in, &records_out) || !MakePipe(&output_in, &output_out)) {
    error = errno;
  } else {
    error = Spawn(arguments, records_out.get(), output_out.get(), &pid);
  }
  if (error != 0) {
    result.end = ChildResult::End::kNotStarted;
    result.number = error;
    return result;
  }
  records_out.Close();
  output_out.Close();

  const auto start = Clock::now();
  std::string records;
  Reaper reaper(pid);
  const auto deadline =
      start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limit));
  bool ended = Follow(&reaper, records_in, &records, output_in, &result.output, deadline);
  if (ended) {
    const int status = reaper.status();
    result.end = WIFSIGNALED(status) ? ChildResult::End::kSignal : ChildResult::End::kExited;
    result.number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  } else {
    reaper.Kill();
    ended = Follow(&reaper, records_in, &records, output_in, &result.output, Clock::now() + kDying);
    result.end = ended ? ChildResult::End::kKilled : ChildResult::End::kImmortal;
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  ParseRecords(records, &result);
  return result;
}

void BecomeChild() {
  is_child = true;
  // Programs that a test starts have nothing to say here.
  fcntl(kRecordFd, F_SETFD, FD_CLOEXEC);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

void SendRecord(const std::string& name, const std::string& value) {
  if (!is_child) return;
  const std::string record = fmt::format("{} {}\n{}", name, value.size(), value);
  size_t sent = 0;
  while (sent < record.size()) {
    const ssize_t count = write(kRecordFd, record.data() + sent, record.size() - sent);
    if (count < 0 && errno != EINTR) return;
    if (count > 0) sent += static_cast<size_t>(count);
  }
}

}  // namespace conformance
