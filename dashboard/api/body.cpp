#include "dashboard/api/body.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace callweir::dashboard::routes {
namespace json = boost::json;

struct body::tree {
  json::object object;
  const json::value* find(std::string_view key) const {
    const auto* value = object.if_contains(json::string_view(key.data(), key.size()));
    return value == nullptr || value->is_null() ? nullptr : value;
  }
};

namespace {

tl::unexpected<error> unfit(std::string_view key, const char* what) {
  return fail("'" + std::string(key) + "' " + what, std::string(key), {});
}

}  // namespace

body::body(std::unique_ptr<tree> parsed) : tree_(std::move(parsed)) {}
body::body(body&& other) noexcept = default;
body& body::operator=(body&& other) noexcept = default;
body::~body() = default;

result<body> body::read(std::string_view text, std::initializer_list<std::string_view> keys) {
  if (text.size() > json_bytes_max) return fail("the body is larger than 64 kB", "body");
  json::parse_options options;
  options.max_depth = json_depth_max;
  json::error_code problem;
  auto parsed = json::parse(json::string_view(text.data(), text.size()), problem, {}, options);
  if (problem) return fail("the body is no JSON that can be read: " + problem.message(), "body");
  if (!parsed.is_object()) return fail("the body is no JSON object", "body");
  auto made = std::make_unique<tree>();
  made->object = std::move(parsed.get_object());
  for (const auto& entry : made->object) {
    const std::string_view key(entry.key().data(), entry.key().size());
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    std::string all;
    for (const auto& one : keys) all.append(all.empty() ? "" : ", ").append(one);
    return fail("unknown key '" + std::string(key.substr(0, 64)) + "'", "body", "it takes " + all);
  }
  return body(std::move(made));
}

bool body::has(std::string_view key) const {
  return tree_->find(key) != nullptr;
}

result<std::string> body::text(std::string_view key, std::size_t most) const {
  const auto* value = tree_->find(key);
  if (value == nullptr) return unfit(key, "is missing");
  if (!value->is_string()) return unfit(key, "is no text");
  const auto& text = value->get_string();
  if (text.size() > most) return unfit(key, "is too long");
  return std::string(text.data(), text.size());
}

result<std::vector<std::string>> body::texts(std::string_view key, std::size_t most) const {
  const auto* value = tree_->find(key);
  if (value == nullptr) return unfit(key, "is missing");
  if (!value->is_array() || value->get_array().size() > most) return unfit(key, "is no short list");
  std::vector<std::string> out;
  for (const auto& one : value->get_array()) {
    if (!one.is_string() || one.get_string().size() > 64) return unfit(key, "is no list of words");
    out.emplace_back(one.get_string().data(), one.get_string().size());
  }
  return out;
}

result<bool> body::flag(std::string_view key) const {
  const auto* value = tree_->find(key);
  if (value == nullptr) return unfit(key, "is missing");
  if (!value->is_bool()) return unfit(key, "is neither true nor false");
  return value->get_bool();
}

result<std::uint64_t> body::whole(std::string_view key, std::uint64_t least,
                                  std::uint64_t most) const {
  const auto* value = tree_->find(key);
  if (value == nullptr) return unfit(key, "is missing");
  json::error_code problem;
  const auto number = value->to_number<std::uint64_t>(problem);
  if (problem || value->is_double() || number < least || number > most) {
    return unfit(key, "is no whole number that fits");
  }
  return number;
}

}  // namespace callweir::dashboard::routes
