// The inside of the inspector: what one packet does to a flow's scratch and to the context of all
// flows.
#pragma once

#include "classify/call_context.hpp"
#include "classify/detectors/ndpi_names.hpp"
#include "classify/detectors/sip_stream.hpp"
#include "classify/inspection.hpp"
#include "classify/inspector.hpp"
#include "classify/lazy_memory.hpp"
#include "classify/rhythm_pool.hpp"

namespace callweir::classify {

constexpr std::uint16_t ndpi_packets_max = 10;
/// SIP streams of TCP in the middle of a message, at a time: 512 KiB.
constexpr std::uint32_t sip_streams_max = 64;

struct inspector::impl {
  impl(const config& c, event_sink& sink)
      : context(c),
        sip_streams(sip_streams_max),
        events(sink),
        memory(c.inspections_max, c.touch),
        rhythms(c.rhythms_max, c.touch),
        pool(memory.data()),
        capacity(c.inspections_max) {}
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  void start(inspection& s, const inspected_flow& f, const packet_view& p) noexcept;
  void datagram(inspection& s, const sample& whole, int depth) noexcept;
  void applications(inspection& s, const sample& part, const packet_view& p) noexcept;
  void stun(inspection& s, const sample& part, int depth) noexcept;
  void stream_segment(inspection& s, const sample& part) noexcept;
  void observe_rhythm(inspection& s, const sample& part) noexcept;
  void text(inspection& s, const sample& part, const inspected_flow& f,
            const packet_view& p) noexcept;
  void sip_stream(inspection& s, const sample& part, const inspected_flow& f,
                  const packet_view& p) noexcept;
  void sip(inspection& s, const sip_message& m, const inspected_flow& f, time_point now) noexcept;
  void gateway(inspection& s, const sample& part, const packet_view& p) noexcept;
  void skype(inspection& s, const sample& part, const inspected_flow& f) noexcept;
  void look_up(inspection& s, const inspected_flow& f, time_point now) noexcept;
  void pair_one_way(inspection& s, const inspected_flow& f, time_point now) noexcept;
  void tell_context(inspection& s, time_point now) noexcept;
  bool is_due(const inspection& s) const noexcept;
  bool judged(const inspection& s, const inspected_flow& f) const noexcept;
  /// `more`: it may still be a call.
  inspection_step judged_innocent(inspection& s, const inspected_flow& f) const noexcept;

  call_context context;
  sip_stream_store sip_streams;
  event_sink& events;
  ndpi_names names;
  lazy_array<inspection> memory;
  rhythm_pool rhythms;
  inspection* pool;
  std::uint32_t capacity, used = 0;
  std::uint32_t free_head = 0xffff'ffff;
};

}  // namespace callweir::classify
