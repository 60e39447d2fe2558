// How often which latency was seen, without keeping each: 32 steps an octave, so that a quantile is
// at most 3.2 % too high. One thread writes; read it when that thread has let go of it.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace callweir::bench {

class latency_histogram {
 public:
  void add(std::uint64_t cycles) noexcept {
    ++counts_[step_of(cycles)];
    ++count_;
    if (cycles > most_) most_ = cycles;
  }
  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t most() const noexcept { return most_; }
  /// The least value that the share `q` (0 to 1) of all does not exceed, rounded up to its step; 0
  /// when nothing was added.
  std::uint64_t quantile(double q) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted) return std::min(end_of(i), most_);
    }
    return most_;
  }

 private:
  static constexpr unsigned bits = 5;  // 32 steps an octave
  static constexpr std::size_t steps = (64 - bits + 1) << bits;

  static std::size_t step_of(std::uint64_t v) noexcept {
    if (v < 1U << bits) return v;
    const unsigned octave = static_cast<unsigned>(std::bit_width(v)) - 1 - bits;
    return (std::size_t{octave} << bits) + (v >> octave);
  }
  /// The highest value of a step.
  static std::uint64_t end_of(std::size_t step) noexcept {
    if (step < 1U << bits) return step;
    const std::size_t octave = (step >> bits) - 1;
    const std::uint64_t mantissa = step - (octave << bits);
    return ((mantissa + 1) << octave) - 1;
  }

  std::array<std::uint64_t, steps> counts_{};
  std::uint64_t count_ = 0, most_ = 0;
};

}  // namespace callweir::bench
