// Lists of records, page by page.
#include <algorithm>

#include "base/applications.hpp"
#include "base/record_stream.hpp"
#include "dashboard/api/answers.hpp"
#include "dashboard/api/handlers.hpp"

namespace callweir::dashboard::routes {
namespace {

/// One row more than asked for tells whether there is a next page.
template <class Rows>
bool cut(Rows& rows, std::size_t most) {
  const bool more = rows.size() > most;
  if (more) rows.resize(most);
  return more;
}

std::size_t most_of(const context& of) {
  return static_cast<std::size_t>(of.with.whole("limit"));
}

/// `{"from":…,"to":…,"calls":[…],"next":…}`
template <class Rows>
http::response page(context& of, const period& when, std::string_view key, Rows& rows) {
  const std::size_t most = most_of(of);
  const bool more = cut(rows, most);
  std::string out = begin_period(when);
  append_records(out, key, rows);
  append_next(out, of, &when, more, static_cast<std::size_t>(of.with.whole("offset")) + most);
  return made(out + "}");
}

/// Rows of a list that has no pages: the newest `limit`, and whether there are more.
template <class Rows>
http::response newest(context& of, const period& when, std::string_view key, Rows& rows) {
  const bool more = cut(rows, most_of(of));
  std::string out = begin_period(when);
  append_records(out, key, rows);
  json::append_key(out, "more");
  json::append_bool(out, more);
  return made(out + "}");
}

bool wanted(const call_record& call, const call_query& what) {
  const auto acts = [&](const call_action& one) { return one.policy == *what.policy; };
  if (what.app && application_name(call.app) != *what.app) return false;
  if (what.policy && std::none_of(call.actions.begin(), call.actions.end(), acts)) return false;
  return !what.party ||
         std::find(call.parties.begin(), call.parties.end(), *what.party) != call.parties.end();
}

/// The calls that run, from the live board: fresher than the store, and no question to it.
http::response running_calls(context& of, const call_query& what) {
  const auto all = of.here.parts.board->state("call");
  const bool all_wanted = !what.app && !what.policy && !what.party;
  std::string out = begin_period({of.now - std::chrono::seconds(1), of.now});
  json::append_key(out, "calls");
  out += '[';
  std::size_t passed = 0, written = 0;
  bool more = false;
  for (const auto& text : all) {
    if (!all_wanted) {
      const auto record = stream::read_record(text);
      const auto* call = record ? std::get_if<call_record>(&*record) : nullptr;
      if (call == nullptr || !wanted(*call, what)) continue;
    }
    if (passed++ < what.offset) continue;
    if (written == most_of(of)) {
      more = true;
      break;
    }
    if (written++ > 0) out += ',';
    out += text;
  }
  out += ']';
  append_next(out, of, nullptr, more, what.offset + written);
  return made(out + "}");
}

http::response not_there(const char* what) {
  return http::problem(404, std::string("there is no such ") + what, "path",
                       "it may be older than what is kept");
}

template <class Record>
http::response one(const std::optional<Record>& found, const char* what) {
  if (!found) return not_there(what);
  std::string out;
  append_json(out, *found);
  return made(std::move(out));
}

}  // namespace

http::response get_calls(context& of) {
  call_query what;
  what.when = of.with.when();
  what.app = of.with.text("app");
  what.policy = of.with.text("policy");
  what.party = of.with.address("party");
  what.active = of.with.flag("active");
  what.offset = static_cast<std::size_t>(of.with.whole("offset"));
  what.most = most_of(of) + 1;
  // Pseudonymised calls on the board cannot be read back into records: the store picks then.
  const bool readable = !of.here.names.on() || (!what.app && !what.policy);
  if (what.active.value_or(false) && !of.with.has_period() && readable) {
    return running_calls(of, what);
  }
  return from_store(
      of, [&](store_reader& from) { return from.calls(what); },
      [&](auto& rows) { return page(of, what.when, "calls", rows); });
}

http::response get_call(context& of) {
  return from_store(
      of, [&](store_reader& from) { return from.call(std::string(of.id)); },
      [&](auto& found) { return one(found, "call"); });
}

http::response get_flows(context& of) {
  flow_query what;
  what.when = of.with.when();
  what.app = of.with.text("app");
  what.policy = of.with.text("policy");
  what.call = of.with.text("call");
  what.address = of.with.address("address");
  what.voip = of.with.flag("voip");
  what.offset = static_cast<std::size_t>(of.with.whole("offset"));
  what.most = most_of(of) + 1;
  return from_store(
      of, [&](store_reader& from) { return from.flows(what); },
      [&](auto& rows) { return page(of, what.when, "flows", rows); });
}

http::response get_flow(context& of) {
  return from_store(
      of, [&](store_reader& from) { return from.flow(std::string(of.id)); },
      [&](auto& found) { return one(found, "flow"); });
}

http::response get_hosts(context& of) {
  host_query what;
  what.when = of.with.when();
  what.role = of.with.text("role");
  what.offset = static_cast<std::size_t>(of.with.whole("offset"));
  what.most = most_of(of) + 1;
  return from_store(
      of, [&](store_reader& from) { return from.hosts(what); },
      [&](auto& rows) { return page(of, what.when, "hosts", rows); });
}

http::response get_gaps(context& of) {
  const auto when = of.with.when();
  return from_store(
      of, [&](store_reader& from) { return from.gaps(when, most_of(of) + 1); },
      [&](auto& rows) { return newest(of, when, "gaps", rows); });
}

http::response get_audit(context& of) {
  const auto when = of.with.when();
  return from_store(
      of, [&](store_reader& from) { return from.audit(when, most_of(of) + 1); },
      [&](auto& rows) { return newest(of, when, "audit", rows); });
}

}  // namespace callweir::dashboard::routes
