// From a request to its answer: who asks, may they, is the question well formed; then the handler.
#include "dashboard/api/api.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "dashboard/api/answers.hpp"
#include "dashboard/api/openapi.hpp"
#include "dashboard/api/route.hpp"
#include "dashboard/api/session_cookie.hpp"

namespace callweir::dashboard {

using routes::context;
using routes::route;

struct api::impl {
  explicit impl(api_parts with) : here(std::move(with)) {
    if (!here.names.on()) return;
    here.parts.board->rewrite_with(
        [names = here.names](std::string_view text) { return names.scrub(text); });
  }

  std::int64_t audited = 0;  // newest waiting line that the store has; ids are never used twice

  http::response answer(const http::request& ask);
  http::response answer_route(const http::request& ask, const routes::match& at);
  http::response pages(const http::request& ask) const;
  http::response guarded(const char* verb, const std::string& path,
                         const std::function<http::response()>& work) noexcept;

  routes::services here;
};

namespace {

bool is_unsafe(http::method verb) {
  return verb != http::method::get && verb != http::method::head;
}

bool is_api(std::string_view path) {
  return path.starts_with("/api/") || path == "/api" || path == "/healthz" || path == "/metrics";
}

/// Who asks: nobody, somebody, or somebody whose token is wrong.
struct asker {
  std::optional<identity> who;
  bool wrong_token = false;
};

asker asker_of(const http::request& ask, access_control& access, time_point now) {
  constexpr std::string_view bearer = "Bearer ";
  const auto header = ask.header("authorization");
  if (!header.empty()) {
    asker out;
    if (header.starts_with(bearer)) out.who = access.by_token(header.substr(bearer.size()), now);
    out.wrong_token = !out.who;
    return out;
  }
  const auto secret = routes::session_secret(ask);
  return {secret.empty() ? std::nullopt : access.by_session(secret, now), false};
}

http::response not_known(bool wrong_token) {
  auto out = http::problem(401, wrong_token ? "the token is not valid" : "nobody is logged in", {},
                           "log in, or send a token: Authorization: Bearer cw_…");
  // Not for cookies: browsers would ask for a password of their own.
  if (wrong_token) out.headers.emplace_back("WWW-Authenticate", "Bearer error=\"invalid_token\"");
  return out;
}

/// Browsers name the page that a request comes from; another site's is refused (and no page can
/// leave the header out of what changes anything).
bool foreign(const http::request& ask) {
  const auto origin = ask.header("origin");
  if (origin.empty()) return false;
  const auto mark = origin.find("://");
  return mark == std::string_view::npos || origin.substr(mark + 3) != ask.header("host");
}

/// What must hold before anything is changed; nullopt when it does.
std::optional<http::response> unsafe_refused(const http::request& ask, const identity* who,
                                             const route& at) {
  if (foreign(ask)) return http::problem(403, "the request comes from another site", "Origin");
  if (who != nullptr && !who->token && !same_secret(ask.header("x-csrf-token"), who->csrf)) {
    // Logging in anew replaces a session and needs no word of the old one.
    const bool enters = at.verb == http::method::post && !at.needs;
    if (!enters) {
      return http::problem(403, "the request does not prove that this site's page sent it",
                           "X-CSRF-Token", "send what GET /api/v1/session says under csrf");
    }
  }
  if (*at.body != '\0') {
    const auto type = ask.header("content-type");
    if (type.substr(0, type.find(';')) != "application/json") {
      return http::problem(415, "the body must be JSON", "Content-Type", "application/json");
    }
    if (ask.body.size() > 64 << 10) return http::problem(413, "the body is larger than 64 kB");
  }
  return std::nullopt;
}

/// A question by address would tell which name stands for it.
bool asks_by_address(const route& at, const http::request& ask) {
  return std::any_of(at.parameters.begin(), at.parameters.end(), [&](const auto& one) {
    return one.kind == routes::parameter_kind::address && !ask.parameter(one.name).empty();
  });
}

bool shows_addresses(const route& at) {
  return at.needs == right::watch || at.needs == right::audit;
}

}  // namespace

http::response api::impl::pages(const http::request& ask) const {
  if (is_unsafe(ask.verb)) {
    auto out = http::problem(405, "pages are read only");
    out.headers.emplace_back("Allow", "GET, HEAD");
    return out;
  }
  return here.parts.files ? here.parts.files(ask) : http::problem(404, "there is no such page");
}

http::response api::impl::answer_route(const http::request& ask, const routes::match& at) {
  const route& found = *at.found;
  const time_point now = here.parts.now();
  const auto from = asker_of(ask, *here.parts.access, now);
  const identity* who = from.who ? &*from.who : nullptr;
  if (from.wrong_token) return not_known(true);
  if (found.needs) {
    if (who == nullptr) return not_known(false);
    if (!who->has(*found.needs)) {
      return http::problem(403, "this is not yours to ask", {},
                           who->token ? "the token's role or scopes do not include it"
                                      : std::string("your role is ") + role_name(who->what));
    }
  }
  if (is_unsafe(ask.verb)) {
    if (auto refused = unsafe_refused(ask, who, found)) return *refused;
  }
  if (here.names.on() && asks_by_address(found, ask)) {
    return http::problem(403, "addresses are pseudonymised here", "query",
                         "ask without an address");
  }
  const auto with =
      routes::arguments::read(ask.query, found.parameters, here.parts.configured.timezone, now);
  if (!with) return routes::refusal(400, with.error());
  context of{here, ask, *with, at.id, who, now};
  auto out = found.answer(of);
  // Also while the switch is off: the store may hold pseudonyms of earlier.
  if (shows_addresses(found) && !out.event_stream) {
    out.body = here.names.scrub(out.body);
  }
  return out;
}

http::response api::impl::answer(const http::request& ask) {
  if (!is_api(ask.path)) return pages(ask);
  const auto at = routes::find_route(ask.verb, ask.path);
  if (at.found != nullptr) return answer_route(ask, at);
  if (at.allowed.empty()) {
    return http::problem(404, "there is no such route", "path", "see /api/v1/openapi.json");
  }
  auto out = http::problem(405, "this path does not take that method", "method");
  out.headers.emplace_back("Allow", at.allowed);
  return out;
}

api::api(api_parts parts) : impl_(std::make_unique<impl>(std::move(parts))) {}
api::~api() = default;

/// Never throws, and counts.
http::response api::impl::guarded(const char* verb, const std::string& path,
                                  const std::function<http::response()>& work) noexcept {
  const auto begin = steady_clock::monotonic_ns();
  http::response out;
  try {
    out = work();
  } catch (const std::exception& problem) {
    log::error("api", "{} {}: {}", verb, path, problem.what());
    out = http::problem(500, "the answer could not be made", {}, "the log says more");
  }
  // What is done later is counted when it is.
  if (out.later) return out;
  here.counters.answered(out.status, nanoseconds(steady_clock::monotonic_ns() - begin));
  return out;
}

http::response api::answer(const http::request& request) noexcept {
  const char* verb = routes::method_name(request.verb);
  auto out = impl_->guarded(verb, request.path, [&] { return impl_->answer(request); });
  if (!out.later) return out;
  out.later = [here = impl_.get(), verb, path = request.path, work = std::move(out.later)] {
    return here->guarded(verb, path, work);
  };
  return out;
}

bool api::hand_over_audit() {
  constexpr std::size_t at_once = 100;
  auto& parts = impl_->here.parts;
  const auto waiting = parts.access->book().audit_waiting(at_once);
  if (!waiting) return false;
  std::int64_t taken = 0;
  for (const auto& one : *waiting) {
    if (one.id <= impl_->audited) {  // could not be taken away the last time
      taken = one.id;
      continue;
    }
    // A store that cannot write gets it again later.
    if (!parts.records->note(one.entry)) break;
    impl_->audited = taken = one.id;
    log::info("audit", "{}: {}", one.entry.who, one.entry.what);
    std::string text;
    append_json(text, one.entry);
    parts.board->tell("audit", std::move(text));
  }
  if (taken == 0 || !parts.access->book().audit_taken(taken)) return false;
  return waiting->size() == at_once;
}

void api::end_streams() {
  auto& here = impl_->here;
  const auto now = here.parts.now();
  std::vector<routes::services::open_stream> open;
  {
    const std::lock_guard lock(here.streams_mutex);
    std::erase_if(here.streams, [](const auto& one) { return one.ended.expired(); });
    open = here.streams;
  }
  for (const auto& one : open) {
    const auto who = one.token ? here.parts.access->by_token(one.secret, now)
                               : here.parts.access->by_session(one.secret, now, false);
    if (who) continue;
    if (const auto ended = one.ended.lock()) ended->store(true, std::memory_order_relaxed);
  }
}

std::string api::document(const std::string& version) {
  return routes::openapi_document(version);
}

}  // namespace callweir::dashboard
