#include "dashboard/report/pdf.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace callweir::dashboard {
namespace {

using clock = std::chrono::steady_clock;

class descriptor {
 public:
  explicit descriptor(int fd = -1) : fd_(fd) {}
  ~descriptor() { close(); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  void set(int fd) {
    close();
    fd_ = fd;
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

struct ends {
  descriptor ours, theirs;
};

/// Sockets, not pipes: writing to a program that has died must be an error and not a signal.
bool open_ends(ends& out) {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) return false;
  out.ours.set(fds[0]);
  out.theirs.set(fds[1]);
  return ::fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0;
}

/// A program in a process group of its own, killed with all that it started when this goes.
class child {
 public:
  child() = default;
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    wait();
  }
  int start(const std::vector<std::string>& words, std::vector<std::string> environment,
            const std::array<int, 3>& standard);
  void bound(const child_limits& limits) const;
  /// The exit code, or -1 where a signal ended it or another has waited for it.
  int wait();

 private:
  pid_t pid_ = -1;
};

int child::start(const std::vector<std::string>& words, std::vector<std::string> environment,
                 const std::array<int, 3>& standard) {
  std::vector<std::string> own(words);
  std::vector<char*> arguments, variables;
  for (auto& word : own) arguments.push_back(word.data());
  for (auto& word : environment) variables.push_back(word.data());
  arguments.push_back(nullptr);
  variables.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  for (int i = 0; i < 3; ++i)
    posix_spawn_file_actions_adddup2(&actions, standard[static_cast<std::size_t>(i)], i);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGCHLD}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int failed = ::posix_spawnp(&pid_, arguments.front(), &actions, &attributes,
                                    arguments.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) pid_ = -1;
  return failed;
}

void child::bound(const child_limits& limits) const {
  // Inspection and the store go first on this machine; a report can wait.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(pid_), 5);
  const rlimit memory{limits.memory_bytes, limits.memory_bytes};
  ::prlimit(pid_, RLIMIT_AS, &memory, nullptr);
  const rlimit no_core{0, 0};
  ::prlimit(pid_, RLIMIT_CORE, &no_core, nullptr);
}

int child::wait() {
  const pid_t pid = std::exchange(pid_, -1);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Feeds and drains the three ends until both outputs are at their end.
class exchange {
 public:
  exchange(ends& in, ends& out, ends& messages, std::string_view input, const child_limits& limits)
      : in_(in), out_(out), messages_(messages), input_(input), limits_(limits) {}

  /// "" or what went wrong.
  std::string run();
  std::string output, said;

 private:
  void feed();
  bool drain(descriptor& from, std::string& into, std::size_t most);

  ends& in_;
  ends& out_;
  ends& messages_;
  std::string_view input_;
  const child_limits& limits_;
};

void exchange::feed() {
  while (!input_.empty()) {
    const auto sent = ::send(in_.ours.get(), input_.data(),
                             std::min<std::size_t>(input_.size(), 1 << 18), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (sent < 0) break;  // it reads no more; its exit code and words tell why
    input_.remove_prefix(static_cast<std::size_t>(sent));
  }
  in_.ours.close();
}

/// False where more than `most` came.
bool exchange::drain(descriptor& from, std::string& into, std::size_t most) {
  std::array<char, 1 << 16> buffer{};
  for (;;) {
    const auto got = ::recv(from.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (got <= 0) {
      from.close();
      return true;
    }
    into.append(buffer.data(), static_cast<std::size_t>(got));
    if (into.size() > most) return false;
  }
}

std::string exchange::run() {
  const auto deadline = clock::now() + limits_.time;
  while (out_.ours.open() || messages_.ours.open()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
    if (left <= 0)
      return fmt::format("took longer than {:.0f} s and was stopped", to_seconds(limits_.time));
    std::array<pollfd, 3> watched = {pollfd{in_.ours.get(), POLLOUT, 0},
                                     pollfd{out_.ours.get(), POLLIN, 0},
                                     pollfd{messages_.ours.get(), POLLIN, 0}};
    if (::poll(watched.data(), watched.size(), static_cast<int>(std::min<long>(left, 1'000))) < 0)
      continue;  // a signal; the deadline is looked at again
    if (in_.ours.open() && watched[0].revents != 0) feed();
    if (out_.ours.open() && watched[1].revents != 0 &&
        !drain(out_.ours, output, limits_.output_bytes))
      return fmt::format("wrote more than {} bytes and was stopped", limits_.output_bytes);
    if (messages_.ours.open() && watched[2].revents != 0 &&
        !drain(messages_.ours, said, limits_.messages_bytes))
      said.erase(0, said.size() - limits_.messages_bytes / 2);
  }
  return {};
}

std::string last_line(const std::string& text) {
  const auto end = text.find_last_not_of(" \r\n");
  if (end == std::string::npos) return {};
  const auto begin = text.find_last_of('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1, end - (begin + 1) + 1);
}

std::vector<std::string> environment() {
  const char* path = std::getenv("PATH");
  return {std::string("PATH=") + (path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin"),
          "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1"};
}

result<std::string> run_with(const std::vector<std::string>& words, std::string_view input,
                             const child_limits& limits, std::vector<std::string> variables,
                             bool* missing) {
  const std::string name = words.empty() ? "" : words.front();
  if (missing != nullptr) *missing = false;
  ends in, out, messages;
  if (name.empty() || !open_ends(in) || !open_ends(out) || !open_ends(messages))
    return fail(fmt::format("cannot be started: {}", std::strerror(errno)), name);
  child program;
  const int failed = program.start(words, std::move(variables),
                                   {in.theirs.get(), out.theirs.get(), messages.theirs.get()});
  if (failed != 0) {
    if (missing != nullptr) *missing = failed == ENOENT;
    return fail(fmt::format("cannot be started: {}", std::strerror(failed)), name);
  }
  program.bound(limits);
  for (auto* each : {&in, &out, &messages}) each->theirs.close();
  exchange traffic(in, out, messages, input, limits);
  if (auto trouble = traffic.run(); !trouble.empty()) return fail(std::move(trouble), name);
  if (const int code = program.wait(); code != 0) {
    const auto said = last_line(traffic.said);
    return fail(fmt::format("failed ({}){}",
                            code < 0 ? "ended by a signal" : fmt::format("exit code {}", code),
                            said.empty() ? "" : ": " + said),
                name);
  }
  return std::move(traffic.output);
}

}  // namespace

result<std::string> run_filter(const std::vector<std::string>& words, std::string_view input,
                               const child_limits& limits, bool* missing) {
  return run_with(words, input, limits, environment(), missing);
}

result<std::string> make_pdf(std::string_view html, time_point made) {
  auto variables = environment();
  variables.push_back(fmt::format("SOURCE_DATE_EPOCH={}", made.ns / 1'000'000'000));
  bool missing = false;
  auto pdf = run_with({"weasyprint", "--encoding", "utf-8", "-", "-"}, html, {},
                      std::move(variables), &missing);
  if (missing) {
    return fail("a PDF needs the program weasyprint, which is not installed", {},
                "install the package weasyprint (apt-get install weasyprint), or take html and "
                "print it from a browser");
  }
  if (!pdf) return pdf;
  if (!pdf->starts_with("%PDF-"))
    return fail("did not write a PDF", "weasyprint", "take html and print it from a browser");
  return pdf;
}

}  // namespace callweir::dashboard
