#include "bench/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace callweir::bench {
namespace {
constexpr auto every = std::chrono::seconds(2);
}

progress::progress(std::string verb) : verb_(std::move(verb)) {}

void progress::show(std::string_view stage, double share) {
  const auto now = clock::now();
  if (now - said_ < every) return;
  said_ = now;
  fmt::print(stderr, "callweir-bench: {}, {} {:.0f} %, {:.0f} s so far\n", verb_, stage,
             100 * std::clamp(share, 0.0, 1.0),
             std::chrono::duration<double>(now - begun_).count());
  std::fflush(stderr);
}

}  // namespace callweir::bench
