// Accounts and tokens, for admins.
#include <charconv>

#include "dashboard/api/answers.hpp"
#include "dashboard/api/body.hpp"
#include "dashboard/api/handlers.hpp"

namespace callweir::dashboard::routes {
namespace {

template <class Rows>
http::response listed(const result<std::vector<Rows>>& rows, std::string_view key) {
  if (!rows) return come_again(rows.error(), 5);
  std::string out = "{";
  append_records(out, key, *rows);
  return made(out + "}");
}

http::response shown(services& here, const std::string& name, int status) {
  const auto found = here.parts.access->find(name);
  if (!found) return come_again(found.error(), 5);
  if (!*found) return http::problem(404, "there is no such account", "path");
  std::string out;
  append_json(out, **found);
  return made(std::move(out), status);
}

http::response ended(const result<kept>& how) {
  return how ? done(*how) : refusal(409, how.error());
}

/// Of who is known, and hashes a password.
template <class Work>
http::response in_the_lane(Work&& work) {
  http::response out;
  out.urgent = true;
  out.later = std::forward<Work>(work);
  return out;
}

/// A 404 rather than a conflict for what is not there.
std::optional<http::response> missing(context& of, const std::string& name) {
  const auto found = of.here.parts.access->find(name);
  if (!found) return come_again(found.error(), 5);
  if (!*found) return http::problem(404, "there is no such account", "path");
  return std::nullopt;
}

}  // namespace

http::response get_accounts(context& of) {
  return listed(of.here.parts.access->accounts(), "accounts");
}

http::response post_account(context& of) {
  const auto sent = body::read(of.ask.body, {"name", "role", "password"});
  if (!sent) return refusal(400, sent.error());
  const auto name = sent->text("name"), word = sent->text("role");
  const auto password = sent->text("password", json_bytes_max);
  if (!name) return refusal(400, name.error());
  if (!word) return refusal(400, word.error());
  if (!password) return refusal(400, password.error());
  const auto what = parse_role(*word);
  if (!what) return refusal(400, what.error());
  for (const auto& fits : {check_account_name(*name), check_password(*password, *name)}) {
    if (!fits) return refusal(400, fits.error());
  }
  return in_the_lane([here = &of.here, name = *name, what = *what, password = *password,
                      by = of.by(), now = of.now] {
    const auto added = here->parts.access->add_account(name, what, password, by, now);
    return added ? shown(*here, name, 201) : refusal(409, added.error());
  });
}

http::response patch_account(context& of) {
  auto& access = *of.here.parts.access;
  const std::string name(of.id);
  const auto sent = body::read(of.ask.body, {"role", "password"});
  if (!sent) return refusal(400, sent.error());
  if (!sent->has("role") && !sent->has("password")) {
    return http::problem(400, "nothing is to change", "body", "send role or password");
  }
  if (auto gone = missing(of, name)) return *gone;
  std::string password;
  if (sent->has("password")) {
    auto text = sent->text("password", json_bytes_max);
    if (!text) return refusal(400, text.error());
    if (auto fits = check_password(*text, name); !fits) return refusal(400, fits.error());
    password = std::move(*text);
  }
  if (sent->has("role")) {
    const auto word = sent->text("role");
    if (!word) return refusal(400, word.error());
    const auto what = parse_role(*word);
    if (!what) return refusal(400, what.error());
    const audit_record why{of.now, of.by(), "user-role",
                           "account '" + name + "' is " + *word + " now"};
    if (auto set = access.book().set_role(name, *what, why); !set) return refusal(409, set.error());
  }
  if (!sent->has("password")) return shown(of.here, name, 200);
  return in_the_lane(
      [here = &of.here, name, password, by = of.by(), now = of.now]() -> http::response {
        const auto set = here->parts.access->set_password(name, password, by, now);
        if (!set) return come_again(set.error(), 1);
        return *set == kept::on_disk ? shown(*here, name, 200) : done(*set);
      });
}

http::response delete_account(context& of) {
  const std::string name(of.id);
  if (auto gone = missing(of, name)) return *gone;
  return ended(of.here.parts.access->remove_account(name, of.by(), of.now));
}

http::response get_tokens(context& of) {
  return listed(of.here.parts.access->tokens(), "tokens");
}

http::response post_token(context& of) {
  const auto sent = body::read(of.ask.body, {"name", "role", "scopes", "expires_in"});
  if (!sent) return refusal(400, sent.error());
  const auto name = sent->text("name"), word = sent->text("role");
  const auto scopes = sent->texts("scopes", 5);
  if (!name) return refusal(400, name.error());
  if (!word) return refusal(400, word.error());
  if (!scopes) return refusal(400, scopes.error());
  const auto what = parse_role(*word);
  if (!what) return refusal(400, what.error());
  std::string words;
  for (const auto& one : *scopes) words += (words.empty() ? "" : ",") + one;
  const auto parsed = parse_scopes(words);
  if (!parsed) return refusal(400, parsed.error());
  if (auto fits = check_account_name(*name); !fits) return refusal(400, fits.error());
  api_token wanted;
  wanted.name = *name;
  wanted.what = *what;
  wanted.scopes = *parsed;
  if (sent->has("expires_in")) {
    constexpr std::uint64_t ten_years_s = 10ULL * 366 * 86'400;
    const auto seconds = sent->whole("expires_in", 60, ten_years_s);
    if (!seconds) return refusal(400, seconds.error());
    wanted.expires = of.now + std::chrono::seconds(*seconds);
  }
  const auto made_now = of.here.parts.access->add_token(wanted, of.by(), of.now);
  if (!made_now) return refusal(409, made_now.error());
  std::string out;
  append_json(out, made_now->what);
  out.pop_back();
  append_text(out, "secret", made_now->secret);
  return made(out + "}", 201);
}

http::response delete_token(context& of) {
  std::int64_t id = 0;
  const auto [end, problem] = std::from_chars(of.id.data(), of.id.data() + of.id.size(), id);
  if (problem != std::errc{} || end != of.id.data() + of.id.size()) {
    return http::problem(404, "there is no such token", "path");
  }
  auto& access = *of.here.parts.access;
  const auto all = access.tokens();
  if (!all) return come_again(all.error(), 5);
  for (const auto& one : *all) {
    if (one.id == id) return ended(access.remove_token(one, of.by(), of.now));
  }
  return http::problem(404, "there is no such token", "path");
}

}  // namespace callweir::dashboard::routes
