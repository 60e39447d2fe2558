#include "dashboard/store/schema.hpp"

#include <array>
#include <string>

namespace callweir::dashboard {
namespace {

// Version 1. Times of records are nanoseconds since the epoch; `at` of sums is the start of their
// span, whose length in seconds is `level`. `long` flows and calls lasted over an hour: few, so
// that "touches this period" needs to look back an hour only for all the others. `record` is the
// record as JSON, as it was streamed; other columns are what it is looked for by.
constexpr const char* version_1 = R"sql(
CREATE TABLE engine(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE position(
  one INTEGER PRIMARY KEY CHECK (one = 1), engine TEXT NOT NULL, number INTEGER NOT NULL) STRICT;

CREATE TABLE flow(
  seq INTEGER PRIMARY KEY, engine INTEGER NOT NULL, id TEXT NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, long INTEGER NOT NULL,
  src BLOB NOT NULL, dst BLOB NOT NULL, app TEXT NOT NULL, voip INTEGER NOT NULL,
  call TEXT, policy TEXT, record TEXT NOT NULL,
  UNIQUE (id, engine)) STRICT;
CREATE INDEX flow_time ON flow(long, last, first);
CREATE INDEX flow_app ON flow(app, long, last);
CREATE INDEX flow_policy ON flow(policy, long, last) WHERE policy IS NOT NULL;
CREATE INDEX flow_call ON flow(call, last) WHERE call IS NOT NULL;
CREATE INDEX flow_src ON flow(src, last);
CREATE INDEX flow_dst ON flow(dst, last);

CREATE TABLE call(
  seq INTEGER PRIMARY KEY, engine INTEGER NOT NULL, id TEXT NOT NULL,
  start INTEGER NOT NULL, "end" INTEGER NOT NULL, long INTEGER NOT NULL,
  active INTEGER NOT NULL, app TEXT NOT NULL, record TEXT NOT NULL,
  UNIQUE (id, engine)) STRICT;
CREATE INDEX call_time ON call(long, "end", start);
CREATE INDEX call_app ON call(app, long, "end");
CREATE INDEX call_active ON call("end") WHERE active = 1;
CREATE TABLE call_party(
  call INTEGER NOT NULL, party BLOB NOT NULL, PRIMARY KEY (call, party)) STRICT, WITHOUT ROWID;
CREATE INDEX call_of_party ON call_party(party, call);
CREATE TABLE call_policy(
  call INTEGER NOT NULL, policy TEXT NOT NULL, PRIMARY KEY (call, policy)) STRICT, WITHOUT ROWID;
CREATE TRIGGER call_goes AFTER DELETE ON call BEGIN
  DELETE FROM call_party WHERE call = old.seq;
  DELETE FROM call_policy WHERE call = old.seq;
END;

CREATE TABLE host(
  address BLOB NOT NULL, engine INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (address, engine, first)) STRICT, WITHOUT ROWID;
CREATE INDEX host_time ON host(last);

CREATE TABLE traffic(
  level INTEGER NOT NULL, at INTEGER NOT NULL, host BLOB NOT NULL, app TEXT NOT NULL,
  link TEXT NOT NULL, voip INTEGER NOT NULL, flows INTEGER NOT NULL,
  packets_out INTEGER NOT NULL, packets_in INTEGER NOT NULL,
  bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (level, at, host, app, link, voip)) STRICT, WITHOUT ROWID;
CREATE TABLE load(
  level INTEGER NOT NULL, at INTEGER NOT NULL, link TEXT NOT NULL,
  call_bytes_out INTEGER NOT NULL, call_bytes_in INTEGER NOT NULL,
  call_packets_out INTEGER NOT NULL, call_packets_in INTEGER NOT NULL,
  rest_bytes_out INTEGER NOT NULL, rest_bytes_in INTEGER NOT NULL,
  rest_packets_out INTEGER NOT NULL, rest_packets_in INTEGER NOT NULL,
  dropped INTEGER NOT NULL, delayed INTEGER NOT NULL,
  calls_most INTEGER NOT NULL, degraded_most INTEGER NOT NULL,
  PRIMARY KEY (level, at, link)) STRICT, WITHOUT ROWID;
CREATE TABLE policy_line(
  id INTEGER PRIMARY KEY, position INTEGER NOT NULL, name TEXT NOT NULL, match TEXT NOT NULL,
  action TEXT NOT NULL, mode TEXT NOT NULL,
  UNIQUE (name, position, match, action, mode)) STRICT;
CREATE TABLE policy_sum(
  level INTEGER NOT NULL, at INTEGER NOT NULL, line INTEGER NOT NULL,
  flows INTEGER NOT NULL, packets INTEGER NOT NULL, bytes INTEGER NOT NULL,
  dropped INTEGER NOT NULL, delayed INTEGER NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY (level, at, line)) STRICT, WITHOUT ROWID;
CREATE TABLE rollup(
  level INTEGER PRIMARY KEY, since INTEGER NOT NULL) STRICT;
INSERT INTO rollup VALUES (10, 0), (300, 0), (3600, 0);

CREATE TABLE gap(
  seq INTEGER PRIMARY KEY, "from" INTEGER NOT NULL, "to" INTEGER NOT NULL, what TEXT NOT NULL,
  count INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE INDEX gap_time ON gap("to");
CREATE TABLE audit(
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, verb TEXT NOT NULL,
  what TEXT NOT NULL) STRICT;
CREATE INDEX audit_time ON audit(at);
)sql";

// Version 2. A month of hourly sums by host and application is millions of rows; what pages and
// reports ask most is one of both, and whole days. Days are of UTC: other time zones take hours at
// both ends. What was kept so far is summed up.
constexpr const char* version_2 = R"sql(
CREATE TABLE app_traffic(
  level INTEGER NOT NULL, at INTEGER NOT NULL, app TEXT NOT NULL,
  link TEXT NOT NULL, voip INTEGER NOT NULL, flows INTEGER NOT NULL,
  packets_out INTEGER NOT NULL, packets_in INTEGER NOT NULL,
  bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (level, at, app, link, voip)) STRICT, WITHOUT ROWID;
CREATE TABLE host_traffic(
  level INTEGER NOT NULL, at INTEGER NOT NULL, host BLOB NOT NULL,
  link TEXT NOT NULL, flows INTEGER NOT NULL,
  packets_out INTEGER NOT NULL, packets_in INTEGER NOT NULL,
  bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (level, at, host, link)) STRICT, WITHOUT ROWID;

INSERT INTO rollup SELECT 86400, (since + 86399) / 86400 * 86400 FROM rollup WHERE level = 3600;
INSERT INTO traffic
  SELECT 86400, at / 86400 * 86400 AS day, host, app, link, voip, sum(flows),
    sum(packets_out), sum(packets_in), sum(bytes_out), sum(bytes_in)
  FROM traffic WHERE level = 3600 GROUP BY day, host, app, link, voip;
INSERT INTO load
  SELECT 86400, at / 86400 * 86400 AS day, link, sum(call_bytes_out), sum(call_bytes_in),
    sum(call_packets_out), sum(call_packets_in), sum(rest_bytes_out), sum(rest_bytes_in),
    sum(rest_packets_out), sum(rest_packets_in), sum(dropped), sum(delayed),
    max(calls_most), max(degraded_most)
  FROM load WHERE level = 3600 GROUP BY day, link;
INSERT INTO policy_sum
  SELECT 86400, at / 86400 * 86400 AS day, line, sum(flows), sum(packets), sum(bytes),
    sum(dropped), sum(delayed), min(first), max(last)
  FROM policy_sum WHERE level = 3600 GROUP BY day, line;
INSERT INTO app_traffic
  SELECT level, at, app, link, voip, sum(flows),
    sum(packets_out), sum(packets_in), sum(bytes_out), sum(bytes_in)
  FROM traffic GROUP BY level, at, app, link, voip;
INSERT INTO host_traffic
  SELECT level, at, host, link, sum(flows),
    sum(packets_out), sum(packets_in), sum(bytes_out), sum(bytes_in)
  FROM traffic GROUP BY level, at, host, link;
)sql";

constexpr std::array<const char*, schema_version> steps{version_1, version_2};

error newer(const sqlite::connection& db, std::int64_t version) {
  return {"the database was written by a newer Callweir (schema " + std::to_string(version) +
              "; this one knows " + std::to_string(schema_version) + ")",
          db.path(), "install that version again, or name another file under store.sqlite"};
}

}  // namespace

result<void> migrate(sqlite::connection& db) {
  const auto version = db.integer("PRAGMA user_version", -1);
  if (version < 0) return tl::unexpected(db.why());
  if (version > schema_version) return tl::unexpected(newer(db, version));
  for (auto step = static_cast<std::size_t>(version); step < steps.size(); ++step) {
    sqlite::transaction whole(db);
    db.run(steps[step]);
    db.run(("PRAGMA user_version = " + std::to_string(step + 1)).c_str());
    if (!whole.commit()) return tl::unexpected(db.why());
  }
  return {};
}

result<void> expect_schema(sqlite::connection& db) {
  const auto version = db.integer("PRAGMA user_version", -1);
  if (version < 0) return tl::unexpected(db.why());
  if (version > schema_version) return tl::unexpected(newer(db, version));
  if (version < schema_version)
    return fail("the database is of an older Callweir (schema " + std::to_string(version) + ")",
                db.path(), "start callweir-dashboard once, which brings it up to date");
  return {};
}

}  // namespace callweir::dashboard
