// Sums of traffic: by application, over time, of the links.
#include <algorithm>

#include "dashboard/api/answers.hpp"
#include "dashboard/api/handlers.hpp"

namespace callweir::dashboard::routes {
namespace {

constexpr std::int64_t steps_max = 10'000;
constexpr std::int64_t points_max = 50'000;  // of all series of an answer

void append_sums(std::string& out, const traffic_point& sums) {
  append_count(out, "flows", sums.flows);
  append_counts(out, "bytes", sums.bytes);
  append_counts(out, "packets", sums.packets);
}

void append_at(std::string& out, time_point at) {
  out += "{\"at\":";
  json::append_time(out, at);
}

void append_series(std::string& out, std::string_view key, const traffic_series& one) {
  out += '{';
  append_text_or_null(out, key, one.key);
  json::append_key(out, "voip");
  json::append_bool(out, one.voip);
  append_sums(out, one.sum);
}

std::int64_t steps_of(const period& when, nanoseconds step) {
  return (when.to - when.from) / step + 1;
}

http::response too_fine(std::int64_t most) {
  return http::problem(400, "the period has too many steps", "step",
                       "at most " + std::to_string(most) + ": a longer step or a shorter period");
}

/// About 500 steps over the period, of a length that roll-ups have.
nanoseconds fitting_step(const period& when) {
  using namespace std::chrono_literals;
  const nanoseconds span = when.to - when.from;
  for (const nanoseconds step : {nanoseconds(10s), nanoseconds(1min), nanoseconds(5min),
                                 nanoseconds(30min), nanoseconds(1h), nanoseconds(6h)}) {
    if (span / step <= 500) return step;
  }
  return 24h;
}

traffic_query::grouping grouping_of(const std::optional<std::string>& by) {
  using grouping = traffic_query::grouping;
  if (!by || *by == "app") return grouping::app;
  if (*by == "host") return grouping::host;
  if (*by == "link") return grouping::link;
  if (*by == "app_of_host") return grouping::app_of_host;
  return grouping::nothing;
}

}  // namespace

http::response get_applications(context& of) {
  traffic_query what;
  what.when = of.with.when();
  what.link = of.with.text("link");
  what.top = static_cast<std::size_t>(of.with.whole("top"));
  return from_store(
      of, [&](store_reader& from) { return from.traffic(what); },
      [&](const std::vector<traffic_series>& all) {
        std::string out = begin_period(what.when);
        json::append_key(out, "applications");
        out += '[';
        for (const auto& one : all) {
          if (&one != all.data()) out += ',';
          append_series(out, "app", one);
          out += '}';
        }
        return made(out + "]}");
      });
}

http::response get_traffic(context& of) {
  traffic_query what;
  what.when = of.with.when();
  what.by = grouping_of(of.with.text("by"));
  what.host = of.with.address("host");
  what.app = of.with.text("app");
  what.link = of.with.text("link");
  what.top = static_cast<std::size_t>(of.with.whole("top"));
  what.step = of.with.step();
  if (what.by == traffic_query::grouping::app_of_host && !what.host) {
    return http::problem(400, "'by=app_of_host' needs 'host'", "host", "name one inside host");
  }
  const auto series = static_cast<std::int64_t>(what.top) + 1;
  if (what.step > nanoseconds{0} && steps_of(what.when, what.step) * series > points_max) {
    return too_fine(points_max / series);
  }
  return from_store(
      of, [&](store_reader& from) { return from.traffic(what); },
      [&](const std::vector<traffic_series>& all) {
        std::string out = begin_period(what.when);
        json::append_key(out, "step");
        json::append_number(out, to_seconds(what.step));
        json::append_key(out, "series");
        out += '[';
        for (const auto& one : all) {
          if (&one != all.data()) out += ',';
          append_series(out, "key", one);
          out += ",\"points\":[";
          for (const auto& point : one.points) {
            if (&point != one.points.data()) out += ',';
            append_at(out, point.at);
            append_sums(out, point);
            out += '}';
          }
          out += "]}";
        }
        return made(out + "]}");
      });
}

http::response get_load(context& of) {
  load_query what;
  what.when = of.with.when(std::chrono::hours(1));
  what.link = of.with.text("link");
  what.step = of.with.step();
  if (what.step == nanoseconds{0}) what.step = fitting_step(what.when);
  if (steps_of(what.when, what.step) > steps_max) return too_fine(steps_max);
  return from_store(
      of, [&](store_reader& from) { return from.load(what); },
      [&](const std::vector<load_point>& all) {
        std::string out = begin_period(what.when);
        json::append_key(out, "step");
        json::append_number(out, to_seconds(what.step));
        json::append_key(out, "load");
        out += '[';
        const auto append_classes = [&](const char* key, const auto& classes) {
          json::append_key(out, key);
          for (std::size_t i = 0; i < classes.size(); ++i) {
            out += i == 0 ? "[[" : ",[";
            json::append_integer(out, classes[i][0]);
            out += ',';
            json::append_integer(out, classes[i][1]);
            out += ']';
          }
          out += ']';
        };
        for (const auto& one : all) {
          if (&one != all.data()) out += ',';
          append_at(out, one.at);
          append_classes("bytes", one.bytes);
          append_classes("packets", one.packets);
          append_count(out, "dropped", one.dropped);
          append_count(out, "delayed", one.delayed);
          append_count(out, "calls_most", one.calls_most);
          append_count(out, "degraded_most", one.degraded_most);
          out += '}';
        }
        return made(out + "]}");
      });
}

}  // namespace callweir::dashboard::routes
