// Questions about sums: which level answers what is decided in rollup.cpp, here the rows are added
// up.
#include <algorithm>
#include <functional>
#include <map>
#include <unordered_map>

#include "dashboard/store/sqlite_reader.hpp"
#include "dashboard/store/sums.hpp"

namespace callweir::dashboard {
namespace {

constexpr std::size_t points_most = 200'000;  // of one answer
constexpr std::size_t keys_most = 1'000'000;
constexpr std::int64_t ns_a_second = 1'000'000'000;

using grouping = traffic_query::grouping;

struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

struct tally {
  traffic_point sum;
  std::uint64_t voip_bytes = 0;
  std::map<std::int64_t, traffic_point> steps;  // by start, seconds
};
using tallies = std::unordered_map<std::string, tally, text_hash, std::equal_to<>>;

void add_to(traffic_point& point, const sqlite::statement& row) {
  point.flows = add_bounded(point.flows, row.count(2));
  for (int way = 0; way < 2; ++way) {
    auto& packets = point.packets[static_cast<std::size_t>(way)];
    auto& bytes = point.bytes[static_cast<std::size_t>(way)];
    packets = add_bounded(packets, row.count(3 + way));
    bytes = add_bounded(bytes, row.count(5 + way));
  }
}

std::uint64_t total(const traffic_point& point) {
  return add_bounded(point.bytes[0], point.bytes[1]);
}

/// What a question reads: a table, a column to tell rows apart by, and conditions.
struct traffic_source {
  const char* table;
  std::string key;
  bool by_host = false;  // one address: looked up span by span
};

traffic_source source_of(const traffic_query& what) {
  const bool apps = what.by == grouping::app || what.by == grouping::app_of_host;
  traffic_source out{"app_traffic", apps ? "app" : what.by == grouping::link ? "link" : "''"};
  if (what.by == grouping::host) out = {"host_traffic", "host"};
  if (what.by == grouping::app_of_host) out = {"traffic", "app"};
  if (what.host || (what.app && what.by == grouping::host)) out.table = "traffic";
  out.by_host = what.host.has_value();
  return out;
}

std::string statement_of(const traffic_query& what, const traffic_source& from) {
  const bool has_voip = from.table != std::string_view("host_traffic");
  std::string out = "SELECT at, " + from.key + ", flows, packets_out, packets_in, bytes_out," +
                    " bytes_in, " + (has_voip ? "voip" : "0") + " FROM " + from.table +
                    " WHERE level = ?1 AND " + (from.by_host ? "at = ?2" : "at >= ?2 AND at < ?3");
  if (from.by_host) out += " AND host = ?4";
  if (what.app) out += " AND app = ?5";
  if (what.link) out += " AND link = ?6";
  return out;
}

/// Every row of the pieces, with the level's number.
void each_row(sqlite::connection& db, const traffic_query& what, const std::vector<piece>& pieces,
              const std::function<void(const sqlite::statement&)>& take) {
  const auto from = source_of(what);
  sqlite::statement rows(db, statement_of(what, from));
  const auto one = [&](std::size_t level, std::int64_t begin, std::int64_t end) {
    rows.bind(levels[level]).bind(begin).bind(end).bind(what.host.value_or(ip_address{}));
    rows.bind(what.app ? std::string_view(*what.app) : std::string_view());
    rows.bind(what.link ? std::string_view(*what.link) : std::string_view());
    while (rows.row()) take(rows);
  };
  for (const auto& each : pieces) {
    if (!from.by_host) {
      one(each.level, each.from, each.to);
      continue;
    }
    const auto span = levels[each.level];
    for (auto at = ceil_to(each.from, span); at < each.to && db.ok(); at += span)
      one(each.level, at, at + span);
  }
}

std::string key_text(const traffic_query& what, std::string_view key) {
  if (what.by != grouping::host) return std::string(key);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(key.data());
  if (key.size() == 16) return ip_address::v6(bytes).text();
  if (key.size() != 4) return {};
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 4; ++i) bits = bits << 8 | bytes[i];
  return ip_address::v4(bits).text();
}

/// The rest: full tables of aggregates had no room for the name, or nobody inside was part of it.
bool nameless(const traffic_query& what, std::string_view key) {
  if (what.by == grouping::nothing) return false;
  return key.empty() || (what.by == grouping::host && key.size() == 16 &&
                         std::all_of(key.begin(), key.end(), [](char c) { return c == 0; }));
}

std::vector<std::pair<std::string, tally>> largest(tallies&& all, const traffic_query& what,
                                                   tally& rest) {
  std::vector<std::pair<std::string, tally>> out;
  out.reserve(all.size());
  for (auto& [key, each] : all) out.emplace_back(key, std::move(each));
  std::sort(out.begin(), out.end(), [&](const auto& a, const auto& b) {
    const bool a_rest = nameless(what, a.first), b_rest = nameless(what, b.first);
    if (a_rest != b_rest) return b_rest;
    const auto a_sum = total(a.second.sum), b_sum = total(b.second.sum);
    return a_sum != b_sum ? a_sum > b_sum : a.first < b.first;
  });
  std::size_t named = 0;
  while (named < out.size() && named < what.top && !nameless(what, out[named].first)) ++named;
  for (std::size_t i = named; i < out.size(); ++i) {
    const auto& gone = out[i].second;
    rest.sum.flows = add_bounded(rest.sum.flows, gone.sum.flows);
    for (std::size_t way = 0; way < 2; ++way) {
      rest.sum.packets[way] = add_bounded(rest.sum.packets[way], gone.sum.packets[way]);
      rest.sum.bytes[way] = add_bounded(rest.sum.bytes[way], gone.sum.bytes[way]);
    }
    rest.voip_bytes = add_bounded(rest.voip_bytes, gone.voip_bytes);
  }
  out.resize(named);
  return out;
}

traffic_series series_of(std::string key, const tally& what, time_point from) {
  traffic_series out;
  out.key = std::move(key);
  out.voip = what.voip_bytes > total(what.sum) / 2;
  out.sum = what.sum;
  out.sum.at = from;
  for (const auto& [at, point] : what.steps) {
    out.points.push_back(point);
    out.points.back().at = {at * ns_a_second};
  }
  return out;
}

std::int64_t step_start(const span_question& what, std::int64_t at) {
  return what.from + floor_to(at - what.from, what.step);
}

}  // namespace

kept_since sqlite_reader::since() {
  kept_since out{};
  sqlite::statement each(db_, "SELECT since FROM rollup WHERE level = ?");
  for (std::size_t level = 0; level < level_count; ++level) {
    out[level] = each.bind(levels[level]).row() ? each.integer(0) : 0;
    each.reset();
  }
  return out;
}

std::vector<piece> sqlite_reader::pieces(const span_question& what, const char* table) {
  auto out = cover(what, since());
  const auto edge = [&](const char* order, std::size_t level, std::int64_t otherwise) {
    sqlite::statement row(db_, std::string("SELECT at FROM ") + table +
                                   " WHERE level = ? ORDER BY at " + order + " LIMIT 1");
    return row.bind(levels[level]).row() ? row.integer(0) : otherwise;
  };
  std::array<std::int64_t, level_count> first{}, last{};
  for (std::size_t level = 0; level < level_count; ++level) {
    first[level] = edge("ASC", level, 0);
    last[level] = edge("DESC", level, -1) + 1;
  }
  for (auto& each : out) {
    each.from = std::max(each.from, first[each.level]);
    each.to = std::min(each.to, last[each.level]);
  }
  std::erase_if(out, [](const piece& each) { return each.from >= each.to; });
  return out;
}

result<std::vector<traffic_series>> sqlite_reader::traffic(const traffic_query& what) {
  const auto span = span_of(what.when, what.step);
  if (!span) return tl::unexpected(span.error());
  if (what.by == grouping::app_of_host && !what.host)
    return fail("applications of a host need the host", "host");
  bool too_many = false;
  auto answer = ask([&] {
    std::vector<traffic_series> out;
    const auto table = source_of(what).table;
    span_question whole = *span;
    whole.step = 0;
    tallies all;
    each_row(db_, what, pieces(whole, table), [&](const sqlite::statement& row) {
      const auto key = row.text(1);
      auto found = all.find(key);
      if (found == all.end()) {
        if (all.size() >= keys_most) {
          too_many = true;
          return;
        }
        found = all.try_emplace(std::string(key)).first;
      }
      add_to(found->second.sum, row);
      if (row.integer(7) != 0)
        found->second.voip_bytes =
            add_bounded(found->second.voip_bytes, add_bounded(row.count(5), row.count(6)));
    });
    tally rest;
    auto top = largest(std::move(all), what, rest);
    const bool has_rest = rest.sum.flows != 0 || total(rest.sum) != 0 ||
                          add_bounded(rest.sum.packets[0], rest.sum.packets[1]) != 0;
    if (span->step > 0) {
      std::unordered_map<std::string_view, tally*> index;
      for (auto& [key, each] : top) index.emplace(key, &each);
      std::size_t points = 0;
      each_row(db_, what, pieces(*span, table), [&](const sqlite::statement& row) {
        const auto named = index.find(row.text(1));
        auto& to = named != index.end() ? *named->second : rest;
        const auto [at, fresh] = to.steps.try_emplace(step_start(*span, row.integer(0)));
        if (fresh && ++points > points_most) too_many = true;
        if (too_many && fresh)
          to.steps.erase(at);
        else
          add_to(at->second, row);
      });
    }
    for (const auto& [key, each] : top)
      out.push_back(series_of(key_text(what, key), each, {span->from * ns_a_second}));
    if (has_rest) out.push_back(series_of("", rest, {span->from * ns_a_second}));
    return out;
  });
  if (answer && too_many)
    return fail("the answer has too many points", "step", "ask for longer steps");
  return answer;
}

result<std::vector<load_point>> sqlite_reader::load(const load_query& what) {
  if (what.step.count() <= 0) return fail("a step is a whole multiple of 10 s", "step");
  const auto span = span_of(what.when, what.step);
  if (!span) return tl::unexpected(span.error());
  std::map<std::int64_t, load_point> steps;
  auto answer = ask([&] {
    sqlite::statement rows(
        db_, std::string("SELECT at, call_bytes_out, call_bytes_in, call_packets_out,"
                         " call_packets_in, rest_bytes_out, rest_bytes_in, rest_packets_out,"
                         " rest_packets_in, dropped, delayed, calls_most, degraded_most FROM load"
                         " WHERE level = ?1 AND at >= ?2 AND at < ?3") +
                 (what.link ? " AND link = ?4" : ""));
    for (const auto& each : pieces(*span, "load")) {
      rows.bind(levels[each.level]).bind(each.from).bind(each.to);
      rows.bind(what.link ? std::string_view(*what.link) : std::string_view());
      while (rows.row() && steps.size() <= points_most) {
        load_sum add;
        for (std::size_t i = 0; i < 8; ++i) {
          auto& sums = i % 4 < 2 ? add.bytes : add.packets;
          sums[i / 4][i % 2] = rows.count(static_cast<int>(1 + i));
        }
        add.dropped = rows.count(9);
        add.delayed = rows.count(10);
        add.calls_most = static_cast<std::uint32_t>(rows.integer(11));
        add.degraded_most = static_cast<std::uint32_t>(rows.integer(12));
        auto& to = steps[step_start(*span, rows.integer(0))];
        load_sum sum{{},         to.bytes,      to.packets,      to.dropped,
                     to.delayed, to.calls_most, to.degraded_most};
        sum.add(add);
        to = {{},          sum.bytes,      sum.packets,      sum.dropped,
              sum.delayed, sum.calls_most, sum.degraded_most};
      }
      rows.reset();
    }
    return true;
  });
  if (!answer) return tl::unexpected(answer.error());
  if (steps.size() > points_most)
    return fail("the answer has too many points", "step", "ask for longer steps");
  std::vector<load_point> out;
  for (auto& [at, point] : steps) {
    point.at = {at * ns_a_second};
    out.push_back(point);
  }
  return out;
}

result<std::vector<policy_total>> sqlite_reader::policies(const period& when) {
  const auto span = span_of(when, nanoseconds(0));
  if (!span) return tl::unexpected(span.error());
  std::map<std::int64_t, policy_total_sum> sums;
  return ask([&] {
    sqlite::statement rows(db_,
                           "SELECT line, flows, packets, bytes, dropped, delayed, first, last"
                           " FROM policy_sum WHERE level = ? AND at >= ? AND at < ?");
    for (const auto& each : pieces(*span, "policy_sum")) {
      rows.bind(levels[each.level]).bind(each.from).bind(each.to);
      while (rows.row()) {
        const policy_total_sum add{{},
                                   rows.count(1),
                                   rows.count(2),
                                   rows.count(3),
                                   rows.count(4),
                                   rows.count(5),
                                   rows.integer(6),
                                   rows.integer(7)};
        const auto [at, fresh] = sums.try_emplace(rows.integer(0), add);
        if (!fresh) at->second.add(add);
      }
    }
    std::vector<policy_total> out;
    sqlite::statement lines(db_,
                            "SELECT id, position, name, match, action, mode FROM policy_line"
                            " ORDER BY position, name, id");
    while (lines.row()) {
      const auto found = sums.find(lines.integer(0));
      if (found == sums.end()) continue;
      const auto& sum = found->second;
      policy_total total_of;
      total_of.first.ns = sum.first;
      auto& to = total_of.sums;
      to.at.ns = sum.last;
      to.position = static_cast<std::uint32_t>(lines.integer(1));
      to.name = lines.text(2);
      to.match = lines.text(3);
      to.action = lines.text(4);
      to.mode = lines.text(5);
      to.flows = sum.flows;
      to.packets = sum.packets;
      to.bytes = sum.bytes;
      to.dropped = sum.dropped;
      to.delayed = sum.delayed;
      out.push_back(std::move(total_of));
    }
    return out;
  });
}

namespace {

/// The lesser first and greater second of both; nothing where a statement had no row.
void widen(std::optional<period>& known, sqlite::connection& db, const char* sql) {
  sqlite::statement row(db, sql);
  if (!row.row()) return;
  const time_point from{row.integer(0)}, to{row.integer(1)};
  if (!known) known = period{from, to};
  known->from = std::min(known->from, from);
  known->to = std::max(known->to, to);
}

}  // namespace

result<std::optional<period>> sqlite_reader::extent() {
  return ask([&] {
    std::optional<period> known;
    for (const char* order : {"", " DESC"}) {
      for (const std::string each :
           {"SELECT first, last FROM flow WHERE long = 0 ORDER BY last",
            "SELECT first, last FROM flow WHERE long = 1 ORDER BY last",
            "SELECT start, \"end\" FROM call WHERE long = 0 ORDER BY \"end\"",
            "SELECT start, \"end\" FROM call WHERE long = 1 ORDER BY \"end\"",
            "SELECT at, at FROM audit ORDER BY at",
            "SELECT \"from\", \"to\" FROM gap ORDER BY \"to\"",
            "SELECT first, last FROM host ORDER BY last"})
        widen(known, db_, (each + order + " LIMIT 1").c_str());
      // The finest that is still kept from its beginning; what is left of coarser ones reaches
      // further back and by less than one of their spans too far.
      for (const std::string table : {"app_traffic", "load", "policy_sum"})
        for (const auto level : levels) {
          const auto span = std::to_string(level);
          const bool whole =
              db_.integer(("SELECT since FROM rollup WHERE level = " + span).c_str(), 1) == 0;
          widen(known, db_,
                ("SELECT at * 1000000000, (at + 10) * 1000000000 FROM " + table +
                 " WHERE level = " + span + " ORDER BY at" + order + " LIMIT 1")
                    .c_str());
          if (whole) break;
        }
    }
    return known;
  });
}

}  // namespace callweir::dashboard
