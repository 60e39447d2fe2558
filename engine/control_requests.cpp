#include "engine/control_requests.hpp"

#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/log.hpp"
#include "engine/audit.hpp"
#include "engine/text_table.hpp"

namespace callweir::engine {
namespace {

constexpr std::size_t flows_most = 65'536;

std::string text_field(const boost::json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// nullopt where it is there and is no whole number.
std::optional<std::int64_t> number_field(const boost::json::object& object, const char* key,
                                         std::int64_t otherwise) {
  const auto* value = object.if_contains(key);
  if (value == nullptr) return otherwise;
  return value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
}

control::reply no_number(const char* key) {
  return control::reply::refused({std::string("'") + key + "' expects a whole number", {}, {}},
                                 exit_usage);
}

/// The dashboard, and who else is of the socket's group. It listens to the network: taken over, it
/// must not rewrite policies.
bool lets(const control::peer& who, const std::string& verb) {
  return verb == "policy-list" || verb == "bypass" || who.uid == 0 || who.uid == ::geteuid();
}

}  // namespace

control_requests::control_requests(control_thread& thread, appliance_access access)
    : thread_(thread), access_(std::move(access)) {}

control::reply control_requests::answer(std::string_view request, const control::peer& who) {
  try {
    return dispatch(request, who);
  } catch (const std::exception& problem) {
    log::error("control", "request failed: {}", problem.what());
    return control::reply::refused({std::string("the request failed: ") + problem.what(), {}, {}});
  }
}

control::reply control_requests::dispatch(std::string_view request, const control::peer& who) {
  boost::system::error_code problem;
  const auto parsed =
      boost::json::parse(boost::json::string_view(request.data(), request.size()), problem);
  if (problem || !parsed.is_object()) {
    return control::reply::refused({"the request is not a JSON object", {}, {}}, exit_usage);
  }
  const auto& object = parsed.get_object();
  const std::string verb = text_field(object, "verb");
  if (verb == "status") return status();
  if (!lets(who, verb)) {
    return control::reply::refused(
        {"this is not for the dashboard to ask", {}, "use callweir as root"}, exit_usage);
  }
  if (verb == "calls") return calls();
  if (verb == "hosts") return hosts();
  if (verb == "flows") {
    const auto limit = number_field(object, "limit", 1000);
    if (!limit) return no_number("limit");
    return flows(*limit <= 0 ? flows_most
                             : std::min<std::size_t>(static_cast<std::size_t>(*limit), flows_most));
  }
  if (verb == "explain") return explain(text_field(object, "id"));
  if (verb == "bypass") return bypass(text_field(object, "mode"), who);
  if (verb == "policy-list") return policy_list();
  // The name goes into the log, where a line is a line.
  const std::string text = text_field(object, "text"), name = printable(text_field(object, "name"));
  if (verb == "policy-diff") return policy_diff(text, name);
  if (verb == "policy-apply") {
    const auto confirm_s = number_field(object, "confirm_s", 0);
    return confirm_s ? policy_apply(text, name, *confirm_s, who) : no_number("confirm_s");
  }
  if (verb == "policy-confirm") return policy_confirm(who);
  if (verb == "policy-rollback") return policy_rollback(who);
  if (verb == "policy-save") return policy_save(who);
  return control::reply::refused(
      {"unknown verb '" + verb + "'", {}, "client and appliance differ in version"}, exit_usage);
}

control::reply control_requests::on_control(
    const std::function<control::reply(control_state&)>& work) {
  // What the work throws there must not look like an empty answer here.
  control::reply out = control::reply::refused({"the request failed", {}, "the log says more"});
  if (!thread_.run([&](control_state& state) { out = work(state); })) {
    return control::reply::refused({"the control thread is busy", {}, "try again in a second"});
  }
  return out;
}

control::reply control_requests::status() {
  status_details details = access_.details ? access_.details() : status_details{};
  details.records_lost += thread_.lost();
  (void)thread_.run([&](control_state& state) {
    details.policy_generation = state.policies.generation();
    details.counters.emplace_back("events", state.events);
    details.counters.emplace_back("orders_lost", state.orders_lost);
    if (state.policies.running()) {
      const auto full = state.policies.current().overloads();
      details.counters.emplace_back("shaper_bindings_refused", full.bindings);
      details.counters.emplace_back("shaper_buckets_refused", full.buckets);
    }
    details.counters.emplace_back("calls_active", state.tracker.active().size());
    details.counters.emplace_back("calls_degraded", state.degrade.size());
    details.counters.emplace_back("flows_booked", state.book.size());
    details.counters.emplace_back("flows_booked_endpoints_missed", state.book.endpoints_missed());
  });
  return {{status_json(*access_.shared, access_.links, &details)}, {}};
}

control::reply control_requests::calls() {
  return on_control([](control_state& state) {
    control::reply out;
    for (auto& record : state.tracker.records()) {
      state.book.complete(record);
      append_json(out.records.emplace_back(), record);
    }
    return out;
  });
}

control::reply control_requests::hosts() {
  return on_control([](control_state& state) {
    control::reply out;
    for (const auto& record : state.tracker.hosts())
      append_json(out.records.emplace_back(), record);
    return out;
  });
}

control::reply control_requests::flows(std::size_t limit) {
  return on_control([limit](control_state& state) {
    control::reply out;
    for (const auto* flow : state.book.newest(limit)) {
      append_json(out.records.emplace_back(), state.book.record(*flow));
    }
    return out;
  });
}

control::reply control_requests::bypass(const std::string& mode, const control::peer& who) {
  auto& flag = access_.shared->bypass;
  if (mode == "on" || mode == "off") {
    flag.store(mode == "on" ? 1 : 0);
    audit(access_.journal, audit_name(who), "bypass", "bypass " + mode);
  } else if (mode != "status") {
    return control::reply::refused({"unknown mode '" + mode + "'", {}, "on, off or status"},
                                   exit_usage);
  }
  return {{flag.load() != 0 ? R"({"type":"bypass","on":true})" : R"({"type":"bypass","on":false})"},
          {}};
}

}  // namespace callweir::engine
