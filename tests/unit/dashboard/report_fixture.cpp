#include "tests/unit/dashboard/report_fixture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/applications.hpp"

namespace callweir::dashboard::testing {

result<std::vector<flow_record>> made_up_store::flows(const flow_query&) {
  return std::vector<flow_record>{};
}
result<std::vector<call_record>> made_up_store::calls(const call_query& what) {
  if (broken) return fail("the store is broken", "test.db");
  const auto begin = std::min(what.offset, call_list.size());
  const auto end = std::min(begin + what.most, call_list.size());
  return std::vector<call_record>(call_list.begin() + static_cast<std::ptrdiff_t>(begin),
                                  call_list.begin() + static_cast<std::ptrdiff_t>(end));
}
result<std::vector<host_record>> made_up_store::hosts(const host_query&) {
  return host_list;
}
result<std::optional<flow_record>> made_up_store::flow(const std::string& id) {
  const auto found = flow_list.find(id);
  if (found == flow_list.end()) return std::optional<flow_record>{};
  return std::optional(found->second);
}
result<std::optional<call_record>> made_up_store::call(const std::string&) {
  return std::optional<call_record>{};
}
result<std::vector<traffic_series>> made_up_store::traffic(const traffic_query& what) {
  return traffic_list[what.by];
}
result<std::vector<load_point>> made_up_store::load(const load_query&) {
  return load_list;
}
result<std::vector<policy_total>> made_up_store::policies(const period&) {
  return policy_list;
}
result<std::vector<gap_record>> made_up_store::gaps(const period&, std::size_t) {
  return gap_list;
}
result<std::vector<audit_record>> made_up_store::audit(const period&, std::size_t) {
  return audit_list;
}
result<std::uint64_t> made_up_store::count_calls(const period&) {
  return call_list.size();
}
result<std::uint64_t> made_up_store::count_flows(const period&) {
  return flow_list.size();
}
result<std::optional<period>> made_up_store::extent() {
  return known;
}

time_point at(double seconds) {
  return {static_cast<std::int64_t>(std::llround(seconds * 1e3)) * 1'000'000};
}

call_record one_call(int number, app_id app, time_point start) {
  call_record out;
  out.id = fmt::format("c{}", number);
  out.app = app;
  out.parties = {ip_address::v4(0x0a01'0000U + static_cast<std::uint32_t>(number % 250) + 1),
                 ip_address::v4(0xcb00'7100U + static_cast<std::uint32_t>(number % 200) + 1)};
  out.flows = {fmt::format("f{}", number)};
  out.media = {flow_role::voice};
  out.start = start;
  out.end = start + std::chrono::seconds(60);
  out.p2p = app == app_sip ? tristate::no : tristate::yes;
  out.confidence_pct = 97;
  out.reasons = {"packets leave at the frame interval of a voice codec",
                 "both directions send at about the same rate, as people in a talk do"};
  out.codec = app == app_sip ? "pcma" : "opus~24k";
  out.mos_before = {4.2, 4.1};
  out.mos = {4.2, 4.1};
  out.mos_scale = app == app_sip ? "nb" : "fb";
  return out;
}

call_record degraded_call(int number, time_point start) {
  auto out = one_call(number, app_skype, start);
  out.mos = {1.8, 1.9};
  out.inflicted_loss = {0.11, 0.12};
  out.added_delay_ms = {250.0, 250.0};
  out.actions = {{"softphones", "degrade", out.flows, start + std::chrono::seconds(10)}};
  return out;
}

namespace {

policy_total line(std::uint32_t position, const char* name, const char* match, const char* action,
                  const char* mode) {
  policy_total out;
  out.sums.position = position;
  out.sums.name = name;
  out.sums.match = match;
  out.sums.action = action;
  out.sums.mode = mode;
  out.sums.flows = 40 + 37 * position;
  out.sums.packets = 120'000 * (position + 1);
  out.sums.bytes = out.sums.packets * 210;
  return out;
}

void add_policies(made_up_store& store) {
  store.policy_list = {
      line(0, "emergency", "{ emergency: true }", "allow", "enforce"),
      line(1, "company-pbx", "{ group: pbx }", "prioritise", "enforce"),
      line(2, "would-block-video", "{ voip: true, p2p: true, role: video }", "block", "observe"),
      line(3, "softphones", "{ voip: true, p2p: true, schedule: office }",
           "{ degrade: { mos: 1.8, ramp: 10s } }", "enforce"),
      line(4, "file-share", "{ app: [BitTorrent] }",
           "{ limit: { rate: 256kbit, burst: 32kB, per: host } }", "enforce"),
      line(5, "rest", "{}", "allow", "enforce")};
  store.policy_list[2].sums.dropped = 188'000;
  store.policy_list[3].sums.dropped = 412'345;
  store.policy_list[3].sums.delayed = 3'456'789;
  store.policy_list[4].sums.dropped = 98'765;
}

void add_calls(made_up_store& store, const period& when, int calls) {
  std::mt19937 random(7);
  const auto between = [&](double low, double high) {
    return low + (high - low) * static_cast<double>(random()) / 4294967295.0;
  };
  const double length = to_seconds(when.to - when.from) - 400;
  for (int i = 0; i < calls; ++i) {
    const auto start = when.from + from_seconds(length * (1 - (i + 0.5) / calls));
    const int kind = static_cast<int>(random() % 20);
    call_record call = kind < 5   ? degraded_call(i, start)
                       : kind < 7 ? one_call(i, app_tox, start)
                                  : one_call(i,
                                             kind < 14   ? app_sip
                                             : kind < 18 ? app_webrtc
                                                         : app_rtp,
                                             start);
    call.end = start + from_seconds(between(20, kind < 5 ? 120 : 900));
    const bool degraded = kind < 5;
    for (std::size_t way = 0; way < 2; ++way) {
      call.mos_before[way] = between(3.7, 4.5);
      call.mos[way] = degraded ? between(1.55, 2.15) : call.mos_before[way];
    }
    if (kind == 5) call.actions = {{"file-share", "limit", call.flows, start}};
    if (kind == 6) call.actions = {{"would-block", "block", call.flows, start}};
    if (kind >= 7 && kind < 10) call.actions = {{"company-pbx", "prioritise", call.flows, start}};
    if (kind >= 14) call.actions = {{"rest", "allow", call.flows, start}};
    store.call_list.push_back(call);
  }
}

traffic_series series(const period& when, std::string key, double share, int phase) {
  traffic_series out;
  out.key = std::move(key);
  for (time_point step = when.from; step < when.to; step = step + std::chrono::hours(1)) {
    const double hour = std::fmod(step.seconds() / 3600 + phase, 24);
    const double day = std::exp(-std::pow((hour - 12) / 4, 2)) + 0.08;
    const auto bytes = static_cast<std::uint64_t>(share * day * 4e9);
    out.points.push_back(
        {step, bytes / 900'000 + 1, {bytes / 4, bytes * 3 / 4}, {bytes / 900, bytes / 700}});
    out.sum.flows += out.points.back().flows;
    for (std::size_t i = 0; i < 2; ++i) {
      out.sum.bytes[i] += out.points.back().bytes[i];
      out.sum.packets[i] += out.points.back().packets[i];
    }
  }
  return out;
}

void add_traffic(made_up_store& store, const period& when) {
  using grouping = traffic_query::grouping;
  double share = 1;
  int phase = 1;
  for (const char* app :
       {"TLS", "QUIC", "YouTube", "BitTorrent", "SIP", "Skype", "HTTP", "DNS", ""}) {
    store.traffic_list[grouping::app].push_back(series(when, app, share, phase++ % 3));
    store.traffic_list[grouping::app].back().voip = std::string_view(app) == "Skype";
    share *= 0.62;
  }
  share = 0.3;
  for (int i = 1; i <= 20; ++i) {
    store.traffic_list[grouping::host].push_back(
        series(when, fmt::format("10.1.0.{}", i), share, i % 5));
    share *= 0.85;
  }
  store.traffic_list[grouping::host].push_back(series(when, "", 0.4, 2));
  store.traffic_list[grouping::link].push_back(series(when, "uplink", 2.6, 1));
  for (const auto& point : series(when, "", 2.6, 1).points) {
    load_point load;
    load.at = point.at;
    load.bytes[1] = point.bytes;
    load.packets[1] = point.packets;
    load.bytes[0] = {point.bytes[0] / 40, point.bytes[1] / 110};
    load.calls_most = static_cast<std::uint32_t>(point.bytes[0] / 30'000'000);
    load.degraded_most = load.calls_most / 4;
    load.dropped = load.degraded_most * 90;
    load.delayed = load.degraded_most * 1'000;
    store.load_list.push_back(load);
  }
}

}  // namespace

made_up_store busy_store(const period& when, int calls) {
  made_up_store out;
  out.known = when;
  add_policies(out);
  add_calls(out, when, calls);
  add_traffic(out, when);
  for (std::uint32_t i = 1; i <= 25; ++i) {
    host_record host;
    host.address = ip_address::v4(0x0a01'0000U + i);
    if (i <= 12) host.roles = {"softphone"};
    if (i == 3) host.roles.push_back("supernode");
    host.confidence_pct = 95;
    host.peers = 12 * i;
    host.calls = 90 - 3 * i;
    host.bytes = 9'000'000'000ULL / i;
    host.first = when.from + std::chrono::hours(1);
    host.last = when.to - std::chrono::hours(2);
    out.host_list.push_back(host);
  }
  const auto noon = when.from + std::chrono::hours(12);
  out.gap_list = {{noon, noon + std::chrono::seconds(12), "engine", 0,
                   "the engine was started again after a crash"},
                  {noon, noon + std::chrono::seconds(12), "records", 312, "the reader was behind"}};
  out.audit_list = {
      {noon, "uid 0 (pid 4711)", "policy-apply", "file-share: rate 256kbit instead of 512kbit"},
      {noon, "policy softphones", "enforce", "call c12: degrade begins"},
      {noon + std::chrono::hours(1), "user anna from 10.0.5.2", "bypass",
       "on, then off after 40 s"}};
  return out;
}

report_request request_of(const period& when, report_format format) {
  report_request out;
  out.when = when;
  out.format = format;
  out.site = "hq-berlin";
  out.timezone = "Europe/Berlin";
  out.made = when.to + std::chrono::hours(6);
  return out;
}

}  // namespace callweir::dashboard::testing
