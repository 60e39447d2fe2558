// The ended flows of an analysis, 128 bytes each, kept until all is known: a call or an endpoint
// that is recognised late changes what an earlier flow was. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/packet_view.hpp"
#include "base/verdict.hpp"
#include "classify/flow_event.hpp"

namespace callweir::engine {

struct kept_flow {
  std::uint64_t id;
  std::int64_t first_ns, last_ns;
  std::uint64_t bytes[2];
  std::uint64_t reasons;
  ip_address source, destination;
  std::uint32_t packets[2];      // saturates
  std::uint32_t decided_packet;  // 0: not decided
  std::uint32_t decided_us;      // saturates at 71 minutes
  std::uint16_t source_port, destination_port;
  std::uint16_t vlan[2];
  app_id app, ndpi_master, ndpi_app;
  std::uint16_t file;
  std::uint8_t protocol;
  std::uint8_t confidence_pct;
  flow_role role;
  std::uint8_t p2p : 2;  // tristate
  std::uint8_t voip : 1;
  std::uint8_t emergency : 1;
  std::uint8_t from_outside : 1;
  std::uint8_t in_call : 1;
  std::uint8_t vlan_count : 2;
  tunnel_kind tunnel;
};
static_assert(sizeof(kept_flow) <= 136);

kept_flow keep(const classify::flow_event& closed, std::uint16_t file);
verdict verdict_of(const kept_flow& flow);
void set_verdict(kept_flow& flow, const verdict& what);

class flow_store {
 public:
  void add(const kept_flow& flow) {
    if (size_ % chunk_flows == 0)
      chunks_.push_back(std::make_unique_for_overwrite<kept_flow[]>(chunk_flows));
    chunks_.back()[size_ % chunk_flows] = flow;
    ++size_;
  }
  kept_flow& operator[](std::size_t i) { return chunks_[i / chunk_flows][i % chunk_flows]; }
  const kept_flow& operator[](std::size_t i) const {
    return chunks_[i / chunk_flows][i % chunk_flows];
  }
  std::size_t size() const { return size_; }
  /// Positions in order of `first`, then id.
  std::vector<std::uint32_t> by_first() const;

 private:
  static constexpr std::size_t chunk_flows = 8192;
  std::vector<std::unique_ptr<kept_flow[]>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace callweir::engine
