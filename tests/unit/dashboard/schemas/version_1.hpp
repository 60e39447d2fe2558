// A database of schema 1 as that version wrote it, with a row of everything. Never changed: a store
// must find all of it again.
#pragma once

namespace callweir::dashboard::schemas {

// clang-format off
constexpr const char* version_1 = R"sql(
PRAGMA auto_vacuum = INCREMENTAL;
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

INSERT INTO engine VALUES (1, 'e1'), (2, 'e2');
INSERT INTO position VALUES (1, 'e2', 4711);
INSERT INTO flow VALUES (1, 1, 'f1', 1790812800000000000, 1790812810000000000, 0, x'c60821f2', x'0a01009d',
  'Skype', 1, 'c1', 'softphones',
  '{"type":"flow","id":"f1","file":null,"link":"uplink","src":"198.8.33.242","sport":36643,"dst":"10.1.0.157","dport":47625,"proto":"udp","vlan":[],"tunnel":null,"app":"Skype","voip":true,"role":"voice","p2p":true,"confidence":0.97,"reasons":["voice rhythm"],"ndpi":"Unknown","first":1790812800.0,"last":1790812810.0,"packets":[500,500],"bytes":[60000,59000],"decided_packet":12,"decided_s":0.61,"call":"c1","policy":"softphones","action":"degrade"}');
INSERT INTO call VALUES (1, 1, 'c1', 1790812800000000000, 1790812810000000000, 0, 0, 'Skype',
  '{"type":"call","id":"c1","app":"Skype","parties":["198.8.33.242","10.1.0.157"],"flows":["f1"],"media":["voice"],"start":1790812800.0,"end":1790812810.0,"ended":true,"p2p":true,"relayed":false,"emergency":false,"confidence":0.97,"reasons":["voice rhythm"],"codec":"silk~24k","bitrate_kbps":[32.1,31.3],"loss":[0.0013,0.005],"jitter_ms":[4.06,1.75],"mos_before":[4.1,4.1],"inflicted_loss":[0.0717,0.0649],"added_delay_ms":[272.9,221.9],"mos":[1.87,1.85],"mos_scale":"fb","actions":[{"policy":"softphones","action":"degrade","flows":["f1"],"since":1790812802.0}]}');
INSERT INTO call_party VALUES (1, x'c60821f2'), (1, x'0a01009d');
INSERT INTO call_policy VALUES (1, 'softphones');
INSERT INTO host VALUES (x'0a01009d', 1, 1790812800000000000, 1790812810000000000,
  '{"type":"host","addr":"10.1.0.157","roles":["softphone"],"confidence":0.9,"peers":365,"calls":59,"flows":711,"bytes":640800000,"first":1790812800.0,"last":1790812810.0}');
INSERT INTO traffic VALUES
  (10, 1790812800, x'0a01009d', 'Skype', 'uplink', 1, 1, 500, 500, 60000, 59000),
  (10, 1790816400, x'0a01009d', 'TLS', 'uplink', 0, 2, 10, 10, 1000, 2000),
  (300, 1790812800, x'0a01009d', 'Skype', 'uplink', 1, 1, 500, 500, 60000, 59000),
  (300, 1790816400, x'0a01009d', 'TLS', 'uplink', 0, 2, 10, 10, 1000, 2000),
  (3600, 1790812800, x'0a01009d', 'Skype', 'uplink', 1, 1, 500, 500, 60000, 59000),
  (3600, 1790816400, x'0a01009d', 'TLS', 'uplink', 0, 2, 10, 10, 1000, 2000);
INSERT INTO load VALUES
  (10, 1790812800, 'uplink', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
  (300, 1790812800, 'uplink', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
  (3600, 1790812800, 'uplink', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
INSERT INTO policy_line VALUES (1, 0, 'softphones', '{ voip: true }', 'degrade', 'enforce');
INSERT INTO policy_sum VALUES
  (10, 1790812800, 1, 1, 500, 60000, 30, 470, 1790812800000000000, 1790812800000000000),
  (300, 1790812800, 1, 1, 500, 60000, 30, 470, 1790812800000000000, 1790812800000000000),
  (3600, 1790812800, 1, 1, 500, 60000, 30, 470, 1790812800000000000, 1790812800000000000);
INSERT INTO gap("from", "to", what, count, reason)
  VALUES (1790812800000000000, 1790812801000000000, 'engine', 0, 'it was started anew');
INSERT INTO audit(at, who, verb, what) VALUES (1790812800000000000, 'uid 0', 'policy-apply', '5 lines');
PRAGMA user_version = 1;
PRAGMA application_id = 1129793874;
)sql";
// clang-format on

}  // namespace callweir::dashboard::schemas
