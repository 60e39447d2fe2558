#include "dashboard/access/terminal.hpp"

#include <termios.h>
#include <unistd.h>

#include <cstdio>

#include "dashboard/access/password.hpp"

namespace callweir::dashboard {
namespace {

/// Switches the echo off, and on again whatever happens.
class silence {
 public:
  silence() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL;
    on_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~silence() {
    if (on_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  silence(const silence&) = delete;
  silence& operator=(const silence&) = delete;

 private:
  termios before_{};
  bool on_ = false;
};

/// One line without its end; byte by byte, so that nothing behind it is taken.
result<std::string> read_line() {
  std::string out;
  char c = 0;
  ssize_t got = 0;
  while ((got = ::read(STDIN_FILENO, &c, 1)) == 1 && c != '\n') {
    if (out.size() > password_bytes_max) return fail("the password is longer than 1,024 bytes");
    out += c;
  }
  if (got < 0 || (got == 0 && out.empty())) {
    return fail("no password came", "standard input", "write it as one line");
  }
  if (!out.empty() && out.back() == '\r') out.pop_back();
  return out;
}

}  // namespace

result<std::string> read_new_password(const std::string& account) {
  if (::isatty(STDIN_FILENO) == 0) return read_line();
  const silence quiet;
  std::fprintf(stderr, "New password for '%s': ", account.c_str());
  auto first = read_line();
  if (!first) return first;
  std::fputs("The same again: ", stderr);
  const auto second = read_line();
  if (!second) return second;
  if (*first != *second) return fail("the two are not the same", {}, "try again");
  return first;
}

}  // namespace callweir::dashboard
