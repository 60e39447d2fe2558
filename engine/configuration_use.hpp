// What the configuration means to the parts: their own settings, made from the file's.
#pragma once

#include "classify/classifier.hpp"
#include "engine/configuration.hpp"

namespace callweir::engine {

/// Calls at the same time, at most, whatever the configuration says.
constexpr std::uint32_t calls_max = 20'000;

/// Frames that the delay line of one worker holds at most.
constexpr std::uint32_t held_frames = 8192;

/// Table, time-outs and emergency settings of one worker; worker number, seed and switches are the
/// caller's. `workers` share the configured flows evenly.
classify::classifier_config classifier_settings(const configuration& from, unsigned workers = 1);

/// One part of the memory that an engine takes at most.
struct memory_part {
  std::string what;
  std::uint64_t bytes;
};
/// All parts, for so many workers (0: what `auto` may choose at most on this machine).
std::vector<memory_part> memory_plan(const configuration& from, unsigned workers);

}  // namespace callweir::engine
