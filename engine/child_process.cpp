#include "engine/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace callweir::engine {
namespace {

constexpr int expendable_nice = 5;

/// Between fork and exec: only what is safe there. oom_score_adj: proc(5), from -1000 to 1000.
void expect_the_worst() {
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  (void)!write(fd, "300", 3);
  close(fd);
}

}  // namespace

result<child_process> child_process::start(const std::vector<std::string>& argv, int inherit,
                                           importance rank) {
  // Everything that allocates happens before the fork.
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return fail(std::string("cannot start '") + argv[0] + "': " + std::strerror(errno));
  if (pid > 0) return child_process(pid);

  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);
  if (inherit >= 0) fcntl(inherit, F_SETFD, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  setpriority(PRIO_PROCESS, 0, rank == importance::vital ? 0 : expendable_nice);
  if (rank == importance::expendable) expect_the_worst();
  execv(words[0], words.data());
  _exit(127);
}

std::optional<int> child_process::ended() {
  if (status_) return status_;
  int status = 0;
  const pid_t got = waitpid(pid_, &status, WNOHANG);
  if (got == pid_)
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  else if (got < 0 && errno == ECHILD)
    status_ = 1;
  return status_;
}

void child_process::send(int signal) const {
  if (!status_) kill(pid_, signal);
}

int child_process::stop(int patience_ms) {
  send(SIGTERM);
  const timespec pause{0, 5'000'000};
  for (int waited = 0; waited < patience_ms && !ended(); waited += 5) nanosleep(&pause, nullptr);
  if (!ended()) send(SIGKILL);
  while (!ended()) nanosleep(&pause, nullptr);
  return *status_;
}

}  // namespace callweir::engine
