// The table of routes. Bounds of parameters stand here, once.
#include "dashboard/api/route.hpp"

#include <array>

namespace callweir::dashboard::routes {
namespace {

using kind = parameter_kind;
using http::method;

/// More rows than a store holds: `next` never leads beyond it.
constexpr std::uint64_t offset_max = 1'000'000'000;

constexpr parameter from{"from", kind::time,
                         "begin of the period: seconds since 1970, or as 2026-11-02T08:30, of the "
                         "site's time zone where it names none"};
constexpr parameter to{"to", kind::time, "end of the period, exclusive; now where it is left out"};
constexpr parameter last{"last", kind::span,
                         "day, week or month: the last whole one of the calendar; or a time that "
                         "ends now, as 15m or 24h. Without a period the last 24 hours"};
constexpr parameter limit{"limit", kind::whole, "rows of the answer", "", 1, page_rows_max, 1'000};
constexpr parameter offset{"offset", kind::whole, "rows to pass over", "", 0, offset_max, 0};
constexpr parameter app{"app", kind::text, "of one application, by its name"};
constexpr parameter policy{"policy", kind::text, "acted on by this policy line"};
constexpr parameter link{"link", kind::text, "of one link, by its name"};
constexpr parameter step{"step", kind::step, "a multiple of 10 s, as 5m or 300"};
constexpr parameter top{
    "top", kind::whole, "the largest by bytes; the rest is summed up as null", "", 1, 100, 10};

constexpr std::array call_parameters{
    from,
    to,
    last,
    app,
    policy,
    parameter{"party", kind::address, "with this party"},
    parameter{"active", kind::flag,
              "true: those that run, as the live page shows them where no period is written; "
              "false: those that have ended"},
    limit,
    offset};
constexpr std::array flow_parameters{from,
                                     to,
                                     last,
                                     app,
                                     policy,
                                     parameter{"call", kind::text, "of one call, by its id"},
                                     parameter{"address", kind::address, "with this end"},
                                     parameter{"voip", kind::flag, "telephony or not"},
                                     limit,
                                     offset};
constexpr std::array host_parameters{
    from,  to,
    last,  parameter{"role", kind::choice, "with this role", "softphone|supernode|relay"},
    limit, offset};
constexpr std::array list_parameters{from, to, last, limit};
constexpr std::array application_parameters{
    from, to, last, link,
    parameter{"top", kind::whole, "the largest by bytes; the rest is summed up as null", "", 1,
              1'000, 100}};
constexpr std::array traffic_parameters{
    from,
    to,
    last,
    step,
    top,
    app,
    link,
    parameter{"host", kind::address, "of one inside host"},
    parameter{"by", kind::choice, "what is told apart", "app|host|link|app_of_host|all"}};
constexpr std::array load_parameters{from, to, last, step, link};
constexpr std::array policy_parameters{from, to, last};
constexpr std::array report_parameters{
    from, to, last, parameter{"format", kind::choice, "html by default", "html|pdf|csv|json"}};
constexpr std::array event_parameters{parameter{"after", kind::whole,
                                                "number of the newest event that is known already",
                                                "", 0, 1ULL << 62, 0}};
constexpr std::span<const parameter> none{};

constexpr std::array table{
    route{method::get, "/api/v1/status", "getStatus", right::watch, get_status,
          "State of the appliance, of this process and its store", none, "", "Status"},
    route{method::get, "/api/v1/calls", "listCalls", right::watch, get_calls,
          "Calls that touch a period, newest first", call_parameters, "", "Calls"},
    route{method::get, "/api/v1/calls/{id}", "getCall", right::watch, get_call, "One call", none,
          "", "Call"},
    route{method::get, "/api/v1/flows", "listFlows", right::watch, get_flows,
          "Flows seen in a period, newest first: telephony, acted on, and 1 in 1,000 of the rest",
          flow_parameters, "", "Flows"},
    route{method::get, "/api/v1/flows/{id}", "getFlow", right::watch, get_flow, "One flow", none,
          "", "Flow"},
    route{method::get, "/api/v1/hosts", "listHosts", right::watch, get_hosts,
          "Inside hosts with softphones, most bytes first", host_parameters, "", "Hosts"},
    route{method::get, "/api/v1/applications", "listApplications", right::watch, get_applications,
          "Traffic by application, most bytes first", application_parameters, "", "Applications"},
    route{method::get, "/api/v1/traffic", "getTraffic", right::watch, get_traffic,
          "Traffic over time, by application, host or link", traffic_parameters, "", "Traffic"},
    route{method::get, "/api/v1/load", "getLoad", right::watch, get_load,
          "What the links carried over time, calls and everything else", load_parameters, "",
          "Load"},
    route{method::get, "/api/v1/policies", "listPolicies", right::watch, get_policies,
          "The policy lines in force with their counters; with a period, what each did in it",
          policy_parameters, "", "Policies"},
    route{method::get, "/api/v1/gaps", "listGaps", right::watch, get_gaps,
          "What the appliance itself missed", list_parameters, "", "Gaps"},
    route{method::get, "/api/v1/audit", "listAudit", right::audit, get_audit,
          "Who changed or enforced what, newest first", list_parameters, "", "Audit"},
    route{method::post, "/api/v1/bypass", "setBypass", right::operate, post_bypass,
          "Forwards everything untouched, or acts by the policies again", none, "Bypass", "Bypass"},
    route{method::get, "/api/v1/reports", "getReport", right::report, get_report,
          "The traffic report of a period, as a download; the last day by default",
          report_parameters, "", "", 200, "text/html, application/pdf, text/csv, application/json"},
    route{method::get, "/api/v1/events", "getEvents", right::watch, get_events,
          "What happens, as server-sent events: second, call, status, policies, gap, audit, host",
          event_parameters, "", "", 200, "text/event-stream"},
    route{method::get, "/api/v1/session", "getSession", std::nullopt, get_session,
          "Who asks, and what they may; 401 for nobody", none, "", "Session"},
    route{method::post, "/api/v1/session", "logIn", std::nullopt, post_session, "Logs in", none,
          "LogIn", "Session"},
    route{method::patch, "/api/v1/session", "changePassword", std::nullopt, patch_session,
          "Changes one's own password; other sessions end", none, "ChangePassword", "Session"},
    route{method::del, "/api/v1/session", "logOut", std::nullopt, delete_session, "Logs out", none,
          "", "", 204},
    route{method::get, "/api/v1/setup", "getSetup", std::nullopt, get_setup,
          "Whether the first admin is still to be made", none, "", "Setup"},
    route{method::post, "/api/v1/setup", "setUp", std::nullopt, post_setup,
          "Makes the first admin by the one-time set-up code, and logs in", none, "SetUp",
          "Session"},
    route{method::get, "/api/v1/accounts", "listAccounts", right::administer, get_accounts,
          "All accounts", none, "", "Accounts"},
    route{method::post, "/api/v1/accounts", "addAccount", right::administer, post_account,
          "A new account", none, "NewAccount", "Account", 201},
    route{method::patch, "/api/v1/accounts/{id}", "changeAccount", right::administer, patch_account,
          "Another role or password; the account's sessions end", none, "AccountChange", "Account"},
    route{method::del, "/api/v1/accounts/{id}", "removeAccount", right::administer, delete_account,
          "Removes an account and ends its sessions", none, "", "", 204},
    route{method::get, "/api/v1/tokens", "listTokens", right::administer, get_tokens,
          "All API tokens, without their secrets", none, "", "Tokens"},
    route{method::post, "/api/v1/tokens", "addToken", right::administer, post_token,
          "A new token; its secret is in this answer only", none, "NewToken", "MadeToken", 201},
    route{method::del, "/api/v1/tokens/{id}", "removeToken", right::administer, delete_token,
          "Removes a token", none, "", "", 204},
    route{method::get, "/api/v1/openapi.json", "getDocument", std::nullopt, get_document,
          "This document", none, "", "Anything"},
    route{method::get, "/healthz", "getHealth", std::nullopt, get_health,
          "Whether the store takes records and the engine is heard of; 503 when the store fails",
          none, "", "Health"},
    route{method::get, "/metrics", "getMetrics", right::metrics, get_metrics,
          "Counters and gauges for Prometheus", none, "", "", 200, "text/plain"},
};

constexpr std::size_t id_bytes_max = 128;

/// Whether `path` is of `pattern`; `id` gets the part in its place.
bool fits(std::string_view pattern, std::string_view path, std::string_view& id) {
  const auto brace = pattern.find('{');
  if (brace == std::string_view::npos) return pattern == path;
  if (!path.starts_with(pattern.substr(0, brace))) return false;
  const auto rest = path.substr(brace);
  if (rest.empty() || rest.size() > id_bytes_max || rest.find('/') != std::string_view::npos) {
    return false;
  }
  id = rest;
  return true;
}

}  // namespace

std::span<const route> all_routes() {
  return table;
}

const char* method_name(http::method verb) {
  switch (verb) {
    case method::get:
      return "GET";
    case method::head:
      return "HEAD";
    case method::post:
      return "POST";
    case method::put:
      return "PUT";
    case method::patch:
      return "PATCH";
    case method::del:
      return "DELETE";
    default:
      return "OTHER";
  }
}

match find_route(http::method verb, std::string_view path) {
  match out;
  const auto wanted = verb == method::head ? method::get : verb;
  for (const auto& one : table) {
    std::string_view id;
    if (!fits(one.pattern, path, id)) continue;
    if (!out.allowed.empty()) out.allowed += ", ";
    out.allowed += method_name(one.verb);
    if (one.verb == wanted) {
      out.found = &one;
      out.id = id;
    }
  }
  return out;
}

}  // namespace callweir::dashboard::routes
