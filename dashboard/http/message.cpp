#include "dashboard/http/message.hpp"

#include "base/json_writer.hpp"

namespace callweir::dashboard::http {
namespace {

std::string_view find(const std::vector<std::pair<std::string, std::string>>& list,
                      std::string_view name) {
  for (const auto& [key, value] : list) {
    if (key == name) return value;
  }
  return {};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view request::header(std::string_view lower_case_name) const {
  return find(headers, lower_case_name);
}

std::string_view request::parameter(std::string_view name) const {
  return find(query, name);
}

std::string_view request::cookie(std::string_view name) const {
  std::string_view rest = header("cookie");
  while (!rest.empty()) {
    const auto end = rest.find(';');
    const auto one = trimmed(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const auto equals = one.find('=');
    if (equals != std::string_view::npos && one.substr(0, equals) == name) {
      return one.substr(equals + 1);
    }
  }
  return {};
}

response problem(int status, std::string_view what, std::string_view where, std::string_view mend) {
  response out;
  out.status = status;
  out.body = "{\"error\":{\"status\":" + std::to_string(status);
  const auto add = [&](const char* key, std::string_view value) {
    json::append_key(out.body, key);
    json::append_string(out.body, value);
  };
  add("what", what);
  add("where", where);
  add("mend", mend);
  out.body += "}}";
  return out;
}

}  // namespace callweir::dashboard::http
