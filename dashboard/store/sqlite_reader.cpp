#include "dashboard/store/sqlite_reader.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>

#include "dashboard/store/row_writer.hpp"
#include "dashboard/store/schema.hpp"

namespace callweir::dashboard {
namespace {

constexpr int cache_kib = 4 << 10;
constexpr std::int64_t host_rows_most = 500'000;

/// Where times come from and go to: [from, to) against rows that last from `first` to `last`.
struct time_columns {
  const char *table, *first, *last, *columns;
};
constexpr time_columns flow_table{"flow", "first", "last", "record, first, last"};
constexpr time_columns call_table{"call", "start", "\"end\"",
                                  "record, start, \"end\", active = 1 AND engine = ("
                                  "SELECT id FROM engine JOIN position ON name = engine)"};

// Numbers of parameters, the same in all statements about flows and calls.
//   1 from, 2 to, 3 to and an hour, 4 application, 5 call, 6 policy, 7 address, 8 voip, 9 rows,
//   10 offset
void bind_period(sqlite::statement& to, const period& when) {
  const auto later = std::min(when.to.ns, std::numeric_limits<std::int64_t>::max() - long_ns);
  to.bind(when.from.ns).bind(when.to.ns).bind(later + long_ns);
}

/// A view of what the question holds: what is bound must live until the answer has been read.
std::string_view text_of(const std::optional<std::string>& asked) {
  return asked ? std::string_view(*asked) : std::string_view();
}

template <class Query>
void bind_page(sqlite::statement& to, const Query& what) {
  to.bind(static_cast<std::uint64_t>(std::min(what.most, rows_max)));
  to.bind(static_cast<std::uint64_t>(what.offset));
}

/// Newest first, from rows that lasted an hour at most and from the few longer ones: the first need
/// looking for up to an hour behind the period only.
std::string both_lengths(const time_columns& of, const std::string& filters) {
  const std::string last = of.last, first = of.first;
  const std::string select = std::string("SELECT ") + of.columns + " FROM " + of.table + " WHERE ";
  return select + "long = 0 AND " + last + " >= ?1 AND " + last + " < ?3 AND " + first + " < ?2" +
         filters + " UNION ALL " + select + "long = 1 AND " + last + " >= ?1 AND " + first +
         " < ?2" + filters + " ORDER BY 3 DESC LIMIT ?9 OFFSET ?10";
}

std::string flow_statement(const flow_query& what) {
  std::string filters;
  if (what.app) filters += " AND app = ?4";
  if (what.policy) filters += " AND policy = ?6";
  if (what.voip) filters += " AND voip = ?8";
  const std::string select = "SELECT record, first, last FROM flow WHERE ";
  const std::string in_time = " AND last >= ?1 AND first < ?2";
  const std::string newest = " ORDER BY 3 DESC LIMIT ?9 OFFSET ?10";
  if (what.call) {
    if (what.address) filters += " AND (src = ?7 OR dst = ?7)";
    return select + "call = ?5" + in_time + filters + newest;
  }
  if (what.address)
    return select + "src = ?7" + in_time + filters + " UNION ALL " + select +
           "dst = ?7 AND src <> ?7" + in_time + filters + newest;
  return both_lengths(flow_table, filters);
}

std::string call_statement(const call_query& what) {
  const std::string current =
      "active = 1 AND engine = (SELECT id FROM engine JOIN position ON name = engine)";
  std::string filters;
  if (what.app) filters += " AND app = ?4";
  if (what.policy)
    filters += " AND EXISTS (SELECT 1 FROM call_policy WHERE call = seq AND policy = ?6)";
  if (what.party) filters += " AND seq IN (SELECT call FROM call_party WHERE party = ?7)";
  if (what.active) filters += *what.active ? " AND " + current : " AND NOT (" + current + ")";
  return both_lengths(call_table, filters);
}

/// What two engine's lives, or two stays of one life, know of a host.
void add_to(host_record& host, const host_record& other) {
  if (other.last > host.last) {
    host.last = other.last;
    host.confidence_pct = other.confidence_pct;
  }
  host.first = std::min(host.first, other.first);
  host.peers = std::max(host.peers, other.peers);
  host.calls += other.calls;
  host.flows += other.flows;
  host.bytes += other.bytes;
  for (const auto& role : other.roles)
    if (std::find(host.roles.begin(), host.roles.end(), role) == host.roles.end())
      host.roles.push_back(role);
}

}  // namespace

result<void> sqlite_reader::open() {
  const auto generation = shared_->generation.load();
  if (db_ && generation == generation_) return {};
  auto opened = sqlite::connection::open(path_, sqlite::connection::way::read);
  if (!opened) return tl::unexpected(opened.error());
  opened->run(("PRAGMA cache_size = -" + std::to_string(cache_kib)).c_str());
  opened->run("PRAGMA temp_store = MEMORY");
  if (auto fits = expect_schema(*opened); !fits) {
    if (opened->failure() == sqlite::trouble::damaged && generation == shared_->generation.load())
      shared_->damaged = true;
    return fits;
  }
  db_ = std::move(*opened);
  generation_ = generation;
  return {};
}

error sqlite_reader::failed() {
  auto why = db_.why();
  if (db_.failure() == sqlite::trouble::damaged && generation_ == shared_->generation.load())
    shared_->damaged = true;
  db_.forget();
  db_.allow(0);
  if (sqlite3_get_autocommit(db_.handle()) == 0 && !db_.run("ROLLBACK")) db_ = {};
  return why;
}

template <class Record>
std::optional<Record> sqlite_reader::parse(std::string_view json) {
  auto record = stream::read_record(json);
  auto* found = record ? std::get_if<Record>(&*record) : nullptr;
  if (found != nullptr) return std::move(*found);
  shared_->unreadable.fetch_add(1);
  return std::nullopt;
}

std::vector<flow_record> sqlite_reader::flow_rows(sqlite::statement& rows) {
  std::vector<flow_record> out;
  while (rows.row()) {
    auto record = parse<flow_record>(rows.text(0));
    if (!record) continue;
    record->first.ns = rows.integer(1);
    record->last.ns = rows.integer(2);
    out.push_back(std::move(*record));
  }
  return out;
}

std::vector<call_record> sqlite_reader::call_rows(sqlite::statement& rows) {
  std::vector<call_record> out;
  while (rows.row()) {
    auto record = parse<call_record>(rows.text(0));
    if (!record) continue;
    record->start.ns = rows.integer(1);
    record->end.ns = rows.integer(2);
    // A call that ran when its engine died has ended, too.
    record->ended = rows.integer(3) == 0;
    out.push_back(std::move(*record));
  }
  return out;
}

result<std::vector<flow_record>> sqlite_reader::flows(const flow_query& what) {
  return ask([&] {
    sqlite::statement rows(db_, flow_statement(what));
    bind_period(rows, what.when);
    rows.bind(text_of(what.app)).bind(text_of(what.call)).bind(text_of(what.policy));
    rows.bind(what.address.value_or(ip_address{})).bind(what.voip.value_or(false));
    bind_page(rows, what);
    return flow_rows(rows);
  });
}

result<std::vector<call_record>> sqlite_reader::calls(const call_query& what) {
  return ask([&] {
    sqlite::statement rows(db_, call_statement(what));
    bind_period(rows, what.when);
    rows.bind(text_of(what.app)).bind_null().bind(text_of(what.policy));
    rows.bind(what.party.value_or(ip_address{})).bind_null();
    bind_page(rows, what);
    return call_rows(rows);
  });
}

result<std::vector<host_record>> sqlite_reader::hosts(const host_query& what) {
  auto all = ask([&] {
    std::map<ip_address, host_record> found;
    sqlite::statement rows(
        db_,
        "SELECT record, first, last FROM host WHERE last >= ?1 AND min(first, last) < ?2"
        " ORDER BY last DESC LIMIT ?3");
    rows.bind(what.when.from.ns).bind(what.when.to.ns).bind(host_rows_most);
    while (rows.row()) {
      auto record = parse<host_record>(rows.text(0));
      if (!record) continue;
      record->first.ns = rows.integer(1);
      record->last.ns = rows.integer(2);
      const auto [at, fresh] = found.try_emplace(record->address, *record);
      if (!fresh) add_to(at->second, *record);
    }
    return found;
  });
  if (!all) return tl::unexpected(all.error());
  std::vector<host_record> out;
  for (auto& [address, host] : *all)
    if (!what.role ||
        std::find(host.roles.begin(), host.roles.end(), *what.role) != host.roles.end())
      out.push_back(std::move(host));
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  const auto begin = std::min(what.offset, out.size());
  const auto rows = std::min({what.most, rows_max, out.size() - begin});
  out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(begin));
  out.resize(rows);
  return out;
}

result<std::optional<flow_record>> sqlite_reader::flow(const std::string& id) {
  return ask([&]() -> std::optional<flow_record> {
    sqlite::statement row(db_,
                          "SELECT record, first, last FROM flow WHERE id = ?"
                          " ORDER BY engine DESC LIMIT 1");
    auto found = flow_rows(row.bind(id));
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
  });
}

result<std::optional<call_record>> sqlite_reader::call(const std::string& id) {
  return ask([&]() -> std::optional<call_record> {
    sqlite::statement row(db_, std::string("SELECT ") + call_table.columns +
                                   " FROM call WHERE id = ? ORDER BY engine DESC LIMIT 1");
    auto found = call_rows(row.bind(id));
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
  });
}

result<std::vector<gap_record>> sqlite_reader::gaps(const period& when, std::size_t most) {
  return ask([&] {
    std::vector<gap_record> out;
    sqlite::statement rows(db_,
                           "SELECT \"from\", \"to\", what, count, reason FROM gap"
                           " WHERE \"to\" >= ? AND \"from\" < ? ORDER BY \"to\" DESC LIMIT ?");
    rows.bind(when.from.ns).bind(when.to.ns);
    rows.bind(static_cast<std::uint64_t>(std::min(most, rows_max)));
    while (rows.row())
      out.push_back({{rows.integer(0)},
                     {rows.integer(1)},
                     std::string(rows.text(2)),
                     rows.count(3),
                     std::string(rows.text(4))});
    return out;
  });
}

result<std::vector<audit_record>> sqlite_reader::audit(const period& when, std::size_t most) {
  return ask([&] {
    std::vector<audit_record> out;
    sqlite::statement rows(db_,
                           "SELECT at, who, verb, what FROM audit WHERE at >= ? AND at < ?"
                           " ORDER BY at DESC, seq DESC LIMIT ?");
    rows.bind(when.from.ns).bind(when.to.ns);
    rows.bind(static_cast<std::uint64_t>(std::min(most, rows_max)));
    while (rows.row())
      out.push_back({{rows.integer(0)},
                     std::string(rows.text(1)),
                     std::string(rows.text(2)),
                     std::string(rows.text(3))});
    return out;
  });
}

namespace {

std::uint64_t count_rows(sqlite::connection& db, const time_columns& of, const period& when) {
  const std::string last = of.last, first = of.first;
  const std::string from = std::string("SELECT count(*) FROM ") + of.table + " WHERE ";
  sqlite::statement rows(db, "SELECT (" + from + "long = 0 AND " + last + " >= ?1 AND " + last +
                                 " < ?3 AND " + first + " < ?2) + (" + from + "long = 1 AND " +
                                 last + " >= ?1 AND " + first + " < ?2)");
  bind_period(rows, when);
  return rows.row() ? rows.count(0) : 0;
}

}  // namespace

result<std::uint64_t> sqlite_reader::count_calls(const period& when) {
  return ask([&] { return count_rows(db_, call_table, when); });
}

result<std::uint64_t> sqlite_reader::count_flows(const period& when) {
  return ask([&] { return count_rows(db_, flow_table, when); });
}

result<std::unique_ptr<store_reader>> make_sqlite_reader(const std::string& path,
                                                         std::shared_ptr<store_shared> shared) {
  auto out = std::make_unique<sqlite_reader>(path, std::move(shared));
  if (auto opened = out->open(); !opened) return tl::unexpected(opened.error());
  return out;
}

result<std::unique_ptr<store_reader>> open_sqlite_reader(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::exists(path, failed))
    return fail("there is no database", path,
                "start callweir-dashboard, or name another one under store.sqlite");
  return make_sqlite_reader(path, std::make_shared<store_shared>());
}

}  // namespace callweir::dashboard
