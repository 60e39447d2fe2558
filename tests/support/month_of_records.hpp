// A month of an office as the engine would have streamed it: calls with their flows, policies that
// act on some of them, traffic of every host, load, hosts, gaps and the audit log. The same options
// give the same records. For tests, figures and reports.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/record_stream.hpp"

namespace callweir::test {

struct month_options {
  std::uint32_t hosts = 1'000;   // inside, 10.1.0.1 and on
  std::uint32_t calls = 50'000;  // of the whole time
  std::uint32_t days = 30;
  time_point from{1'790'812'800'000'000'000};  // 2026-10-01, midnight UTC
  std::uint64_t seed = 2026;
  std::string link = "uplink";
};

class month_of_records {
 public:
  explicit month_of_records(const month_options& options = {});

  /// Replaces `batch` by the next records, at most `most`, roughly in order of time (what belongs
  /// to one hour comes together). False at the end.
  bool next(std::vector<stream::durable>& batch, std::size_t most);
  std::string engine() const { return "00000000000ca11e"; }
  /// Of the last record that was handed out.
  std::uint64_t number() const { return number_; }
  time_point from() const { return options_.from; }
  time_point to() const { return options_.from + std::chrono::hours(24) * options_.days; }

 private:
  struct talk;

  void fill_hour();
  void add(stream::any_record record) { hour_.push_back(std::move(record)); }
  void add_calls(time_point at, double share);
  void add_call(time_point start);
  void add_media(const talk& of);
  void add_enforcement(const talk& of);
  void add_traffic(time_point at, double share);
  void add_load(time_point at, double share);
  void add_policies(time_point at, double share);
  void add_hosts(time_point at, double share);
  void add_events(time_point at);

  std::uint64_t draw();  // 64 random bits
  double part();         // [0, 1)
  std::uint64_t below(std::uint64_t bound) { return draw() % bound; }
  ip_address host(std::uint64_t number) const;
  ip_address stranger();

  month_options options_;
  std::uint64_t state_, number_ = 0, flows_ = 0, calls_ = 0;
  std::uint32_t hour_number_ = 0;
  double weight_ = 0, weight_done_ = 0;  // of hours, for the share of the calls
  std::vector<stream::any_record> hour_;
  std::size_t taken_ = 0;
};

}  // namespace callweir::test
