// The REST API, /metrics and /healthz: one function from a request to its answer. The table of
// routes (routes.cpp) says what is asked of whom; the OpenAPI document is made from the same table.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dashboard/access/access_control.hpp"
#include "dashboard/http/message.hpp"
#include "dashboard/http/server.hpp"
#include "dashboard/ingest/ingest.hpp"
#include "dashboard/live/live_board.hpp"
#include "dashboard/settings.hpp"
#include "dashboard/store/store.hpp"

namespace callweir::dashboard {

/// What the API speaks for. Everything outlives it.
struct api_parts {
  settings configured;
  std::string version;
  std::string pseudonym_key;  // report/pseudonyms.hpp; needed when configured.pseudonymise;
                              // the board then says the names, too
  store* records = nullptr;
  live_board* board = nullptr;
  const ingest* feed = nullptr;  // null: no engine is asked for
  access_control* access = nullptr;
  std::function<http::server_counters()> server;  // may be empty
  /// Tells the engine; what is so then. Empty: there is none to tell.
  std::function<result<bool>(bool on)> bypass;
  /// Answers what is none of the API's: the web pages. Empty: 404.
  std::function<http::response(const http::request&)> files;
  std::function<time_point()> now;
};

/// Any number of threads. Each asks the store through a reader of its own.
class api {
 public:
  explicit api(api_parts parts);
  ~api();
  api(const api&) = delete;
  api& operator=(const api&) = delete;

  /// Never throws. May take as long as a query, a report or a password hash does.
  http::response answer(const http::request& request) noexcept;
  /// Hands audit lines that wait beside the accounts over to the store and the board. Call about
  /// once a second, from any one thread; true when there is more.
  bool hand_over_audit();

  /// Closes the event streams of sessions and tokens that have ended. Call about once a second,
  /// from any one thread.
  void end_streams();

  /// /api/v1/openapi.json
  static std::string document(const std::string& version);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace callweir::dashboard
