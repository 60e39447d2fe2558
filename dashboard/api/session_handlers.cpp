// Logging in and out, one's own password, the first login.
#include "dashboard/api/answers.hpp"
#include "dashboard/api/body.hpp"
#include "dashboard/api/handlers.hpp"
#include "dashboard/api/session_cookie.hpp"

namespace callweir::dashboard::routes {
namespace {

std::string described(const context& of, const identity& who) {
  const auto& configured = of.here.parts.configured;
  std::string out = "{";
  append_text(out, "name", who.name);
  append_text(out, "role", role_name(who.what));
  json::append_key(out, "scopes");
  out += '[';
  bool first = true;
  for (const scope one : {scope_read, scope_reports, scope_metrics, scope_admin}) {
    if ((who.scopes & one) == 0) continue;
    if (!first) out += ',';
    first = false;
    json::append_string(out, scope_names(one));
  }
  out += ']';
  json::append_key(out, "token");
  json::append_bool(out, who.token);
  append_text_or_null(out, "csrf", who.csrf);
  json::append_key(out, "expires");
  if (who.expires.ns == 0) {
    out += "null";
  } else {
    json::append_time(out, who.expires);
  }
  append_text(out, "site", configured.site);
  append_text(out, "timezone", configured.timezone);
  append_text(out, "version", of.here.parts.version);
  return out + "}";
}

http::response answered(const context& of, const login& how) {
  switch (how.what) {
    case login::outcome::in: {
      auto out = made(described(of, how.who));
      out.headers.emplace_back("Set-Cookie", session_cookie(how.who.secret, of.ask.secure));
      return out;
    }
    case login::outcome::throttled:
    case login::outcome::busy: {
      const bool slow = how.what == login::outcome::throttled;
      auto out = http::problem(slow ? 429 : 503,
                               slow ? "too many tries" : "other logins are being checked", {},
                               "wait and try again");
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(how.wait).count();
      out.headers.emplace_back("Retry-After", std::to_string(seconds));
      return out;
    }
    case login::outcome::refused:
      return refusal(400, how.problem);
    default:
      return http::problem(401, "that is not right", {}, "check what you wrote");
  }
}

/// Nobody, or somebody whose session cannot be changed.
http::response nobody(context& of) {
  const auto needed = of.here.parts.access->needs_setup();
  const bool setup = needed && *needed;
  return http::problem(
      401, "nobody is logged in", {},
      setup ? "make the first admin: POST /api/v1/setup" : "log in: POST /api/v1/session");
}

}  // namespace

http::response get_session(context& of) {
  return of.who == nullptr ? nobody(of) : made(described(of, *of.who));
}

http::response post_session(context& of) {
  const auto sent = body::read(of.ask.body, {"name", "password"});
  if (!sent) return refusal(400, sent.error());
  const auto name = sent->text("name"), password = sent->text("password", json_bytes_max);
  if (!name) return refusal(400, name.error());
  if (!password) return refusal(400, password.error());
  return answered(of, of.here.parts.access->log_in(*name, *password, of.ask.peer, of.now));
}

http::response patch_session(context& of) {
  if (of.who == nullptr) return nobody(of);
  if (of.who->token) return http::problem(403, "a token has no password");
  const auto sent = body::read(of.ask.body, {"password", "new_password"});
  if (!sent) return refusal(400, sent.error());
  const auto now = sent->text("password", json_bytes_max);
  const auto then = sent->text("new_password", json_bytes_max);
  if (!now) return refusal(400, now.error());
  if (!then) return refusal(400, then.error());
  auto how = of.here.parts.access->change_password(*of.who, *now, *then, of.ask.peer, of.now);
  // Not 401: the session holds, only the old password is wrong.
  if (how.what == login::outcome::wrong) {
    return http::problem(403, "the password so far is not right", "password");
  }
  return answered(of, how);
}

http::response delete_session(context& of) {
  if (of.who == nullptr) return nobody(of);
  if (of.who->token) return http::problem(403, "a token has no session");
  of.here.parts.access->log_out(*of.who, of.ask.peer, of.now);
  auto out = done();
  out.headers.emplace_back("Set-Cookie", session_cookie("", of.ask.secure));
  return out;
}

http::response get_setup(context& of) {
  const auto needed = of.here.parts.access->needs_setup();
  if (!needed) return come_again(needed.error(), 5);
  return made(*needed ? "{\"needed\":true}" : "{\"needed\":false}");
}

http::response post_setup(context& of) {
  const auto sent = body::read(of.ask.body, {"code", "name", "password"});
  if (!sent) return refusal(400, sent.error());
  const auto code = sent->text("code"), name = sent->text("name");
  const auto password = sent->text("password", json_bytes_max);
  if (!code) return refusal(400, code.error());
  if (!name) return refusal(400, name.error());
  if (!password) return refusal(400, password.error());
  return answered(of, of.here.parts.access->set_up(*code, *name, *password, of.ask.peer, of.now));
}

}  // namespace callweir::dashboard::routes
