#include "engine/analysis_formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/applications.hpp"
#include "engine/record_text.hpp"
#include "engine/text_table.hpp"

namespace callweir::engine {
namespace {

std::string calls_text(std::span<const call_record> calls) {
  text_table table({{"CALL"},
                    {"APP"},
                    {"PARTIES"},
                    {"MEDIA"},
                    {"SECONDS", true},
                    {"P2P"},
                    {"CONF", true},
                    {"CODEC"},
                    {"LOSS %"},
                    {"MOS"},
                    {"ACTION"}});
  for (const auto& call : calls) {
    std::vector<std::string> parties;
    for (const auto& party : call.parties) parties.push_back(party.text());
    auto loss = call.loss;
    for (auto& one : loss) {
      if (one) *one *= 100;
    }
    table.add({call.id, std::string(application_name(call.app)), joined(parties, " - "),
               media_text(call.media), fmt::format("{:.0f}", to_seconds(call.end - call.start)),
               tristate_text(call.p2p), fmt::format("{:.2f}", call.confidence_pct / 100.0),
               call.codec.empty() ? "-" : call.codec, measures_text(loss, 1),
               measures_text(call.mos, 1), actions_text(call)});
  }
  return table.text();
}

std::string applications_text(std::span<const flow_record> flows) {
  struct sum {
    std::uint64_t flows = 0, packets = 0, bytes = 0;
    bool voip = false;
  };
  std::map<app_id, sum> by_app;
  for (const auto& flow : flows) {
    sum& s = by_app[flow.what.app];
    ++s.flows;
    s.packets += flow.packets[forward] + flow.packets[backward];
    s.bytes += flow.bytes[forward] + flow.bytes[backward];
    s.voip |= flow.what.voip;
  }
  std::vector<std::pair<app_id, sum>> sorted(by_app.begin(), by_app.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  text_table table(
      {{"APPLICATION"}, {"VOIP"}, {"FLOWS", true}, {"PACKETS", true}, {"BYTES", true}});
  for (const auto& [app, s] : sorted) {
    table.add({std::string(application_name(app)), s.voip ? "yes" : "", short_count(s.flows),
               short_count(s.packets), short_count(s.bytes)});
  }
  return table.text(40);
}

std::string telephony_text(std::span<const flow_record> flows, std::size_t flows_most) {
  text_table table({{"FLOW"},
                    {"FROM", false, 50},
                    {"TO", false, 50},
                    {"PROTO"},
                    {"APP"},
                    {"ROLE"},
                    {"P2P"},
                    {"CONF", true},
                    {"PACKETS", true},
                    {"DECIDED", true},
                    {"ACTION"},
                    {"WHY", false, 70}});
  for (const auto& flow : flows) {
    if (!flow.what.voip) continue;
    table.add({flow.id, endpoint_text(flow.source, flow.source_port),
               endpoint_text(flow.destination, flow.destination_port),
               ip_protocol_name(flow.protocol), std::string(application_name(flow.what.app)),
               flow_role_name(flow.what.role), tristate_text(flow.what.p2p),
               fmt::format("{:.2f}", flow.what.confidence_pct / 100.0),
               short_count(flow.packets[forward] + flow.packets[backward]),
               flow.decided_packet ? std::to_string(*flow.decided_packet) : "-",
               flow.action.empty() ? "-" : flow.action, joined(flow.reasons, "; ")});
  }
  return table.rows() == 0 ? "" : table.text(flows_most);
}

}  // namespace

std::string table_text(const analysis_view& view, std::size_t flows_most) {
  const auto& s = view.summary;
  std::string out = fmt::format(
      "{} packets, {} bytes, {} flows, {} calls, {} not decoded; {:.2f} s, {} packets/s\n",
      short_count(s.packets), short_count(s.bytes), short_count(s.flows), s.calls,
      short_count(s.undecoded), s.seconds,
      short_count(static_cast<std::uint64_t>(std::max(0.0, s.packets_per_s))));
  if (!view.calls.empty()) out += "\n" + calls_text(view.calls);
  if (!view.flows.empty()) out += "\n" + applications_text(view.flows);
  if (const auto voip = telephony_text(view.flows, flows_most); !voip.empty()) out += "\n" + voip;
  return out;
}

}  // namespace callweir::engine
