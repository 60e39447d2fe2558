// A page made into a PDF by WeasyPrint, a program of its own: started without a shell, at a low
// priority, with bounds on time, memory and output.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace callweir::dashboard {

struct child_limits {
  nanoseconds time = std::chrono::seconds(120);
  std::size_t output_bytes = 64 << 20, messages_bytes = 4'000;
  std::uint64_t memory_bytes = 2'000'000'000;
};

/// Runs a program with `input` on its standard input and returns its standard output. Errors: it
/// cannot be started (`missing` is then true where there is no such program), it takes too long or
/// says too much, or ends with anything but 0 (with the last of what it said). Blocks the calling
/// thread; any thread.
result<std::string> run_filter(const std::vector<std::string>& words, std::string_view input,
                               const child_limits& limits, bool* missing = nullptr);

/// `made`: the date within the document, so that the same report is the same file.
result<std::string> make_pdf(std::string_view html, time_point made);

}  // namespace callweir::dashboard
