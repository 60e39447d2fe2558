// /healthz: for load balancers and watchdogs, who have no login and are told no more than they
// need.
#include "dashboard/api/answers.hpp"
#include "dashboard/api/handlers.hpp"

namespace callweir::dashboard::routes {

http::response get_health(context& of) {
  const auto health = of.here.parts.records->health();
  std::string_view store = "ok";
  if (health.disk_full) {
    store = "disk full";
  } else if (!health.trouble.empty()) {
    store = "failing";
  } else {
    auto reader = of.here.readers.take();
    if (!reader || !(*reader)->extent()) {
      store = "unreadable";
      if (reader) reader->drop();
    }
  }
  const auto counts =
      of.here.parts.feed == nullptr ? ingest_counters{} : of.here.parts.feed->counters();
  const bool failing = store != "ok";
  std::string out = "{";
  append_text(out, "status", failing ? "failing" : counts.connected ? "ok" : "waiting");
  append_text(out, "store", store);
  append_text(out, "engine", counts.connected ? "connected" : "away");
  append_count(out, "waiting", counts.waiting);
  return made(out + "}", failing ? 503 : 200);
}

}  // namespace callweir::dashboard::routes
