// Writes records into a store until somebody ends it, however rudely, and checks at its start that
// all of what it was told is committed is there.
//   callweir-store_writer FILE [BATCH [MAX_SIZE]]
// stdout, one line each: "opened NUMBER" when the rows of the first NUMBER records were found, no
// more and no fewer; "committed NUMBER" after each batch; "full" for a batch that found no room,
// which comes again. Exit code 1: something was missing. With MAX_SIZE (bytes) rows may be gone.
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "base/applications.hpp"
#include "dashboard/store/store.hpp"

namespace {

using namespace callweir;
using namespace callweir::dashboard;

constexpr std::int64_t start_ns = 1'790'812'800'000'000'000;
constexpr period always{{0}, {start_ns * 2}};

/// Of every ten records six are flows, one is a call and three are one byte of traffic.
stream::any_record numbered(std::uint64_t n) {
  const time_point at{start_ns + static_cast<std::int64_t>(n) * 3'000'000};
  const auto id = std::to_string(n);
  if (n % 10 < 6) {
    flow_record flow;
    flow.id = "f" + id;
    flow.source = ip_address::v4(0x0a000000 + static_cast<std::uint32_t>(n % 1'000));
    flow.destination = ip_address::v4(static_cast<std::uint32_t>(n * 2'654'435'761U));
    flow.protocol = proto_udp;
    flow.what.app = app_skype;
    flow.first = at;
    flow.last = at + std::chrono::seconds(30);
    return flow;
  }
  if (n % 10 == 6) {
    call_record call;
    call.id = "c" + id;
    call.app = app_skype;
    call.parties = {ip_address::v4(0x0a000000 + static_cast<std::uint32_t>(n % 1'000))};
    call.flows = {"f" + id};
    call.start = at;
    call.end = at + std::chrono::seconds(60);
    call.mos_scale = "fb";
    return call;
  }
  traffic_record traffic;
  traffic.at = {at.ns / 10'000'000'000 * 10'000'000'000};
  traffic.link = "uplink";
  traffic.app = n % 10 == 7 ? "Skype" : "TLS";
  traffic.host = ip_address::v4(0x0a000000 + static_cast<std::uint32_t>(n % 100));
  traffic.bytes = {1, 0};
  return traffic;
}

void say(const std::string& line) {
  const auto written = ::write(STDOUT_FILENO, (line + "\n").data(), line.size() + 1);
  if (written < 0) ::_exit(exit_failed);
}

std::uint64_t of_kinds(std::uint64_t upto, std::uint64_t from, std::uint64_t to) {
  std::uint64_t out = 0;
  for (std::uint64_t kind = from; kind < to; ++kind)
    out += upto / 10 + (kind != 0 && kind <= upto % 10 ? 1 : 0);
  return out;
}

/// Rows are exactly those of the records up to `number`.
bool whole(store_reader& reader, std::uint64_t number) {
  const auto flows = reader.count_flows(always), calls = reader.count_calls(always);
  const auto sums = reader.traffic({.when = always, .by = traffic_query::grouping::nothing});
  if (!flows || !calls || !sums) return false;
  const auto bytes = sums->empty() ? 0 : sums->front().sum.bytes[0];
  return *flows == of_kinds(number, 0, 6) && *calls == of_kinds(number, 6, 7) &&
         bytes == of_kinds(number, 7, 10);
}

std::uint64_t number_of(const char* text) {
  std::uint64_t out = 0;
  std::from_chars(text, text + std::char_traits<char>::length(text), out);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return exit_usage;
  const std::uint64_t batch_records = argc > 2 ? number_of(argv[2]) : 50;
  store_limits limits{std::chrono::hours(24 * 365), argc > 3 ? number_of(argv[3]) : 10'000'000'000};
  auto opened = open_sqlite_store(argv[1], limits);
  if (!opened) {
    say("failed: " + opened.error().text());
    return exit_failed;
  }
  auto& to = **opened;
  std::uint64_t number = to.position().number;
  if (!to.health().moved_aside.empty()) {
    say("failed: " + to.health().note);
    return exit_failed;
  }
  if (argc <= 3) {
    auto reader = to.reader();
    if (!reader || !whole(**reader, number)) {
      say("failed: rows and position " + std::to_string(number) + " do not agree");
      return exit_failed;
    }
  }
  say("opened " + std::to_string(number));
  std::vector<stream::durable> batch;
  for (std::uint64_t round = 0;; ++round) {
    if (batch.empty())
      for (std::uint64_t i = 1; i <= batch_records; ++i)
        batch.push_back({number + i, numbered(number + i)});
    if (to.write(batch, {"e1", number + batch.size()})) {
      number += batch.size();
      batch.clear();
      say("committed " + std::to_string(number));
    } else {
      say("full");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (round % 8 == 7 || !batch.empty()) static_cast<void>(to.tidy({start_ns}));
  }
}
