#include <sqlite3.h>

#include <initializer_list>

#include "dashboard/store/row_writer.hpp"

namespace callweir::dashboard {
namespace {

/// "a = min(a + excluded.a, MOST), …": a sum stays below what an integer of SQLite holds.
std::string adding(std::initializer_list<const char*> columns) {
  std::string out = " DO UPDATE SET ";
  for (const std::string column : columns) {
    if (out.back() != ' ') out += ", ";
    out += column;
    out += " = min(";
    out += column;
    out += " + excluded.";
    out += column;
    out += ", " + std::to_string(sum_most) + ")";
  }
  return out;
}

std::string traffic_sums() {
  return adding({"flows", "packets_out", "packets_in", "bytes_out", "bytes_in"});
}

std::string insert(const char* table, int columns, const char* key) {
  std::string out = std::string("INSERT INTO ") + table + " VALUES (?";
  for (int i = 1; i < columns; ++i) out += ",?";
  return out + ") ON CONFLICT (" + key + ")";
}

std::string load_statement() {
  return insert("load", 15, "level, at, link") +
         adding({"call_bytes_out", "call_bytes_in", "call_packets_out", "call_packets_in",
                 "rest_bytes_out", "rest_bytes_in", "rest_packets_out", "rest_packets_in",
                 "dropped", "delayed"}) +
         ", calls_most = max(calls_most, excluded.calls_most)"
         ", degraded_most = max(degraded_most, excluded.degraded_most)";
}

std::string policy_statement() {
  return insert("policy_sum", 10, "level, at, line") +
         adding({"flows", "packets", "bytes", "dropped", "delayed"}) +
         ", first = min(first, excluded.first), last = max(last, excluded.last)";
}

/// Rows by spans of `level`.
template <class Row>
void coarsen(std::vector<Row>& rows, std::size_t level) {
  for (auto& row : rows) row.key.at = floor_to(row.key.at, levels[level]);
  merge(rows);
}

void bind_sums(sqlite::statement& to, const traffic_sum& row) {
  to.bind(row.flows).bind(row.packets[0]).bind(row.packets[1]);
  to.bind(row.bytes[0]).bind(row.bytes[1]).run();
}

}  // namespace

sum_writer::sum_writer(sqlite::connection& db)
    : db_(db),
      traffic_(db, insert("traffic", 11, "level, at, host, app, link, voip") + traffic_sums()),
      app_(db, insert("app_traffic", 10, "level, at, app, link, voip") + traffic_sums()),
      host_(db, insert("host_traffic", 9, "level, at, host, link") + traffic_sums()),
      load_(db, load_statement()),
      find_line_(db,
                 "SELECT id FROM policy_line WHERE name = ? AND position = ? AND match = ?"
                 " AND action = ? AND mode = ?"),
      add_line_(db,
                "INSERT INTO policy_line(name, position, match, action, mode) VALUES (?,?,?,?,?)"),
      policy_(db, policy_statement()) {}

void sum_writer::write(batch_sums& sums, const kept_since& since) {
  if (!sums.traffic.empty()) write_traffic(sums.traffic, since);
  if (!sums.load.empty()) write_load(sums.load, since);
  if (!sums.policies.empty()) write_policies(sums.policies, since);
}

void sum_writer::write_traffic(std::vector<traffic_sum>& rows, const kept_since& since) {
  merge(rows);
  of_app_ = rows;
  of_host_ = rows;
  for (auto& row : of_app_) row.key.host = {};
  for (auto& row : of_host_) {
    row.key.app = {};
    row.key.voip = false;
  }
  for (std::size_t level = 0; level < level_count; ++level) {
    for (auto* each : {&rows, &of_app_, &of_host_}) coarsen(*each, level);
    for (const auto& row : rows) {
      if (row.key.at < since[level]) continue;
      traffic_.bind(levels[level]).bind(row.key.at).bind(row.key.host).bind(row.key.app);
      bind_sums(traffic_.bind(row.key.link).bind(row.key.voip), row);
    }
    for (const auto& row : of_app_) {
      if (row.key.at < since[level]) continue;
      app_.bind(levels[level]).bind(row.key.at).bind(row.key.app).bind(row.key.link);
      bind_sums(app_.bind(row.key.voip), row);
    }
    for (const auto& row : of_host_) {
      if (row.key.at < since[level]) continue;
      host_.bind(levels[level]).bind(row.key.at).bind(row.key.host).bind(row.key.link);
      bind_sums(host_, row);
    }
  }
}

void sum_writer::write_load(std::vector<load_sum>& rows, const kept_since& since) {
  for (std::size_t level = 0; level < level_count; ++level) {
    coarsen(rows, level);
    for (const auto& row : rows) {
      if (row.key.at < since[level]) continue;
      load_.bind(levels[level]).bind(row.key.at).bind(row.key.link);
      for (std::size_t kind = 0; kind < 2; ++kind) {
        load_.bind(row.bytes[kind][0]).bind(row.bytes[kind][1]);
        load_.bind(row.packets[kind][0]).bind(row.packets[kind][1]);
      }
      load_.bind(row.dropped).bind(row.delayed).bind(row.calls_most).bind(row.degraded_most).run();
    }
  }
}

std::int64_t sum_writer::line(const policy_key& key) {
  find_line_.bind(key.name).bind(key.position).bind(key.match).bind(key.action).bind(key.mode);
  const std::int64_t id = find_line_.row() ? find_line_.integer(0) : 0;
  find_line_.reset();
  if (id != 0) return id;
  add_line_.bind(key.name).bind(key.position).bind(key.match).bind(key.action).bind(key.mode).run();
  return sqlite3_last_insert_rowid(db_.handle());
}

void sum_writer::write_policies(std::vector<policy_total_sum>& rows, const kept_since& since) {
  for (std::size_t level = 0; level < level_count; ++level) {
    coarsen(rows, level);
    for (const auto& row : rows) {
      if (row.key.at < since[level]) continue;
      policy_.bind(levels[level]).bind(row.key.at).bind(line(row.key)).bind(row.flows);
      policy_.bind(row.packets).bind(row.bytes).bind(row.dropped).bind(row.delayed);
      policy_.bind(row.first).bind(row.last).run();
    }
  }
}

}  // namespace callweir::dashboard
