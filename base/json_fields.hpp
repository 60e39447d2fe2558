// Reads the fields of one JSON object that a stranger may have written: each has a type and bounds,
// and the first that does not fit is the error, by its key. Values come out as given or as
// defaults, so that callers check once, at the end.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "base/record.hpp"
#include "base/result.hpp"
#include "base/verdict.hpp"

namespace callweir::json {

class fields {
 public:
  static constexpr std::size_t text_max = 8'192;  // bytes of one string
  static constexpr std::size_t list_max = 4'096;  // elements of one list

  explicit fields(const boost::json::object& of) : object_(of) {}

  /// nullopt for null; an error where null is not expected is the caller's to raise.
  std::optional<std::string> text_or_null(const char* key);
  std::string text(const char* key);
  std::string text_or_empty(const char* key) { return text_or_null(key).value_or(std::string()); }
  std::uint64_t count(const char* key,
                      std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
  std::optional<std::uint64_t> count_or_null(const char* key, std::uint64_t most);
  std::optional<double> number_or_null(const char* key);
  bool truth(const char* key);
  bool truth_or(const char* key, bool otherwise);  // where the key is missing
  tristate open_truth(const char* key);            // null: open
  time_point time(const char* key);                // seconds, to the microsecond
  ip_address address(const char* key);
  std::uint8_t percent(const char* key);  // from 0.0 to 1.0
  std::vector<std::string> texts(const char* key);
  std::vector<ip_address> addresses(const char* key);
  std::vector<std::uint16_t> small_numbers(const char* key, std::size_t elements_max,
                                           std::uint16_t most);
  both_ways<std::uint64_t> counts(const char* key);
  std::array<both_ways<std::uint64_t>, 2> counts_by_class(const char* key);
  both_ways<std::optional<double>> measures(const char* key);
  /// Two lists of numbers or nulls, as long as each other.
  both_ways<std::vector<std::optional<double>>> measure_lists(const char* key,
                                                              std::size_t elements_max);
  flow_role role(const char* key);
  std::vector<flow_role> roles(const char* key);
  /// Elements of a list of objects; an element that is none is an error.
  std::vector<const boost::json::object*> objects(const char* key);
  const boost::json::object* object_or_nothing(const char* key) const;
  bool has(const char* key) const { return object_.if_contains(key) != nullptr; }

  /// Marks `key` as wrong; the first one stays.
  void wrong(const char* key, const char* expected);
  bool good() const { return problem_.what.empty(); }
  const error& problem() const { return problem_; }

 private:
  const boost::json::value* find(const char* key);
  const boost::json::array* list(const char* key, std::size_t most);
  std::string one_text(const boost::json::value& value, const char* key);
  std::uint64_t one_count(const boost::json::value& value, const char* key, std::uint64_t most);
  both_ways<std::uint64_t> pair(const boost::json::value& value, const char* key);
  flow_role one_role(const boost::json::value& value, const char* key);

  const boost::json::object& object_;
  error problem_;
};

}  // namespace callweir::json
