// The verb `analyze`: captures in, a report out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip_address.hpp"

namespace callweir::engine {

enum class analyze_format : std::uint8_t { table, json, csv, html };

struct analyze_request {
  std::vector<std::string> files;
  std::vector<ip_prefix> inside;
  bool separate = false;
  std::string configuration;  // path, "" for none
  analyze_format format = analyze_format::table;
  std::string output;  // path, "" for stdout
};

/// Exit code. Problems go to stderr, one line each; what precedes a damage is reported all the
/// same.
int run_analyze(const analyze_request& request);

}  // namespace callweir::engine
