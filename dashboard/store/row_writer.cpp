#include "dashboard/store/row_writer.hpp"

#include <sqlite3.h>

#include "base/applications.hpp"

namespace callweir::dashboard {
namespace {

bool is_long(time_point from, time_point to) {
  return to.ns > from.ns && to.ns - from.ns > long_ns;
}

}  // namespace

row_writer::row_writer(sqlite::connection& db)
    : db_(db),
      find_engine_(db, "SELECT id FROM engine WHERE name = ?"),
      add_engine_(db, "INSERT INTO engine(name) VALUES (?)"),
      flow_(db,
            "INSERT INTO flow(engine, id, first, last, long, src, dst, app, voip, call, policy,"
            " record) VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id, engine) DO UPDATE SET"
            " first = excluded.first, last = excluded.last, long = excluded.long,"
            " src = excluded.src, dst = excluded.dst, app = excluded.app, voip = excluded.voip,"
            " call = excluded.call, policy = excluded.policy, record = excluded.record"),
      add_call_(db,
                "INSERT INTO call(engine, id, start, \"end\", long, active, app, record)"
                " VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (id, engine) DO NOTHING"),
      find_call_(db, "SELECT seq FROM call WHERE id = ? AND engine = ?"),
      change_call_(db,
                   "UPDATE call SET start = ?, \"end\" = ?, long = ?, active = ?, app = ?,"
                   " record = ? WHERE seq = ?"),
      drop_call_(db, "DELETE FROM call WHERE id = ? AND engine = ?"),
      drop_parties_(db, "DELETE FROM call_party WHERE call = ?"),
      drop_policies_(db, "DELETE FROM call_policy WHERE call = ?"),
      add_party_(db, "INSERT OR IGNORE INTO call_party VALUES (?,?)"),
      add_policy_(db, "INSERT OR IGNORE INTO call_policy VALUES (?,?)"),
      host_(db,
            "INSERT INTO host(address, engine, first, last, record) VALUES (?,?,?,?,?)"
            " ON CONFLICT (address, engine, first) DO UPDATE SET last = excluded.last,"
            " record = excluded.record"),
      gap_(db, "INSERT INTO gap(\"from\", \"to\", what, count, reason) VALUES (?,?,?,?,?)"),
      audit_(db, "INSERT INTO audit(at, who, verb, what) VALUES (?,?,?,?)"),
      position_(db,
                "INSERT INTO position VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE SET"
                " engine = excluded.engine, number = excluded.number") {}

std::int64_t row_writer::engine(const std::string& name) {
  if (engine_id_ != 0 && name == engine_name_) return engine_id_;
  std::int64_t id = 0;
  if (find_engine_.bind(name).row()) id = find_engine_.integer(0);
  find_engine_.reset();
  if (id == 0) {
    add_engine_.bind(name).run();
    // Not remembered: the transaction that makes it may fail, and the next one finds it.
    return sqlite3_last_insert_rowid(db_.handle());
  }
  engine_name_ = name;
  return engine_id_ = id;
}

void row_writer::write(std::int64_t engine, const flow_record& record) {
  json_.clear();
  append_json(json_, record);
  flow_.bind(engine).bind(record.id).bind(record.first.ns).bind(record.last.ns);
  flow_.bind(is_long(record.first, record.last)).bind(record.source).bind(record.destination);
  flow_.bind(application_name(record.what.app)).bind(record.what.voip).bind_or_null(record.call);
  flow_.bind_or_null(record.policy).bind(json_).run();
}

row_writer::call_row row_writer::upsert(std::int64_t engine, const call_record& record) {
  const bool lasted = is_long(record.start, record.end);
  const auto app = application_name(record.app);
  add_call_.bind(engine).bind(record.id).bind(record.start.ns).bind(record.end.ns).bind(lasted);
  add_call_.bind(!record.ended).bind(app).bind(json_).run();
  if (sqlite3_changes(db_.handle()) == 1) return {sqlite3_last_insert_rowid(db_.handle()), true};
  call_row out{0, false};
  if (find_call_.bind(record.id).bind(engine).row()) out.seq = find_call_.integer(0);
  find_call_.reset();
  change_call_.bind(record.start.ns).bind(record.end.ns).bind(lasted).bind(!record.ended);
  change_call_.bind(app).bind(json_).bind(out.seq).run();
  return out;
}

void row_writer::write(std::int64_t engine, const call_record& record) {
  if (record.ended && record.flows.empty()) {  // joined to another call, or none at all
    drop_call_.bind(record.id).bind(engine).run();
    return;
  }
  json_.clear();
  append_json(json_, record);
  const auto row = upsert(engine, record);
  if (!row.fresh) {
    drop_parties_.bind(row.seq).run();
    drop_policies_.bind(row.seq).run();
  }
  for (const auto& party : record.parties) add_party_.bind(row.seq).bind(party).run();
  for (const auto& action : record.actions)
    if (!action.policy.empty()) add_policy_.bind(row.seq).bind(action.policy).run();
}

void row_writer::write(std::int64_t engine, const host_record& record) {
  json_.clear();
  append_json(json_, record);
  host_.bind(record.address).bind(engine).bind(record.first.ns).bind(record.last.ns);
  host_.bind(json_).run();
}

void row_writer::write(const gap_record& record) {
  gap_.bind(record.from.ns).bind(record.to.ns).bind(record.what).bind(record.count);
  gap_.bind(record.reason).run();
}

void row_writer::write(const audit_record& record) {
  audit_.bind(record.at.ns).bind(record.who).bind(record.verb).bind(record.what).run();
}

void row_writer::position(const std::string& engine, std::uint64_t number) {
  position_.bind(engine).bind(number).run();
}

}  // namespace callweir::dashboard
