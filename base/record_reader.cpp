#include "base/record_reader.hpp"

#include <charconv>

#include "base/applications.hpp"
#include "base/json_fields.hpp"

namespace callweir::stream {
namespace {

using json::fields;

app_id application_of(std::string_view name) {
  return find_ndpi_name(name).value_or(app_unknown);
}

/// "Master.App", or one name; names themselves may hold a point.
void read_ndpi(verdict& what, const std::string& text) {
  if (const auto one = find_ndpi_name(text)) {
    what.ndpi_app = *one;
    return;
  }
  for (auto dot = text.find('.'); dot != std::string::npos; dot = text.find('.', dot + 1)) {
    const auto master = find_ndpi_name(std::string_view(text).substr(0, dot));
    const auto app = find_ndpi_name(std::string_view(text).substr(dot + 1));
    if (!master || !app) continue;
    what.ndpi_master = *master;
    what.ndpi_app = *app;
    return;
  }
}

std::uint8_t read_protocol(fields& from) {
  const std::string name = from.text("proto");
  unsigned number = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (problem == std::errc{} && end == name.data() + name.size() && number < 256) {
    return static_cast<std::uint8_t>(number);
  }
  for (int i = 0; i < 256; ++i) {
    if (name == ip_protocol_name(static_cast<std::uint8_t>(i))) return static_cast<std::uint8_t>(i);
  }
  from.wrong("proto", "a protocol's name or number");
  return 0;
}

tunnel_kind read_tunnel(fields& from) {
  const auto name = from.text_or_null("tunnel");
  if (!name) return tunnel_kind::none;
  for (int i = 0; i < 256; ++i) {
    const auto kind = static_cast<tunnel_kind>(i);
    const char* known = tunnel_name(kind);
    if (known != nullptr && *name == known) return kind;
    if (known == nullptr && kind != tunnel_kind::none) break;
  }
  from.wrong("tunnel", "a tunnel's name");
  return tunnel_kind::none;
}

any_record read_flow(fields& from) {
  flow_record out;
  out.id = from.text("id");
  out.file = from.text_or_empty("file");
  out.link = from.text_or_empty("link");
  out.source = from.address("src");
  out.source_port = static_cast<std::uint16_t>(from.count("sport", 65'535));
  out.destination = from.address("dst");
  out.destination_port = static_cast<std::uint16_t>(from.count("dport", 65'535));
  out.protocol = read_protocol(from);
  out.vlan = from.small_numbers("vlan", 8, 4095);
  out.tunnel = read_tunnel(from);
  out.what.app = application_of(from.text("app"));
  out.what.voip = from.truth("voip");
  out.what.role = from.role("role");
  out.what.p2p = from.open_truth("p2p");
  out.what.confidence_pct = from.percent("confidence");
  out.reasons = from.texts("reasons");
  read_ndpi(out.what, from.text("ndpi"));
  out.first = from.time("first");
  out.last = from.time("last");
  out.packets = from.counts("packets");
  out.bytes = from.counts("bytes");
  if (const auto packet = from.count_or_null("decided_packet", 0xffff'ffff)) {
    out.decided_packet = static_cast<std::uint32_t>(*packet);
  }
  out.decided_s = from.number_or_null("decided_s");
  out.call = from.text_or_empty("call");
  out.policy = from.text_or_empty("policy");
  out.action = from.text_or_empty("action");
  return out;
}

std::vector<call_action> read_actions(fields& from) {
  std::vector<call_action> out;
  for (const auto* object : from.objects("actions")) {
    fields one(*object);
    call_action action;
    action.policy = one.text("policy");
    action.action = one.text("action");
    action.flows = one.texts("flows");
    action.since = one.time("since");
    if (one.has("until")) action.until = one.time("until");
    if (!one.good()) {
      from.wrong("actions", "policies' actions");
      break;
    }
    out.push_back(std::move(action));
  }
  return out;
}

mos_course read_course(fields& from) {
  mos_course out;
  const auto* object = from.object_or_nothing("mos_course");
  if (object == nullptr) return out;
  fields one(*object);
  // Until the year 2116, so that sums of times stay in range.
  out.from_s = static_cast<std::int64_t>(one.count("from", 1ULL << 32));
  out.step_s = static_cast<std::uint32_t>(one.count("step", 1U << 24));
  out.mos = one.measure_lists("mos", mos_course::points_max);
  if (!one.good() || out.step_s == 0) {
    from.wrong("mos_course", "a course of MOS");
    return {};
  }
  return out;
}

any_record read_call(fields& from) {
  call_record out;
  out.id = from.text("id");
  if (from.has("link")) out.link = from.text_or_empty("link");  // stored calls of earlier have none
  out.app = application_of(from.text("app"));
  out.parties = from.addresses("parties");
  out.flows = from.texts("flows");
  out.media = from.roles("media");
  out.start = from.time("start");
  out.end = from.time("end");
  out.ended = from.truth_or("ended", true);
  out.p2p = from.open_truth("p2p");
  out.relayed = from.truth("relayed");
  out.emergency = from.truth("emergency");
  out.confidence_pct = from.percent("confidence");
  out.reasons = from.texts("reasons");
  out.codec = from.text_or_empty("codec");
  out.bitrate_kbps = from.measures("bitrate_kbps");
  out.loss = from.measures("loss");
  out.jitter_ms = from.measures("jitter_ms");
  out.mos_before = from.measures("mos_before");
  out.inflicted_loss = from.measures("inflicted_loss");
  out.added_delay_ms = from.measures("added_delay_ms");
  out.mos = from.measures("mos");
  out.mos_scale = from.text_or_empty("mos_scale");
  out.course = read_course(from);
  out.actions = read_actions(from);
  return out;
}

any_record read_host(fields& from) {
  host_record out;
  out.address = from.address("addr");
  out.roles = from.texts("roles");
  out.confidence_pct = from.percent("confidence");
  out.peers = static_cast<std::uint32_t>(from.count("peers", 0xffff'ffff));
  out.calls = static_cast<std::uint32_t>(from.count("calls", 0xffff'ffff));
  out.flows = static_cast<std::uint32_t>(from.count("flows", 0xffff'ffff));
  out.bytes = from.count("bytes");
  out.first = from.time("first");
  out.last = from.time("last");
  return out;
}

any_record read_traffic(fields& from) {
  traffic_record out;
  out.at = from.time("at");
  out.link = from.text("link");
  out.app = from.text("app");
  out.host = from.address("host");
  out.voip = from.truth("voip");
  out.flows = from.count("flows");
  out.packets = from.counts("packets");
  out.bytes = from.counts("bytes");
  return out;
}

any_record read_second(fields& from) {
  second_record out;
  out.at = from.time("at");
  out.link = from.text("link");
  out.bytes = from.counts_by_class("bytes");
  out.packets = from.counts_by_class("packets");
  out.dropped = from.count("dropped");
  out.delayed = from.count("delayed");
  out.calls = static_cast<std::uint32_t>(from.count("calls", 0xffff'ffff));
  out.degraded = static_cast<std::uint32_t>(from.count("degraded", 0xffff'ffff));
  return out;
}

any_record read_policy(fields& from) {
  policy_record out;
  out.at = from.time("at");
  out.position = static_cast<std::uint32_t>(from.count("position", 0xffff'ffff));
  out.name = from.text("name");
  out.match = from.text("match");
  out.action = from.text("action");
  out.mode = from.text("mode");
  out.flows = from.count("flows");
  out.packets = from.count("packets");
  out.bytes = from.count("bytes");
  out.dropped = from.count("dropped");
  out.delayed = from.count("delayed");
  return out;
}

any_record read_gap(fields& from) {
  gap_record out;
  out.from = from.time("from");
  out.to = from.time("to");
  out.what = from.text("what");
  out.count = from.count("count");
  out.reason = from.text("reason");
  return out;
}

any_record read_audit(fields& from) {
  audit_record out;
  out.at = from.time("at");
  out.who = from.text("who");
  out.verb = from.text("verb");
  out.what = from.text("what");
  return out;
}

struct kind {
  const char* type;
  any_record (*read)(fields&);
};
constexpr kind kinds[] = {{"flow", read_flow},     {"call", read_call},
                          {"host", read_host},     {"traffic", read_traffic},
                          {"second", read_second}, {"policy", read_policy},
                          {"gap", read_gap},       {"audit", read_audit}};

}  // namespace

result<any_record> read_record(const boost::json::object& object) {
  fields from(object);
  const std::string type = from.text("type");
  if (!from.good()) return tl::unexpected(from.problem());
  for (const auto& [name, read] : kinds) {
    if (type != name) continue;
    any_record out = read(from);
    if (!from.good()) return tl::unexpected(from.problem());
    return out;
  }
  return fail("'type' expects a record's type, not '" + type.substr(0, 64) + "'");
}

}  // namespace callweir::stream
