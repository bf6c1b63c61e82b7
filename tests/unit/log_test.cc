// Log lines where stderr is no good place for them. Rows: HOST-32.

#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>

#include "asleep.h"
#include "contract.h"

namespace zircon::base {
namespace {

// Runs `body` in a child whose stderr is `fd`; 0 is good.
#define EXPECT_GOOD_WITH_STDERR(fd, ...) \
  EXPECT_EXIT(                           \
      {                                  \
        dup2(fd, STDERR_FILENO);         \
        _exit((__VA_ARGS__)());          \
      },                                 \
      testing::ExitedWithCode(0), "")

struct Pipe {
  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0) abort();
  }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  int ends[2];
};

bool IsPending(int signo) {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  return sigismember(&pending, signo) == 1;
}

TEST(Log, APipeThatNobodyReadsIsNoSignal) {
  Shows("HOST-32");
  Pipe pipe;
  close(pipe.ends[0]);
  EXPECT_GOOD_WITH_STDERR(pipe.ends[1], [] {
    signal(SIGPIPE, SIG_DFL);
    errno = ERANGE;
    LOG_ERROR("a line");
    if (errno != ERANGE) return 1;
    sigset_t mask;
    sigprocmask(SIG_BLOCK, nullptr, &mask);
    if (sigismember(&mask, SIGPIPE) != 0) return 2;
    if (IsPending(SIGPIPE)) return 3;
    LOG_ERROR("another");
    return 0;
  });
}

TEST(Log, ASignalThatTheProgramHoldsBackStays) {
  Shows("HOST-32");
  Pipe pipe;
  close(pipe.ends[0]);
  EXPECT_GOOD_WITH_STDERR(pipe.ends[1], [] {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGPIPE);
    sigprocmask(SIG_BLOCK, &mask, nullptr);
    LOG_ERROR("a line");
    if (IsPending(SIGPIPE)) return 1;
    raise(SIGPIPE);
    LOG_ERROR("a line");
    if (!IsPending(SIGPIPE)) return 2;
    sigprocmask(SIG_BLOCK, nullptr, &mask);
    return sigismember(&mask, SIGPIPE) == 1 ? 0 : 3;
  });
}

int note_end = -1;

void Note(int /*signo*/) {
  if (write(note_end, "", 1) != 1) abort();
}

// The pipe takes a part, and a signal ends the write.
TEST(Log, ALineThatIsTakenInPartsIsWhole) {
  Shows("HOST-32");
  Pipe lines;
  Pipe notes;
  std::string text;
  while (text.size() < 400'000) text += std::to_string(text.size()) + ' ';
  const pid_t writer = fork();
  if (writer == 0) {
    dup2(lines.ends[1], STDERR_FILENO);
    note_end = notes.ends[1];
    struct sigaction action = {};
    action.sa_handler = Note;
    sigaction(SIGUSR1, &action, nullptr);
    Note(0);
    LOG_ERROR("{}", text);
    _exit(0);
  }
  char note;
  ASSERT_EQ(read(notes.ends[0], &note, 1), 1);
  ASSERT_TRUE(AwaitAsleep(writer));
  ASSERT_EQ(kill(writer, SIGUSR1), 0);
  ASSERT_EQ(read(notes.ends[0], &note, 1), 1);
  const std::string wanted = "zircon-kvm: error: " + text + '\n';
  std::string line(wanted.size(), '?');
  for (size_t have = 0; have < line.size();) {
    const ssize_t more = read(lines.ends[0], line.data() + have, line.size() - have);
    ASSERT_GT(more, 0);
    have += static_cast<size_t>(more);
  }
  EXPECT_TRUE(line == wanted);
  EXPECT_EQ(waitpid(writer, nullptr, 0), writer);
}

TEST(Log, AFileAtItsLimitIsNoSignal) {
  Shows("HOST-32");
  const int file = memfd_create("log_test", MFD_CLOEXEC);
  ASSERT_GE(file, 0);
  EXPECT_GOOD_WITH_STDERR(file, [] {
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_FSIZE, &none);
    LOG_ERROR("a line");
    return IsPending(SIGXFSZ) ? 1 : 0;
  });
  close(file);
}

TEST(Log, WithoutStderrALineIsLost) {
  Shows("HOST-32");
  EXPECT_EXIT(
      {
        close(STDERR_FILENO);
        LOG_ERROR("a line");
        _exit(0);
      },
      testing::ExitedWithCode(0), "");
}

// A write that waits for room in a pipe is interrupted by a handler again and again; the last of
// them makes the room.
TEST(Log, ALineSurvivesSignals) {
  Shows("HOST-9");
  static Pipe pipe;
  static std::atomic<int> interrupted{0};
  ASSERT_EQ(fcntl(pipe.ends[0], F_SETFL, O_NONBLOCK), 0);
  EXPECT_GOOD_WITH_STDERR(pipe.ends[1], [] {
    const int size = fcntl(pipe.ends[1], F_GETPIPE_SZ);
    const std::string full(static_cast<size_t>(size), '.');
    if (write(pipe.ends[1], full.data(), full.size()) != size) return 1;
    struct sigaction action {};
    action.sa_handler = [](int) {
      char bytes[4096];
      if (++interrupted != 3) return;  // later ones would take the line itself
      const int before = errno;
      while (read(pipe.ends[0], bytes, sizeof(bytes)) > 0) {
      }
      errno = before;
    };
    sigaction(SIGALRM, &action, nullptr);  // without SA_RESTART
    const itimerval often = {{0, 2000}, {0, 2000}};
    setitimer(ITIMER_REAL, &often, nullptr);
    LOG_ERROR("a line");
    const itimerval never = {};
    setitimer(ITIMER_REAL, &never, nullptr);
    char bytes[200];
    const ssize_t got = read(pipe.ends[0], bytes, sizeof(bytes));
    const std::string line(bytes, got > 0 ? static_cast<size_t>(got) : 0);
    return line == "zircon-kvm: error: a line\n" ? 0 : 2;
  });
}

TEST(Log, ALineIsOneWrite) {
  Shows("HOST-9");
  Pipe pipe;
  // Packets: each write is read by itself.
  ASSERT_EQ(fcntl(pipe.ends[1], F_SETFL, O_DIRECT), 0);
  EXPECT_GOOD_WITH_STDERR(pipe.ends[1], [] {
    LOG_ERROR("one {}", 1);
    LOG_ERROR("two");
    return 0;
  });
  char bytes[200];
  ssize_t size = read(pipe.ends[0], bytes, sizeof(bytes));
  EXPECT_EQ(std::string(bytes, size > 0 ? size : 0), "zircon-kvm: error: one 1\n");
  size = read(pipe.ends[0], bytes, sizeof(bytes));
  EXPECT_EQ(std::string(bytes, size > 0 ? size : 0), "zircon-kvm: error: two\n");
}

}  // namespace
}  // namespace zircon::base
