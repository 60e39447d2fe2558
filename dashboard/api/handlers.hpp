// The handlers behind the table of routes. None throws on account of what was asked.
#pragma once

#include "dashboard/api/context.hpp"

namespace callweir::dashboard::routes {

// live_handlers.cpp
http::response get_status(context& of);
http::response get_policies(context& of);
http::response get_events(context& of);
http::response post_bypass(context& of);
// record_handlers.cpp
http::response get_calls(context& of);
http::response get_call(context& of);
http::response get_flows(context& of);
http::response get_flow(context& of);
http::response get_hosts(context& of);
http::response get_gaps(context& of);
http::response get_audit(context& of);
// sum_handlers.cpp
http::response get_applications(context& of);
http::response get_traffic(context& of);
http::response get_load(context& of);
// report_handler.cpp
http::response get_report(context& of);
// session_handlers.cpp
http::response get_session(context& of);
http::response post_session(context& of);
http::response patch_session(context& of);
http::response delete_session(context& of);
http::response get_setup(context& of);
http::response post_setup(context& of);
// account_handlers.cpp
http::response get_accounts(context& of);
http::response post_account(context& of);
http::response patch_account(context& of);
http::response delete_account(context& of);
http::response get_tokens(context& of);
http::response post_token(context& of);
http::response delete_token(context& of);
// health.cpp, metrics.cpp, openapi.cpp
http::response get_health(context& of);
http::response get_metrics(context& of);
http::response get_document(context& of);

}  // namespace callweir::dashboard::routes
