// The burst loop over DPDK's own virtual devices: frames of a capture go in by net_pcap and come
// out into another.
#include "engine/worker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "capture/eal.hpp"
#include "capture/port.hpp"
#include "engine/live_links.hpp"

namespace callweir::engine {
namespace {

using bytes = std::vector<std::uint8_t>;

template <class T>
void put(std::ofstream& out, T value) {
  out.write(reinterpret_cast<const char*>(&value), sizeof value);
}

void write_pcap(const std::string& path, const std::vector<bytes>& frames) {
  std::ofstream out(path, std::ios::binary);
  for (const std::uint32_t word : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 65535U, 1U}) put(out, word);
  for (const auto& frame : frames) {
    put(out, 0U);
    put(out, 0U);
    put(out, static_cast<std::uint32_t>(frame.size()));
    put(out, static_cast<std::uint32_t>(frame.size()));
    out.write(reinterpret_cast<const char*>(frame.data()),
              static_cast<std::streamsize>(frame.size()));
  }
}

std::vector<bytes> read_pcap(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(in)), {});
  std::vector<bytes> frames;
  for (std::size_t at = 24; at + 16 <= all.size();) {
    std::uint32_t length;
    std::memcpy(&length, all.data() + at + 8, sizeof length);
    frames.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(at) + 16,
                        all.begin() + static_cast<std::ptrdiff_t>(at + 16 + length));
    at += 16 + length;
  }
  return frames;
}

/// By the frame's last byte: 0 forward, 1 first, 2 hold for 30 ms, 3 drop.
class by_last_byte final : public packet_pipeline {
 public:
  void process(std::span<packet_view> burst, time_point now,
               std::span<decision> out) noexcept override {
    for (std::size_t i = 0; i < burst.size(); ++i) {
      out[i].what = static_cast<outcome>(burst[i].frame[burst[i].captured - 1] % 4);
      out[i].release = now + std::chrono::milliseconds(30);
      seen += burst[i].time == now && burst[i].wire == burst[i].captured ? 1 : 0;
    }
  }
  void idle(time_point) noexcept override { ++idles; }
  int seen = 0;
  std::atomic<int> idles{0};
};

class worker_test : public testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    if (capture::eal_is_running())
      GTEST_SKIP() << "DPDK starts once a process: run by ctest, or by name";
    folder_ =
        std::filesystem::temp_directory_path() / ("callweir-worker-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    for (int i = 0; i < 1000; ++i) {
      bytes frame(60 + static_cast<std::size_t>(i), static_cast<std::uint8_t>(i));
      frame[12] = 0x88;
      frame[13] = 0xb5;
      frame.back() = static_cast<std::uint8_t>(i % 4);
      frames_.push_back(std::move(frame));
    }
    write_pcap(folder_ / "in.pcap", frames_);
    write_pcap(folder_ / "none.pcap", {});
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  capture::port_config device(int number, const char* in, const char* out) const {
    return {capture::port_config::kind::vdev, "net_pcap" + std::to_string(number) +
                                                  ",rx_pcap=" + (folder_ / in).string() +
                                                  ",tx_pcap=" + (folder_ / out).string()};
  }
  std::filesystem::path folder_;
  std::vector<bytes> frames_;
};

TEST_P(worker_test, carries_every_decision_out_and_loses_nothing) {
  auto shared = shared_mapping::create();
  ASSERT_TRUE(shared.has_value());
  live_options options;
  options.workers = GetParam();
  options.held_frames = 2048;
  options.links = {
      {"test", device(0, "in.pcap", "back.pcap"), device(1, "none.pcap", "out.pcap"), {}, {}, {}}};
  std::vector<std::unique_ptr<by_last_byte>> pipelines;
  std::vector<packet_pipeline*> pointers;
  for (unsigned i = 0; i < options.workers; ++i) {
    pipelines.push_back(std::make_unique<by_last_byte>());
    pointers.push_back(pipelines.back().get());
  }
  auto live = live_links::open(options, **shared, pointers);
  ASSERT_TRUE(live.has_value()) << live.error().text();
  EXPECT_EQ((*shared)->ready.load(), 0U);
  const auto started = (*live)->start();
  ASSERT_TRUE(started.has_value()) << started.error().text();
  EXPECT_EQ((*shared)->state(), appliance_state::inspecting);
  for (int i = 0; i < 200 && (*live)->figures(0, side::outside).sent < 750; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_GT((*shared)->worker[0].heartbeat_ns.load(), 0);
  EXPECT_GT(pipelines[0]->idles.load(), 0);
  EXPECT_EQ((*live)->figures(0, side::inside).received, 1000U);
  EXPECT_EQ((*live)->figures(0, side::outside).sent, 750U);
  for (const auto& drop : (*live)->drops()) EXPECT_EQ(drop.count, 0U) << drop.name;
  (*live)->stop();
  int seen = 0;
  for (const auto& each : pipelines) seen += each->seen;
  EXPECT_EQ(seen, 1000);

  live->reset();  // closes the devices, and with them the files
  auto out = read_pcap(folder_ / "out.pcap");
  std::vector<bytes> expected;
  for (const auto& frame : frames_)
    if (frame.back() != 3) expected.push_back(frame);
  std::sort(out.begin(), out.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(out, expected);
}

INSTANTIATE_TEST_SUITE_P(alone_and_behind_the_distributor, worker_test, testing::Values(1U, 3U));

}  // namespace
}  // namespace callweir::engine
