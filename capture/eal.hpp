// DPDK's environment: started once a process, small, quiet, beside as many other engines as one
// likes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace callweir::capture {

struct eal_options {
  std::vector<std::string>
      pci_devices;        // "0000:03:00.0"; only these are probed, none: no scan at all
  bool hugepages = true;  // false: none, even where they are reserved
};

/// What DPDK takes for itself, at most, with cards or without.
constexpr std::uint64_t eal_memory_bytes(bool pci) {
  return (pci ? std::uint64_t{512} : std::uint64_t{64}) << 20;
}

/// Fails with DPDK's own last words. A second call in one process is an error.
result<void> start_eal(const eal_options& options);
bool eal_is_running();
/// What DPDK has written to its log since forget_eal_words() (at most 512 bytes, in one line), to
/// explain a failure.
std::string last_eal_words();
void forget_eal_words();
/// Main thread of a worker, before it touches a frame: gives it a cache of frames of its own. False
/// when there are too many.
bool register_eal_thread();
void unregister_eal_thread();

}  // namespace callweir::capture
