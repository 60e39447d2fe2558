#include "base/log.hpp"

#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>

namespace callweir::log {
namespace {

std::atomic<level> least_wanted{level::info};

/// stderr, unless it would make the speaker wait: a terminal stopped by Ctrl-S or a pipe that
/// nobody reads must not hold up a supervisor. Lines that find no room are counted, and the count
/// is told when there is.
class patient_sink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (!has_room()) {
      ++lost_;
      return;
    }
    spdlog::memory_buf_t line;
    if (lost_ > 0) {
      fmt::format_to(std::back_inserter(line), "log: {} lines before this one were lost\n", lost_);
      lost_ = 0;
    }
    formatter_->format(message, line);
    // What has room at all has room for a page; a longer line is cut.
    if (line.size() > line_bytes_max) line[line_bytes_max - 1] = '\n';
    (void)!::write(STDERR_FILENO, line.data(), std::min(line.size(), line_bytes_max));
  }
  void flush_() override {}

 private:
  static constexpr std::size_t line_bytes_max = 4096;
  static bool has_room() {
    pollfd there{STDERR_FILENO, POLLOUT, 0};
    return ::poll(&there, 1, 0) == 1 && (there.revents & POLLOUT) != 0;
  }
  std::uint64_t lost_ = 0;
};

bool under_journal() {
  return std::getenv("JOURNAL_STREAM") != nullptr;
}

spdlog::logger& logger() {
  static spdlog::logger* const instance = [] {
    auto made = new spdlog::logger("callweir", std::make_shared<patient_sink>());
    made->set_level(spdlog::level::trace);
    made->set_pattern(under_journal() ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    return made;  // never destroyed: a thread may still speak while the process ends
  }();
  return *instance;
}

spdlog::level::level_enum translate(level severity) {
  switch (severity) {
    case level::debug:
      return spdlog::level::debug;
    case level::info:
      return spdlog::level::info;
    case level::warning:
      return spdlog::level::warn;
    case level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

/// sd-daemon(3): syslog's numbers in angle brackets at the start of the line.
const char* journal_prefix(level severity) {
  switch (severity) {
    case level::debug:
      return "<7>";
    case level::info:
      return "<6>";
    case level::warning:
      return "<4>";
    case level::error:
      return "<3>";
  }
  return "<3>";
}

}  // namespace

void start(level least) {
  least_wanted.store(least, std::memory_order_relaxed);
  (void)logger();
}

bool wanted(level severity) noexcept {
  return severity >= least_wanted.load(std::memory_order_relaxed);
}

void write(level severity, std::string_view module, std::string_view message) {
  if (!wanted(severity)) return;
  static const bool journal = under_journal();
  const char* prefix = journal ? journal_prefix(severity) : "";
  logger().log(translate(severity), "{}{}: {}", prefix, module, message);
}

bool limiter::pass(time_point now) noexcept {
  if (now < next_) {
    ++waiting_;
    return false;
  }
  next_ = now + interval_;
  reported_ = waiting_;
  waiting_ = 0;
  return true;
}

}  // namespace callweir::log
