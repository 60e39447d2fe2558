// The memory that an engine takes at most, by part: measured on the parts themselves where they can
// say it, counted from their bounds where not.
#include <algorithm>
#include <thread>

#include "base/control_socket.hpp"
#include "capture/decode.hpp"
#include "capture/eal.hpp"
#include "capture/port.hpp"
#include "classify/call_tracker.hpp"
#include "classify/calls/call_entry.hpp"
#include "engine/commands.hpp"
#include "engine/configuration_use.hpp"
#include "engine/distributor.hpp"
#include "engine/event_ring.hpp"
#include "engine/flow_book.hpp"
#include "engine/live_links.hpp"
#include "engine/policy_keeper.hpp"
#include "engine/record_flows.hpp"
#include "engine/record_server.hpp"
#include "engine/record_traffic.hpp"
#include "shaper/delay_line.hpp"

namespace callweir::engine {
namespace {

class no_sink final : public classify::event_sink {
 public:
  bool push(const classify::flow_event&) noexcept override { return true; }
};

constexpr std::uint64_t mebibyte = 1 << 20;
/// A node of a hash table with its pointer and the allocator's header.
constexpr std::uint64_t node_bytes = 48;

/// A call with as many flows, endpoints, places and sessions as it may have; its telephony flows (8
/// a call) and the sessions that wait for one (4 a call) in the tracker's tables.
constexpr std::uint64_t call_bytes =
    sizeof(classify::call_entry) +
    classify::members_max * (sizeof(classify::call_member) + sizeof(classify::inside_endpoint) +
                             sizeof(std::uint64_t) + 2 * (sizeof(std::uint64_t) + node_bytes)) +
    8 * (512 + 2 * node_bytes) + 4 * (512 + node_bytes);
/// The 10,000 that ended last: names of up to 64 flows, reasons, text.
constexpr std::uint64_t ended_bytes = 10'000 * (classify::members_max * 48 + 2'048);
/// A host with its peers' sketch.
constexpr std::uint64_t host_bytes = 512;
/// Code, libraries and their data, the log, the configuration's own text.
constexpr std::uint64_t program_bytes = 64 * mebibyte;
/// A configuration as its text (1 MB at most, as the control socket takes it), read and compiled.
constexpr std::uint64_t document_bytes = 8 * mebibyte;
/// What a reader of records has not read: its share of the moment, a piece of the journal, a copy.
constexpr std::uint64_t reader_bytes = 2 * (record_server::unread_max + mebibyte);
/// Sums of traffic, heavy flows and flows told of, each a node of a table; and their records before
/// they are in the journal.
constexpr std::uint64_t made_bytes =
    traffic_book::keys_max * (80 + node_bytes) + traffic_book::heavy_max * (48 + node_bytes) +
    2 * flow_teller::waiting_max * (24 + node_bytes) + 2 * mebibyte;
/// A call as it was told last; names of up to 8 flows, reasons, actions.
constexpr std::uint64_t told_call_bytes = 2'048;
/// A host as it was told last, and its record while all are looked through.
constexpr std::uint64_t told_host_bytes = 384;
/// Each table of a worker lies on whole large pages.
constexpr std::uint64_t tables = 12, large_page_bytes = 2 * mebibyte;
/// A thread's stack as far as it is used, and the allocator's arena of it.
constexpr std::uint64_t thread_bytes = 2 * mebibyte;

/// Rings in front of a link with a rate and of a distributor, delay line, decoder, call keys.
std::uint64_t worker_bytes(std::size_t links) {
  constexpr std::uint64_t egress_frames = 2 * 4096;
  const shaper::delay_line delays(held_frames);
  return delays.memory_bytes() + sizeof(capture::decoder) +
         std::uint64_t{capture::fragment_cache::entries_max} * 128 +
         calls_max * sizeof(std::uint64_t) +
         (2 * links * egress_frames + std::uint64_t{8} * distributor::ring_frames +
          2 * held_frames) *
             sizeof(void*) +
         event_ring::memory_bytes() + sizeof(command) * worker_channel::commands_default +
         sizeof(binding) * worker_channel::bindings_default + thread_bytes;
}

bool has_card(const configuration& from) {
  return std::any_of(from.links.begin(), from.links.end(), [](const auto& link) {
    return link.inside.type == capture::port_config::kind::pci ||
           link.outside.type == capture::port_config::kind::pci;
  });
}

}  // namespace

std::vector<memory_part> memory_plan(const configuration& from, unsigned workers) {
  if (workers == 0) workers = from.engine.workers;
  if (workers == 0) workers = std::max(1U, std::thread::hardware_concurrency() - 1);
  no_sink nowhere;
  auto settings = classifier_settings(from, workers);
  settings.touch = false;
  const classify::classifier one(settings, nowhere);
  const classify::call_tracker_config tracker;
  capture::port_options ports;
  ports.workers = workers;
  ports.held_frames = waiting_frames_max(from.links, workers, held_frames);
  const std::string of_workers = " of " + std::to_string(workers) + " workers";
  // In force, being made, and those that a worker has not let go of.
  constexpr std::uint64_t sets = policy_keeper::retired_max + 2;
  return {
      {"program, libraries and DPDK", program_bytes + capture::eal_memory_bytes(has_card(from)) +
                                          4 * thread_bytes},  // main, control, socket, keeper
      {"frames", capture::frame_memory_bytes(from.links, ports)},
      {"flow tables, inspection and nDPI," + of_workers,
       workers * (one.memory_bytes() + tables * large_page_bytes)},
      {"rings, delay lines and stacks," + of_workers, workers * worker_bytes(from.links.size())},
      {"book of recent flows", std::uint64_t{65'536} * (sizeof(known_flow) + 192)},
      {"policies, buckets and degraded calls",
       shaper::policy_set::memory_bytes(calls_max) +
           (sets - 1) * shaper::policy_set::own_memory_bytes(calls_max) + sets * document_bytes},
      {"calls", std::uint64_t{tracker.calls_max} * call_bytes + ended_bytes},
      {"hosts", std::uint64_t{tracker.hosts_max} * host_bytes},
      {"records for the dashboard",
       record_journal::limits{}.bytes + stream::readers_max * reader_bytes + made_bytes +
           std::uint64_t{tracker.calls_max} * told_call_bytes +
           std::uint64_t{tracker.hosts_max} * told_host_bytes + thread_bytes},
      {"answers on the control socket", control::reply_bytes_max + control::unread_bytes_max},
  };
}

}  // namespace callweir::engine
