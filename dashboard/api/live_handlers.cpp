// What is of the moment: state, policies with their counters, the stream of events.
#include <charconv>

#include "base/log.hpp"
#include "dashboard/api/answers.hpp"
#include "dashboard/api/body.hpp"
#include "dashboard/api/handlers.hpp"

namespace callweir::dashboard::routes {
namespace {

/// The newest of a topic that has one state, or "".
std::string newest_of(const live_board& board, const char* topic) {
  auto all = board.state(topic);
  return all.empty() ? std::string() : std::move(all.front());
}

void append_engine(std::string& out, const ingest* feed) {
  const auto counts = feed == nullptr ? ingest_counters{} : feed->counters();
  const auto hello = feed == nullptr ? std::nullopt : feed->engine();
  json::append_key(out, "engine");
  out += "{\"connected\":";
  json::append_bool(out, counts.connected);
  append_text_or_null(out, "life", hello ? hello->engine : "");
  json::append_key(out, "links");
  out += '[';
  if (hello) {
    for (const auto& name : hello->links) {
      if (&name != hello->links.data()) out += ',';
      json::append_string(out, name);
    }
  }
  out += "]}";
  json::append_key(out, "ingest");
  out += '{';
  append_count(out, "records", counts.records);
  append_count(out, "live_records", counts.live_records);
  append_count(out, "lost", counts.lost);
  append_count(out, "malformed", counts.malformed);
  append_count(out, "connects", counts.connects);
  append_count(out, "waiting", counts.waiting);
  out += '}';
}

void append_store(std::string& out, const services& here) {
  const auto health = here.parts.records->health();
  json::append_key(out, "store");
  out += '{';
  append_count(out, "rows_written", health.rows_written);
  append_count(out, "transactions", health.transactions);
  append_count(out, "rows_pruned", health.rows_pruned);
  append_count(out, "bytes", health.bytes);
  append_count(out, "max_bytes", here.parts.configured.store.max_size_bytes);
  json::append_key(out, "keep");
  json::append_number(out, to_seconds(here.parts.configured.store.keep));
  json::append_key(out, "disk_full");
  json::append_bool(out, health.disk_full);
  append_text_or_null(out, "trouble", health.trouble);
  append_text_or_null(out, "note", health.note);
  append_text_or_null(out, "moved_aside", health.moved_aside);
  out += '}';
}

}  // namespace

http::response get_status(context& of) {
  const auto& parts = of.here.parts;
  std::string out = "{\"at\":";
  json::append_time(out, of.now);
  append_text(out, "version", parts.version);
  append_text(out, "site", parts.configured.site);
  append_text(out, "timezone", parts.configured.timezone);
  json::append_key(out, "pseudonymise");
  json::append_bool(out, parts.configured.pseudonymise);
  json::append_key(out, "appliance");
  const auto appliance = newest_of(*parts.board, "status");
  out += appliance.empty() ? "null" : appliance;
  append_engine(out, parts.feed);
  append_store(out, of.here);
  const auto served = parts.server ? parts.server() : http::server_counters{};
  json::append_key(out, "server");
  out += '{';
  append_count(out, "open", served.open);
  append_count(out, "event_streams", served.event_streams);
  append_count(out, "requests", served.requests);
  append_count(out, "refused", served.refused);
  return made(out + "}}");
}

http::response get_policies(context& of) {
  if (!of.with.has_period()) {
    auto now = newest_of(*of.here.parts.board, "policies");
    return made(now.empty() ? "{\"policies\":[]}" : std::move(now));
  }
  const auto when = of.with.when();
  return from_store(
      of, [&](store_reader& from) { return from.policies(when); },
      [&](const std::vector<policy_total>& all) {
        std::vector<policy_record> sums;
        sums.reserve(all.size());
        for (const auto& one : all) sums.push_back(one.sums);
        std::string out = begin_period(when);
        append_records(out, "policies", sums);
        return made(out + "}");
      });
}

http::response post_bypass(context& of) {
  const auto sent = body::read(of.ask.body, {"on"});
  if (!sent) return refusal(400, sent.error());
  const auto on = sent->flag("on");
  if (!on) return refusal(400, on.error());
  if (!of.here.parts.bypass) return come_again({"there is no engine to tell", {}, {}}, 5);
  const auto now = of.here.parts.bypass(*on);
  // The engine's own line names this process only. One that did not answer may have done it.
  std::string what = *on ? "bypass on" : "bypass off";
  if (!now) what += ": no answer";
  if (!of.here.parts.access->book().note({of.now, of.by(), "bypass", what}))
    log::warning("api", "{} by {} is not in the audit log", what, of.by());
  if (!now) return come_again(now.error(), 5);
  return made(*now ? "{\"on\":true}" : "{\"on\":false}");
}

http::response get_events(context& of) {
  http::response out;
  out.type = "text/event-stream";
  out.event_stream = true;
  const auto newest = of.here.parts.board->newest();
  out.events_after = of.with.has("after") ? of.with.whole("after") : newest;
  // Browsers send what they have seen when they come again.
  const auto seen = of.ask.header("last-event-id");
  std::uint64_t id = 0;
  const auto [end, problem] = std::from_chars(seen.data(), seen.data() + seen.size(), id);
  if (!seen.empty() && problem == std::errc{} && end == seen.data() + seen.size()) {
    out.events_after = id;
  }
  // A number that the board has not given, of an earlier life, becomes the event "missed".
  out.first_events = "retry: 3000\n\n";
  if (!of.who->has(right::audit)) out.hidden_topic = "audit";
  constexpr std::size_t bearer = 7;  // of "Bearer "
  const auto ended = std::make_shared<std::atomic<bool>>(false);
  const std::lock_guard lock(of.here.streams_mutex);
  of.here.streams.push_back(
      {of.who->token ? std::string(of.ask.header("authorization").substr(bearer)) : of.who->secret,
       of.who->token, ended});
  out.ended = ended;
  return out;
}

}  // namespace callweir::dashboard::routes
