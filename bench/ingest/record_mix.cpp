#include "bench/ingest/record_mix.hpp"

#include <array>

#include "base/applications.hpp"

namespace callweir::bench {
namespace {

constexpr std::uint64_t hosts = 1'000;
constexpr std::array<const char*, 8> apps{"TLS",     "QUIC", "DNS", "HTTP",
                                          "YouTube", "SSH",  "NTP", "Skype"};
constexpr std::array<app_id, 4> phones{app_skype, app_tox, app_webrtc, app_sip};

/// One number for each id, so that a record that is told again says the same.
std::uint64_t mixed(std::uint64_t id) {
  id = (id ^ (id >> 30)) * 0xbf58476d1ce4e5b9ULL;
  id = (id ^ (id >> 27)) * 0x94d049bb133111ebULL;
  return id ^ (id >> 31);
}

ip_address inside(std::uint64_t chance) {
  return ip_address::v4(0x0a010000 + static_cast<std::uint32_t>(chance % hosts));
}
ip_address outside(std::uint64_t chance) {
  return ip_address::v4(0xc0000000 | static_cast<std::uint32_t>(chance >> 36 & 0x3f'ffff));
}

}  // namespace

std::uint64_t record_mix::draw() {
  return mixed(state_ += 0x9e3779b97f4a7c15ULL);
}

flow_record record_mix::flow(std::uint64_t id, time_point at) const {
  const auto chance = mixed(id);
  flow_record out;
  out.id = "f" + std::to_string(id);
  out.link = "uplink";
  out.source = inside(chance);
  out.destination = outside(chance);
  out.source_port = static_cast<std::uint16_t>(chance >> 8);
  out.destination_port = static_cast<std::uint16_t>(chance >> 24);
  out.protocol = proto_udp;
  out.what = {phones[chance % phones.size()], 0, 0, flow_role::overlay, tristate::yes, true, 95, 0};
  out.reasons = {"overlay probes", "talk spurts both ways"};
  out.first = at - std::chrono::seconds(20);
  out.last = at;
  out.packets = {chance % 5'000, chance % 4'000};
  out.bytes = {chance % 600'000, chance % 500'000};
  out.decided_packet = 12;
  out.decided_s = 0.61;
  if (id % 3 == 0) out.call = "c" + std::to_string(id / 3);
  out.policy = id % 2 == 0 ? "softphones" : "rest";
  out.action = id % 2 == 0 ? "degrade" : "allow";
  return out;
}

call_record record_mix::call(std::uint64_t id, time_point at) const {
  const auto chance = mixed(id + 7);
  call_record out;
  out.id = "c" + std::to_string(id);
  out.app = phones[chance % phones.size()];
  out.parties = {inside(chance), outside(chance)};
  out.flows = {"f" + std::to_string(id * 3)};
  out.media = {flow_role::voice};
  out.start = at - std::chrono::seconds(60);
  out.end = at;
  out.p2p = tristate::yes;
  out.confidence_pct = 97;
  out.reasons = {"voice rhythm", "talk spurts both ways"};
  out.codec = "opus~24k";
  out.bitrate_kbps = {31.2, 30.8};
  out.loss = {0.0, 0.01};
  out.jitter_ms = {2.1, 3.0};
  out.mos_before = {4.2, 4.1};
  out.inflicted_loss = {0.06, 0.06};
  out.added_delay_ms = {250.0, 250.0};
  out.mos = {1.9, 1.8};
  out.mos_scale = "fb";
  out.actions = {{"softphones", "degrade", out.flows, out.start}};
  return out;
}

traffic_record record_mix::traffic(time_point at) {
  const auto chance = draw();
  traffic_record out;
  out.at = {at.ns / 10'000'000'000 * 10'000'000'000};
  out.link = "uplink";
  out.app = apps[chance % apps.size()];
  out.host = inside(chance >> 8);
  out.voip = chance % apps.size() == apps.size() - 1;
  out.flows = 1;
  out.packets = {chance >> 20 & 0xfff, chance >> 32 & 0xfff};
  out.bytes = {out.packets[0] * 200, out.packets[1] * 900};
  return out;
}

void record_mix::fill(std::vector<stream::durable>& batch, std::size_t count, time_point at) {
  batch.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const auto kind = ++number_ % 10;
    const auto chance = draw();
    if (kind < 6) {
      const bool again = chance % 10 < 3 && flows_ > 1'000;
      batch.push_back({number_, flow(again ? flows_ - chance % 1'000 : ++flows_, at)});
    } else if (kind == 6) {
      const bool again = chance % 2 == 0 && calls_ > 500;
      batch.push_back({number_, call(again ? calls_ - chance % 500 : ++calls_, at)});
    } else {
      batch.push_back({number_, traffic(at)});
    }
  }
}

}  // namespace callweir::bench
