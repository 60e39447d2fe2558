// A store in a folder of its own, and records for it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/applications.hpp"
#include "dashboard/store/store.hpp"

namespace callweir::dashboard {

constexpr std::int64_t test_day = 1'790'812'800;  // 2026-10-01, midnight UTC

inline time_point at_second(double seconds) {
  return time_point{test_day * 1'000'000'000} + from_seconds(seconds);
}

class store_fixture : public ::testing::Test {
 protected:
  store_fixture() {
    std::string name = (std::filesystem::temp_directory_path() / "callweir-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the test");
    folder_ = name;
    path_ = folder_ / "callweir.db";
  }
  ~store_fixture() override {
    reader_.reset();
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void open(const store_limits& limits = {}) {
    reader_.reset();
    store_.reset();
    auto opened = open_sqlite_store(path_.string(), limits);
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
    auto reading = store_->reader();
    ASSERT_TRUE(reading) << reading.error().text();
    reader_ = std::move(*reading);
  }

  /// Writes records with the next numbers.
  result<void> put(std::vector<stream::any_record> records, const std::string& engine = "e1") {
    std::vector<stream::durable> batch;
    if (engine != engine_) number_ = 0;
    engine_ = engine;
    for (auto& each : records) batch.push_back({++number_, std::move(each)});
    return store_->write(batch, {engine, number_});
  }

  static flow_record flow(const std::string& id, double first, double last) {
    flow_record out;
    out.id = id;
    out.link = "uplink";
    out.source = ip_address::v4(0x0a000005);
    out.destination = ip_address::v4(0xc0000207);
    out.source_port = 40'123;
    out.destination_port = 443;
    out.protocol = proto_udp;
    out.what.app = app_skype;
    out.what.voip = true;
    out.what.confidence_pct = 97;
    out.reasons = {"because"};
    out.first = at_second(first);
    out.last = at_second(last);
    out.packets = {1, 2};
    out.bytes = {100, 200};
    return out;
  }
  static call_record call(const std::string& id, double start, double end) {
    call_record out;
    out.id = id;
    out.app = app_skype;
    out.parties = {ip_address::v4(0x0a000005), ip_address::v4(0xc0000207)};
    out.flows = {"f" + id};
    out.media = {flow_role::voice};
    out.start = at_second(start);
    out.end = at_second(end);
    out.codec = "opus~24k";
    out.mos = {1.8, std::nullopt};
    out.mos_scale = "fb";
    return out;
  }
  static traffic_record traffic(double at, const std::string& app, std::uint32_t host,
                                std::uint64_t bytes, bool voip = false) {
    traffic_record out;
    out.at = at_second(at);
    out.link = "uplink";
    out.app = app;
    out.host = ip_address::v4(host);
    out.voip = voip;
    out.flows = 1;
    out.packets = {1, 2};
    out.bytes = {bytes, 2 * bytes};
    return out;
  }
  static period seconds(double from, double to) { return {at_second(from), at_second(to)}; }

  template <class Record>
  static std::string json(const Record& record) {
    std::string out;
    append_json(out, record);
    return out;
  }
  template <class Records>
  static std::string ids(const Records& records) {
    std::string out;
    for (const auto& each : records) out += (out.empty() ? "" : " ") + each.id;
    return out;
  }

  std::filesystem::path folder_, path_;
  std::unique_ptr<store> store_;
  std::unique_ptr<store_reader> reader_;
  std::string engine_;
  std::uint64_t number_ = 0;
};

}  // namespace callweir::dashboard
