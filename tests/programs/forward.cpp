// A link and nothing else: supervisor, engine and workers around a pipeline that forwards, for
// tests of forwarding, failing open and restarting without classification.
//   callweir-forward run STATUS_FILE INSIDE OUTSIDE [WORKERS [MODE]]
// STATUS_FILE is rewritten every 20 ms: one JSON object. MODE: "forward", "hold" (every frame 50 ms
// late), "first" (prioritise all), "die" (abort when ready). SIGUSR1 to the engine toggles bypass.
// MB: extra memory.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "base/arena.hpp"
#include "engine/live_links.hpp"
#include "engine/supervisor.hpp"

namespace {

using namespace callweir;

class plain_pipeline final : public engine::packet_pipeline {
 public:
  explicit plain_pipeline(std::string mode) : mode_(std::move(mode)) {}
  void process(std::span<packet_view> burst, time_point now,
               std::span<engine::decision> out) noexcept override {
    for (std::size_t i = 0; i < burst.size(); ++i) {
      if (mode_ == "hold") {
        out[i].what = engine::outcome::hold;
        out[i].release = now + std::chrono::milliseconds(50);
      } else if (mode_ == "first") {
        out[i].what = engine::outcome::forward_first;
      }
    }
  }
  void idle(time_point) noexcept override {}

 private:
  std::string mode_;
};

void write_status(const char* path, const engine::shared_state& shared,
                  const engine::live_links* live) {
  const std::string fresh = std::string(path) + ".new";
  std::FILE* file = std::fopen(fresh.c_str(), "w");
  if (file == nullptr) return;
  std::fprintf(file,
               "{\"state\":\"%s\",\"supervisor\":%d,\"engine\":%d,\"restarts\":%u,\"alarms\":%u,"
               "\"memory\":\"%s\",\"drops\":{",
               engine::appliance_state_name(shared.state()), shared.supervisor_pid.load(),
               shared.engine_pid.load(), shared.restarts.load(), shared.alarms.load(),
               live != nullptr ? live->memory_kind() : "");
  const char* comma = "";
  if (live != nullptr)
    for (const auto& drop : live->drops()) {
      std::fprintf(file, "%s\"%s\":%lu", comma, drop.name, drop.count);
      comma = ",";
    }
  std::fprintf(file, "},\"received\":[%lu,%lu]}\n",
               live != nullptr ? live->figures(0, side::inside).received : 0UL,
               live != nullptr ? live->figures(0, side::outside).received : 0UL);
  std::fclose(file);
  std::rename(fresh.c_str(), path);
}

capture::port_config port_from(const char* text) {
  const std::string device = text;
  const bool vdev = device.find(',') != std::string::npos;
  return {vdev ? capture::port_config::kind::vdev : capture::port_config::kind::kernel, device};
}

int run_engine(char** argv) {
  // engine STATUS INSIDE OUTSIDE WORKERS MODE MB --shared-fd N …
  sigset_t signals;
  sigemptyset(&signals);
  for (const int s : {SIGTERM, SIGUSR1}) sigaddset(&signals, s);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  auto shared = engine::shared_mapping::open(std::atoi(argv[9]));
  if (!shared) return exit_failed;
  const std::string mode = argv[6];
  auto ballast = arena::make(
      (static_cast<std::size_t>(std::atoi(argv[7])) << 20) + 1,
      std::getenv("CWL_SMALL_PAGES") != nullptr ? arena::mode::small : arena::mode::automatic);
  engine::live_options options;
  options.links = {{"test", port_from(argv[3]), port_from(argv[4]), {}, {}, {}}};
  options.workers = static_cast<unsigned>(std::atoi(argv[5]));
  std::vector<std::unique_ptr<plain_pipeline>> pipelines;
  std::vector<engine::packet_pipeline*> pointers;
  for (unsigned i = 0; i < options.workers; ++i) {
    pipelines.push_back(std::make_unique<plain_pipeline>(mode));
    pointers.push_back(pipelines.back().get());
  }
  auto live = engine::live_links::open(options, **shared, pointers);
  if (!live) {
    std::fprintf(stderr, "%s\n", live.error().text().c_str());
    return exit_usage;
  }
  if (const auto started = (*live)->start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().text().c_str());
    _exit(exit_usage);
  }
  if (mode == "die") std::abort();
  while (true) {
    write_status(argv[2], **shared, live->get());
    const timespec pause{0, 20'000'000};
    const int signal = sigtimedwait(&signals, nullptr, &pause);
    if (signal == SIGUSR1) (*shared)->bypass.store((*shared)->bypass.load() ^ 1U);
    if (signal == SIGTERM || (*shared)->ready.load() == 0) break;
  }
  (*live)->stop();
  write_status(argv[2], **shared, live->get());
  std::fflush(nullptr);
  _exit(exit_done);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 10 && std::strcmp(argv[1], "engine") == 0) return run_engine(argv);
  if (argc < 5) return exit_usage;
  auto shared = engine::shared_mapping::create();
  if (!shared) return exit_failed;
  engine::supervisor_options options;
  options.links = {{"test", port_from(argv[3]), port_from(argv[4]), {}, {}, {}}};
  if (options.links[0].inside.type == capture::port_config::kind::vdev)
    options.links[0].fail_open = capture::link_config::fail_open_mode::none;
  options.workers = argc > 5 ? static_cast<unsigned>(std::atoi(argv[5])) : 1;
  const std::string mode = argc > 6 ? argv[6] : "forward";
  const std::string megabytes = argc > 7 ? argv[7] : "0";
  options.engine_arguments = {"engine", argv[2],  argv[3], argv[4], std::to_string(options.workers),
                              mode,     megabytes};
  options.on_engine_absent = [&](bool) { write_status(argv[2], **shared, nullptr); };
  return engine::supervise(options, *shared);
}
