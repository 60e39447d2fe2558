#include "tests/support/month_of_records.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/applications.hpp"

namespace callweir::test {
namespace {

constexpr auto hour_length = std::chrono::hours(1);

/// How busy an office is, 0.02 at night to 1 before noon; a tenth of it at weekends.
double busy(std::uint32_t hour_number) {
  constexpr std::array<double, 24> day{.02, .02, .02, .02, .02, .03, .1,  .4,  .8, .95, 1,   .95,
                                       .6,  .8,  .95, .9,  .8,  .5,  .25, .15, .1, .06, .04, .03};
  const auto weekday = (hour_number / 24 + 3) % 7;  // the first is a Thursday
  return day[hour_number % 24] * (weekday >= 5 ? 0.1 : 1.0);
}

/// What is talked with, how often, and what the policies of this office make of it.
struct softphone {
  const char* app;
  double share;
  bool p2p, pbx;
  const char* policy;
  const char* action;
  const char* codec;
  const char* scale;
};
constexpr std::array<softphone, 6> softphones{
    {{"SIP", 0.40, false, true, "company-pbx", "prioritise", "pcma", "nb"},
     {"Skype", 0.25, true, false, "softphones", "degrade", "silk~24k", "fb"},
     {"WebRTC", 0.15, true, false, "softphones", "degrade", "opus~32k", "fb"},
     {"Tox", 0.08, true, false, "softphones", "degrade", "opus~24k", "fb"},
     {"RTP", 0.07, false, false, "rest", "allow", "pcmu", "nb"},
     {"Unknown call", 0.05, true, false, "rest", "allow", "", "fb"}}};

struct pastime {
  const char* app;
  double share;
  std::uint64_t bytes;  // of one ten-second record, about
};
constexpr std::array<pastime, 9> pastimes{{{"TLS", 0.34, 900'000},
                                           {"QUIC", 0.2, 1'500'000},
                                           {"DNS", 0.16, 3'000},
                                           {"HTTP", 0.1, 250'000},
                                           {"YouTube", 0.06, 9'000'000},
                                           {"SSH", 0.05, 60'000},
                                           {"BitTorrent", 0.02, 20'000'000},
                                           {"NTP", 0.05, 500},
                                           {"Unknown", 0.02, 40'000}}};

struct policy {
  const char *name, *match, *action, *mode;
};
constexpr std::array<policy, 5> policies{
    {{"emergency", "{ emergency: true }", "allow", "enforce"},
     {"company-pbx", "{ group: pbx }", "prioritise", "enforce"},
     {"video-would", "{ voip: true, role: video }", "{ limit: { rate: 40kbit } }", "observe"},
     {"softphones", "{ voip: true, p2p: true }", "{ degrade: { mos: 1.8 } }", "enforce"},
     {"rest", "{}", "allow", "enforce"}}};

template <class List>
const auto& pick(const List& list, double part) {
  for (const auto& each : list) {
    if (part < each.share) return each;
    part -= each.share;
  }
  return list.back();
}

app_id app_of(const char* name) {
  return find_application(name).value_or(app_unknown);
}

std::string numbered(char letter, std::uint64_t number) {
  std::string digits;
  for (; number != 0 || digits.empty(); number /= 36)
    digits += "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
  digits += letter;
  std::reverse(digits.begin(), digits.end());
  return digits;
}

double rounded(double value, double unit) {
  return std::round(value / unit) * unit;
}

/// As if the engine had watched it: near `mos_before`, and near `mos` from 20 s after it was acted
/// on.
mos_course course_of(const call_record& call) {
  constexpr std::int64_t second_ns = 1'000'000'000;
  mos_course out;
  const std::int64_t from = call.start.ns / second_ns, to = call.end.ns / second_ns;
  out.step_s = 10;
  while (to / out.step_s - from / out.step_s >= static_cast<std::int64_t>(out.points_max))
    out.step_s *= 2;
  out.from_s = from / out.step_s * out.step_s;
  const bool held = !call.actions.empty() && call.mos != call.mos_before;
  for (std::int64_t at = out.from_s; at <= to; at += out.step_s) {
    const bool yet = held && at > call.actions[0].since.ns / second_ns + 20;
    const double wobble = 0.02 * static_cast<double>(at / out.step_s % 5 - 2);
    for (std::size_t way = 0; way < 2; ++way)
      out.mos[way].emplace_back(
          rounded((yet ? call.mos : call.mos_before)[way].value() + wobble, 0.01));
  }
  return out;
}

time_point whole_us(time_point at) {
  return {at.ns / 1'000 * 1'000};
}

}  // namespace

struct month_of_records::talk {
  const softphone& with;
  std::string id;
  ip_address inside, outside;
  time_point start, end;
  std::uint16_t inside_port = 0, outside_port = 0;
  bool outgoing = true, degraded = false;
  std::vector<std::string> flows;
};

month_of_records::month_of_records(const month_options& options)
    : options_(options), state_(options.seed) {
  for (std::uint32_t hour = 0; hour < options_.days * 24; ++hour) weight_ += busy(hour);
}

std::uint64_t month_of_records::draw() {
  // splitmix64
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

double month_of_records::part() {
  return static_cast<double>(draw() >> 11) * 0x1p-53;
}

ip_address month_of_records::host(std::uint64_t number) const {
  const auto n = static_cast<std::uint32_t>(number % options_.hosts) + 1;
  // Every seventh has only IPv6.
  if (n % 7 == 0) return {0x2001'0db8'0001'0000ULL, n};
  return ip_address::v4(0x0a01'0000U + n);
}

ip_address month_of_records::stranger() {
  return ip_address::v4(0xc600'0000U | static_cast<std::uint32_t>(below(1 << 22)));
}

bool month_of_records::next(std::vector<stream::durable>& batch, std::size_t most) {
  batch.clear();
  while (batch.size() < most) {
    if (taken_ == hour_.size()) {
      if (hour_number_ == options_.days * 24) break;
      fill_hour();
      continue;
    }
    batch.push_back({++number_, std::move(hour_[taken_++])});
  }
  return !batch.empty();
}

void month_of_records::fill_hour() {
  hour_.clear();
  taken_ = 0;
  const auto at = options_.from + hour_length * hour_number_;
  const double share = busy(hour_number_++);
  add_calls(at, share);
  add_traffic(at, share);
  add_load(at, share);
  add_policies(at, share);
  add_hosts(at, share);
  add_events(at);
}

void month_of_records::add_calls(time_point at, double share) {
  weight_done_ += share;
  const auto until = hour_number_ == options_.days * 24
                         ? options_.calls
                         : static_cast<std::uint64_t>(options_.calls * (weight_done_ / weight_));
  while (calls_ < until) add_call(whole_us(at + from_seconds(part() * 3'600)));
  // Overlay and sampled flows, which are in no call.
  const auto flows = static_cast<std::uint64_t>(options_.hosts * share * 0.6);
  for (std::uint64_t i = 0; i < flows; ++i) {
    const auto& app = pick(softphones, 0.4 + part() * 0.4);
    flow_record flow;
    flow.id = numbered('f', ++flows_);
    flow.link = options_.link;
    flow.source = host(below(options_.hosts / 3 + 1));
    flow.destination = stranger();
    flow.source_port = static_cast<std::uint16_t>(1'024 + below(60'000));
    flow.destination_port = static_cast<std::uint16_t>(1'024 + below(60'000));
    flow.protocol = proto_udp;
    flow.what = {app_of(app.app), 0, 0, flow_role::overlay, tristate::yes, true, 92, 0};
    flow.reasons = {"overlay probes"};
    flow.first = whole_us(at + from_seconds(part() * 3'500));
    flow.last = whole_us(flow.first + from_seconds(1 + part() * 90));
    flow.packets = {4 + below(40), 4 + below(40)};
    flow.bytes = {flow.packets[0] * 90, flow.packets[1] * 110};
    flow.decided_packet = 6;
    flow.decided_s = 0.25;
    flow.policy = "rest";
    flow.action = "allow";
    add(std::move(flow));
  }
}

void month_of_records::add_call(time_point start) {
  const auto& with = pick(softphones, part());
  talk of{with,
          numbered('c', ++calls_),
          host(with.pbx ? draw() : below(options_.hosts / 3 + 1)),
          stranger(),
          start,
          {},
          static_cast<std::uint16_t>(16'384 + below(40'000)),
          static_cast<std::uint16_t>(1'024 + below(60'000)),
          part() < 0.6,
          false,
          {}};
  const double seconds = std::min(20 - 240 * std::log(1 - part()), 7'000.0);
  of.end = whole_us(start + from_seconds(seconds));
  of.degraded = with.action == std::string_view("degrade") && seconds > 15;
  add_media(of);
  add_enforcement(of);
}

void month_of_records::add_media(const talk& of) {
  const double seconds = to_seconds(of.end - of.start);
  flow_record flow;
  flow.id = numbered('f', ++flows_);
  flow.link = options_.link;
  flow.source = of.outgoing ? of.inside : of.outside;
  flow.destination = of.outgoing ? of.outside : of.inside;
  flow.source_port = of.outgoing ? of.inside_port : of.outside_port;
  flow.destination_port = of.outgoing ? of.outside_port : of.inside_port;
  flow.protocol = proto_udp;
  flow.what = {app_of(of.with.app),
               0,
               0,
               flow_role::voice,
               of.with.p2p ? tristate::yes : tristate::no,
               true,
               97,
               0};
  flow.reasons = {"voice rhythm", "talk spurts both ways"};
  flow.first = of.start;
  flow.last = of.end;
  const auto packets = static_cast<std::uint64_t>(seconds * 50);
  flow.packets = {packets, packets - std::min<std::uint64_t>(packets, below(200))};
  flow.bytes = {flow.packets[0] * 120, flow.packets[1] * 118};
  flow.decided_packet = 12;
  flow.decided_s = 0.61;
  flow.call = of.id;
  flow.policy = of.with.policy;
  flow.action = of.with.action;

  call_record call;
  call.id = of.id;
  call.app = flow.what.app;
  call.parties = {flow.source, flow.destination};
  call.flows = {flow.id};
  call.media = {flow_role::voice};
  call.start = of.start;
  call.end = of.end;
  call.p2p = flow.what.p2p;
  call.relayed = part() < 0.2;
  call.emergency = of.with.pbx && part() < 0.0005;
  call.confidence_pct = 97;
  call.reasons = flow.reasons;
  call.codec = of.with.codec;
  call.mos_scale = of.with.scale;
  const double before = (of.with.scale == std::string_view("nb") ? 4.1 : 4.3) - part() * 0.4;
  for (std::size_t way = 0; way < 2; ++way) {
    call.bitrate_kbps[way] = rounded(30 + part() * 3, 0.1);
    call.loss[way] = rounded(part() * 0.01, 0.0001);
    call.jitter_ms[way] = rounded(1 + part() * 4, 0.01);
    call.mos_before[way] = rounded(before, 0.01);
    call.inflicted_loss[way] = of.degraded ? rounded(0.05 + part() * 0.04, 0.0001) : 0.0;
    call.added_delay_ms[way] = of.degraded ? rounded(200 + part() * 80, 0.1) : 0.0;
    call.mos[way] = of.degraded ? rounded(1.7 + part() * 0.2, 0.01) : rounded(before, 0.01);
  }
  if (of.with.policy != std::string_view("rest"))
    call.actions = {{of.with.policy, of.with.action, {flow.id}, of.start + from_seconds(2)}};
  call.course = course_of(call);
  // While it runs it is told once, too.
  if (seconds > 60) {
    auto early = call;
    early.ended = false;
    early.end = whole_us(of.start + from_seconds(60));
    early.course = course_of(early);
    add(std::move(early));
  }
  add(std::move(flow));
  add(std::move(call));
}

void month_of_records::add_enforcement(const talk& of) {
  const double seconds = to_seconds(of.end - of.start);
  traffic_record heard;
  heard.link = options_.link;
  heard.app = of.with.app;
  heard.host = of.inside;
  heard.voip = true;
  // Booked as it goes, each time a mebibyte has passed, and at the end.
  const auto bytes = static_cast<std::uint64_t>(seconds * 50 * 119);
  const auto parts = bytes / (1 << 20) + 1;
  for (std::uint64_t i = 1; i <= parts; ++i) {
    const auto at =
        of.start + from_seconds(seconds * static_cast<double>(i) / static_cast<double>(parts));
    heard.at = {at.ns / 10'000'000'000 * 10'000'000'000};
    heard.flows = i == parts ? 1 : 0;
    heard.bytes = {bytes / parts, bytes / parts};
    heard.packets = {bytes / parts / 119, bytes / parts / 119};
    add(heard);
  }
  if (!of.degraded) return;
  add(audit_record{of.start + from_seconds(2), "policy softphones", "enforce",
                   "degrade began on call " + of.id});
  add(audit_record{of.end, "policy softphones", "enforce", "degrade ended on call " + of.id});
}

void month_of_records::add_traffic(time_point at, double share) {
  const auto records = static_cast<std::uint64_t>(options_.hosts * share * 5);
  for (std::uint64_t i = 0; i < records; ++i) {
    const auto& what = pick(pastimes, part());
    traffic_record record;
    record.at = at + std::chrono::seconds(10) * static_cast<std::int64_t>(below(360));
    record.link = options_.link;
    record.app = what.app;
    record.host = host(below(options_.hosts));
    record.flows = 1 + below(6);
    const auto bytes = static_cast<std::uint64_t>(static_cast<double>(what.bytes) * 2 * part());
    record.bytes = {bytes / 10, bytes};
    record.packets = {bytes / 1'000 + 1, bytes / 900 + 1};
    add(std::move(record));
  }
}

void month_of_records::add_load(time_point at, double share) {
  const double people = options_.hosts * share;
  const double rate = static_cast<double>(options_.calls) / weight_ * share;  // calls an hour
  for (std::int64_t i = 0; i < 360; ++i) {
    second_record record;
    record.at = at + std::chrono::seconds(10) * i;
    record.link = options_.link;
    record.calls = static_cast<std::uint32_t>(rate * 260 / 3'600 * (0.7 + 0.6 * part()));
    record.degraded = record.calls / 2;
    const auto media = std::uint64_t{record.calls} * 10 * 6'000;
    const auto rest = static_cast<std::uint64_t>(people * 10 * 15'000 * (0.5 + part()));
    record.bytes = {{{media, media}, {rest / 8, rest}}};
    record.packets = {{{media / 120, media / 120}, {rest / 800, rest / 900}}};
    record.dropped = record.degraded * 10 * 4;
    record.delayed = record.degraded * 10 * 90;
    add(std::move(record));
  }
}

void month_of_records::add_policies(time_point at, double share) {
  for (std::int64_t i = 0; i < 12; ++i)
    for (std::uint32_t line = 0; line < policies.size(); ++line) {
      const auto& of = policies[line];
      policy_record record;
      record.at = at + std::chrono::minutes(5) * i;
      record.position = line;
      record.name = of.name;
      record.match = of.match;
      record.action = of.action;
      record.mode = of.mode;
      record.flows = static_cast<std::uint64_t>(share * (line == 4 ? 900 : 12) * (1 + part()));
      if (line == 0) record.flows = 0;
      record.packets = record.flows * 4'000;
      record.bytes = record.packets * (line == 4 ? 700 : 119);
      const bool acts = line == 2 || line == 3;
      record.dropped = acts ? record.packets / 16 : 0;
      record.delayed = line == 3 ? record.packets * 9 / 10 : 0;
      add(std::move(record));
    }
}

void month_of_records::add_hosts(time_point at, double share) {
  const auto told = static_cast<std::uint64_t>(options_.hosts * share / 6);
  for (std::uint64_t i = 0; i < told; ++i) {
    const auto number = below(options_.hosts / 3 + 1);
    host_record record;
    record.address = host(number);
    record.roles = {"softphone"};
    if (number % 40 == 3) record.roles.push_back("supernode");
    if (number % 60 == 7) record.roles.push_back("relay");
    record.confidence_pct = 90;
    record.peers = static_cast<std::uint32_t>(10 + hour_number_ / 2 + number % 50);
    record.calls = hour_number_ / 12 + static_cast<std::uint32_t>(number % 9);
    record.flows = hour_number_ + static_cast<std::uint32_t>(number % 70);
    record.bytes = (hour_number_ + 1ULL) * 900'000 + number * 5'000;
    record.first = options_.from;
    record.last = at + from_seconds(3'599);
    add(std::move(record));
  }
}

void month_of_records::add_events(time_point at) {
  const auto hour = hour_number_ - 1;
  if (hour % 24 == 9)
    add(audit_record{at, "uid 0 (pid 4711)", "policy-apply", "5 lines, 1 changed"});
  if (hour % 168 == 50)
    add(gap_record{at + from_seconds(120), at + from_seconds(123.5), "engine", 0,
                   "the engine was started anew"});
  if (hour % 168 == 90)
    add(gap_record{at, at + from_seconds(10), "events", 4'200, "the ring of events was full"});
}

}  // namespace callweir::test
