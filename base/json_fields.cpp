#include "base/json_fields.hpp"

#include <cmath>

namespace callweir::json {
namespace {

constexpr double seconds_max = 9e9;  // the year 2255: its nanoseconds fit

std::optional<double> number(const boost::json::value& value) {
  if (value.is_double()) return value.get_double();
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  return std::nullopt;
}

}  // namespace

void fields::wrong(const char* key, const char* expected) {
  if (!good()) return;
  problem_ = {std::string("'") + key + "' expects " + expected, {}, {}};
}

const boost::json::value* fields::find(const char* key) {
  const auto* value = object_.if_contains(key);
  if (value == nullptr) wrong(key, "a value: it is missing");
  return value;
}

const boost::json::array* fields::list(const char* key, std::size_t most) {
  const auto* value = find(key);
  if (value == nullptr) return nullptr;
  if (!value->is_array() || value->get_array().size() > most) {
    wrong(key, "a list of bounded length");
    return nullptr;
  }
  return &value->get_array();
}

std::string fields::one_text(const boost::json::value& value, const char* key) {
  if (value.is_string() && value.get_string().size() <= text_max) {
    return {value.get_string().data(), value.get_string().size()};
  }
  wrong(key, "text of at most 8,192 bytes");
  return {};
}

std::optional<std::string> fields::text_or_null(const char* key) {
  const auto* value = find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return one_text(*value, key);
}

std::string fields::text(const char* key) {
  const auto* value = find(key);
  return value == nullptr ? std::string() : one_text(*value, key);
}

std::uint64_t fields::one_count(const boost::json::value& value, const char* key,
                                std::uint64_t most) {
  std::optional<std::uint64_t> got;
  if (value.is_uint64()) got = value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) {
    got = static_cast<std::uint64_t>(value.get_int64());
  }
  if (got && *got <= most) return *got;
  wrong(key, "a whole number within its bounds");
  return 0;
}

std::uint64_t fields::count(const char* key, std::uint64_t most) {
  const auto* value = find(key);
  return value == nullptr ? 0 : one_count(*value, key, most);
}

std::optional<std::uint64_t> fields::count_or_null(const char* key, std::uint64_t most) {
  const auto* value = find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return one_count(*value, key, most);
}

std::optional<double> fields::number_or_null(const char* key) {
  const auto* value = find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto got = number(*value);
  if (!got) wrong(key, "a number or null");
  return got;
}

bool fields::truth(const char* key) {
  const auto* value = find(key);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  wrong(key, "true or false");
  return false;
}

bool fields::truth_or(const char* key, bool otherwise) {
  return has(key) ? truth(key) : otherwise;
}

tristate fields::open_truth(const char* key) {
  const auto* value = find(key);
  if (value == nullptr || value->is_null()) return tristate::open;
  if (value->is_bool()) return value->get_bool() ? tristate::yes : tristate::no;
  wrong(key, "true, false or null");
  return tristate::open;
}

time_point fields::time(const char* key) {
  const auto* value = find(key);
  if (value == nullptr) return {};
  const auto got = number(*value);
  if (!got || !(std::fabs(*got) <= seconds_max)) {
    wrong(key, "seconds since the epoch");
    return {};
  }
  return {std::llround(*got * 1e6) * 1000};
}

ip_address fields::address(const char* key) {
  const auto* value = find(key);
  if (value == nullptr) return {};
  if (value->is_string() && value->get_string().size() < 64) {
    if (auto parsed = ip_address::parse(
            std::string_view(value->get_string().data(), value->get_string().size()))) {
      return *parsed;
    }
  }
  wrong(key, "an address");
  return {};
}

std::uint8_t fields::percent(const char* key) {
  const auto* value = find(key);
  if (value == nullptr) return 0;
  const auto got = number(*value);
  if (got && *got >= 0 && *got <= 1) return static_cast<std::uint8_t>(std::lround(*got * 100));
  wrong(key, "a number from 0 to 1");
  return 0;
}

std::vector<std::string> fields::texts(const char* key) {
  std::vector<std::string> out;
  const auto* all = list(key, list_max);
  if (all == nullptr) return out;
  out.reserve(all->size());
  for (const auto& one : *all) out.push_back(one_text(one, key));
  return out;
}

std::vector<ip_address> fields::addresses(const char* key) {
  std::vector<ip_address> out;
  for (const auto& text : texts(key)) {
    if (auto parsed = ip_address::parse(text)) {
      out.push_back(*parsed);
    } else {
      wrong(key, "addresses");
    }
  }
  return out;
}

std::vector<std::uint16_t> fields::small_numbers(const char* key, std::size_t elements_max,
                                                 std::uint16_t most) {
  std::vector<std::uint16_t> out;
  const auto* all = list(key, elements_max);
  if (all == nullptr) return out;
  for (const auto& one : *all) {
    out.push_back(static_cast<std::uint16_t>(one_count(one, key, most)));
  }
  return out;
}

both_ways<std::uint64_t> fields::pair(const boost::json::value& value, const char* key) {
  if (!value.is_array() || value.get_array().size() != 2) {
    wrong(key, "two whole numbers");
    return {};
  }
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  return {one_count(value.get_array()[0], key, most), one_count(value.get_array()[1], key, most)};
}

both_ways<std::uint64_t> fields::counts(const char* key) {
  const auto* value = find(key);
  return value == nullptr ? both_ways<std::uint64_t>{} : pair(*value, key);
}

std::array<both_ways<std::uint64_t>, 2> fields::counts_by_class(const char* key) {
  const auto* all = list(key, 2);
  if (all == nullptr) return {};
  if (all->size() != 2) {
    wrong(key, "two pairs of whole numbers");
    return {};
  }
  return {pair((*all)[0], key), pair((*all)[1], key)};
}

both_ways<std::optional<double>> fields::measures(const char* key) {
  both_ways<std::optional<double>> out;
  const auto* all = list(key, 2);
  if (all == nullptr) return out;
  if (all->size() != 2) {
    wrong(key, "two numbers or nulls");
    return out;
  }
  for (std::size_t way = 0; way < 2; ++way) {
    if ((*all)[way].is_null()) continue;
    out[way] = number((*all)[way]);
    if (!out[way]) wrong(key, "two numbers or nulls");
  }
  return out;
}

both_ways<std::vector<std::optional<double>>> fields::measure_lists(const char* key,
                                                                    std::size_t elements_max) {
  constexpr const char* expected = "two lists of numbers or nulls, as long as each other";
  both_ways<std::vector<std::optional<double>>> out;
  const auto* both = list(key, 2);
  if (both == nullptr) return out;
  for (std::size_t way = 0; way < both->size(); ++way) {
    const auto* values = (*both)[way].if_array();
    if (values == nullptr || values->size() > elements_max) {
      wrong(key, expected);
      return {};
    }
    for (const auto& value : *values) {
      out[way].push_back(value.is_null() ? std::nullopt : number(value));
      if (!value.is_null() && !out[way].back()) wrong(key, expected);
    }
  }
  if (both->size() != 2 || out[0].size() != out[1].size()) wrong(key, expected);
  return out;
}

flow_role fields::one_role(const boost::json::value& value, const char* key) {
  const std::string name = one_text(value, key);
  for (int i = 0; i < flow_role_count; ++i) {
    if (name == flow_role_name(static_cast<flow_role>(i))) return static_cast<flow_role>(i);
  }
  wrong(key, "a role");
  return flow_role::unknown;
}

flow_role fields::role(const char* key) {
  const auto* value = find(key);
  return value == nullptr ? flow_role::unknown : one_role(*value, key);
}

std::vector<flow_role> fields::roles(const char* key) {
  std::vector<flow_role> out;
  const auto* all = list(key, flow_role_count);
  if (all == nullptr) return out;
  for (const auto& one : *all) out.push_back(one_role(one, key));
  return out;
}

std::vector<const boost::json::object*> fields::objects(const char* key) {
  std::vector<const boost::json::object*> out;
  const auto* all = list(key, list_max);
  if (all == nullptr) return out;
  for (const auto& one : *all) {
    if (one.is_object()) {
      out.push_back(&one.get_object());
    } else {
      wrong(key, "a list of objects");
    }
  }
  return out;
}

const boost::json::object* fields::object_or_nothing(const char* key) const {
  const auto* value = object_.if_contains(key);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

}  // namespace callweir::json
