// /metrics in Prometheus' text format 0.0.4: base units, prefix callweir_, a HELP and a TYPE for
// every metric, no label whose values strangers choose.
#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "dashboard/api/answers.hpp"
#include "dashboard/api/handlers.hpp"
#include "dashboard/api/metric_writer.hpp"

namespace callweir::dashboard::routes {
namespace {

constexpr std::size_t series_max = 256;  // of one metric

boost::json::object parsed(const std::vector<std::string>& states) {
  if (states.empty()) return {};
  boost::json::error_code problem;
  auto value = boost::json::parse(states.front(), problem);
  return problem || !value.is_object() ? boost::json::object{} : std::move(value.get_object());
}

std::uint64_t number(const boost::json::value* value) {
  if (value == nullptr) return 0;
  boost::json::error_code problem;
  const auto out = value->to_number<std::uint64_t>(problem);
  return problem ? 0 : out;
}

std::string text(const boost::json::object& in, const char* key) {
  const auto* value = in.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

template <class Each>
void for_members(const boost::json::object& in, const char* key, Each&& each) {
  const auto* found = in.if_contains(key);
  if (found == nullptr || !found->is_object()) return;
  std::size_t written = 0;
  for (const auto& entry : found->get_object()) {
    if (++written > series_max) break;
    each(std::string_view(entry.key().data(), entry.key().size()), number(&entry.value()));
  }
}

/// What `status` counts that goes down again, and is a metric of its own.
struct gauge {
  const char *counter, *name, *help;
};
constexpr std::array gauges{
    gauge{"calls_active", "callweir_calls", "Calls that run now."},
    gauge{"calls_degraded", "callweir_calls_degraded", "Calls that are held at a target MOS now."},
    gauge{"flows_booked", "callweir_flows_booked", "Flows that the engine keeps records of now."},
    gauge{"held_now", "callweir_packets_held", "Packets in the delay line now."},
    gauge{"records_held", "callweir_engine_records_held", "Records that wait for a reader now."},
    gauge{"record_readers", "callweir_engine_record_readers", "Readers of the record stream now."},
};

void write_engine(metric_writer& out, const boost::json::object& status) {
  const std::string state = text(status, "state");
  out.begin("callweir_state", "State of the appliance: the one that holds is 1.", "gauge");
  for (const char* one :
       {"starting", "inspecting", "bypass", "pass-through", "stopping", "unreachable"}) {
    out.sample({{"state", one}}, state == one ? 1 : 0);
  }
  out.begin("callweir_link_up", "Whether both ports of a link are up.", "gauge");
  if (const auto* links = status.if_contains("links"); links != nullptr && links->is_array()) {
    for (const auto& link : links->get_array()) {
      if (!link.is_object()) continue;
      const auto& one = link.get_object();
      out.sample({{"link", text(one, "name")}}, text(one, "state") == "up" ? 1 : 0);
    }
  }
  out.begin("callweir_alarm", "Alarms that are raised now.", "gauge");
  if (const auto* alarms = status.if_contains("alarms"); alarms != nullptr && alarms->is_array()) {
    for (const auto& one : alarms->get_array()) {
      if (!one.is_string()) continue;
      out.sample({{"alarm", std::string(one.get_string().data(), one.get_string().size())}}, 1);
    }
  }
  out.one("callweir_workers", "Workers of the engine.", "gauge",
          number(status.if_contains("workers")));
  out.one("callweir_engine_restarts_total", "Restarts of the engine by its supervisor.", "counter",
          number(status.if_contains("restarts")));
  out.one("callweir_engine_stalls_total", "Times that a worker was late and frames went round it.",
          "counter", number(status.if_contains("stalls")));
  out.one("callweir_engine_events_lost_total", "Events that found no room inside the engine.",
          "counter", number(status.if_contains("records_lost")));
  out.begin("callweir_dropped_packets_total", "Packets that were not forwarded, by reason.",
            "counter");
  for_members(status, "drops", [&](std::string_view reason, std::uint64_t count) {
    out.sample({{"reason", reason}}, count);
  });
  out.begin("callweir_engine_events_total", "What the engine counts beside, by event.", "counter");
  for_members(status, "counters", [&](std::string_view name, std::uint64_t count) {
    const bool is_gauge = std::any_of(gauges.begin(), gauges.end(),
                                      [&](const gauge& one) { return name == one.counter; });
    if (!is_gauge) out.sample({{"event", name}}, count);
  });
  const auto* counters = status.if_contains("counters");
  for (const auto& one : gauges) {
    const auto* value = counters != nullptr && counters->is_object()
                            ? counters->get_object().if_contains(one.counter)
                            : nullptr;
    if (value != nullptr) out.one(one.name, one.help, "gauge", number(value));
  }
}

void write_policies(metric_writer& out, const boost::json::object& policies) {
  const auto* lines = policies.if_contains("policies");
  if (lines == nullptr || !lines->is_array()) return;
  struct column {
    const char *key, *name, *help;
  };
  constexpr std::array columns{
      column{"flows", "callweir_policy_flows_total", "Flows that a policy line matched."},
      column{"packets", "callweir_policy_packets_total", "Packets that a policy line acted on."},
      column{"bytes", "callweir_policy_bytes_total", "L3 bytes that a policy line acted on."},
      column{"dropped", "callweir_policy_dropped_packets_total", "Packets that it dropped."},
      column{"delayed", "callweir_policy_delayed_packets_total", "Packets that it delayed."}};
  for (const auto& one : columns) {
    out.begin(one.name, one.help, "counter");
    std::size_t position = 0;
    for (const auto& line : lines->get_array()) {
      if (!line.is_object() || position >= series_max) break;
      const auto& policy = line.get_object();
      // Names may repeat, positions do not.
      out.sample({{"position", std::to_string(position++)},
                  {"policy", text(policy, "name")},
                  {"mode", text(policy, "mode")}},
                 number(policy.if_contains(one.key)));
    }
  }
}

void write_records(metric_writer& out, const services& here) {
  const auto counts = here.parts.feed == nullptr ? ingest_counters{} : here.parts.feed->counters();
  out.one("callweir_ingest_connected", "Whether the engine's record stream is connected.", "gauge",
          counts.connected ? 1 : 0);
  out.one("callweir_ingest_connects_total", "Connections to the engine.", "counter",
          counts.connects);
  out.one("callweir_ingest_records_total", "Durable records taken.", "counter", counts.records);
  out.one("callweir_ingest_live_records_total", "Records for the live page.", "counter",
          counts.live_records);
  out.one("callweir_ingest_lost_records_total", "Records overwritten before they were taken.",
          "counter", counts.lost);
  out.one("callweir_ingest_malformed_total", "Frames that could not be read.", "counter",
          counts.malformed);
  out.one("callweir_ingest_waiting_records", "Records read and not committed yet.", "gauge",
          counts.waiting);
  const auto health = here.parts.records->health();
  out.one("callweir_store_size_bytes", "Size of the store.", "gauge", health.bytes);
  out.one("callweir_store_size_limit_bytes", "Size that the store may reach.", "gauge",
          here.parts.configured.store.max_size_bytes);
  out.one("callweir_store_rows_written_total", "Rows written.", "counter", health.rows_written);
  out.one("callweir_store_rows_pruned_total", "Rows that went by age or size.", "counter",
          health.rows_pruned);
  out.one("callweir_store_transactions_total", "Transactions committed.", "counter",
          health.transactions);
  out.one("callweir_store_disk_full", "Whether the last write found no room.", "gauge",
          health.disk_full ? 1 : 0);
  out.one("callweir_store_failing", "Whether the store has trouble.", "gauge",
          health.trouble.empty() ? 0 : 1);
}

void write_service(metric_writer& out, const services& here) {
  const auto served = here.parts.server ? here.parts.server() : http::server_counters{};
  out.one("callweir_http_connections_total", "Connections accepted.", "counter",
          served.connections);
  out.one("callweir_http_refused_connections_total", "Connections beyond a limit.", "counter",
          served.refused);
  out.one("callweir_http_evicted_connections_total", "Connections that made room for others.",
          "counter", served.evicted);
  out.one("callweir_http_dropped_streams_total", "Event streams whose client did not read.",
          "counter", served.streams_dropped);
  out.one("callweir_http_dropped_answers_total",
          "Answers that were read too slowly while too much waited in all.", "counter",
          served.answers_dropped);
  out.one("callweir_http_requests_total", "Requests read.", "counter", served.requests);
  out.one("callweir_http_malformed_requests_total", "Requests that could not be read.", "counter",
          served.malformed);
  out.one("callweir_http_timed_out_total", "Connections that were too slow.", "counter",
          served.timed_out);
  out.one("callweir_http_overloaded_total", "Requests refused because too many waited.", "counter",
          served.overloaded);
  out.one("callweir_http_open_connections", "Connections open now.", "gauge", served.open);
  out.one("callweir_http_event_streams", "Event streams open now.", "gauge", served.event_streams);
  const auto logins = here.parts.access->counters();
  out.one("callweir_logins_total", "Logins.", "counter", logins.logins);
  out.one("callweir_logins_refused_total", "Logins with a wrong name or password.", "counter",
          logins.logins_refused);
  out.one("callweir_logins_throttled_total", "Logins that had to wait.", "counter",
          logins.logins_throttled);
  out.begin("callweir_api_answers_total", "Answers by class of status.", "counter");
  for (std::size_t i = 1; i < here.counters.answers.size(); ++i) {
    out.sample({{"status", std::to_string(i) + "xx"}}, here.counters.answers[i].load());
  }
  out.begin("callweir_api_answer_seconds", "Time that answers took.", "histogram");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < here.counters.times.size(); ++i) {
    sum += here.counters.times[i].load();
    out.bucket(i < api_counters::bounds_s.size() ? api_counters::bounds_s[i] : -1, sum);
  }
  out.sum_and_count(to_seconds(nanoseconds(here.counters.time_ns.load())), sum);
}

}  // namespace

http::response get_metrics(context& of) {
  if (!of.here.parts.configured.export_to.prometheus) {
    return http::problem(404, "metrics are switched off", "export.prometheus");
  }
  metric_writer out;
  out.begin("callweir_build_info", "Version of Callweir.", "gauge");
  out.sample({{"version", of.here.parts.version}}, 1);
  write_engine(out, parsed(of.here.parts.board->state("status")));
  write_policies(out, parsed(of.here.parts.board->state("policies")));
  write_records(out, of.here);
  write_service(out, of.here);
  http::response answer;
  answer.type = "text/plain; version=0.0.4; charset=utf-8";
  answer.body = std::move(out).text();
  return answer;
}

}  // namespace callweir::dashboard::routes
