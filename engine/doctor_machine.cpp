#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/service_user.hpp"
#include "engine/doctor.hpp"

namespace callweir::engine {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

/// The number after `key` in a file of "key: number" lines, -1 when it is not there.
long number_of(const std::string& path, const std::string& key) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(key + ":")) return std::atol(line.c_str() + key.size() + 1);
  }
  return -1;
}

finding processors() {
  const unsigned count = std::max(1U, std::thread::hardware_concurrency());
  if (count >= 2) return {finding_level::good, "processors", std::to_string(count), {}};
  return {finding_level::advice, "processors", "one",
          "two or more: one for the packets, one for everything else"};
}

finding memory() {
  const long megabytes = number_of("/proc/meminfo", "MemAvailable") / 1024;
  if (megabytes >= 1024)
    return {finding_level::good, "memory", fmt::format("{} MB available", megabytes), {}};
  return {finding_level::advice, "memory", fmt::format("{} MB available", megabytes),
          "a million flows take about 500 MB: lower engine.flows, or give the machine more ('check "
          "--dump' counts)"};
}

finding hugepages() {
  const long free = number_of("/proc/meminfo", "HugePages_Free");
  const std::string transparent = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  if (free > 0) return {finding_level::good, "hugepages", fmt::format("{} free", free), {}};
  const char* mend =
      "sysctl vm.nr_hugepages=512 (and in /etc/sysctl.d): tables on huge pages shorten the outage "
      "at a crash";
  if (transparent.find("[never]") == std::string::npos && !transparent.empty()) {
    return {finding_level::advice, "hugepages", "none reserved, transparent ones are used", mend};
  }
  return {finding_level::advice, "hugepages", "none reserved, and no transparent ones", mend};
}

bool has_capability(unsigned bit) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  return (data[bit / 32].effective & (1U << (bit % 32))) != 0;
}

finding permissions() {
  std::string missing;
  const auto need = [&](unsigned bit, const char* name) {
    if (!has_capability(bit)) missing += (missing.empty() ? "" : ", ") + std::string(name);
  };
  need(CAP_NET_ADMIN, "CAP_NET_ADMIN");
  need(CAP_NET_RAW, "CAP_NET_RAW");
  if (!has_capability(CAP_BPF)) need(CAP_SYS_ADMIN, "CAP_BPF or CAP_SYS_ADMIN");
  if (missing.empty()) return {finding_level::good, "permissions", "enough to run", {}};
  return {finding_level::must, "permissions", "missing " + missing,
          "run as root (analyze, check and doctor need nothing)"};
}

finding locked_memory() {
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  if (limit.rlim_cur == RLIM_INFINITY || ::geteuid() == 0 || limit.rlim_cur >= 256U << 20) {
    return {finding_level::good, "locked memory", "enough", {}};
  }
  return {finding_level::must, "locked memory", fmt::format("limit {} kB", limit.rlim_cur >> 10),
          "ulimit -l unlimited, or LimitMEMLOCK=infinity in the unit"};
}

finding kernel() {
  utsname name{};
  ::uname(&name);
  int major = 0, minor = 0;
  (void)std::sscanf(name.release, "%d.%d", &major, &minor);
  if (major > 5 || (major == 5 && minor >= 4)) {
    return {finding_level::good, "kernel", name.release, {}};
  }
  return {finding_level::must, "kernel", name.release,
          "5.4 or newer: AF_XDP on kernel interfaces needs it"};
}

/// Asks the kernel itself, by opening such a socket.
finding xdp_sockets() {
  constexpr int family_xdp = 44;
  const int fd = ::socket(family_xdp, SOCK_RAW, 0);
  if (fd >= 0) {
    ::close(fd);
    return {finding_level::good, "AF_XDP", "there", {}};
  }
  if (errno == EPERM)
    return {finding_level::advice, "AF_XDP", "cannot be asked without CAP_NET_RAW",
            "run doctor as root"};
  return {finding_level::must, "AF_XDP", std::strerror(errno),
          "a kernel with CONFIG_XDP_SOCKETS, or links of PCI cards with 'fail_open: none'"};
}

finding service_account() {
  if (find_service_user()) return {finding_level::good, "user callweir", "there", {}};
  return {finding_level::advice, "user callweir", "not there: the dashboard runs as root",
          "systemd-sysusers, or useradd --system callweir"};
}

finding tool(const char* name, const char* package, const char* why) {
  std::istringstream path(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
  for (std::string folder; std::getline(path, folder, ':');) {
    if (::access((folder + "/" + name).c_str(), X_OK) == 0)
      return {finding_level::good, name, folder, {}};
  }
  for (const char* folder : {"/usr/sbin", "/sbin"}) {
    if (::access((std::string(folder) + "/" + name).c_str(), X_OK) == 0)
      return {finding_level::good, name, folder, {}};
  }
  return {finding_level::must, name, "not found", fmt::format("install {}: {}", package, why)};
}

finding bpf_compiler() {
  const std::string jit = first_line("/proc/sys/net/core/bpf_jit_enable");
  if (jit.empty() || jit == "1" || jit == "2")
    return {finding_level::good, "BPF compiler", "on", {}};
  return {finding_level::advice, "BPF compiler", "off", "sysctl net.core.bpf_jit_enable=1"};
}

}  // namespace

std::vector<finding> examine_machine() {
  return {processors(),      memory(),
          hugepages(),       permissions(),
          locked_memory(),   kernel(),
          xdp_sockets(),     bpf_compiler(),
          service_account(), tool("tc", "iproute2", "the pass-through is traffic control's")};
}

bool may_join_interfaces() {
  return has_capability(CAP_NET_ADMIN);
}

}  // namespace callweir::engine
