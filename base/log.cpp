#include "base/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <cstdlib>
#include <memory>

namespace callweir::log {
namespace {

std::atomic<level> least_wanted{level::info};

bool under_journal() {
  return std::getenv("JOURNAL_STREAM") != nullptr;
}

spdlog::logger& logger() {
  static spdlog::logger* const instance = [] {
    auto made = new spdlog::logger("callweir", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::trace);
    made->set_pattern(under_journal() ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    made->flush_on(spdlog::level::trace);
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
