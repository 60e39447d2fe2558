// Writes Prometheus' text exposition format 0.0.4.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace callweir::dashboard::routes {

class metric_writer {
 public:
  using labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// The samples that follow are of this metric. `kind`: counter, gauge, histogram.
  void begin(const char* name, const char* help, const char* kind);
  void sample(labels with, std::uint64_t value);
  void one(const char* name, const char* help, const char* kind, std::uint64_t value) {
    begin(name, help, kind);
    sample({}, value);
  }
  /// Of a histogram: so many up to `bound_s`; below zero: up to any.
  void bucket(double bound_s, std::uint64_t count);
  void sum_and_count(double sum_s, std::uint64_t count);
  std::string text() && { return std::move(out_); }

 private:
  std::string out_;
  const char* name_ = "";
};

}  // namespace callweir::dashboard::routes
