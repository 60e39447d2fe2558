// The parameters of a question: every route says which it takes, and a question with others, or
// with values that do not fit, is refused with a sentence. The same descriptions make the OpenAPI
// document.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip_address.hpp"
#include "base/result.hpp"
#include "dashboard/store/queries.hpp"

namespace callweir::dashboard::routes {

enum class parameter_kind : std::uint8_t { time, span, step, whole, flag, address, text, choice };

struct parameter {
  const char* name;
  parameter_kind kind;
  const char* what;                   // for the document
  const char* choices = "";           // of a choice: words separated by '|'
  std::uint64_t least = 0, most = 0;  // of a whole number
  std::uint64_t otherwise = 0;        // where it is not written
};

/// `last` of calendar periods, or a time that ends now.
constexpr nanoseconds span_max = std::chrono::hours(24 * 3'660);

class arguments {
 public:
  /// Checked against `known`: nothing else, nothing twice, every value readable.
  static result<arguments> read(const std::vector<std::pair<std::string, std::string>>& query,
                                std::span<const parameter> known, const std::string& timezone,
                                time_point now);

  bool has(std::string_view name) const { return find(name) != nullptr; }
  std::optional<std::string> text(std::string_view name) const;
  std::optional<bool> flag(std::string_view name) const;
  std::optional<ip_address> address(std::string_view name) const;
  std::uint64_t whole(std::string_view name) const;
  /// Zero where it is not written.
  nanoseconds step() const;
  /// from and to, or last; without them the `otherwise` that ends now. Whole seconds.
  period when(nanoseconds otherwise = std::chrono::hours(24)) const {
    return when_.value_or(now_minus(otherwise));
  }
  bool has_period() const { return when_.has_value(); }

 private:
  const std::string* find(std::string_view name) const;
  period now_minus(nanoseconds span) const;
  result<void> read_period(const std::string& timezone);
  result<void> check(const parameter& one, const std::string& value) const;

  std::vector<std::pair<std::string, std::string>> values_;
  std::span<const parameter> known_;
  std::optional<period> when_;
  time_point now_;
};

}  // namespace callweir::dashboard::routes
