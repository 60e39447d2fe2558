// Logging in and out, one's own password, the first login.
#include "dashboard/api/answers.hpp"
#include "dashboard/api/body.hpp"
#include "dashboard/api/handlers.hpp"
#include "dashboard/api/session_cookie.hpp"

namespace callweir::dashboard::routes {
namespace {

/// `written`: login and session are on disk.
std::string described(const services& here, const identity& who, bool written = true) {
  const auto& configured = here.parts.configured;
  std::string out = "{";
  append_text(out, "name", who.name);
  append_text(out, "role", role_name(who.what));
  json::append_key(out, "scopes");
  out += '[';
  bool first = true;
  for (const scope one : {scope_read, scope_reports, scope_metrics, scope_admin, scope_operate}) {
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
  append_text(out, "version", here.parts.version);
  json::append_key(out, "written");
  json::append_bool(out, written);
  return out + "}";
}

/// `changes`: somebody who is in already wants another password.
http::response answered(const services& here, bool secure, bool changes, const login& how) {
  switch (how.what) {
    case login::outcome::in: {
      auto out = made(described(here, how.who, how.written));
      out.headers.emplace_back("Set-Cookie", session_cookie(how.who.secret, secure));
      out.headers.emplace_back("Set-Cookie", device_cookie(how.device, secure));
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
      // Not 401 where a session holds and only the old password is wrong.
      return changes ? http::problem(403, "the password so far is not right", "password")
                     : http::problem(401, "that is not right", {}, "check what you wrote");
  }
}

/// The first half's answer, or the second half for the lane of heavy work.
http::response halves(context& of, access_control::first_half&& first, bool changes = false) {
  if (!first.goes_on) return answered(of.here, of.ask.secure, changes, first.ended);
  http::response out;
  out.urgent = first.known_device;
  out.later = [here = &of.here, secure = of.ask.secure, changes, one = std::move(first.goes_on)] {
    return answered(*here, secure, changes, here->parts.access->finish(*one));
  };
  return out;
}

login_try try_of(const context& of) {
  login_try out;
  out.address = of.ask.peer;
  out.device = device_proof(of.ask);
  return out;
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
  return of.who == nullptr ? nobody(of) : made(described(of.here, *of.who));
}

http::response post_session(context& of) {
  const auto sent = body::read(of.ask.body, {"name", "password"});
  if (!sent) return refusal(400, sent.error());
  const auto name = sent->text("name"), password = sent->text("password", json_bytes_max);
  if (!name) return refusal(400, name.error());
  if (!password) return refusal(400, password.error());
  auto who = try_of(of);
  who.name = *name;
  who.password = *password;
  return halves(of, of.here.parts.access->begin_log_in(std::move(who), of.now));
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
  auto with = try_of(of);
  with.password = *now;
  with.new_password = *then;
  auto out = halves(of, of.here.parts.access->begin_change(*of.who, std::move(with), of.now), true);
  out.urgent = true;
  return out;
}

http::response delete_session(context& of) {
  if (of.who == nullptr) return nobody(of);
  if (of.who->token) return http::problem(403, "a token has no session");
  auto out = done(of.here.parts.access->log_out(*of.who, of.ask.peer, of.now));
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
  auto who = try_of(of);
  who.code = *code;
  who.name = *name;
  who.password = *password;
  return halves(of, of.here.parts.access->begin_set_up(std::move(who), of.now));
}

}  // namespace callweir::dashboard::routes
