// What a shell is to a job: a session with a terminal, and a process in a process group of its own
// that is brought to the foreground and sent to the background.
//
//   Job job(pty, Job::kForeground, [] { … return status; });
//   kill(job.pid(), SIGTSTP);
//   int status = job.Wait();          // stopped or ended

#pragma once

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

#include "pty.h"

namespace zvmm {

// Waits until a condition holds; false if it does not within a time that no machine needs.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// Owns the session's processes: a leader, which does what it is told, and the job.
class Job {
 public:
  enum Place : char { kForeground = 'F', kBackground = 'B' };

  Job(const Pty& pty, Place place, const std::function<int()>& main) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
      return;
    }
    leader_ = fork();
    if (leader_ == 0) {
      close(ends[0]);
      pty.Control();
      close(pty.master());
      Lead(ends[1], place, main);
    }
    close(ends[1]);
    link_ = ends[0];
    pid_ = Receive();
  }
  ~Job() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
    }
    kill(leader_, SIGKILL);
    waitpid(leader_, nullptr, 0);
    close(link_);
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  pid_t pid() const { return pid_; }

  // What the shell's fg and bg do to the terminal; neither sends a signal.
  void Move(Place place) { Ask(place); }
  // What wait() gives when it has stopped or ended, which must be about to happen.
  int Wait() { return Ask('W'); }
  // Has it neither stopped nor ended?
  bool IsRunning() { return Ask('N') == 0; }
  // The shell's own mode.
  void MakeCooked() { Ask('C'); }
  // The shell reads a line; gives its length.
  int ReadLine() { return Ask('R'); }

 private:
  int Ask(char command) {
    if (send(link_, &command, 1, MSG_NOSIGNAL) != 1) {
      return -1;
    }
    return Receive();
  }
  int Receive() const {
    int answer = -1;
    return recv(link_, &answer, sizeof(answer), 0) == sizeof(answer) ? answer : -1;
  }

  [[noreturn]] static void Lead(int link, Place place, const std::function<int()>& main) {
    signal(SIGTTOU, SIG_IGN);
    termios mode = {};
    tcgetattr(STDIN_FILENO, &mode);
    int go[2];
    if (pipe(go) != 0) {
      _exit(98);
    }
    const pid_t job = fork();
    if (job == 0) {
      // As a shell starts it, whatever the tests have done.
      for (int number = 1; number < NSIG; ++number) {
        signal(number, SIG_DFL);
      }
      char byte;
      // Not before the leader has given it its place.
      if (read(go[0], &byte, 1) != 1) {
        _exit(97);
      }
      close(link);
      exit(main());
    }
    setpgid(job, job);
    const auto give = [job](Place to) {
      tcsetpgrp(STDIN_FILENO, to == kForeground ? job : getpgrp());
    };
    give(place);
    const auto answer = [link](int value) { send(link, &value, sizeof(value), MSG_NOSIGNAL); };
    answer(job);
    if (write(go[1], "", 1) != 1) {
      _exit(96);
    }
    for (char command; recv(link, &command, 1, 0) == 1;) {
      int status = 0;
      switch (command) {
        case kForeground:
        case kBackground:
          give(static_cast<Place>(command));
          break;
        case 'W':
          waitpid(job, &status, WUNTRACED);
          break;
        case 'N':
          waitpid(job, &status, WUNTRACED | WNOHANG);
          break;
        case 'C':
          tcsetattr(STDIN_FILENO, TCSANOW, &mode);
          break;
        case 'R': {
          char line[100];
          status = static_cast<int>(read(STDIN_FILENO, line, sizeof(line)));
          break;
        }
        default:
          break;
      }
      answer(status);
    }
    _exit(0);
  }

  pid_t leader_ = -1;
  pid_t pid_ = -1;
  int link_ = -1;
};

}  // namespace zvmm
