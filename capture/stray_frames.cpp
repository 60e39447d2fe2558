#include "capture/stray_frames.hpp"

#include <linux/if_packet.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace callweir::capture {

unsigned forward_strays(std::uint16_t device, int out_interface_index) noexcept {
  constexpr int rounds_max = 64;  // a ring's worth
  const int out = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = out_interface_index;
  unsigned sent = 0;
  for (int round = 0; round < rounds_max; ++round) {
    std::array<rte_mbuf*, 32> frames{};
    const auto n = rte_eth_rx_burst(device, 0, frames.data(), frames.size());
    for (std::uint16_t i = 0; i < n; ++i) {
      const rte_mbuf* m = frames[i];
      const auto done = sendto(out, rte_pktmbuf_mtod(m, const void*), m->data_len, 0,
                               reinterpret_cast<const sockaddr*>(&to), sizeof to);
      sent += done == m->data_len ? 1U : 0U;
    }
    rte_pktmbuf_free_bulk(frames.data(), n);
    if (n == 0) break;
  }
  if (out >= 0) close(out);
  return sent;
}

}  // namespace callweir::capture
