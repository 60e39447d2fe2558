// What a program says of itself, on stderr: one line a happening, for people and for the journal.
// Never on the data path: a packet's mishap is a counted reason.
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/units.hpp"

namespace callweir::log {

enum class level : std::uint8_t { debug, info, warning, error };

/// Messages below `least` are not written. Under systemd (JOURNAL_STREAM set) lines carry the
/// journal's priority (sd-daemon(3)) and no time of their own. Call once, before threads start;
/// without it `info` and above are written.
void start(level least);
/// `module`: the room or part that speaks, "engine". Any thread; lines are never mixed, and none
/// waits for a reader: what finds no room is counted and left out. At most 4,096 bytes.
void write(level severity, std::string_view module, std::string_view message);
bool wanted(level severity) noexcept;

template <class... Args>
void debug(std::string_view module, fmt::format_string<Args...> text, Args&&... args) {
  if (wanted(level::debug))
    write(level::debug, module, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view module, fmt::format_string<Args...> text, Args&&... args) {
  if (wanted(level::info))
    write(level::info, module, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void warning(std::string_view module, fmt::format_string<Args...> text, Args&&... args) {
  write(level::warning, module, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view module, fmt::format_string<Args...> text, Args&&... args) {
  write(level::error, module, fmt::format(text, std::forward<Args>(args)...));
}

/// Lets a recurring message through at most once an interval and counts what it held back. One
/// thread.
class limiter {
 public:
  explicit limiter(nanoseconds interval = std::chrono::seconds(10)) : interval_(interval) {}
  /// True when the message may be written now; `held_back()` then says how many were not.
  bool pass(time_point now) noexcept;
  std::uint64_t held_back() const noexcept { return reported_; }

 private:
  nanoseconds interval_;
  time_point next_{};
  std::uint64_t waiting_ = 0, reported_ = 0;
};

}  // namespace callweir::log
