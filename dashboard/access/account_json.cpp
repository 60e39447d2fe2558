// Accounts and tokens as JSON, for the API and `callweir user --json`.
#include "base/json_writer.hpp"
#include "dashboard/access/account_book.hpp"

namespace callweir::dashboard {
namespace {

void append_time_or_null(std::string& out, const char* key, std::optional<time_point> at) {
  json::append_key(out, key);
  if (at) {
    json::append_time(out, *at);
  } else {
    out += "null";
  }
}

}  // namespace

void append_json(std::string& out, const account& what) {
  out += R"({"type":"account","name":)";
  json::append_string(out, what.name);
  json::append_key(out, "role");
  json::append_string(out, role_name(what.what));
  append_time_or_null(out, "created", what.created);
  append_time_or_null(out, "changed", what.changed);
  append_time_or_null(out, "last_login", what.last_login);
  json::append_key(out, "last_login_from");
  if (what.last_login) {
    json::append_string(out, what.last_login_from);
  } else {
    out += "null";
  }
  out += '}';
}

void append_json(std::string& out, const api_token& what) {
  out += R"({"type":"token","id":)";
  json::append_integer(out, static_cast<std::uint64_t>(what.id));
  json::append_key(out, "name");
  json::append_string(out, what.name);
  json::append_key(out, "role");
  json::append_string(out, role_name(what.what));
  json::append_key(out, "scopes");
  out += '[';
  bool first = true;
  for (const scope one : {scope_read, scope_reports, scope_metrics, scope_admin}) {
    if ((what.scopes & one) == 0) continue;
    if (!first) out += ',';
    first = false;
    json::append_string(out, scope_names(one));
  }
  out += ']';
  append_time_or_null(out, "created", what.created);
  append_time_or_null(out, "expires", what.expires);
  append_time_or_null(out, "last_used", what.last_used);
  json::append_key(out, "made_by");
  json::append_string(out, what.made_by);
  out += '}';
}

}  // namespace callweir::dashboard
