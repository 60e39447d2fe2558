#include "dashboard/access/setup_code.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "dashboard/access/secret.hpp"

namespace callweir::dashboard {
namespace {

std::string letters_of(std::string_view typed) {
  std::string out;
  for (const char c : typed.substr(0, 64)) {
    if (c == '-' || c == ' ' || c == '\n') continue;
    out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return out;
}

constexpr std::size_t letters = 20;

}  // namespace

result<bool> setup_code::ensure() {
  if (letters_of(read()).size() == letters) return false;
  ::unlink(path_.c_str());  // what is there is no code
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail(std::string("cannot be made: ") + std::strerror(errno), path_);
  const std::string line = new_setup_code() + "\n";
  const bool written = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  const bool closed = ::close(fd) == 0;
  if (written && closed) return true;
  ::unlink(path_.c_str());
  return fail("cannot be written", path_, "is the disk full?");
}

std::string setup_code::read() const {
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return {};
  std::array<char, 64> text{};
  const ssize_t got = ::read(fd, text.data(), text.size());
  ::close(fd);
  std::string out(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

bool setup_code::fits(std::string_view typed) const {
  const std::string right = letters_of(read());
  return right.size() == letters && same_secret(letters_of(typed), right);
}

void setup_code::forget() const {
  ::unlink(path_.c_str());
}

}  // namespace callweir::dashboard
