#include "capture/eal.hpp"

#include <bpf/libbpf.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string_view>

#include "capture/xdp_program.hpp"

namespace callweir::capture {
namespace {

std::atomic<bool> running{false};

/// DPDK's log keeps its last line instead of writing to our stderr.
struct last_line {
  std::mutex guard;
  std::string text;
};
last_line& words() {
  static last_line it;
  return it;
}

void keep(const char* data, std::size_t size) {
  const std::lock_guard lock(words().guard);
  constexpr std::size_t words_max = 512;
  std::string line(data, std::min(size, words_max));
  while (!line.empty() && line.back() == '\n') line.pop_back();
  auto& text = words().text;
  if (!line.empty() && text.size() + line.size() < words_max)
    text += (text.empty() ? "" : "; ") + line;
}

ssize_t keep_line(void*, const char* data, std::size_t size) {
  keep(data, size);
  return static_cast<ssize_t>(size);
}

/// What the kernel has against attaching a program: libbpf is the only one to know.
int keep_bpf_line(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  std::array<char, 256> line{};
  const int n = vsnprintf(line.data(), line.size(), format, arguments);
  const std::string_view said(line.data(), static_cast<std::size_t>(std::clamp(n, 0, 255)));
  if (said.find("rror") != said.npos) keep(said.data(), said.size());
  return 0;
}

void capture_log() {
  cookie_io_functions_t functions{};
  functions.write = keep_line;
  if (FILE* stream = fopencookie(nullptr, "w", functions); stream != nullptr) {
    setvbuf(stream, nullptr, _IOLBF, 1024);
    rte_openlog_stream(stream);
  }
}

unsigned long reserved_hugepages_free() {
  std::ifstream meminfo("/proc/meminfo");
  std::string key;
  unsigned long value = 0;
  for (std::string rest; meminfo >> key >> value; std::getline(meminfo, rest))
    if (key == "HugePages_Free:") return value;
  return 0;
}

/// The one EAL thread floats over all processors that the process may use: workers are threads of
/// ours.
std::string floating_lcore() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  std::string list;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) list += (list.empty() ? "" : ",") + std::to_string(cpu);
  return "0@(" + list + ")";
}

}  // namespace

std::string last_eal_words() {
  const std::lock_guard lock(words().guard);
  return words().text;
}

void forget_eal_words() {
  const std::lock_guard lock(words().guard);
  words().text.clear();
}

bool eal_is_running() {
  return running;
}

result<void> start_eal(const eal_options& options) {
  if (running.exchange(true)) return fail("DPDK is already running in this process");
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_MEMLOCK, &unlimited);  // AF_XDP pins the frames; root needs no limit, others try
  // One program an interface, ours: the dispatcher would need a BPF file system and takes longer to
  // start.
  setenv("LIBXDP_SKIP_DISPATCHER", "1", 1);
  quiet_xdp_libraries();
  libbpf_set_print(keep_bpf_line);
  capture_log();

  std::vector<std::string> words = {"callweir",
                                    "--no-shconf",
                                    "--no-telemetry",
                                    "--file-prefix=callweir-" + std::to_string(getpid()),
                                    "--lcores=" + floating_lcore(),
                                    "--log-level=*:error"};
  if (options.pci_devices.empty()) {
    // Frames live in an arena of ours: DPDK itself needs only a few rings.
    for (const char* word : {"--no-pci", "--no-huge", "-m", "64", "--iova-mode=va"})
      words.emplace_back(word);
  } else {
    for (const auto& device : options.pci_devices) {
      words.emplace_back("-a");
      words.push_back(device);
    }
    if (options.hugepages && reserved_hugepages_free() > 0) {
      words.emplace_back("--huge-unlink");
    } else {
      for (const char* word : {"--no-huge", "-m", "512"}) words.emplace_back(word);
    }
  }
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0)
    return fail(std::string("DPDK does not start: ") + rte_strerror(rte_errno) + " (" +
                    last_eal_words() + ")",
                "", "'callweir doctor' checks the machine");
  return {};
}

bool register_eal_thread() {
  return rte_lcore_id() != LCORE_ID_ANY || rte_thread_register() == 0;
}
void unregister_eal_thread() {
  if (rte_lcore_id() != LCORE_ID_ANY) rte_thread_unregister();
}

}  // namespace callweir::capture
