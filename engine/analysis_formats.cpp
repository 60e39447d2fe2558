#include "engine/analysis_formats.hpp"

#include <fmt/format.h>

#include <algorithm>

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

std::string applications_text(const flow_digest& flows) {
  std::vector<std::pair<app_id, flow_digest::application_sum>> sorted(flows.applications().begin(),
                                                                      flows.applications().end());
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

std::string telephony_text(const flow_digest& flows) {
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
  for (const auto& flow : flows.telephony()) {
    table.add({flow.id, endpoint_text(flow.source, flow.source_port),
               endpoint_text(flow.destination, flow.destination_port),
               ip_protocol_name(flow.protocol), std::string(application_name(flow.what.app)),
               flow_role_name(flow.what.role), tristate_text(flow.what.p2p),
               fmt::format("{:.2f}", flow.what.confidence_pct / 100.0),
               short_count(flow.packets[forward] + flow.packets[backward]),
               flow.decided_packet ? std::to_string(*flow.decided_packet) : "-",
               flow.action.empty() ? "-" : flow.action, joined(flow.reasons, "; ")});
  }
  if (table.rows() == 0) return {};
  std::string out = table.text();
  if (flows.telephony_flows() > table.rows()) {
    out += fmt::format("… and {} more\n", flows.telephony_flows() - table.rows());
  }
  return out;
}

}  // namespace

void flow_digest::add(flow_record record) {
  ++flows_;
  application_sum& sum = applications_[record.what.app];
  ++sum.flows;
  sum.packets += record.packets[forward] + record.packets[backward];
  sum.bytes += record.bytes[forward] + record.bytes[backward];
  sum.voip |= record.what.voip;
  if (record.what.voip) ++telephony_flows_;
  auto& kept = record.what.voip ? telephony_ : others_;
  if (kept.size() < flows_most_) kept.push_back(std::move(record));
}

std::string table_text(const analysis_view& view) {
  const auto& s = view.summary;
  std::string out = fmt::format(
      "{} packets, {} bytes, {} flows, {} calls, {} not decoded; {:.2f} s, {} packets/s\n",
      short_count(s.packets), short_count(s.bytes), short_count(s.flows), s.calls,
      short_count(s.undecoded), s.seconds,
      short_count(static_cast<std::uint64_t>(std::max(0.0, s.packets_per_s))));
  if (!view.calls.empty()) out += "\n" + calls_text(view.calls);
  if (view.flows.flows() > 0) out += "\n" + applications_text(view.flows);
  if (const auto voip = telephony_text(view.flows); !voip.empty()) out += "\n" + voip;
  return out;
}

}  // namespace callweir::engine
