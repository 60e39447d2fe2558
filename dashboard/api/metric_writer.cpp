#include "dashboard/api/metric_writer.hpp"

#include <fmt/format.h>

#include <iterator>

namespace callweir::dashboard::routes {
namespace {

/// Backslash, quote and line feed are escaped; other control characters and what is no UTF-8 are
/// the reader's.
void append_value(std::string& out, std::string_view value) {
  for (const char c : value.substr(0, 256)) {
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
}

}  // namespace

void metric_writer::begin(const char* name, const char* help, const char* kind) {
  name_ = name;
  fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
}

void metric_writer::sample(labels with, std::uint64_t value) {
  out_ += name_;
  char before = '{';
  for (const auto& [key, text] : with) {
    out_ += before;
    before = ',';
    out_.append(key).append("=\"");
    append_value(out_, text);
    out_ += '"';
  }
  if (with.size() > 0) out_ += '}';
  fmt::format_to(std::back_inserter(out_), " {}\n", value);
}

void metric_writer::bucket(double bound_s, std::uint64_t count) {
  const std::string bound = bound_s < 0 ? "+Inf" : fmt::format("{}", bound_s);
  fmt::format_to(std::back_inserter(out_), "{}_bucket{{le=\"{}\"}} {}\n", name_, bound, count);
}

void metric_writer::sum_and_count(double sum_s, std::uint64_t count) {
  fmt::format_to(std::back_inserter(out_), "{}_sum {:.6f}\n{}_count {}\n", name_, sum_s, name_,
                 count);
}

}  // namespace callweir::dashboard::routes
