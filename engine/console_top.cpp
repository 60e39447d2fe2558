// `top`: state, calls and hosts on one screen, each second anew.
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "engine/console.hpp"
#include "engine/text_table.hpp"

namespace callweir::engine {
namespace {

volatile std::sig_atomic_t interrupted = 0;

/// Keys come one by one and unseen for as long as it lives.
class raw_terminal {
 public:
  raw_terminal() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  ~raw_terminal() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  raw_terminal(const raw_terminal&) = delete;
  raw_terminal& operator=(const raw_terminal&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

struct round {
  std::vector<std::string> status, calls, hosts;
};

result<round> fetch(const console_options& options) {
  round got;
  auto connection = control::client::connect(options.socket, std::chrono::seconds(2));
  if (!connection) return tl::unexpected(connection.error());
  for (auto [verb, records] : {std::pair{"status", &got.status}, std::pair{"calls", &got.calls},
                               std::pair{"hosts", &got.hosts}}) {
    auto end = connection->request(fmt::format(R"({{"verb":"{}"}})", verb),
                                   [into = records](std::string_view r) { into->emplace_back(r); });
    if (!end) return tl::unexpected(end.error());
  }
  return got;
}

std::string screen(const round& got, std::size_t rows) {
  std::string out = status_text(got.status);
  const std::size_t half = rows > 24 ? (rows - 16) / 2 : 6;
  out += "\n" + calls_text(got.calls, half) + "\n" + hosts_text(got.hosts, half);
  return out;
}

struct terminal_size {
  std::size_t rows = 50, columns = 200;
};

terminal_size size_of_terminal() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
    return {};
  return {size.ws_row, size.ws_col};
}

/// True when the user wants out. Waits a second at most.
bool wait_for_quit(bool keyboard) {
  pollfd in{STDIN_FILENO, POLLIN, 0};
  if (::poll(&in, keyboard ? 1U : 0U, 1000) <= 0) return interrupted != 0;
  char key = 0;
  return ::read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q';
}

}  // namespace

int show_top(const console_options& options) {
  auto got = fetch(options);
  if (!got) {
    std::fputs(fmt::format("callweir: {}\n", got.error().text()).c_str(), stderr);
    return exit_failed;
  }
  if (options.json) {
    for (const auto* part : {&got->status, &got->calls, &got->hosts}) {
      for (const auto& record : *part) std::fputs((record + "\n").c_str(), stdout);
    }
    return exit_done;
  }
  if (::isatty(STDOUT_FILENO) != 1) {
    std::fputs(screen(*got, 50).c_str(), stdout);
    return exit_done;
  }
  struct sigaction quiet {};
  quiet.sa_handler = [](int) { interrupted = 1; };
  ::sigaction(SIGINT, &quiet, nullptr);
  ::sigaction(SIGTERM, &quiet, nullptr);
  const bool keyboard = ::isatty(STDIN_FILENO) == 1;
  const raw_terminal keys;
  do {
    got = fetch(options);
    const auto [rows, columns] = size_of_terminal();
    const std::string text = got ? screen(*got, rows) : "callweir: " + got.error().text() + "\n";
    // The last row is the keys'; a line end behind it would scroll the first one away.
    const std::string shown = clipped(text, rows - 1, columns);
    std::fputs(("\x1b[H\x1b[2J" + shown + "q: quit").c_str(), stdout);
    std::fflush(stdout);
  } while (!wait_for_quit(keyboard));
  std::fputs("\n", stdout);
  return exit_done;
}

}  // namespace callweir::engine
