// One polled queue of a device: bursts of frames in and out. A kernel interface (AF_XDP), a PCI
// card or any virtual device of DPDK look the same from here on. Frames are opaque handles; whoever
// has one frees it once.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/packet_view.hpp"
#include "base/result.hpp"
#include "capture/drop_reasons.hpp"
#include "capture/link_config.hpp"

namespace callweir::capture {

/// Written by the port's thread, read by anyone.
struct port_counters {
  std::atomic<std::uint64_t> received{0}, received_bytes{0};
  std::atomic<std::uint64_t> sent{0}, sent_bytes{0};
  std::atomic<std::uint64_t> refused{0};  // drop_reason::port_refused
};

class port {
 public:
  port(std::uint16_t device, std::uint16_t queue, std::uint16_t link, side from) noexcept
      : device_(device), queue_(queue), link_(link), from_(from) {}

  /// Fills frame, captured, wire, handle, link and from of at most out.size() views (64 at most are
  /// useful). The time is the caller's to set. Frames stay valid until transmitted or released.
  std::size_t receive(std::span<packet_view> out) noexcept;
  /// Sends; what the device refuses is counted and released. Returns how many went out.
  std::size_t transmit(std::span<void* const> frames) noexcept;

  std::uint16_t link() const noexcept { return link_; }
  side from() const noexcept { return from_; }
  std::uint16_t device() const noexcept { return device_; }
  const port_counters& counters() const noexcept { return counters_; }

 private:
  std::uint16_t device_, queue_, link_;
  side from_;
  port_counters counters_;
};

/// Gives a frame back to its pool. Any registered thread.
void release(void* frame) noexcept;
/// Where a frame came in, kept in the frame itself: link and side.
struct frame_origin {
  std::uint16_t link;
  side from;
};
void set_origin(void* frame, frame_origin origin) noexcept;
frame_origin origin_of(const void* frame) noexcept;
/// Fills a view from a frame that set_origin() has marked, as receive() would have.
void describe(void* frame, packet_view& view) noexcept;
/// Length on the wire, bytes without checksum.
std::uint32_t frame_bytes(const void* frame) noexcept;

struct port_options {
  unsigned workers = 1;  // queues to poll of every device, where it has that many
  // Frames that the engine may hold in all, on top of what the rings need.
  std::uint32_t held_frames = 8192;
  bool hugepages = true;
  bool busy_poll = false;  // let the driver's socket spin
};

/// All ports of all links. Control path, but for the ports themselves.
class port_set {
 public:
  /// Starts DPDK, plugs in every device and takes the memory; no frame is taken yet. The error
  /// names link and port.
  static result<std::unique_ptr<port_set>> open(const std::vector<link_config>& links,
                                                const port_options& options);
  /// Opens every queue. Frames of kernel ports stay with the pass-through where the program's map
  /// lets us arrange it.
  result<void> start();
  /// From here on they come to us: call when every port is polled. Again after unhook_xdp().
  result<void> take_over();
  ~port_set();
  port_set(const port_set&) = delete;
  port_set& operator=(const port_set&) = delete;

  /// Queues of one port, all of which must be polled.
  unsigned queues(std::size_t link, side which) const;
  /// Queues that both ports of the link have.
  unsigned queues(std::size_t link) const;
  port& at(std::size_t link, side which, unsigned queue = 0);
  std::size_t links() const;
  /// Frames the devices dropped because their rings were full (drop_reason::receive_missed).
  std::uint64_t missed(std::size_t link, side which) const;
  /// "reserved", "transparent", "4 KiB": what the frames live in.
  const char* memory_kind() const;
  /// Link state and administrative state of a port that is not the kernel's.
  bool device_link_up(std::size_t link, side which) const;
  void set_device_link(std::size_t link, side which, bool up);

 private:
  port_set();
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Bytes that frames take with these options, at most: with as many queues as `run` would set the
/// interfaces to that are there, and one for each worker of a card.
std::uint64_t frame_memory_bytes(const std::vector<link_config>& links,
                                 const port_options& options);

}  // namespace callweir::capture
