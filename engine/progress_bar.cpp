#include "engine/progress_bar.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace callweir::engine {

progress_bar::progress_bar(std::string title)
    : title_(std::move(title)),
      terminal_(::isatty(STDERR_FILENO) == 1),
      begin_(std::chrono::steady_clock::now()),
      next_(begin_ + std::chrono::milliseconds(300)) {}  // what is done at once needs no bar

void progress_bar::show(double share) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  share = std::clamp(share, 0.0, 1.0);
  constexpr int width = 30;
  const int full = static_cast<int>(share * width);
  const double elapsed = std::chrono::duration<double>(now - begin_).count();
  const double left = share > 0.01 ? elapsed / share - elapsed : 0;
  std::fputs(fmt::format("\r{} [{}{}] {:3.0f} % {}\x1b[K", title_,
                         std::string(static_cast<std::size_t>(full), '#'),
                         std::string(static_cast<std::size_t>(width - full), ' '), share * 100,
                         left >= 1 ? fmt::format("{:.0f} s left", left) : "")
                 .c_str(),
             stderr);
  std::fflush(stderr);
  drawn_ = true;
}

void progress_bar::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace callweir::engine
